"""Less memory, less disk, several processes: each trains, goes on where it was and saves what stock can load."""

import os
import signal

import nbformat
import pytest
import torch
import yaml
from nbclient import NotebookClient

from helpers.projects import train_params
from vago import VagoError
from vago.model import checkpoint, lora, xtts
from vago.training import checkpoints, monitor, optim, processes
from vago.training.loss import GPTLoss
from vago.training.processes import Interrupted
from vago.training.train import train_phase


def silent(line: str) -> None:
    pass


def held_out(paths) -> list[float]:
    rows = monitor.read_rows(paths.phase("baseline") / "metrics.jsonl")
    return [row["mel_ce"] for row in rows if row["kind"] == "eval"]


def interrupted_and_resumed(p, paths, step=3):
    """Stop at `step`, look at what `last` holds, go on: (its tensors, phase.json)."""

    def stop(line):
        if line.startswith(f"step {step}/"):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train_phase(p, paths, log=stop)
    kept = checkpoint.load_tensors(paths.phase("baseline") / "last.safetensors")[0]
    return kept, train_phase(p, paths, log=silent)


LOW_MEMORY = dict(epochs=2, eval_every=4, save_every=10, learning_rate=2e-3)
WAYS = {
    "8-bit": dict(optimizer="adamw_8bit", gradient_checkpointing=True),
    "LoRA": dict(lora_rank=8, learning_rate=1e-2),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_learns_resumes_to_the_same_bits_and_stock_loads_it(way, project, tmp_path):
    p = train_params(**{**LOW_MEMORY, **WAYS[way]})
    whole = type(project)(project.root, tmp_path / "whole", project.base)
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "corpus").symlink_to(project.corpus)
    expected = train_phase(p, whole, log=silent)
    scores = held_out(whole)
    assert scores[-1] < scores[0] - 0.05, "it learns"
    kept, result = interrupted_and_resumed(p, project)
    assert result["best_sha256"] == expected["best_sha256"], "it resumes to the same bits"
    weights = {name for name in kept if not name.startswith("optimizer.")}
    assert all(".lora_" in name for name in weights) == (way == "LoRA"), (
        "LoRA keeps its adapters alone"
    )
    if way == "8-bit":
        assert kept["optimizer.mel_head.weight.state1"].dtype == torch.uint8
    tensors = checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")[0]
    gpt = xtts.open_base(project.base).gpt
    gpt.load_state_dict(tensors, strict=True)
    assert {t.dtype for t in tensors.values()} == {torch.float16}


def test_a_compact_last_goes_on_to_rounding(project):
    p = train_params(epochs=2, eval_every=4, save_every=10, last_precision="compact")
    kept, result = interrupted_and_resumed(p, project)
    assert kept["optimizer.mel_head.weight.exp_avg"].dtype == torch.uint8
    assert kept["mel_head.weight"].dtype == torch.float16
    resumed = held_out(project)
    (
        project.phase("baseline") / "best.safetensors"
    ).unlink()  # no longer complete, so it is trained anew
    train_phase(p, project, log=silent)
    assert (
        resumed[-1] == pytest.approx(held_out(project)[-1], rel=0.01)
        and resumed[-1] < resumed[0] - 0.05
    )


def test_adapters_start_as_nothing_and_merge_to_what_they_compute(tiny_base, mini_features):
    from vago.training import batches

    clips, training = mini_features
    batch = batches.training_batch(clips, training[:2], "other", (1.0, 1.0), (1, 2))
    gpt, plain = xtts.open_base(tiny_base).gpt.eval(), xtts.open_base(tiny_base).gpt.eval()
    with torch.no_grad():
        before = torch.stack(GPTLoss(gpt)(batch))
        lora.add_adapters(gpt, 4, seed=1)
        assert torch.equal(torch.stack(GPTLoss(gpt)(batch)), before)
        assert {n for n, t in gpt.named_parameters() if t.requires_grad} == set(
            lora.trained_weights(gpt)
        )
        for name, parameter in gpt.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
        with_adapters = torch.stack(GPTLoss(gpt)(batch))
        merged = lora.merged_weights(gpt)
        plain.load_state_dict(merged, strict=True)
        torch.testing.assert_close(
            torch.stack(GPTLoss(plain)(batch)), with_adapters, rtol=1e-4, atol=1e-2
        )
        assert (with_adapters - before).abs().max() > 1, "the adapters did something"
        lora.load_merged_weights(gpt, merged)
        torch.testing.assert_close(
            torch.stack(GPTLoss(gpt)(batch)), with_adapters, rtol=1e-4, atol=1e-2
        )


def test_recomputing_gives_the_same_gradients(tiny_base, mini_features):
    from vago.training import batches

    clips, training = mini_features
    batch = batches.training_batch(clips, training[:2], "other", (1.0, 1.0), (1, 2))
    gradients = []
    for recompute in (False, True):
        gpt = xtts.open_base(tiny_base).gpt.train()
        torch.manual_seed(3)  # dropout must fall on the same places the second time
        GPTLoss(gpt, recompute=recompute)(batch)[0].sum().backward()
        gradients.append([t.grad for t in gpt.parameters() if t.grad is not None])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_rounding_up_the_width_changes_nothing(tiny_base, mini_features):
    from vago.training import batches

    clips, training = mini_features
    batch = batches.training_batch(clips, training[:3], "other", (1.0, 1.0), (1, 2))
    gpt = xtts.open_base(tiny_base).gpt.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            torch.stack(GPTLoss(gpt, multiple=64)(batch)),
            torch.stack(GPTLoss(gpt)(batch)),
            rtol=1e-5,
            atol=1e-3,
        )


