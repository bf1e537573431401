"""The one kernel that notebooks run with: this interpreter."""

from __future__ import annotations

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from traitlets import default


class OwnPython(KernelSpecManager):
    """Knows no kernel but `python3` of this interpreter.

    A kernelspec named python3 in the user's home may point at any interpreter. Without folders to
    search, jupyter_client falls back to ipykernel's own spec, whose command is sys.executable.
    """

    # The kernel takes one level, so nothing else may give it another
    kernel_log_level = "ERROR"

    @default("kernel_dirs")
    def _no_folders(self) -> list[str]:
        return []

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        spec = super().get_kernel_spec(kernel_name)
        # the kernel's own warnings would stand between what vago and JupyterLab print
        level = f"--IPKernelApp.log_level={self.kernel_log_level}"
        return KernelSpec(**spec.to_dict() | {"argv": [*spec.argv, level]})
