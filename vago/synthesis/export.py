"""Export of a phase: a folder that coqui-tts loads and speaks by the voice's name.

It holds weights, voice, settings and a model card. It is written beside its place and renamed at
the end, so that a folder with an export's name is whole; only an earlier export is replaced.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from vago import VagoError, __version__, first_line
from vago.corpus.corpus import Corpus
from vago.files import expand_home, need_room, replacing_folder, sha256_of, write_json, write_whole
from vago.model import checkpoint, licence, phases, pickles, xtts
from vago.paths import Paths, project_root
from vago.profiles import check_profile
from vago.synthesis import samples, synthesizer
from vago.synthesis.card import licence_of, model_card
from vago.synthesis.params import SampleParams

MODEL, SAFETENSORS = "model.pth", "model.safetensors"
SPEAKERS = "speakers_xtts.pth"
CARD = "README.md"
RECORD = "export.json"

OTHER_BYTES = 4 * 2**20  # of everything but the weights
FORMAT = 1  # of export.json


def export_profile(
    profile: str,
    phase: str,
    to: Path | None = None,
    name: str = "",
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """`export` with the settings of the profile's sixth notebook."""
    root = project_root()
    check_profile(profile, root)
    settings = root / "params" / profile / f"{SampleParams.notebook}.yaml"
    p = SampleParams.load(settings, {"phase": phase})
    return export(p, Paths.of(p, root), to, name, log)


