"""The recipe of the bundled base: all its stages at the smallest size, and its texts."""

from __future__ import annotations

import json
import sys
from itertools import islice

import pytest
import torch
import yaml

from helpers.projects import ROOT, SCRIPTS
from vago import VagoError
from vago.model import bundled, xtts
from vago.paths import Paths
from vago.recipes.demo.composition import VARIANT
from vago.recipes.pretrain import architecture, decoder, plots, recipe, results, speech, texts
from vago.recipes.pretrain.adversary import Adversary
from vago.recipes.pretrain.params import PretrainParams

SMALLEST = dict(
    speakers=2,
    short_texts=40,
    long_texts=40,
    read_texts=6,
    readers=1,
    dvae_steps=3,
    gpt_layers=1,
    gpt_width=64,
    short_steps=4,
    medium_steps=1,
    long_steps=2,
    batch_size=4,
    speaker_steps=2,
    decoder_width=16,
    decoder_clips=4,
    decoder_steps=2,
    decoder_batch=2,
    save_every=2,
)


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    """Parameters, paths and weights of a recipe of a few steps."""
    root = tmp_path_factory.mktemp("pretrain")
    (root / "params" / "scripts").mkdir(parents=True)
    p = PretrainParams(**SMALLEST)
    paths = Paths.of(p, root)
    return p, paths, recipe.pretrain(p, paths, silent)


# --- the stages ---


