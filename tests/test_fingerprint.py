"""Code digests follow imports, ignore comments, and change no more than what the code touches."""

from __future__ import annotations

import json

import pytest

from helpers.projects import ROOT
from vago import fingerprint
from vago.fingerprint import code_digests
from vago.training import lineage
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.record import changed_names, notebook_code

TRAININGS = {"02_train_baseline", "03_train_combined", "04_train_ultrafine"}


def notebooks_digests() -> dict[str, dict[str, str]]:
    """The code digests of each of the six notebooks."""
    digests = {}
    for stem in NOTEBOOKS:
        notebook = json.loads((ROOT / "notebooks" / f"{stem}.ipynb").read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        digests[stem] = notebook_code(["".join(cell["source"]) for cell in code])
    return digests


def rerun_after(package, file: str, edit) -> tuple[set[str], bool]:
    """Which notebooks an edit of one file makes out of date, and whether it makes weights so."""
    notebooks, weights = notebooks_digests(), lineage.training_code()

    path = package / file
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")

    now = notebooks_digests()
    changed = {stem for stem in NOTEBOOKS if changed_names(notebooks[stem], now[stem])}
    return changed, lineage.training_code() != weights


def with_a_new_function(source: str) -> str:
    return f"{source}\n\ndef another_figure():\n    return 1\n"


def with_a_comment(source: str) -> str:
    return source.replace('"""', '"""Another first sentence. ', 1) + "\n# a comment at the end\n"


@pytest.mark.parametrize(
    ("file", "notebooks"),
    [
        ("corpus/review/plots.py", {"01_prepare_dataset"}),
        ("training/plots.py", TRAININGS),
        ("evaluation/plots.py", {"05_evaluate"}),
        ("recipes/pretrain/plots.py", set()),
        ("recipes/benchmark/plots.py", set()),
    ],
)
def test_a_new_figure_reruns_its_own_notebook_only(package, file, notebooks):
    assert rerun_after(package, file, with_a_new_function) == (notebooks, False)


@pytest.mark.parametrize(
    "file",
    [
        "recipes/pretrain/decoder.py",
        "display/figures.py",
        "display/html.py",
        "text/hungarian/acronyms.py",
        "training/loss.py",
    ],
)
def test_comments_and_docstrings_rerun_nothing(package, file):
    assert rerun_after(package, file, with_a_comment) == (set(), False)


def test_the_reading_of_text_reruns_what_reads_text_and_no_training(package):
    notebooks, weights = rerun_after(package, "text/hungarian/acronyms.py", with_a_new_function)
    assert "01_prepare_dataset" in notebooks
    assert not notebooks & TRAININGS and not weights


def test_the_loss_makes_weights_out_of_date(package):
    notebooks, weights = rerun_after(package, "training/loss.py", with_a_new_function)
    assert notebooks >= TRAININGS and weights


def test_how_training_is_logged_does_not_make_weights_out_of_date(package):
    notebooks, weights = rerun_after(package, "training/monitor.py", with_a_new_function)
    assert notebooks >= TRAININGS and not weights


def test_what_has_no_effect_exists():
    for module in (lineage.TRAINER, *lineage.CODE_WITHOUT_EFFECT):
        assert fingerprint.module_path(module), module


def test_imports_are_followed_into_sub_packages_and_functions(tmp_path, monkeypatch):
    sources = {
        "__init__.py": "",
        "train.py": "def f():\n    from vago.deep.loss import g",
        "deep/__init__.py": "",
        "deep/loss.py": "from . import mel\nfrom ..ground import x",
        "deep/mel.py": "",
        "ground.py": "",
        "plot.py": "import vago.deep.mel",
    }
    (tmp_path / "vago/deep").mkdir(parents=True)
    for name, source in sources.items():
        (tmp_path / "vago" / name).write_text(source)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path / "vago")

    followed = code_digests(["vago.train"])
    assert list(followed) == [
        "vago/__init__.py",
        "vago/deep/__init__.py",
        "vago/deep/loss.py",
        "vago/deep/mel.py",
        "vago/ground.py",
        "vago/train.py",
    ]
    assert "vago/deep/mel.py" not in code_digests(["vago.train"], aside=["vago.deep.mel"])

    (tmp_path / "vago/deep/mel.py").write_text("x = 1")
    assert changed_names(followed, code_digests(["vago.train"])) == ["vago/deep/mel.py"]


def test_a_notebooks_own_code_counts_without_its_comments_and_magic():
    cells = ["%matplotlib inline\nfrom vago import VagoError", "not python at all ("]
    same = ["%matplotlib widget\nfrom vago import VagoError  # why", "not python at all ("]
    assert notebook_code(cells) == notebook_code(same)
    assert notebook_code(cells) != notebook_code([cells[0], "not python either ("])


def test_a_settings_description_is_documentation_and_its_default_is_code(package):
    described = 'description="of AdamW, after the warm-up"'

    def reworded(source: str) -> str:
        assert described in source
        return source.replace(described, 'description="another wording"')

    assert rerun_after(package, "training/params.py", reworded) == (set(), False)

    def with_another_default(source: str) -> str:
        assert "inherited(0.01, description" in source
        return source.replace("inherited(0.01, description", "inherited(0.02, description")

    changed, weights = rerun_after(package, "training/params.py", with_another_default)
    assert changed >= TRAININGS and weights
