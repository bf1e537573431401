"""The settings of a run at the top of its page."""

from __future__ import annotations

from helpers.workbooks import write_file
from vago.corpus.params import CorpusParams
from vago.paths import Paths
from vago.training.params import TrainParams
from vago.workbook.settings_table import inherited_settings, settings_html


def test_what_is_set_stands_first_and_the_rest_is_folded(tmp_path):
    p = TrainParams.from_notebook({"learning_rate": 5e-6, "epochs": 3, "sources": ["a<b", "c"]})
    shown, folded = settings_html(p, Paths.of(p, tmp_path)).split("<details>")
    for expected in ("learning_rate", "5e-06", "of AdamW, after the warm-up", "a&lt;b, c"):
        assert expected in shown
    assert "dropout" not in shown and "dropout" in folded and "seed" in folded
    assert shown.index("learning_rate") > shown.index("epochs")
    assert f"{len(TrainParams.model_fields) - 3} more settings" in folded


def test_every_setting_says_what_it_means():
    for model in (CorpusParams, TrainParams):
        assert all(field.description for field in model.model_fields.values())


def test_what_a_phase_inherits_is_shown_with_its_value(tmp_path):
    given = TrainParams(phase="baseline", batch_size=2)
    paths = Paths.of(given, tmp_path)
    assert inherited_settings(given, paths)["dropout"] == (0.1, "default")
    assert "batch_size" not in inherited_settings(given, paths)

    child = TrainParams(phase="combined", parent="baseline")
    assert inherited_settings(child, paths)["batch_size"] == (None, "inherited from baseline")

    settings = TrainParams(batch_size=2, processes=4).inherit(None).model_dump()
    record = {"lineage": {"settings": settings}}
    write_file(paths.phase("baseline") / "phase.json", record)
    found = inherited_settings(child, paths)
    assert found["batch_size"] == (2, "inherited from baseline")
    assert found["processes"] == (1, "default")
    assert "(inherited from baseline)" in settings_html(child, paths)

    assert inherited_settings(CorpusParams(), paths) == {}
