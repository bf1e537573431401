"""Settings are checked before anything runs, and passed on as they were checked."""

from __future__ import annotations

import io

import pytest

from helpers.workbooks import ALL, in_process, refused, write_settings
from vago import VagoError
from vago.workbook.plans import make_plans, step_named
from vago.workbook.runner import run


def test_misspelt_settings_are_refused_with_a_near_miss(project):
    assert "did you mean 'learning_rate'?" in refused(overrides=[("learnin_rate", "1e-6")])
    assert "02_train_baseline" in refused(only="05", overrides=[("epochs", "1")])

    # in the last file, which is not even selected
    write_settings(project, "06_generate_samples", temprature=0.5)
    message = refused(only="02")
    assert "params/demo/06_generate_samples.yaml" in message
    assert "did you mean 'temperature'?" in message
    assert not (project / "outputs").exists()


@pytest.mark.parametrize(
    ("stem", "values", "expected"),
    [
        ("02_train_baseline", {"learning_rate": "fast"}, "learning_rate = 'fast' is not valid"),
        ("03_train_combined", {"phase": "ultrafine"}, "belongs to 04_train_ultrafine"),
        ("04_train_ultrafine", {"outputs_root": "elsewhere"}, "make it the same in all six"),
        (
            "06_generate_samples",
            {"script": "opera"},
            "scripts/opera.yaml does not exist: there are quiz_show",
        ),
    ],
)
def test_bad_parameter_files_are_refused(project, stem, values, expected):
    write_settings(project, stem, **values)
    assert expected in refused()


def test_profile_in_a_file_must_be_the_folder(project):
    (project / "params/demo/05_evaluate.yaml").write_text("profile: vago\n")
    assert "params/demo/05_evaluate.yaml: profile is 'vago'" in refused()


def test_unknown_profile_lists_those_that_exist(project):
    write_settings(project, "01_prepare_dataset", profile="mine")
    message = "no profile 'dmeo' in params/: did you mean 'demo'? there are demo, mine"
    assert refused("dmeo") == message


def test_a_notebook_without_a_parameters_cell_is_refused(project):
    file = project / "notebooks/02_train_baseline.ipynb"
    file.write_text(file.read_text().replace('"parameters"', '"settings"'))
    assert "notebooks/02_train_baseline.ipynb: 0 cells are tagged" in refused()


def test_notebooks_receive_the_checked_values_of_what_was_given(project):
    write_settings(project, "02_train_baseline", learning_rate="5e-6")
    seen = {}

    def spy(source, target, given, root):
        seen[source.stem] = given
        in_process(source, target, given, root)

    overrides = [("outputs_root", "elsewhere"), ("temperature", "1e-1")]
    run("demo", execute=spy, stream=io.StringIO(), overrides=overrides)

    expected = {"profile": "demo", "learning_rate": 5e-6, "outputs_root": "elsewhere"}
    assert seen["02_train_baseline"] == expected
    assert seen["06_generate_samples"]["temperature"] == 0.1
    assert "temperature" not in seen["03_train_combined"]
    assert (project / "elsewhere/demo/run.json").exists()
    assert not (project / "outputs").exists()


def test_a_setting_missing_in_the_file_has_the_notebooks_value(project):
    """The model's own default of demo_voice is False."""
    (project / "params/demo/01_prepare_dataset.yaml").write_text("profile: demo\n")
    plan = make_plans("demo", ALL, {}, project)["01_prepare_dataset"]
    assert plan.p.demo_voice is True
    assert plan.given == {"profile": "demo"}


@pytest.mark.parametrize("text", ["7", "0", "", "train", "02_tran"])
def test_step_names_that_fit_no_notebook(text):
    with pytest.raises(VagoError, match="03_train_combined"):
        step_named(text)


def test_a_profile_that_extends_another_injects_every_setting(project):
    """The demo's values in the notebook's cell must not stand in for what no file sets."""
    file = project / "params/mine/profile.yaml"
    file.parent.mkdir()
    file.write_text("extends: demo\ndemo_voice: false\nepochs: 9\n")

    plans = make_plans("mine", ALL, {"seed": "4"}, project)
    plan = plans["03_train_combined"]
    assert (plan.p.profile, plan.p.epochs, plan.p.parent) == ("mine", 9, "baseline")
    origins = plan.given.pop("settings_from")
    assert plan.given == plan.p.model_dump(mode="json")
    assert origins["epochs"] == "params/mine/profile.yaml"
    assert origins["parent"] == "params/demo/03_train_combined.yaml"
    assert origins["seed"] == "-p"
    assert plans["01_prepare_dataset"].p.demo_voice is False
    assert plans["01_prepare_dataset"].p.base_dir == ""


def test_a_misspelt_shared_setting_starts_nothing(project):
    file = project / "params/mine/profile.yaml"
    file.parent.mkdir()
    file.write_text("extends: demo\nepoch: 9\n")
    message = "params/mine/profile.yaml: no notebook has a setting 'epoch'; did you mean 'epochs'?"
    assert refused("mine") == message