def export(
    p: SampleParams,
    paths: Paths,
    to: Path | None = None,
    name: str = "",
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the phase that `p` names, with its sampling settings; returns the folder.

    Args:
        to: the folder; None: outputs/<profile>/export.
        name: of the voice, for coqui-tts; empty: the profile's name.

    Raises:
        VagoError: the phase has no weights, the folder holds something else, there is no room, or
            coqui-tts could not use the export.
    """
    name = name or p.profile
    _check_usable(name, p)
    folder = expand_home(to).resolve() if to else paths.export
    _check_replaceable(folder)
    phase = phases.chosen_phase(p.phase, paths)
    _check_room(folder, paths.base)
    Corpus.load(paths.corpus)  # raises: its numbers belong into the record

    log(f"opening {phase}")
    speaking = samples.open_speaking_phase(p.model_copy(update={"phase": phase}), paths)
    record = describe(p, paths, speaking, name)

    try:
        with replacing_folder(folder) as partial:
            log("writing the weights")
            _write(partial, speaking, record, paths.base)
            log("reading it back")
            read_back(partial, record)
    except RuntimeError as error:  # of torch.save, where the disk is full
        raise VagoError(
            f"{folder} could not be written ({first_line(error)}): "
            "free some space or name another folder with --to"
        ) from error
    return folder


def open_export(folder: Path, name: str = ""):
    """Open an export with vago, on the CPU: (model, `synthesizer.Voice`, encode).

    Args:
        name: of the voice, needed where there are several.

    Raises:
        VagoError: the folder is not whole, or has no such voice.
    """
    folder = Path(folder)
    model = xtts.open_model(folder)
    voices = pickles.open_pickle(folder / SPEAKERS)
    if (name or len(voices) != 1) and name not in voices:
        known = ", ".join(map(repr, voices)) or "none"
        raise VagoError(f"{folder} has no voice {name!r}; it has {known}")
    latents, embedding = voices[name or next(iter(voices))].values()

    # The record is needed for resampling only: a folder without it can still be spoken.
    pace = None
    if (folder / RECORD).is_file():
        pace = json.loads((folder / RECORD).read_text(encoding="utf-8")).get("pace")
    voice = synthesizer.Voice(latents, embedding, pace and tuple(pace))
    return model, voice, xtts.text_encoder(folder)


def describe(
    p: SampleParams, paths: Paths, speaking: samples.SpeakingPhase, name: str
) -> dict[str, Any]:
    """The content of export.json but for the files: where the export comes from, and its scores.

    It names no path of this machine.
    """
    phase = speaking.phase
    clips = speaking.corpus.clips.set_index("clip_id")
    sources = clips.source.value_counts(sort=False).items()
    trained = {}
    if phase != "base":
        trained = phases.read_record(paths.phase(phase)) or {}

    return {
        "vago_export": FORMAT,
        "voice": name,
        "language": p.language,
        "profile": p.profile,
        "phase": phase,
        "settings": p.sampling(),
        "weights_sha256": speaking.model_sha256,
        "base_sha256": xtts.fingerprint(paths.base),
        "corpus_sha256": speaking.corpus.digest,
        "held_out_sha256": speaking.corpus.held_out["sha256"],
        "corpus": {
            "clips": len(clips),
            "minutes": float(clips.seconds.sum() / 60),
            "sources": {source: int(count) for source, count in sources},
        },
        "pace": speaking.voice.seconds_per_character,
        "prompt": dict(zip(speaking.prompt.names, speaking.prompt.sha256)),
        "training": {key: trained[key] for key in ("best_step", "lineage") if key in trained},
        "scores": scores_of(paths, phase, speaking.model_sha256),
        "licence": licence_of(paths.base),
        "versions": {
            "vago": __version__,
            **{package: version(package) for package in ("coqui-tts", "torch", "transformers")},
        },
    }


def scores_of(paths: Paths, phase: str, weights_sha256: str) -> dict[str, Any] | None:
    """The scores that 05 gave to exactly these weights, None where it has not scored them."""
    try:
        report = json.loads((paths.evaluation / "report.json").read_text(encoding="utf-8"))
        scored = report["phases"][phase]
        if scored["weights_sha256"] != weights_sha256:
            return None
        kept = {key: scored[key] for key in ("test", "per_source", "speech") if key in scored}
        return kept | {"test_clips": report["test_clips"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_back(folder: Path, record: dict[str, Any]) -> None:
    """Raise VagoError unless voice and weights read back as they were, without running any code."""
    voices = pickles.open_pickle(folder / SPEAKERS)
    digest = checkpoint.content_digest(pickles.load_weights(folder / MODEL))
    if list(voices) != [record["voice"]] or digest != record["model_sha256"]:
        raise VagoError(
            f"{folder} does not read back as it was written: check the disk, then export again"
        )


def _check_usable(name: str, p: SampleParams) -> None:
    if not re.fullmatch(r"\w[\w .-]*", name):
        raise VagoError(
            f"{name!r} cannot be a voice's name: "
            "use letters, digits, spaces, dots, hyphens and underscores"
        )
    if not p.temperature:
        raise VagoError(
            "coqui-tts cannot speak at temperature 0: export with a higher one, for instance 0.1"
        )


def _check_replaceable(folder: Path) -> None:
    """Raise VagoError where `folder` holds anything but an earlier export."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise VagoError(f"{folder} is a file: name a folder with --to")

    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        own = {RECORD, *record["files"]} if record["vago_export"] else set()
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    others = sorted({path.name for path in folder.iterdir()} - own)
    if others:
        raise VagoError(
            f"{folder} holds {others[0]}, which is not part of an export: "
            "move it away, or name another folder with --to"
        )


def _check_room(folder: Path, base: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be made ({error}): name another folder with --to"
        ) from None

    xtts.check_files(base)
    weights = pickles.load_weights(base / MODEL).values()  # mapped into memory, not read
    size = sum(t.numel() * t.element_size() for t in weights)
    need_room(folder.parent, 2 * size + OTHER_BYTES, f"exporting to {folder.name}")


def _write(
    folder: Path, speaking: samples.SpeakingPhase, record: dict[str, Any], base: Path
) -> None:
    """All files of an export; adds "model_sha256" and "files" to the record."""
    record["model_sha256"] = _write_weights(folder, speaking.model.state_dict(), record)
    voice = {
        "gpt_cond_latent": speaking.voice.gpt_cond_latents.cpu(),
        "speaker_embedding": speaking.voice.speaker_embedding.cpu(),
    }
    torch.save({record["voice"]: voice}, folder / SPEAKERS)

    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= record["settings"]
    write_whole(folder / "config.json", json.dumps(config, indent=1, ensure_ascii=False) + "\n")
    shutil.copyfile(base / "vocab.json", folder / "vocab.json")
    if (base / licence.FILE).is_file():
        shutil.copyfile(base / licence.FILE, folder / licence.FILE)
    write_whole(folder / CARD, model_card(record))

    record["files"] = {
        file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
        for file in sorted(folder.iterdir())
    }
    write_json(folder / RECORD, record)


def _write_weights(folder: Path, state: dict[str, torch.Tensor], record: dict[str, Any]) -> str:
    """The whole model twice: model.pth for coqui-tts, model.safetensors, which cannot run code.

    Returns:
        The digest of the tensors' content.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    meta = {key: record[key] for key in ("phase", "weights_sha256", "base_sha256", "voice")}
    digest = checkpoint.save_tensors(folder / SAFETENSORS, tensors, meta)
    torch.save({"model": tensors}, folder / MODEL)
    return digest
