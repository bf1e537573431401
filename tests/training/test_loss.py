"""The loss equals stock's where stock is right, and differs exactly where stock is wrong."""

from dataclasses import replace

import pytest
import torch

from vago.model import xtts
from vago.training import batches, validation
from vago.training.loss import GPTLoss, training_loss


@pytest.fixture(scope="module")
def gpt(tiny_base):
    return xtts.open_base(tiny_base).gpt.eval()


def stock(gpt, batch, cond_idxs=None):
    """Stock's (text CE, mel CE) of the same tensors; wav_lengths in samples as its dataset gives them."""
    with torch.no_grad():
        text, mel, _ = gpt(
            batch.text,
            batch.text_lengths,
            batch.codes.clone(),
            batch.code_lengths * 1024,
            cond_mels=batch.cond_mels[:, None],
            cond_idxs=cond_idxs,
        )
    return text.item(), mel.item()


def ours(gpt, batch):
    with torch.no_grad():
        mel_nll, text_nll = GPTLoss(gpt)(batch)
    mel, text = batch.target_counts()
    return text_nll.sum().item() / text, mel_nll.sum().item() / mel


@pytest.fixture(scope="module")
def some(mini_features):
    clips, training = mini_features
    ids = sorted(training, key=lambda i: len(clips[i].codes))
    return clips, [ids[0], ids[5], ids[-1]]  # of different lengths, so that padding matters


def test_equals_stock_without_masking(gpt, some):
    clips, ids = some
    batch = batches.training_batch(clips, ids, "other", (1.0, 1.0), (1, 2))
    assert ours(gpt, batch) == pytest.approx(stock(gpt, batch), abs=1e-5)


def test_training_loss_equals_stock_weighting(gpt, some):
    clips, ids = some
    batch = batches.training_batch(clips, ids, "other", (1.0, 1.0), (1, 2))
    text, mel = stock(gpt, batch)
    with torch.no_grad():
        assert training_loss(*GPTLoss(gpt)(batch), batch.target_counts()).item() == pytest.approx(
            0.01 * text + mel, abs=1e-5
        )


def test_one_prompt_for_all_is_that_prompt_for_each(gpt, some):
    clips, ids = some
    shared = batches.training_batch(clips, ids, "shared", (1.0, 1.0), (1, 2))
    each = replace(shared, cond_mels=shared.cond_mels.expand(len(ids), -1, -1))
    assert shared.cond_mels.shape[0] == 1 and ours(gpt, shared) == pytest.approx(
        ours(gpt, each), abs=1e-5
    )
    assert ours(gpt, shared) == pytest.approx(stock(gpt, each), abs=1e-5)


def test_padding_changes_nothing(gpt, some):
    clips, ids = some
    together = batches.training_batch(clips, ids, "other", (1.0, 1.0), (1, 2))
    with torch.no_grad():
        mel, text = GPTLoss(gpt)(together)
        for row, clip in enumerate(ids):
            alone = batches.collate([clips[clip]], [together.cond_mels[row]])
            mel_alone, text_alone = GPTLoss(gpt)(alone)
            assert (mel_alone.item(), text_alone.item()) == pytest.approx(
                (mel[row].item(), text[row].item()), abs=2e-3, rel=1e-5
            )


def test_masked_prompt_is_left_out_per_clip_and_in_codes(gpt, some):
    clips, ids = some
    batch = batches.training_batch(clips, ids, "masked", (1.0, 1.0), (1, 2))
    spans = batch.prompt_spans
    assert (spans[:, 1] > spans[:, 0]).all(), (
        "every clip of the batch is masked, not the last one alone"
    )
    assert (spans[:, 1] <= batch.code_lengths).all(), "no stop target is ever masked"
    with torch.no_grad():
        free = batches.collate([clips[i] for i in ids], list(batch.cond_mels))
        masked_nll, unmasked_nll = GPTLoss(gpt)(batch)[0], GPTLoss(gpt)(free)[0]
    assert (masked_nll < unmasked_nll).all()
    masked = (spans[:, 1] - spans[:, 0]).sum().item()
    assert free.target_counts()[0] - batch.target_counts()[0] == masked
    # what is missing is the masked codes' share: about as much per code as all the others cost
    per_code = unmasked_nll.sum().item() / free.target_counts()[0]
    assert (unmasked_nll - masked_nll).sum().item() / masked == pytest.approx(per_code, rel=0.5)


def test_masked_span_of_one_clip_equals_stock_given_codes(gpt, some):
    """Stock masks only the last clip, in units of 256 samples: for one clip and idxs scaled to codes it is right."""
    clips, ids = some
    batch = batches.training_batch(clips, ids[-1:], "masked", (1.0, 1.0), (1, 2))
    idxs = batch.prompt_spans.clone() * 256  # stock divides by 256 and takes the result for codes
    assert ours(gpt, batch) == pytest.approx(stock(gpt, batch, idxs), abs=1e-5)


def test_scoring_leaves_the_model_in_its_mode(gpt, some):
    """A model to be spoken with must not come back from scoring with dropout on."""
    clips, ids = some
    batch = batches.collate([clips[i] for i in ids], [clips[ids[0]].mel[:, :40]] * 3)
    validation.per_clip(GPTLoss(gpt), [batch])
    assert not gpt.training and not any(module.training for module in gpt.modules())
    gpt.train()
    validation.per_clip(GPTLoss(gpt), [batch])
    assert gpt.training
    gpt.eval()


def test_stop_targets_count(some):
    clips, ids = some
    batch = batches.collate([clips[i] for i in ids], [clips[ids[0]].mel[:, :40]] * 3)
    mel, text = batch.target_counts()
    assert mel == sum(len(clips[i].codes) + 4 for i in ids)
    assert text == sum(len(clips[i].tokens) + 1 for i in ids)


def test_gradients_of_a_group_do_not_depend_on_its_micro_batches(tiny_base, mini_features):
    """Accumulation over micro-batches of different sizes gives the gradient of the whole group's mean."""
    clips, training = mini_features
    ids = training[:5]
    prompt = clips[training[6]].mel[:, :60]
    gradients = []
    for parts in ([ids], [ids[:3], ids[3:]]):
        gpt = xtts.open_base(tiny_base).gpt.eval()
        group = [batches.collate([clips[i] for i in part], [prompt] * len(part)) for part in parts]
        counts = tuple(map(sum, zip(*(b.target_counts() for b in group))))
        for batch in group:
            training_loss(*GPTLoss(gpt)(batch), counts).backward()
        gradients.append(gpt.mel_head.weight.grad)
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)
