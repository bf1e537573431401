"""The model card and the licence that an export comes under."""

from __future__ import annotations

import shutil

import yaml

from vago import files
from vago.synthesis import card

SCORE = {"value": 2.5, "low": 2.4, "high": 2.6}
LOSSES = {"mel_ce": SCORE, "text_ce": SCORE}
RECORD = {
    "voice": "Vágó István",
    "language": "hu",
    "profile": "demo",
    "phase": "combined",
    "settings": {"temperature": 0.6, "top_k": 40, "top_p": 0.8, "repetition_penalty": 1.5},
    "corpus": {"clips": 3, "minutes": 0.25, "sources": {"quiz": 2, "interview": 1}},
    "prompt": {"quiz-0001": "0" * 64},
    "scores": None,
    "licence": card.APACHE,
    "versions": {"vago": "0.1.0"},
    "corpus_sha256": "1" * 64,
    "held_out_sha256": "2" * 64,
    "base_sha256": "3" * 64,
    "weights_sha256": "4" * 64,
}


def head_of(page: str) -> dict:
    return yaml.safe_load(page.removeprefix("---\n").split("\n---\n", 1)[0])


def test_the_page_of_a_record():
    page = card.model_card(RECORD)
    assert head_of(page) == {
        "language": "hu",
        "library_name": "coqui",
        "license": "apache-2.0",
        "pipeline_tag": "text-to-speech",
        "tags": ["xtts", "voice"],
    }
    assert "temperature 0.6, top_k 40, top_p 0.8, repetition_penalty 1.5 |" in page
    assert "3 clips, 0.2 min (quiz 2, interview 1); prompt: quiz-0001.\n" in page
    assert page.endswith(f"| phase's GPT | `{'4' * 64}` |\n")
    assert "{" not in page, "every placeholder is filled"


def test_scores_only_where_there_are_any():
    assert "These weights have not been evaluated" in card.model_card(RECORD)

    scores = {"test_clips": 4, "test": LOSSES, "per_source": {"quiz": LOSSES}}
    page = card.model_card(RECORD | {"scores": scores})
    assert "On 4 test clips" in page
    assert "| all | 2.50 [2.40, 2.60] |" in page
    assert "| quiz | 2.50 [2.40, 2.60] |" in page
    assert "spoken" not in page

    scores["speech"] = {"mcd_db": 5.204, "duration_ratio": None, "ended": 1.0}
    page = card.model_card(RECORD | {"scores": scores})
    assert "- mel-cepstral distortion 5.20 dB\n" in page
    assert "the recordings' duration" not in page, "a score that is missing is left out"


def test_coquis_licence_is_named_in_the_head():
    page = card.model_card(RECORD | {"licence": card.COQUI})
    assert head_of(page)["license_name"] == "coqui-public-model-license"
    assert head_of(page)["license_link"] == card.COQUI["url"]
    assert f"({card.COQUI['url']})" in page


def test_licences(tmp_path, tiny_base):
    assert card.licence_of(tiny_base)["id"] == "apache-2.0"
    shutil.copy(tiny_base / "vocab.json", tmp_path)
    assert card.licence_of(tmp_path)["id"] == "unknown"

    manifest = {"licence": {"name": "Coqui Public Model License 1.0.0"}}
    files.write_json(tmp_path / "base_manifest.json", manifest)
    licence = card.licence_of(tmp_path)
    assert licence["id"] == "other"
    assert "Coqui Public Model License" in licence["name"]
    assert "commercial" in licence["note"]
