"""The loss equals stock's where stock is right, and differs exactly where stock is wrong."""

from dataclasses import replace

import pytest
import torch

from vago.model import xtts
from vago.training import batches, validation
from vago.training.loss import GPTLoss, training_loss

SECOND = (1.0, 1.0)  # prompts of exactly one second
SEED = (1, 2)


@pytest.fixture(scope="module")
def gpt(tiny_base):
    return xtts.open_base(tiny_base).gpt.eval()


@pytest.fixture(scope="module")
def some(mini_features):
    """All clips, and the ids of three of different lengths, so that padding matters."""
    clips, training = mini_features
    ids = sorted(training, key=lambda i: len(clips[i].codes))
    return clips, [ids[0], ids[5], ids[-1]]


def stock(gpt, batch, cond_idxs=None):
    """Stock's (text CE, mel CE) of the same tensors; it wants lengths in samples."""
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


def nlls(gpt, batch):
    """(mel, text) NLL of each clip."""
    with torch.no_grad():
        return GPTLoss(gpt)(batch)


def ours(gpt, batch):
    """(text CE, mel CE) per token."""
    mel_nll, text_nll = nlls(gpt, batch)
    mel, text = batch.target_counts()
    return text_nll.sum().item() / text, mel_nll.sum().item() / mel


def test_equals_stock_without_masking(gpt, some):
    batch = batches.training_batch(*some, "other", SECOND, SEED)
    assert ours(gpt, batch) == pytest.approx(stock(gpt, batch), abs=1e-5)


def test_training_loss_equals_stock_weighting(gpt, some):
    batch = batches.training_batch(*some, "other", SECOND, SEED)
    text, mel = stock(gpt, batch)

    loss = training_loss(*nlls(gpt, batch), batch.target_counts())
    assert loss.item() == pytest.approx(0.01 * text + mel, abs=1e-5)


def test_a_shared_prompt_equals_the_same_prompt_for_each(gpt, some):
    shared = batches.training_batch(*some, "shared", SECOND, SEED)
    each = replace(shared, cond_mels=shared.cond_mels.expand(len(some[1]), -1, -1))
    assert shared.cond_mels.shape[0] == 1

    assert ours(gpt, shared) == pytest.approx(ours(gpt, each), abs=1e-5)
    assert ours(gpt, shared) == pytest.approx(stock(gpt, each), abs=1e-5)


def test_padding_changes_nothing(gpt, some):
    clips, ids = some
    together = batches.training_batch(clips, ids, "other", SECOND, SEED)
    found = torch.stack(nlls(gpt, together))

    for row, clip in enumerate(ids):
        alone = batches.collate([clips[clip]], [together.cond_mels[row]])
        expected = torch.stack(nlls(gpt, alone))[:, 0]
        torch.testing.assert_close(found[:, row], expected, atol=2e-3, rtol=1e-5)


def test_masked_prompt_is_left_out_per_clip_and_in_codes(gpt, some):
    clips, ids = some
    batch = batches.training_batch(clips, ids, "masked", SECOND, SEED)
    first, last = batch.prompt_spans.unbind(1)
    assert (last > first).all(), "every clip of the batch is masked, not only the last one"
    assert (last <= batch.code_lengths).all(), "no stop target is ever masked"

    free = batches.collate([clips[i] for i in ids], list(batch.cond_mels))
    masked_nll, unmasked_nll = nlls(gpt, batch)[0], nlls(gpt, free)[0]
    assert (masked_nll < unmasked_nll).all()

    masked = (last - first).sum().item()
    assert free.target_counts()[0] - batch.target_counts()[0] == masked

    # the difference is the masked codes' share: about as much per code as the others cost
    per_code = unmasked_nll.sum().item() / free.target_counts()[0]
    per_masked_code = (unmasked_nll - masked_nll).sum().item() / masked
    assert per_masked_code == pytest.approx(per_code, rel=0.5)


def test_masked_span_of_one_clip_equals_stock_given_codes(gpt, some):
    """Stock masks the last clip only, in units of 256 samples: right for one clip, spans scaled."""
    clips, ids = some
    batch = batches.training_batch(clips, ids[-1:], "masked", SECOND, SEED)

    cond_idxs = (
        batch.prompt_spans.clone() * 256
    )  # stock divides by 256 and takes the result for codes
    assert ours(gpt, batch) == pytest.approx(stock(gpt, batch, cond_idxs), abs=1e-5)


def test_scoring_leaves_the_model_in_its_mode(gpt, some):
    """Speech must not be generated with dropout on because the model has been scored before."""
    clips, ids = some
    batch = batches.collate([clips[i] for i in ids], [clips[ids[0]].mel[:, :40]] * 3)

    validation.per_clip(GPTLoss(gpt), [batch])
    assert not any(module.training for module in gpt.modules())

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


def test_gradients_of_a_group_do_not_depend_on_its_micro_batches(gpt, mini_features):
    """Micro-batches of different sizes add up to the gradient of the whole group's mean."""
    clips, training = mini_features
    ids = training[:3]
    prompt = clips[training[6]].mel[:, :60]

    gradients = []
    for parts in ([ids], [ids[:2], ids[2:]]):
        group = [batches.collate([clips[i] for i in part], [prompt] * len(part)) for part in parts]
        counts = tuple(map(sum, zip(*(batch.target_counts() for batch in group))))

        gpt.zero_grad()
        for batch in group:
            training_loss(*GPTLoss(gpt)(batch), counts).backward()
        gradients.append(gpt.mel_head.weight.grad)

    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)
