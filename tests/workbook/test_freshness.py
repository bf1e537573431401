"""What is not up to date, in sentences, and the words of the runner and of `vago status`."""

from __future__ import annotations

import pytest

from helpers.workbooks import ALL, reasons, write_file, write_settings
from vago.corpus.corrections import Correction, write_corrections
from vago.paths import Paths
from vago.workbook.freshness import Freshness
from vago.workbook.plans import make_plans


def freshness(project) -> Freshness:
    plans = make_plans("demo", ALL, {}, project)
    return Freshness(Paths.of(plans[ALL[0]].p, project), plans)


def sentences(project, stem: str = "06_generate_samples") -> list[str]:
    """What the top of a notebook says."""
    return freshness(project).sentences(stem)


def decide(project, *texts: str) -> None:
    decisions = [
        Correction("quiz", "a.wav", number, number + 1, "text", text)
        for number, text in enumerate(texts)
    ]
    write_corrections(project / "params/demo/corrections.csv", decisions)


def test_upstream_follows_what_a_step_reads(project):
    reasons()
    fresh = freshness(project)
    assert fresh.upstream("01_prepare_dataset") == []
    assert fresh.upstream("03_train_combined") == ALL[:2]
    assert fresh.upstream("06_generate_samples") == ALL[:5]


def test_nothing_is_said_where_all_is_up_to_date(project):
    reasons()
    assert sentences(project) == []


def test_decisions_that_are_newer_than_the_corpus_are_counted(project):
    decide(project, "Jó estét!")
    reasons()
    assert sentences(project, "02_train_baseline") == []

    decide(project, "Jó estét!", "Jó reggelt!")
    (one,) = sentences(project, "02_train_baseline")
    assert one == (
        "The corpus is not up to date (corrections.csv changed: 1 decision newer than the corpus): "
        "run 01_prepare_dataset again."
    )

    decide(project, "Jó napot!", "Jó reggelt!", "Szia!")
    (one,) = sentences(project, "02_train_baseline")
    assert "3 decisions newer than the corpus" in one
    assert sentences(project, "01_prepare_dataset") == [], "it is made new by this notebook"


def test_the_first_corrections_at_all(project):
    reasons()
    decide(project, "Jó estét!")
    assert "1 decision newer than the corpus" in sentences(project, "03_train_combined")[0]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "corpus/clips.csv",
            "Phase baseline is not up to date (the corpus is newer: corpus/clips.csv changed): "
            "run 02_train_baseline again.",
        ),
        (
            "phases/baseline/best.safetensors",
            "Phase combined is not up to date (phase baseline is newer: "
            "phases/baseline/best.safetensors changed): run 03_train_combined again.",
        ),
        (
            "phases/ultrafine/best.safetensors",
            "The evaluation is not up to date (phase ultrafine is newer: "
            "phases/ultrafine/best.safetensors changed): run 05_evaluate again.",
        ),
    ],
)
def test_what_was_made_from_something_older(project, file, expected):
    reasons()
    (project / "outputs/demo" / file).write_text("made anew")
    assert expected in sentences(project)


def test_settings_and_code_that_changed(project):
    reasons()
    write_settings(project, "02_train_baseline", learning_rate=1e-5)
    assert "Phase baseline is not up to date (parameters changed: learning_rate)" in " ".join(
        sentences(project, "03_train_combined")
    )

    file = project / "notebooks/05_evaluate.ipynb"
    file.write_text(file.read_text().replace("a result to be read", "a result"))
    assert "The evaluation is not up to date (code changed: notebook)" in " ".join(
        sentences(project)
    )


def test_results_without_a_record_are_named(project):
    write_file(project / "outputs/demo/corpus/clips.csv", "a clip")
    assert sentences(project, "02_train_baseline") == [
        "The corpus is not up to date (its results have no record of a run): "
        "run 01_prepare_dataset again."
    ]


def test_what_was_never_made_is_missing(project):
    assert sentences(project, "02_train_baseline") == [
        "The corpus is missing: run 01_prepare_dataset first."
    ]