@pytest.mark.slow
def test_all_stages_make_a_base_that_stock_opens(smallest, tmp_path):
    p, paths, weights = smallest
    assets = tmp_path / "assets"
    config = json.dumps(architecture.configuration(p).to_dict())
    vocabulary = (paths.stage("base") / "vocab.json").read_text(encoding="utf-8")
    bundled.write_assets(weights, config, vocabulary, {}, assets)

    model = xtts.open_base(bundled.open_into(tmp_path / "base", assets))
    assert model.args.gpt_layers == 1
    name = "gpt.h.0.attn.c_attn.weight"
    in_fp16 = dict(atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(model.gpt.state_dict()[name], weights[f"gpt.{name}"], **in_fp16)


@pytest.mark.slow
def test_metrics_say_how_it_went(smallest):
    _, paths, weights = smallest
    last = results.last_metrics(paths)
    assert last["gpt"]["step"] == 2 and last["decoder"]["step"] == 2

    metrics = results.gpt_metrics(paths)
    assert list(metrics.course) == ["short", "short", "medium", "long"]
    assert len(plots.learning_curves(metrics).axes[0].lines) == 6

    counts = results.parameter_counts(weights)
    assert set(counts) == {"gpt", "decoder", "speaker", "dvae"}
    assert counts["gpt"].endswith(" M parameters")


@pytest.mark.slow
def test_the_base_speaks_beside_its_teacher(smallest):
    p, paths, weights = smallest
    teacher, base = results.beside_teacher(p, paths, weights, "Jó estét!")
    assert teacher[0].startswith("teacher: m1-") and teacher[2] == 22_050
    assert base[2] == 24_000 and len(base[1]) > 0


@pytest.mark.slow
def test_finished_stages_are_not_run_again(smallest):
    p, paths, weights = smallest
    lines = []
    again = recipe.pretrain(p, paths, lines.append)
    assert not [line for line in lines if "step" in line or line.startswith(("speech", "codes"))]
    assert all(torch.equal(weights[name], again[name]) for name in weights)


@pytest.mark.slow
def test_a_stopped_gpt_resumes_to_the_same_weights(smallest, tmp_path):
    p, paths, weights = smallest
    other = Paths.of(p, tmp_path)
    for stage in ("speech", "base", "codes", "speaker"):
        other.stage(stage).parent.mkdir(parents=True, exist_ok=True)
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

    again = recipe.pretrain(p, other, silent)
    gpt = [name for name in weights if name.startswith("gpt.")]
    assert all(torch.equal(weights[name], again[name]) for name in gpt)


@pytest.mark.slow
def test_it_resumes_from_the_bundled_weights(smallest):
    """No stage trains here, so the weights are the bundled ones, up to fp16."""
    _, paths, _ = smallest
    there = bundled.read_weights()
    p = PretrainParams(
        profile="better",
        resume=True,
        speakers=2,
        short_texts=40,
        other_short_texts=0,
        long_texts=40,
        read_texts=0,
        short_steps=0,
        medium_steps=0,
        long_steps=0,
        decoder_steps=0,
        decoder_clips=2,
    )
    other = Paths.of(p, paths.root)
    other.stage("speech").parent.mkdir(parents=True)
    other.stage("speech").symlink_to(paths.stage("speech"))

    weights = recipe.pretrain(p, other, silent)
    assert set(there) <= set(weights)
    assert all(torch.equal(weights[name].float(), there[name].float()) for name in there)


@pytest.mark.slow
def test_readers_read_more_and_only_its_codes_are_kept(smallest):
    p, paths, _ = smallest
    files = [f"{teacher.name}.safetensors" for teacher in speech.teachers(2)]
    spoken, encoded = (
        [speech.read_texts(paths.stage(stage) / file) for file in files]
        for stage in ("speech", "codes")
    )
    count = len(spoken[0])
    assert encoded[0][:count] == spoken[0] and len(encoded[0]) == count + p.read_texts
    assert not set(spoken[0]) & set(encoded[0][count:])
    assert encoded[1] == spoken[1], "the second speaker is no reader"


@pytest.mark.slow
def test_other_parameters_are_refused_by_name(smallest):
    p, paths, _ = smallest
    longer = p.model_copy(update={"long_steps": 2, "decoder_batch": 3})
    recipe._check_parameters(longer, paths)
    with pytest.raises(VagoError, match="with other values of gpt_width: set them back"):
        recipe._check_parameters(p.model_copy(update={"gpt_width": 128}), paths)


def test_a_missing_extra_is_named_before_anything_is_done(tmp_path, monkeypatch):
    p = PretrainParams(**SMALLEST)
    paths = Paths.of(p, tmp_path)
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(
        VagoError, match=r"wordfreq cannot be imported: pip install 'vago\[pretrain"
    ):
        recipe.pretrain(p, paths, silent)
    assert not paths.home.exists()


@pytest.mark.slow
def test_an_adversary_joins_for_the_last_steps_and_is_kept(tmp_path):
    generator = decoder.new_generator(24, 16)
    pair = decoder.Pair(torch.randn(17, 24), torch.randn(17 * 1115) * 0.1, torch.randn(512))
    decoder.train_decoder(generator, [pair], 2, tmp_path, batch=1, log=silent, adversarial=1)
    adversary = Adversary(tmp_path / "adversary.safetensors")
    assert adversary.optimizer.state, "it resumes with its optimizer's moments"

    made = torch.zeros(1, 2048, requires_grad=True)
    real = torch.sin(torch.arange(2048) / 7.0)[None]
    silence = adversary.loss(made, real)
    silence.backward()
    assert adversary.loss(real, real) < silence
    assert made.grad.abs().sum() > 0
    assert all(weight.requires_grad for weight in adversary.module.parameters())


# --- teachers, texts and tokens ---


def test_the_demos_timbre_is_no_teacher():
    assert VARIANT not in speech.FIRST_VARIANTS + tuple(speech.OTHER_VARIANTS)
    teachers = speech.teachers(48)
    assert len({teacher.name for teacher in teachers}) == 48
    assert len({teacher.variant for teacher in teachers}) == 48


@pytest.mark.parametrize("kind", texts.KINDS)
def test_texts_are_normalized_distinct_and_never_a_line_of_a_script(kind):
    excluded = texts.script_keys(SCRIPTS)
    low, high = texts.LENGTHS[kind]
    found = list(islice(texts.utterances(kind, "a test", excluded), 300))

    keys = {texts.word_key(text) for text in found}
    assert len(keys) == 300 and not excluded & keys
    assert all(low <= len(text) <= high for text in found)
    assert not any(character.isdigit() for text in found for character in text)
    assert found == list(islice(texts.utterances(kind, "a test", excluded), 300))


def test_every_line_of_a_script_is_excluded():
    scripts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in SCRIPTS.glob("*.yaml")]
    lines = [line["text"] for script in scripts for line in script["lines"]]
    excluded = texts.script_keys(ROOT / "params" / "scripts")
    assert lines and all(texts.word_key(line) in excluded for line in lines)


def test_every_letter_is_one_token(tiny_base):
    tokens = architecture.vocabulary()
    encoded = xtts.text_encoder(tiny_base)("dzsem, gyász")
    written = [tokens.id_to_token(number) for number in encoded]
    assert written == ["[hu]", "dzs", "e", "m", ",", "[SPACE]", "gy", "á", "sz"]
