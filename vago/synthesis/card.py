"""The model card of an exported voice (README.md), and the licence that the export comes under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from vago.display.intervals import with_interval
from vago.files import sha256_of
from vago.model import bundled, download, licence
from vago.model.published import IDENTITIES

TEMPLATE = Path(__file__).with_name("model_card.md")

APACHE = {
    "id": "apache-2.0",
    "name": "Apache License 2.0",
    "note": "It was trained from the base that comes with vago.",
}
COQUI = {
    "id": "other",
    "name": licence.NAME,
    "url": licence.URL,
    "note": "It was trained from XTTS-v2, whose licence goes with it: no commercial use of the "
    "model or of what it speaks, and anyone who gets either from you must also get these terms or "
    "their address.",
}
UNKNOWN = {
    "id": "unknown",
    "name": "not known",
    "note": "The base that it was trained from is unknown: find out its licence before you pass "
    "this on.",
}


def licence_of(base: Path) -> dict[str, str]:
    """The licence of a model trained from the base in a folder.

    Returns:
        {"id" as the Hugging Face hub has it, "name", "note"} and, for Coqui's licence, "url".
    """
    if (base / bundled.MARK).is_file():
        return APACHE

    try:
        manifest = json.loads((base / download.MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}

    # A folder that vago did not fetch is known by XTTS-v2's vocabulary or its licence text.
    is_published = any(
        sha256_of(base / name) == IDENTITIES[name].sha256 for name in ("vocab.json", licence.FILE)
    )
    return COQUI if manifest.get("licence") or is_published else UNKNOWN


def model_card(record: dict[str, Any]) -> str:
    """README.md of an export from its record (export.json), in the Hugging Face hub's format."""
    terms = record["licence"]
    data = ModelCardData(
        language=record["language"],
        license=terms["id"],
        library_name="coqui",
        pipeline_tag="text-to-speech",
        tags=["xtts", "voice"],
    )
    if terms["id"] == "other":
        data.license_name = "coqui-public-model-license"
        data.license_link = terms["url"]

    card = ModelCard.from_template(
        data, template_path=str(TEMPLATE), with_interval=with_interval, **record
    )
    return f"{card}\n"
