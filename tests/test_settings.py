from pathlib import Path

import pytest

from helpers.projects import ROOT
from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.profiles import read_yaml
from vago.synthesis.params import SampleParams
from vago.training.params import TrainParams
from vago.workbook.pipeline import NOTEBOOKS


@pytest.mark.parametrize("profile", ["demo", "vago"])
@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_every_parameter_file_is_valid(profile, stem):
    p = NOTEBOOKS[stem].load(ROOT / "params" / profile / f"{stem}.yaml")
    assert p.profile == profile and p.notebook == stem


def test_the_real_profile_is_as_agreed():
    baseline, combined, ultrafine = (
        TrainParams.load(ROOT / "params" / "vago" / f"{stem}.yaml") for stem in list(NOTEBOOKS)[1:4]
    )
    combined = combined.inherit(baseline.inherit(None).model_dump())
    assert [p.learning_rate for p in (baseline, combined, ultrafine)] == [5e-6, 2e-6, 1e-6]
    assert {p.epochs for p in (baseline, combined, ultrafine)} == {30}
    assert (baseline.sources, combined.sources) == (["milliomos"], ["milliomos", "blikk"])
    assert (combined.parent, ultrafine.parent) == ("baseline", "combined")
    assert combined.batch_size == 3 and combined.eval_every == 100


def test_a_number_as_text_is_accepted(tmp_path):
    (tmp_path / "p.yaml").write_text("learning_rate: 5e-6\n")
    assert read_yaml(tmp_path / "p.yaml")["learning_rate"] == "5e-6", "YAML reads it as text"
    assert TrainParams.load(tmp_path / "p.yaml").learning_rate == 5e-6


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("learning_rte: 1.0e-5", "no setting 'learning_rte'; did you mean 'learning_rate'"),
        ("learning_rate: fast", "learning_rate = 'fast' is not valid"),
        (
            "learning_rate: -1.0",
            "learning_rate = -1.0 is not valid: Input should be greater than 0",
        ),
        ("phase: baseline\nparent: combined", "cannot start from combined"),
        ("- a list", "should hold `name: value` lines, found a list"),
        ("a: [", "is not valid YAML"),
        (
            "prompt_min_seconds: 5\nprompt_max_seconds: 4",
            "prompt_min_seconds 5.0 is above prompt_max_seconds 4.0",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file(tmp_path, content, sentence):
    path = tmp_path / "02_train_baseline.yaml"
    path.write_text(content)
    with pytest.raises(VagoError) as error:
        TrainParams.load(path)
    assert (
        sentence in str(error.value)
        and str(path) in str(error.value)
        and "\n" not in str(error.value)
    )


def test_from_notebook_takes_plain_variables_and_refuses_misspelt_ones():
    namespace = {
        "profile": "demo",
        "seed": 3,
        "Path": Path,
        "_private": 1,
        "In": [""],
        "Out": {},
        "sounds": [Path("x")],
    }
    assert CorpusParams.from_notebook(namespace).seed == 3
    with pytest.raises(VagoError, match="sede.*did you mean 'seed'"):
        CorpusParams.from_notebook({**namespace, "sede": 4})


def test_inheritance_goes_parent_then_default():
    parent = TrainParams(batch_size=7, dropout=0.0).inherit(None).model_dump()
    child = TrainParams(phase="combined", parent="baseline", dropout=0.3).inherit(parent)
    assert (child.batch_size, child.dropout, child.eval_every) == (7, 0.3, 100)
    assert child.learning_rate == 5e-6 and None not in [
        getattr(child, k) for k in TrainParams.defaults() if k != "patience"
    ]


def test_earlier_names_are_read_and_said(tmp_path, capsys):
    file = tmp_path / "02.yaml"
    file.write_text("checkpointing: true\n")
    assert TrainParams.load(file).gradient_checkpointing is True
    assert "checkpointing is now called gradient_checkpointing" in capsys.readouterr().err

    file.write_text("checkpointing: true\ngradient_checkpointing: true\n")
    with pytest.raises(VagoError, match="both stand there: remove checkpointing"):
        TrainParams.load(file)


def test_an_earlier_name_that_papermill_injects_wins_over_the_cell():
    cell = {"profile": "demo", "max_resamples": 2, "retakes": 7}
    assert SampleParams.from_notebook(cell).max_resamples == 7


def test_a_parents_record_under_earlier_names_is_inherited():
    child = TrainParams(phase="combined", parent="baseline").inherit({"checkpointing": True})
    assert child.gradient_checkpointing is True
