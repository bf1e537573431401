"""The model card of an exported voice: licence, how to speak with it, scores, where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vago.display import html
from vago.model import bundled, download
from vago.paths import sha256_of

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
