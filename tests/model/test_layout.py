"""The GPT's sequence: tokens, targets and positions, by hand and beside stock."""

from types import SimpleNamespace

import pytest
import torch

from vago.model import layout, xtts

START, STOP = 8, 9
CODE_START, CODE_STOP = 1024, 1025
IGNORED = layout.IGNORED


@pytest.fixture(scope="module")
def gpt(tiny_base):
    return xtts.open_base(tiny_base).gpt.eval()


@pytest.fixture
def tokens_only():
    """As much of a GPT as inputs and targets need."""
    return SimpleNamespace(
        start_text_token=START,
        stop_text_token=STOP,
        start_audio_token=CODE_START,
        stop_audio_token=CODE_STOP,
    )


def test_prompt_latents_equal_stocks(gpt):
    mels = torch.randn(2, 80, 150, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours = layout.prompt_latents(gpt, mels)
        stock = gpt.get_style_emb(mels).transpose(1, 2)

    assert ours.shape == (2, 32, gpt.model_dim)
    torch.testing.assert_close(ours, stock, atol=1e-4, rtol=1e-4)


def test_text_inputs_and_targets(tokens_only):
    text = torch.tensor([[3, 4, 5], [6, 0, 0]])
    inputs, targets = layout.text_inputs_and_targets(tokens_only, text, torch.tensor([3, 1]))

    assert inputs.tolist() == [[START, 3, 4, 5], [START, 6, STOP, STOP]]
    assert targets.tolist() == [[3, 4, 5, STOP], [6, STOP, IGNORED, IGNORED]]


def test_code_inputs_and_targets(tokens_only):
    codes = torch.tensor([[30, 40, 50], [60, 0, 0]])
    spans = torch.tensor([[1, 3], [0, 0]])
    inputs, targets = layout.code_inputs_and_targets(
        tokens_only, codes, torch.tensor([3, 1]), spans
    )

    stops = [CODE_STOP] * 3
    assert inputs.tolist() == [
        [CODE_START, 30, 40, 50, *stops],
        [CODE_START, 60, CODE_STOP, CODE_STOP, *stops],
    ]
    assert targets.tolist() == [
        [30, IGNORED, IGNORED, CODE_STOP, *stops],
        [60, CODE_STOP, *stops, IGNORED, IGNORED],
    ]


def test_a_span_never_hides_a_stop(tokens_only):
    spans = torch.tensor([[0, 9]])
    _, targets = layout.code_inputs_and_targets(
        tokens_only, torch.tensor([[30, 40]]), torch.tensor([2]), spans
    )
    assert targets.tolist() == [[IGNORED, IGNORED] + [CODE_STOP] * layout.STOP_TARGETS]


@pytest.mark.parametrize("longest, multiple, length", [(0, 1, 9), (7, 1, 9), (7, 5, 10)])
def test_packing_puts_all_padding_behind_the_codes(longest, multiple, length):
    # two prompt latents, start and tokens (two and one), four codes
    padded = torch.tensor(
        [[10, 11, 20, 21, 22, 30, 31, 32, 33], [10, 11, 20, 21, 0, 40, 41, 42, 43]]
    )
    packing = layout.pack(2, 3, 4, torch.tensor([2, 1]), longest, multiple)
    packed = padded.gather(1, packing.order)

    assert packed.shape == (2, length)
    assert packed[0, :9].tolist() == [10, 11, 20, 21, 22, 30, 31, 32, 33]
    assert packed[1, :8].tolist() == [10, 11, 20, 21, 40, 41, 42, 43]

    assert packed[:, packing.text][0].tolist() == [20, 21, 22]
    assert packed.gather(1, packing.codes).tolist() == [[30, 31, 32, 33], [40, 41, 42, 43]]


def test_take_follows_each_clips_positions():
    values = torch.arange(12.0).view(2, 3, 2)
    taken = layout.take(values, torch.tensor([[2, 0], [1, 1]]))
    assert taken.tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


def test_synthesis_sequence_equals_stocks(gpt):
    """Stock's `compute_embeddings` up to the text, then its mel embeddings."""
    generator = torch.Generator().manual_seed(2)
    prompt = torch.randn(32, gpt.model_dim, generator=generator)
    text = torch.randint(3, 40, (7,), generator=generator)
    codes = torch.randint(0, 1024, (5,), generator=generator)

    gpt.init_gpt_for_inference()
    with torch.no_grad():
        gpt.compute_embeddings(prompt[None], text[None])
        before_codes = gpt.gpt_inference.cached_prefix_emb[0]
        read = torch.tensor([[gpt.start_audio_token, *codes.tolist()]])
        code_part = (gpt.mel_embedding(read) + gpt.mel_pos_embedding(read))[0]

        first = layout.synthesis_sequence(gpt, prompt, text)
        later = layout.synthesis_sequence(gpt, prompt, text, codes)

    assert torch.equal(later, torch.cat([before_codes, code_part]))
    assert torch.equal(first, later[: len(first)])
    assert len(first) == 32 + len(text) + 2 + 1
