"""The benchmark end to end at its smallest, and its tables."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from helpers.projects import SCRIPTS
from vago import VagoError
from vago.model import xtts
from vago.paths import Paths
from vago.recipes.benchmark import benchmark, material, plots
from vago.recipes.benchmark.params import BenchmarkParams
from vago.recipes.benchmark.process import WorkerProcess
from vago.training import checkpoints


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_base) -> Paths:
    """A project with the scripts and the bundled base opened already."""
    root = tmp_path_factory.mktemp("benchmark")
    (root / "notebooks").mkdir()
    shutil.copytree(SCRIPTS, root / "params" / "scripts")
    paths = Paths.of(BenchmarkParams(), root)
    shutil.copytree(tiny_base, paths.home / "embedded")
    return paths


def silent(line: str) -> None:
    pass


@pytest.mark.slow
def test_stock_and_vago_train_and_save_side_by_side(place):
    p = BenchmarkParams(
        clips=6,
        rounds=1,
        steps=1,
        micro_batches=[3],
        speech_lines=0,
        threads=1,
        gradient_checkpointing=True,
    )
    found = benchmark.benchmark(p, place, silent)
    assert found == json.loads((place.home / "benchmark.json").read_text())

    stock, ours = found["training"]
    assert (stock["what"], ours["what"]) == ("stock", "vago") and stock["times_stock_cpu"] == 1
    assert ours["cpu_clips_per_second"] > stock["cpu_clips_per_second"]
    # stock: checkpoint and best model, the older ones still there; vago: best and two lasts
    assert 0 < ours["save_bytes"] < stock["save_bytes"]
    assert ours["peak_disk"] < stock["peak_disk"]
    assert min(stock["peak_memory"], ours["peak_memory"]) > 100e6
    assert not list((place.home / "work").rglob(".*.partial*"))

    page = (place.home / "benchmark.md").read_text()
    assert page.startswith("Measured on: ") and "| vago | 3 |" in page
    assert any("once" in note for note in found["notes"])
    assert len(plots.training_speed(found).axes) == 2


@pytest.mark.slow
def test_bf16_is_compared_with_fp32_from_the_same_weights(place):
    p = BenchmarkParams(clips=8, bf16_steps=1, dropout=0.0, threads=1)
    clips = material.speak_clips(p, place)
    base = place.home / "embedded"
    fp32, bf16 = benchmark.precision_rows(p, place, base, clips, silent)

    assert fp32["precision"] == "fp32" and fp32["difference_percent"] == 0
    assert bf16["before"] == fp32["before"], "both are scored in fp32"
    assert fp32["held_out_loss"] != fp32["before"]
    assert 0 < abs(bf16["difference_percent"]) < 1


@pytest.mark.slow
def test_the_error_of_a_side_has_the_last_line_of_its_log(place):
    folder = place.home / "work" / "bad"
    clips = [{"path": "nowhere.wav", "text": "a"}]
    with pytest.raises(VagoError, match="the stock side of the benchmark ended: .*nowhere"):
        WorkerProcess("stock", BenchmarkParams(clips=6), folder, Path("nowhere"), clips, 3)


@pytest.mark.slow
def test_more_clips_than_sentences_are_refused(place):
    with pytest.raises(VagoError, match="clips = 9000, but the scripts have .* sentences"):
        material.speak_clips(BenchmarkParams(clips=9000), place)


def test_a_missing_extra_is_named_before_anything_is_done(tmp_path, monkeypatch):
    p = BenchmarkParams()
    paths = Paths.of(p, tmp_path)
    monkeypatch.setitem(sys.modules, "trainer", None)
    with pytest.raises(
        VagoError, match=r"trainer cannot be imported: pip install 'vago\[benchmark"
    ):
        benchmark.benchmark(p, paths, silent)
    assert not paths.home.exists()


def test_full_size_has_the_shape_of_xtts_v2(tiny_base, tmp_path, monkeypatch):
    """441,018,563 parameters as published, on the meta device: nothing of that size is made."""
    import torch
    import torchaudio
    from TTS.tts.models.xtts import Xtts

    sizes: list[dict[str, int]] = []
    filters = torchaudio.functional.melscale_fbanks

    def note_sizes(content, path):
        path.touch()
        sizes.append({name: t.numel() for name, t in content.get("model", content).items()})

    def on_cpu(*args, **kwargs):
        with torch.device("cpu"):  # it looks at its values
            return filters(*args, **kwargs)

    monkeypatch.setattr(torch, "save", note_sizes)
    monkeypatch.setattr(torchaudio.functional, "melscale_fbanks", on_cpu)
    # the DVAE's distributions would look at their values too
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", False)
    with torch.device("meta"):
        folder = material.full_size_base(tmp_path / "base", tiny_base)
        model = Xtts(xtts.read_config(folder))
        model.tokenizer = xtts.load_tokenizer(folder)
        model.init_models()

    assert sum(t.numel() for t in model.gpt.parameters()) == checkpoints.XTTS_PARAMETERS
    dvae, whole = sizes[0], sizes[-1]
    assert 51e6 < sum(dvae.values()) < 53e6
    saved = sum(size for name, size in whole.items() if name.startswith("gpt."))
    assert saved == checkpoints.XTTS_PARAMETERS
    assert xtts.text_encoder(folder)("Jó estét!") == xtts.text_encoder(tiny_base)("Jó estét!")


def test_flops_of_full_size(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_args": material.XTTS_SHAPE}))
    assert benchmark.flops_per_position(tmp_path) == pytest.approx(6 * 377.5e6, rel=0.001)
