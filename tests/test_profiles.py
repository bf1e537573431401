"""Profiles that extend another: which file's setting counts, and what is refused."""

from __future__ import annotations

import pytest
import yaml

from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.profiles import check_profile, existing_profiles, extended_folders, settings_files
from vago.settings import SETTINGS_FROM
from vago.training.params import TrainParams

BASELINE, COMBINED = "02_train_baseline.yaml", "03_train_combined.yaml"


@pytest.fixture
def params(tmp_path, monkeypatch):
    """A project with the profile `studio` and `me`, which extends it; the folder params/."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("VAGO_HOME", str(tmp_path))
    write(tmp_path / "params/studio" / BASELINE, profile="studio", epochs=30, batch_size=4)
    write(tmp_path / "params/studio/01_prepare_dataset.yaml", profile="studio", sources=["a"])
    write(tmp_path / "params/me/profile.yaml", extends="studio", seed=7)
    return tmp_path / "params"


def write(file, **values) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(values))


def test_what_a_profile_does_not_set_is_its_parents(params):
    p = TrainParams.load(params / "me" / BASELINE)
    assert (p.profile, p.epochs, p.batch_size, p.seed) == ("me", 30, 4, 7)
    assert p.learning_rate == TrainParams().learning_rate
    assert CorpusParams.load(params / "me/01_prepare_dataset.yaml").sources == ["a"]


def test_own_file_then_own_profile_then_parents_file_then_parents_profile(params):
    write(params / "studio/profile.yaml", epochs=1, batch_size=1, dropout=0.3, accumulation=1)
    write(params / "studio" / BASELINE, epochs=2, batch_size=2, dropout=0.2)
    write(params / "me/profile.yaml", extends="studio", epochs=3, batch_size=3, speaker="me")
    write(params / "me" / BASELINE, epochs=4)

    found = TrainParams.read_files(params / "me" / BASELINE, lambda path: path.parent.name)
    chosen = {name: found.values[name] for name in ("epochs", "batch_size", "dropout")}
    assert chosen == {"epochs": 4, "batch_size": 3, "dropout": 0.2}
    assert found.values["accumulation"] == 1
    assert found.origins["dropout"] == "studio" and found.origins["batch_size"] == "me"
    assert "speaker" not in found.values, "a shared setting goes to the notebooks that have it"


def test_chains_of_profiles(params):
    write(params / "mine/profile.yaml", extends="me", epochs=5)
    folders = [folder.name for folder in extended_folders(params / "mine")]
    assert folders == ["mine", "me", "studio"]

    p = TrainParams.load(params / "mine" / BASELINE, {"epochs": 6})
    assert (p.profile, p.epochs, p.seed, p.batch_size) == ("mine", 6, 7, 4)


def test_a_profile_without_profile_yaml_needs_its_own_files(params):
    (file,) = settings_files(params / "studio" / BASELINE)
    assert file.is_own and not file.is_shared
    with pytest.raises(VagoError, match="03_train_combined.yaml does not exist"):
        settings_files(params / "studio" / COMBINED)


def test_a_misspelt_parent_and_a_circle_are_one_sentence(params):
    write(params / "me/profile.yaml", extends="studoi")
    with pytest.raises(VagoError, match="'studoi'.*did you mean 'studio'. there are me, studio"):
        TrainParams.load(params / "me" / BASELINE)

    write(params / "me/profile.yaml", extends="mine")
    write(params / "mine/profile.yaml", extends="me")
    with pytest.raises(VagoError, match="me extends mine extends me: a profile cannot extend it"):
        TrainParams.load(params / "me" / BASELINE)


def test_a_misspelt_shared_setting_is_refused_by_every_notebook(params):
    write(params / "me/profile.yaml", extends="studio", learnin_rate=1e-5)
    for model in (CorpusParams, TrainParams):
        file = params / "me" / f"{model.notebook if model is CorpusParams else BASELINE[:-5]}.yaml"
        with pytest.raises(VagoError, match="no notebook has.*did you mean 'learning_rate'"):
            model.load(file)


def test_a_sentence_names_the_file_that_holds_the_setting(params):
    write(params / "me/profile.yaml", extends="studio", epochs="many")
    with pytest.raises(VagoError, match=r"me/profile.yaml: epochs = 'many' is not valid"):
        TrainParams.load(params / "me" / BASELINE)


def test_earlier_names_are_read_from_every_file(params):
    write(params / "studio" / BASELINE, checkpointing=True)
    assert TrainParams.load(params / "me" / BASELINE).gradient_checkpointing is True
    write(params / "me/profile.yaml", extends="studio", gradient_checkpointing=False)
    assert TrainParams.load(params / "me" / BASELINE).gradient_checkpointing is False


def test_profiles_are_folders_with_a_notebooks_file_or_profile_yaml(params):
    (params / "scripts").mkdir()
    assert existing_profiles(params) == ["me", "studio"]
    check_profile("me", params.parent)


def test_a_notebook_with_one_file_of_several_is_refused(params):
    with pytest.raises(VagoError, match="`vago run me --only NUMBER`"):
        TrainParams.from_notebook({"profile": "me", "epochs": 3})
    assert TrainParams.from_notebook({"profile": "studio", "epochs": 3}).epochs == 3

    given = {"profile": "me", "epochs": 30, "dropout": None, "seed": 1, SETTINGS_FROM: {"seed": ""}}
    p = TrainParams.from_notebook(given)
    assert p.model_fields_set == {"profile", "seed"}, "a default that no file sets is not set"
