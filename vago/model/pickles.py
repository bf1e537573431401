"""Weights out of other people's pickles without running what is in them: published files and stock trainer checkpoints.

`torch.load(weights_only=True)` builds tensors and plain containers only. The published model.pth and some checkpoints also
hold coqui-tts's config objects; they are read as empty shells, so that neither coqui-tts is imported nor any of its code run.
Nothing here writes: stock's own `load_checkpoint` saves the published model.pth anew, in place, when it opens it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vago import VagoError

if TYPE_CHECKING:
    import torch

# where coqui-tts has kept the classes of a config that was pickled whole, then and now
CONFIGS = (
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
)
TRAINER_PREFIX = (
    "xtts."  # stock's GPTTrainer holds the model as its `xtts`, beside these parts of its own
)
TRAINER_ONLY = ("dvae.", "torch_mel_spectrogram_style_encoder.", "torch_mel_spectrogram_dvae.")
ALIASES = (
    "gpt.gpt_inference.",
    "gpt.gpt.wte.",
)  # what `init_gpt_for_inference` adds: other names of the GPT's own tensors


class Shell:
    """Stands in for a pickled config object: its attributes, none of its code."""


def open_pickle(path: Path, mmap: bool = False) -> Any:
    """What `torch.save` wrote to `path`, on the CPU: tensors, plain containers, numbers and text; configs as `Shell`.

    Args:
        mmap: leave tensors in the file until they are used; the file must then stay as it is while they are.
    Raises:
        VagoError: the file is missing, torn or no such file, or holds any other class or function, which it names.
    """
    import torch

    path = Path(path)
    try:
        with _only_shells_allowed():
            # files from before PyTorch 1.6 are no zip archives and cannot be mapped
            return torch.load(
                path, map_location="cpu", weights_only=True, mmap=mmap and zipfile.is_zipfile(path)
            )
    except FileNotFoundError:
        raise VagoError(
            f"{path} does not exist: fetch the base model (vago fetch-base), or give the right path"
        ) from None
    except Exception as error:  # noqa: BLE001 - damaged bytes can raise nearly anything out of the unpickler
        if refused := _refused(error):
            raise VagoError(
                f"{path} is refused: it is a pickle with {refused} in it, which could run code; only tensors and plain "
                "containers are read, so take the file from where it was published, or save its weights alone"
            ) from None
        reason = (
            (str(error).strip() or type(error).__name__)
            .splitlines()[0]
            .split(". In PyTorch 2.6")[0]
        )
        raise VagoError(
            f"{path} cannot be read ({reason}): it is torn or not a PyTorch file; fetch or build it again"
        ) from None


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state dict that `Xtts.load_state_dict` takes, out of XTTS-v2's model.pth or a stock trainer's checkpoint.

    `{"model": ...}` is unwrapped and `xtts.` stripped; the trainer's DVAE and mel extractors, the optimizer and second names of
    the GPT's tensors are left out. Tensors stay in the file until they are used, so an optimizer costs no memory.

    Raises VagoError as `open_pickle` does, and where the file holds no weights.
    """
    import torch

    content = open_pickle(path, mmap=True)
    state = content.get("model", content) if isinstance(content, dict) else None
    if (
        not isinstance(state, dict)
        or not state
        or not all(isinstance(tensor, torch.Tensor) for tensor in state.values())
    ):
        held = (
            ", ".join(sorted(map(str, content))[:8])
            if isinstance(content, dict)
            else type(content).__name__
        )
        raise VagoError(
            f"{path} holds no model weights but {held or 'nothing'}: give a model.pth or a trainer's checkpoint"
        )
    state = {
        name.removeprefix(TRAINER_PREFIX): t
        for name, t in state.items()
        if not name.startswith(TRAINER_ONLY)
    }
    return {name: tensor for name, tensor in state.items() if not name.startswith(ALIASES)}


@contextmanager
def _only_shells_allowed() -> Iterator[None]:
    """Inside, a pickle may name what PyTorch itself allows and `CONFIGS`, whatever else this process has declared safe."""
    from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

    before = get_safe_globals()
    clear_safe_globals()
    add_safe_globals([(Shell, name) for name in CONFIGS])
    try:
        yield
    finally:
        clear_safe_globals()
        add_safe_globals(before)


def _refused(error: Exception) -> str | None:
    """The class or function that PyTorch's unpickler would not touch, None where something else was wrong."""
    named = re.search(
        r"GLOBAL (\S+) (?:was not an allowed|whose module)|reduce for unrecognized function (.+)",
        str(error),
    )
    return next(filter(None, named.groups())) if named else None
