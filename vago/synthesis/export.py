"""A phase as a folder that coqui-tts loads and speaks by name, and that can be given away: weights, voice, settings, a card.

Built aside and renamed, so that a folder with an export's name is whole; replaced only where it holds nothing but an export.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from vago import VagoError, __version__
from vago.display import html
from vago.files import need_room, sha256_of, write_whole
from vago.model import bundled, checkpoint, download, phases, pickles, xtts
from vago.paths import Paths
from vago.synthesis import samples, synthesizer
from vago.synthesis.params import SampleParams

MODEL, WHOLE, SPEAKERS, CARD, RECORD = (
    "model.pth",
    "model.safetensors",
    "speakers_xtts.pth",
    "README.md",
    "export.json",
)
SETTINGS = ("temperature", "top_k", "top_p", "repetition_penalty")
STEM = "06_generate_samples"
SMALL = 4 * 2**20  # bytes for everything but the weights
FORMAT = 1


def export(
    p: SampleParams,
    paths: Paths,
    to: Path | None = None,
    name: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the phase that `p` names, with its sampling settings, to `to` (None: outputs/<profile>/export); returns the folder.

    Args:
        name: what stock is to call the voice; empty: the profile's name.

    Raises:
        VagoError: the phase has no weights, the folder holds something else, there is no room, or stock could not use it.
    """
    name = name or p.profile
    if not re.fullmatch(r"\w[\w .-]*", name):
        raise VagoError(
            f"{name!r} will not do as a voice's name: letters, digits, spaces, dots, hyphens and underscores will"
        )
    if not p.temperature:
        raise VagoError(
            "coqui-tts cannot speak at temperature 0: export with a temperature above it, 0.1 for instance"
        )
    folder = Path(to).expanduser().resolve() if to else paths.export
    before = earlier(folder)
    phase = phases.chosen_phase(p.phase, paths)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be made ({error}): name another folder with --to"
        ) from None
    xtts.check_files(paths.base)
    weights = pickles.load_weights(
        paths.base / MODEL
    ).values()  # nothing is read yet: a trainer's file holds more than these
    need_room(
        folder.parent,
        2 * sum(t.numel() * t.element_size() for t in weights) + SMALL,
        f"exporting to {folder.name}",
    )

    tell(f"opening {phase}")
    speaker = samples.open_speaker(p.model_copy(update={"phase": phase}), paths)
    record = describe(p, paths, speaker, name)

    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        tell("writing the weights")
        write_weights(speaker.model.state_dict(), partial, record)
        latents, embedding = (
            speaker.voice.gpt_cond_latents.cpu(),
            speaker.voice.speaker_embedding.cpu(),
        )
        torch.save(
            {name: {"gpt_cond_latent": latents, "speaker_embedding": embedding}}, partial / SPEAKERS
        )
        config = json.loads((paths.base / "config.json").read_text(encoding="utf-8"))
        config |= record["settings"]
        write_whole(
            partial / "config.json", json.dumps(config, indent=1, ensure_ascii=False) + "\n"
        )
        shutil.copyfile(paths.base / "vocab.json", partial / "vocab.json")
        if (licence := paths.base / LICENCE_FILE).is_file():
            shutil.copyfile(licence, partial / LICENCE_FILE)
        write_whole(partial / CARD, markdown(record))
        files = sorted(file for file in partial.iterdir())
        record["files"] = {
            file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)} for file in files
        }
        files.write_json(partial / RECORD, record)
        tell("reading it back")
        read_back(partial, record, name)
        _replace(folder, partial, before)
    except (
        OSError,
        RuntimeError,
    ) as error:  # torch.save says with a RuntimeError that the disk is full
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise VagoError(
            f"{folder} could not be written ({why}): free some space or name another folder with --to"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def earlier(folder: Path) -> bool:
    """Whether `folder` holds an earlier export. VagoError where it holds anything else."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise VagoError(f"{folder} is a file: name a folder with --to")
    found = {path.name for path in folder.iterdir()}
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        own = {RECORD, *record["files"]} if record["vago_export"] else set()
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    if others := sorted(found - own):
        raise VagoError(
            f"{folder} holds {others[0]}, which is not part of an export: move it away, or name another folder with --to"
        )
    return bool(found)


def describe(p: SampleParams, paths: Paths, speaker: samples.Speaker, name: str) -> dict[str, Any]:
    """What there is to know of the export: where it comes from and how well it did. Names no place of this machine."""
    phase, corpus, clips = speaker.phase, speaker.corpus, speaker.corpus.clips.set_index("clip_id")
    trained = (phases.read_record(paths.phase(phase)) or {}) if phase != "base" else {}
    return {
        "vago_export": FORMAT,
        "voice": name,
        "language": p.language,
        "profile": p.profile,
        "phase": phase,
        "settings": {key: getattr(p, key) for key in SETTINGS},
        "weights_sha256": speaker.model_sha256,
        "base_sha256": xtts.fingerprint(paths.base),
        "corpus_sha256": corpus.digest,
        "held_out_sha256": corpus.held_out["sha256"],
        "corpus": {
            "clips": len(clips),
            "minutes": float(clips.seconds.sum() / 60),
            "sources": {
                key: int(count) for key, count in clips.source.value_counts(sort=False).items()
            },
        },
        "seconds_per_character": speaker.voice.seconds_per_character,
        "prompt": {clip_id: clips.sha256[clip_id] for clip_id in speaker.prompt},
        "training": {key: trained[key] for key in ("best_step", "lineage") if key in trained},
        "scores": scores_of(paths, phase, speaker.model_sha256),
        "licence": licence_of(paths.base),
        "versions": {"vago": __version__}
        | {key: version(key) for key in ("coqui-tts", "torch", "transformers")},
    }


def scores_of(paths: Paths, phase: str, weights_sha256: str) -> dict[str, Any] | None:
    """05's scores of these very weights, None where it has not scored them."""
    try:
        report = json.loads((paths.evaluation / "report.json").read_text(encoding="utf-8"))
        scored = report["phases"][phase]
        if scored["weights_sha256"] != weights_sha256:
            return None
        kept = {key: scored[key] for key in ("held_out", "per_source", "speech") if key in scored}
        return kept | {"held_out_clips": report["held_out_clips"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_weights(state: dict[str, torch.Tensor], folder: Path, record: dict[str, Any]) -> None:
    """The whole model twice: model.pth, which stock reads, and model.safetensors, which runs nothing when it is opened."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    kept = ("phase", "weights_sha256", "base_sha256", "voice")
    record["model_sha256"] = checkpoint.save(
        folder / WHOLE, tensors, {key: record[key] for key in kept}
    )
    torch.save({"model": tensors}, folder / MODEL)


def read_back(folder: Path, record: dict[str, Any], name: str) -> None:
    """Raise VagoError unless what was written reads back as it was, without running anything."""
    voices = pickles.open_pickle(folder / SPEAKERS)
    if (
        list(voices) != [name]
        or checkpoint.content_digest(pickles.load_weights(folder / MODEL)) != record["model_sha256"]
    ):
        raise VagoError(
            f"{folder} does not read back as it was written: check the disk, then export again"
        )


def load(folder: Path, name: str = "", device: str = "cpu"):
    """Open an export with vago: (model, `synthesize.Voice`, encode). `name` is needed where there are several voices.

    Raises:
        VagoError: the folder is not whole, or has no such voice.
    """
    model = xtts.open_model(folder, device)
    voices = pickles.open_pickle(Path(folder) / SPEAKERS)
    if (name or len(voices) != 1) and name not in voices:
        raise VagoError(
            f"{folder} has no voice {name!r}; it has {', '.join(map(repr, voices)) or 'none'}"
        )
    latents, embedding = voices[name or next(iter(voices))].values()
    record = (
        Path(folder) / RECORD
    )  # only for retakes: a folder that stock can speak is spoken without it
    pace = json.loads(record.read_text(encoding="utf-8")).get("pace") if record.is_file() else None
    return (
        model,
        synthesizer.Voice(latents.to(device), embedding.to(device), pace and tuple(pace)),
        xtts.encoder(folder),
    )


def export_profile(
    profile: str,
    phase: str,
    to: Path | None = None,
    name: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """`export` with the settings of the profile's sixth notebook."""
    from vago.paths import project_root

    root = project_root()
    p = SampleParams.load(root / "params" / profile / f"{STEM}.yaml", {"phase": phase})
    return export(p, Paths.of(p, root), to, name, tell)


def _replace(folder: Path, partial: Path, before: bool) -> None:
    """Put what is whole in its place; an earlier export goes only then."""
    for path in (*partial.iterdir(), partial):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(partial, folder)
    except OSError:
        if before:
            os.replace(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


LICENCE_FILE = download.LICENCE


APACHE = {
    "id": "apache-2.0",
    "name": "Apache License 2.0",
    "note": "It was trained from the base that comes with vago.",
}


COQUI = {
    "id": "other",
    "name": download.LICENCE_NAME,
    "url": download.LICENCE_URL,
    "note": "It was trained from XTTS-v2, whose licence goes with it: no commercial use of the model or of what it speaks, and "
    "whoever gets either from you must get these terms or their address.",
}


UNKNOWN = {
    "id": "unknown",
    "name": "not known",
    "note": "vago does not know the base it was trained from: find out that base's licence before you pass this on.",
}


def licence_of(folder: Path) -> dict[str, str]:
    """The licence that a model trained from the base in `folder` comes under: {"id", "name", "note"} and, for Coqui's, "url"."""
    if (folder / bundled.MARK).is_file():
        return APACHE
    try:
        fetched = json.loads((folder / download.MANIFEST).read_text(encoding="utf-8")).get(
            "licence"
        )
    except (OSError, ValueError):
        fetched = None
    # a folder from elsewhere: XTTS-v2's vocabulary, or its licence beside it, gives it away
    published = any(
        sha256_of(folder / name) == download.PUBLISHED[name].sha256
        for name in ("vocab.json", download.LICENCE)
    )
    return COQUI if fetched or published else UNKNOWN


def markdown(record: dict[str, Any]) -> str:
    """README.md of an export, from the record of `vago.synthesis.export`."""
    licence, voice = record["licence"], record["voice"]
    head = {
        "language": record["language"],
        "license": licence["id"],
        "library_name": "coqui",
        "pipeline_tag": "text-to-speech",
    }
    if licence["id"] == "other":
        head |= {"license_name": "coqui-public-model-license", "license_link": licence["url"]}
    address = f" ({licence['url']})" if "url" in licence else ""
    sources = ", ".join(f"{name} {clips}" for name, clips in record["corpus"]["sources"].items())
    settings = ", ".join(f"{name} {value:g}" for name, value in record["settings"].items())
    data = {
        "corpus": "corpus_sha256",
        "held-out set": "held_out_sha256",
        "base": "base_sha256",
        "phase's GPT": "weights_sha256",
    }
    lines = [
        "---",
        *(f"{key}: {value}" for key, value in head.items()),
        "tags: [xtts, voice]",
        "---",
        f"# {voice}",
        f"One Hungarian voice in XTTS-v2's format: phase *{record['phase']}* of profile *{record['profile']}*, made by "
        f"vago {record['versions']['vago']}.",
        "## Licence",
        f"{licence['name']}{address}. {licence['note']}",
        "A voice belongs to the person who speaks: use it only as that person has agreed to.",
        "## How to speak with it",
        "With coqui-tts, in this folder:",
        f"""```python
from TTS.api import TTS

tts = TTS(model_path=".", config_path="config.json")
tts.tts_to_file("Jó estét kívánok!", speaker="{voice}", language="{record["language"]}", file_path="line.wav")
```""",
        'Its Hungarian cleaner misreads numbers and units: give it words (`vago text "40 000 000 Ft"` writes them out). '
        "With vago, which does so itself, as a stream of chunks (`synthesize.speak` for many lines at once):",
        """```python
from vago import export, params, synthesize

model, voice, encode = export.load(".")
p = params.SpeechParams(SETTINGS)
chunks = synthesize.stream(model, voice, "A főnyeremény 40 000 000 Ft!", encode, p)  # float32 at 24 kHz
```""".replace(
            "SETTINGS", ", ".join(f"{name}={value:g}" for name, value in record["settings"].items())
        ),
        "## Files",
        "| file | |\n|---|---|\n"
        "| `model.pth` | the whole model; coqui-tts opens this one |\n"
        "| `model.safetensors` | the same tensors in a format that cannot run code |\n"
        f"| `speakers_xtts.pth` | the voice *{voice}*: its GPT conditioning latents and its speaker embedding |\n"
        f"| `config.json` | the base's, with {settings} |\n"
        "| `vocab.json` | the base's |\n"
        "| `export.json` | everything on this page as data, with each file's SHA-256 |",
        "## Scores",
        *_scores(record["scores"]),
        "## Where it comes from",
        f"{record['corpus']['clips']} clips, {record['corpus']['minutes']:.1f} min ({sources}); prompt: "
        f"{', '.join(record['prompt'])}.",
        "| | SHA-256 |\n|---|---|\n"
        + "\n".join(f"| {name} | `{record[key]}` |" for name, key in data.items()),
    ]
    head_ends = lines.index(f"# {voice}")
    return "\n".join(lines[:head_ends]) + "\n\n" + "\n\n".join(lines[head_ends:]) + "\n"


def _scores(scores: dict[str, Any] | None) -> list[str]:
    if not scores:
        return ["These weights have not been evaluated (05_evaluate)."]
    rows = {"all": scores["held_out"], **scores.get("per_source", {})}
    table = "\n".join(
        f"| {name} | {html.bracketed(row['mel_ce'])} | {html.bracketed(row['text_ce'])} |"
        for name, row in rows.items()
    )
    said = [
        f"On {scores['held_out_clips']} held-out clips, nats per token with 95 % bootstrap intervals:",
        f"| clips | mel CE | text CE |\n|---|---|---|\n{table}",
    ]
    if speech := scores.get("speech"):
        parts = {
            "mel-cepstral distortion {:.2f} dB": "mcd_db",
            "{:.2f} times the recordings' length": "duration_ratio",
        }
        given = [
            text.format(speech[key]) for text, key in parts.items() if speech.get(key) is not None
        ]
        said += [f"Held-out sentences, spoken: {', '.join(given)}."] if given else []
    return said