@pytest.mark.parametrize(
    "changes",
    [{}, {"last_precision": "compact"}, {"optimizer": "adamw_8bit"}, {"best_precision": "fp32"}],
)
def test_the_files_are_as_large_as_computed(changes, tiny_base, tmp_path):
    """On the small model; the same sums for XTTS-v2 keep under what a small disk holds."""
    p = train_params(**changes).inherit(None)
    gpt = xtts.open_base(tiny_base).gpt
    optimizer, names = optim.build(gpt, p)
    for parameter in gpt.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    last, best = tmp_path / "last.safetensors", tmp_path / "best.safetensors"
    compact = p.last_precision == "compact"
    checkpoint.save_training(last, lora.trained_weights(gpt), optimizer, names, {}, compact)
    weights = checkpoint.cast_weights(lora.merged_weights(gpt), p.best_precision)
    checkpoint.save_tensors(best, weights, {})

    count = sum(t.numel() for t in gpt.parameters())
    computed = checkpoints.sizes(count, count, p)
    # headers, and small tensors that stay in float32
    assert last.stat().st_size == pytest.approx(computed.last, rel=0.08)
    assert best.stat().st_size == pytest.approx(computed.best, rel=0.02)


def test_xtts_v2_on_a_small_disk():
    size = checkpoints.XTTS_PARAMETERS
    compact_one = checkpoints.sizes(
        size, size, train_params(last_precision="compact").inherit(None)
    )
    assert compact_one.best < 0.95e9 and compact_one.peak < 4.5e9
    lora = checkpoints.sizes(size, 13_000_000, train_params(lora_rank=16).inherit(None))
    assert lora.moments(earlier_phases=2).gigabytes.max() < 4.5, "all three phases"
    full = checkpoints.sizes(size, size, train_params().inherit(None))
    assert full.peak > 4.5e9, "exact to the bit is larger, which is why compact is there"
    assert full.moments().gigabytes.max() == pytest.approx(full.peak / 1e9)


def test_the_step_before_may_still_be_on_its_way(project, monkeypatch):
    """On a GPU the numbers of a step are read when the next one runs: the same rows, warnings and weights."""
    from vago.training import train

    p = train_params(epochs=2, eval_every=4, save_every=10, log_every=2)
    result = train_phase(p, project, log=silent)
    rows = monitor.read_rows(project.phase("baseline") / "metrics.jsonl")
    (project.phase("baseline") / "best.safetensors").unlink()
    set_up = train.set_up

    def lagging(*arguments):
        phase = set_up(*arguments)
        phase.lag = 1
        return phase

    monkeypatch.setattr(train, "set_up", lagging)
    assert train_phase(p, project, log=silent)["best_sha256"] == result["best_sha256"]
    again = monitor.read_rows(project.phase("baseline") / "metrics.jsonl")
    strip = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in one] for one in (rows, again)
    ]
    assert strip[0] == strip[1]


def test_two_processes_from_a_notebook(project):
    """The cell of notebooks 02 to 04 with processes = 2, in a real kernel: the curve of twice the accumulation."""
    common = dict(epochs=1, eval_every=2, save_every=10)
    train_phase(train_params(accumulation=2, **common), project, log=silent)
    alone = held_out(project)
    p = train_params(accumulation=1, processes=2, **common)
    given = {name: value for name, value in p.model_dump().items() if value is not None}
    (project.root / "two.yaml").write_text(yaml.safe_dump(given))
    cell = """
        import os
        os.environ["OMP_NUM_THREADS"] = "1"
        from vago.training.params import TrainParams
        from vago.paths import Paths
        from vago.training.train import train_phase
        p = TrainParams.load("two.yaml")
        heard = []
        result = train_phase(p, Paths.of(p, os.getcwd()), listener=lambda rows: heard.append(len(rows)))
        print("told", len(heard), "complete", result["complete"], result["lineage"]["settings"]["processes"])"""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("\n".join(x[8:] for x in cell.splitlines()))]
    )
    folder = {"metadata": {"path": str(project.root)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()
    said = "".join(out.get("text", "") for out in notebook.cells[0].outputs)
    assert "complete True 2" in said and said.count("step 2/2  loss") == 1, (
        "the main process tells, alone"
    )
    assert held_out(project) == pytest.approx(alone, abs=1e-4)
    left = {path.name for path in project.phase("baseline").iterdir()}
    assert (
        "last.safetensors" not in left
        and processes.SETTINGS not in left
        and len(list(project.home.rglob("metrics.jsonl"))) == 1
    )


def test_processes_that_fail_say_why(project):
    with pytest.raises(VagoError, match="baseline in 2 processes: .*radio"):
        train_phase(train_params(sources=["radio"], processes=2), project, log=silent)
