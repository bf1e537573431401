"""Weights from other people's pickles, without running the code in them.

For published files and checkpoints of the stock trainer. `torch.load(weights_only=True)` builds
tensors and plain containers only. The published model.pth and some checkpoints also hold config
objects of coqui-tts: they are read as empty shells, so coqui-tts is not imported and none of its
code runs. Nothing here writes; stock's `load_checkpoint` rewrites the published model.pth in place.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vago import VagoError, first_line

if TYPE_CHECKING:
    import torch

# where coqui-tts has kept the classes of a pickled config, in old and new versions
CONFIGS = (
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
)
# stock's GPTTrainer holds the model as its `xtts`, beside these parts of its own
TRAINER_PREFIX = "xtts."
TRAINER_ONLY = ("dvae.", "torch_mel_spectrogram_style_encoder.", "torch_mel_spectrogram_dvae.")
# what `init_gpt_for_inference` adds: second names of the GPT's own tensors
ALIASES = ("gpt.gpt_inference.", "gpt.gpt.wte.")


class Shell:
    """Stands in for a pickled config object: its attributes, none of its code."""


def open_pickle(path: Path, mmap: bool = False) -> Any:
    """What `torch.save` wrote to `path`, on the CPU, with configs as `Shell`.

    Args:
        mmap: leave tensors in the file until they are used; it must not change meanwhile.

    Raises:
        VagoError: the file is missing, torn or not PyTorch's, or it holds a class or function that
            is not a tensor, plain container, number or text; the message names it.
    """
    import torch

    path = Path(path)
    try:
        with _only_shells_allowed():
            # files from before PyTorch 1.6 are not zip archives and cannot be mapped
            mmap = mmap and zipfile.is_zipfile(path)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except FileNotFoundError:
        raise VagoError(
            f"{path} does not exist: fetch the base model (vago fetch-base), or give the right path"
        ) from None
    except Exception as error:  # damaged bytes make the unpickler raise almost anything
        raise _unreadable(path, error) from None


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state dict for `Xtts.load_state_dict`, from model.pth or a stock trainer's checkpoint.

    `{"model": ...}` is unwrapped and the prefix `xtts.` removed. The trainer's DVAE and mel
    extractors, the optimizer and second names of the GPT's tensors are left out. Tensors stay in
    the file until they are used, so an optimizer in it costs no memory.

    Raises VagoError as `open_pickle` does, and where the file holds no weights.
    """
    content = open_pickle(path, mmap=True)
    state = content.get("model", content) if isinstance(content, dict) else None
    if not _is_state_dict(state):
        raise VagoError(
            f"{path} holds no model weights but {_described(content)}: "
            "give a model.pth or a trainer's checkpoint"
        )

    state = {
        name.removeprefix(TRAINER_PREFIX): t
        for name, t in state.items()
        if not name.startswith(TRAINER_ONLY)
    }
    return {name: tensor for name, tensor in state.items() if not name.startswith(ALIASES)}


def _is_state_dict(state: Any) -> bool:
    import torch

    if not isinstance(state, dict) or not state:
        return False
    return all(isinstance(tensor, torch.Tensor) for tensor in state.values())


def _described(content: Any) -> str:
    """The keys of a dict, else the type."""
    if isinstance(content, dict):
        return ", ".join(sorted(map(str, content))[:8]) or "nothing"
    return type(content).__name__


@contextmanager
def _only_shells_allowed() -> Iterator[None]:
    """Inside, a pickle may name what PyTorch itself allows and `CONFIGS`, nothing else.

    Classes that this process has declared safe elsewhere are allowed again afterwards.
    """
    from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

    before = get_safe_globals()
    clear_safe_globals()
    add_safe_globals([(Shell, name) for name in CONFIGS])
    try:
        yield
    finally:
        clear_safe_globals()
        add_safe_globals(before)


def _unreadable(path: Path, error: Exception) -> VagoError:
    if refused := _refused(error):
        return VagoError(
            f"{path} is refused: it is a pickle with {refused} in it, which could run code; only "
            "tensors and plain containers are read, so take the file from where it was published, "
            "or save its weights alone"
        )
    reason = first_line(error).split(". In PyTorch 2.6")[0]
    return VagoError(
        f"{path} cannot be read ({reason}): it is torn or not a PyTorch file; "
        "fetch or build it again"
    )


def _refused(error: Exception) -> str | None:
    """The class or function that PyTorch's unpickler refused, None where the error is another."""
    found = re.search(
        r"GLOBAL (\S+) (?:was not an allowed|whose module)|reduce for unrecognized function (.+)",
        str(error),
    )
    return next(filter(None, found.groups())) if found else None
