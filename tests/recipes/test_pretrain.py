"""The recipe of the embedded base at the smallest size it runs at, all stages, and its texts."""

from __future__ import annotations

import json
from itertools import islice

import pytest
import torch
import yaml

from helpers.projects import ROOT
from vago.model import bundled, xtts
from vago.paths import Paths
from vago.recipes.demo.recordings import VARIANT
from vago.recipes.pretrain import data, decoder, recipe
from vago.recipes.pretrain.decoder import Adversary
from vago.recipes.pretrain.params import PretrainParams


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    """Parameters, paths and trained parts of a recipe of a few steps."""
    root = tmp_path_factory.mktemp("pretrain")
    (root / "params" / "scripts").mkdir(parents=True)
    p = PretrainParams(
        speakers=2, short_texts=40, long_texts=40, read_texts=6, readers=1, dvae_steps=3, gpt_layers=1, gpt_width=64,
        short_steps=4, medium_steps=1, long_steps=2, batch_size=4, speaker_steps=2, decoder_width=16, decoder_clips=4,
        decoder_steps=2, decoder_batch=2, save_every=2,
    )  # fmt: skip
    paths = Paths.of(p, root)
    return p, paths, recipe.pretrain(p, paths, lambda line: None)


def test_all_stages_make_a_base_that_stock_opens(smallest, tmp_path):
    p, paths, parts = smallest
    embedded_here = tmp_path / "assets"
    record = {"parameters": p.model_dump(mode="json"), "scores": recipe.scores(paths)}
    vocabulary = (paths.stage("base") / "vocab.json").read_text(encoding="utf-8")
    bundled.pack(
        parts, json.dumps(recipe.configuration(p).to_dict()), vocabulary, record, embedded_here
    )
    model = xtts.open_base(bundled.open_into(tmp_path / "base", embedded_here))
    assert (
        model.args.gpt_layers == 1
        and record["scores"]["gpt"]["step"] == 2
        and record["scores"]["decoder"]["step"] == 2
    )
    name = "gpt.h.0.attn.c_attn.weight"
    torch.testing.assert_close(
        model.gpt.state_dict()[name], parts["gpt." + name], atol=1e-3, rtol=1e-3
    )  # fp16 on the way


def test_what_is_done_is_not_done_again_and_gives_the_same(smallest):
    p, paths, parts = smallest
    said = []
    again = recipe.pretrain(p, paths, said.append)
    assert not [line for line in said if "step" in line or line.startswith(("speech", "codes"))]
    assert all(torch.equal(parts[name], again[name]) for name in parts)


def test_a_stopped_gpt_goes_on_to_the_same_weights(smallest, tmp_path):
    p, paths, parts = smallest
    other = Paths.of(p, tmp_path)
    for stage in ("speech", "base", "codes", "speaker"):
        (other.stage(stage)).parent.mkdir(parents=True, exist_ok=True)
        other.stage(stage).symlink_to(paths.stage(stage))
    (tmp_path / "params" / "scripts").mkdir(parents=True)

    class Stop(Exception):
        pass

    def stop(line):
        if "step 2/4" in line:
            raise Stop

    with pytest.raises(Stop):
        recipe.pretrain(p, other, stop)
    assert (other.stage("gpt") / "short.safetensors").exists(), "two steps are kept"
    again = recipe.pretrain(p, other, lambda line: None)
    assert all(torch.equal(parts[name], again[name]) for name in parts if name.startswith("gpt."))


def test_it_goes_on_from_the_weights_that_come_with_vago(smallest, tmp_path):
    """Nothing is trained here, so what comes out is what is embedded, up to fp16."""
    p, paths, _ = smallest
    there = bundled.parts()
    p = PretrainParams(
        profile="better", resume=True, speakers=2, short_texts=40, other_short_texts=0, long_texts=40, read_texts=0, short_steps=0,
        medium_steps=0, long_steps=0, decoder_steps=0, decoder_clips=2,
    )  # fmt: skip
    other = Paths.of(p, paths.root)
    other.stage("speech").parent.mkdir(parents=True)
    other.stage("speech").symlink_to(paths.stage("speech"))
    parts = recipe.pretrain(p, other, lambda line: None)
    assert set(there) <= set(parts) and all(
        torch.equal(parts[name].float(), there[name].float()) for name in there
    )


def test_more_is_read_by_who_teaches_the_gpt_and_only_its_codes_are_kept(smallest):
    p, paths, _ = smallest
    first, second = (f"{speaker.name}.safetensors" for speaker in data.speakers(2))
    spoken, encoded = (
        [data.read_texts(paths.stage(s) / n) for n in (first, second)] for s in ("speech", "codes")
    )
    assert (
        encoded[0][: len(spoken[0])] == spoken[0]
        and len(encoded[0]) == len(spoken[0]) + p.read_texts
    )
    assert encoded[1] == spoken[1]
    assert not set(spoken[0]) & set(encoded[0][len(spoken[0]) :])


def test_an_adversary_joins_for_the_last_steps_and_is_kept(tmp_path):
    generator = decoder.new_generator(24, 16)
    pair = decoder.Pair(torch.randn(17, 24), torch.randn(17 * 1115) * 0.1, torch.randn(512))
    decoder.train_decoder(
        generator, [pair], 2, tmp_path, batch=1, log=lambda line: None, adversarial=1
    )
    adversary = Adversary(tmp_path / "adversary.safetensors")
    assert adversary.optimizer.state, "it goes on with its optimizer's moments"
    made, real = torch.zeros(1, 2048, requires_grad=True), torch.sin(torch.arange(2048) / 7.0)[None]
    silence = adversary.loss(made, real)
    silence.backward()
    assert adversary.loss(real, real) < silence
    assert made.grad.abs().sum() > 0 and all(
        weight.requires_grad for weight in adversary.module.parameters()
    )


def test_the_targets_voice_teaches_nothing():
    assert VARIANT not in data.TEACHERS + tuple(data.OTHERS)
    speakers = data.speakers(48)
    assert len({s.name for s in speakers}) == 48 and len({s.variant for s in speakers}) == 48


def test_texts_are_normalised_distinct_and_never_a_scripts_line():
    barred = data.barred_lines(ROOT / "params" / "scripts")
    scripts = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "params/scripts").glob("*.yaml")
    ]
    lines = [line["text"] for script in scripts for line in script["lines"]]
    assert all(data.key(line) in barred for line in lines)
    for kind, (low, high) in data.LENGTHS.items():
        found = list(islice(data.utterances(kind, "a test", barred), 300))
        keys = [data.key(text) for text in found]
        assert len(set(keys)) == 300 and not barred & set(keys)
        assert all(
            low <= len(text) <= high and not any(c.isdigit() for c in text) for text in found
        )
        assert found == list(islice(data.utterances(kind, "a test", barred), 300))


def test_every_letter_is_one_token(tiny_base):
    encode = xtts.encoder(tiny_base)
    tokens = recipe.vocabulary()
    assert [tokens.id_to_token(i) for i in encode("dzsem, gyász")] == [
        "[hu]",
        "dzs",
        "e",
        "m",
        ",",
        "[SPACE]",
        "gy",
        "á",
        "sz",
    ]
