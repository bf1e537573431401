"""The benchmark end to end at its smallest, and what it makes of its measurements."""

import json
import shutil
from pathlib import Path

import pytest

from helpers.projects import ROOT
from vago import VagoError
from vago.model import xtts
from vago.paths import Paths
from vago.recipes.benchmark import benchmark
from vago.recipes.benchmark.params import BenchmarkParams


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_base):
    """A project with the scripts and the embedded base opened already."""
    root = tmp_path_factory.mktemp("benchmark")
    (root / "notebooks").mkdir()
    shutil.copytree(ROOT / "params" / "scripts", root / "params" / "scripts")
    paths = Paths.of(BenchmarkParams(), root)
    shutil.copytree(tiny_base, paths.home / "embedded")
    return paths


def test_stock_and_ours_train_save_and_are_told_side_by_side(place):
    p = BenchmarkParams(
        clips=6,
        rounds=1,
        steps=1,
        micro_batches=[3],
        speech_lines=0,
        threads=1,
        gradient_checkpointing=True,
    )
    told = []
    found = benchmark.benchmark(p, place, told.append)
    assert found == json.loads((place.home / "benchmark.json").read_text())
    stock, ours = found["training"]
    assert (stock["what"], ours["what"]) == ("stock", "vago") and stock["times_stock_cpu"] == 1
    assert ours["cpu_clips_per_second"] > stock["cpu_clips_per_second"]
    assert 0 < ours["save_bytes"] < stock["save_bytes"] and ours["peak_disk"] < stock["peak_disk"]
    # stock's checkpoint and best model twice over, an older checkpoint beside the newer one; ours: best and two lasts
    assert min(stock["peak_memory"], ours["peak_memory"]) > 100e6
    page = (place.home / "benchmark.md").read_text()
    assert (
        page.startswith("Measured on: ")
        and "| vago | 3 |" in page
        and any("once" in note for note in found["notes"])
    )
    assert not list((place.home / "work").rglob(".*.partial*"))


def test_bf16_is_compared_with_fp32_from_the_same_start(place):
    p = BenchmarkParams(clips=8, bf16_steps=1, dropout=0.0, threads=1)
    clips = benchmark.speak_clips(p, place)
    fp32, bf16 = benchmark.precision_rows(
        p, place, place.home / "embedded", clips, lambda line: None
    )
    assert fp32["precision"] == "fp32" and bf16["before"] == fp32["before"], (
        "both are scored in fp32"
    )
    assert fp32["held_out_loss"] != fp32["before"]
    assert fp32["difference_percent"] == 0 and 0 < abs(bf16["difference_percent"]) < 1


def test_a_side_that_fails_says_its_last_words(place, monkeypatch):
    p = BenchmarkParams(clips=6)
    with pytest.raises(VagoError, match="the stock side of the benchmark ended: .*nowhere"):
        benchmark.Worker(
            "stock",
            p,
            place.home / "work" / "bad",
            Path("nowhere"),
            [{"path": "nowhere.wav", "text": "a"}],
            3,
        )


def test_more_clips_than_there_are_sentences_is_said(place):
    with pytest.raises(VagoError, match="clips = 9000 asks for more than the scripts'"):
        benchmark.speak_clips(BenchmarkParams(clips=9000), place)


def test_full_size_is_xtts_v2s_shape(tiny_base, tmp_path, monkeypatch):
    """441,018,563 parameters as published, seen on the meta device; nothing of that size is made or written."""
    import torch
    import torchaudio
    from TTS.tts.models.xtts import Xtts

    from vago.training import checkpoints

    def look(content, path):
        path.touch()
        sizes.append({name: t.numel() for name, t in content.get("model", content).items()})

    def on_cpu(*args, **kwargs):
        with torch.device("cpu"):  # it looks at its values
            return filters(*args, **kwargs)

    sizes: list[dict[str, int]] = []
    filters = torchaudio.functional.melscale_fbanks
    monkeypatch.setattr(torch, "save", look)
    monkeypatch.setattr(torchaudio.functional, "melscale_fbanks", on_cpu)
    monkeypatch.setattr(
        torch.distributions.Distribution, "_validate_args", False
    )  # the DVAE's would look at theirs
    with torch.device("meta"):
        folder = benchmark.full_size_base(tmp_path / "base", tiny_base)
        model = Xtts(xtts.read_config(folder))
        model.tokenizer = xtts.load_tokenizer(folder)
        model.init_models()
    assert sum(t.numel() for t in model.gpt.parameters()) == checkpoints.XTTS_PARAMETERS
    assert 51e6 < sum(sizes[0].values()) < 53e6, "and its DVAE"
    assert (
        sum(n for name, n in sizes[-1].items() if name.startswith("gpt."))
        == checkpoints.XTTS_PARAMETERS
    )
    assert xtts.encoder(folder)("Jó estét!") == xtts.encoder(tiny_base)("Jó estét!")


def test_flops_of_full_size(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_args": benchmark.SHAPE}))
    assert benchmark.flops_per_position(tmp_path) == pytest.approx(6 * 377.5e6, rel=0.001)
