import json

from vago.training import monitor


def evaluation(step, loss):
    return {"kind": "eval", "step": step, "loss": loss, "mel_ce": loss, "text_ce": 1.0}


def training(step, loss):
    return {
        "kind": "train",
        "step": step,
        "loss": loss,
        "mel_ce": loss,
        "text_ce": 1.0,
        "learning_rate": 1e-3,
    }


def watch(tmp_path, **options):
    return monitor.Monitor(tmp_path, 100, log=lambda line: None, **options)


def test_rows_progress_and_listener(tmp_path):
    seen = []
    w = watch(tmp_path, listener=lambda rows: seen.append(len(rows)))
    w.add(evaluation(0, 5.0))
    w.add(training(1, 4.5))
    w.progress(1, 4.5, force=True)
    w.close()
    assert monitor.read_rows(tmp_path / "metrics.jsonl") == [evaluation(0, 5.0), training(1, 4.5)]
    assert json.loads((tmp_path / "progress.json").read_text())["step"] == 1 and seen == [1, 2]


def test_a_resume_drops_later_rows_and_a_torn_line(tmp_path):
    w = watch(tmp_path)
    for step in range(5):
        w.add(training(step, 4.0))
    w.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')
    w = watch(tmp_path, resumed_at=2)
    w.add(training(3, 3.0))
    w.close()
    assert [(r["step"], r["loss"]) for r in monitor.read_rows(tmp_path / "metrics.jsonl")] == [
        (0, 4.0),
        (1, 4.0),
        (2, 4.0),
        (3, 3.0),
    ]


def warned(w):
    return [r["about"] for r in w.rows if r["kind"] == "warning"]


def test_rising_held_out_while_training_falls_is_said_once(tmp_path):
    w = watch(tmp_path)
    for step, (train, held) in enumerate([(5.0, 5.0), (4.0, 5.1), (3.0, 5.2), (2.0, 5.3)]):
        w.add(training(step * 10 - 1, train))
        w.add(evaluation(step * 10, held))
    assert warned(w) == ["overfitting"]


def test_a_loss_that_does_not_fall_is_said(tmp_path):
    w = watch(tmp_path)
    for step, loss in enumerate([5.0, 5.0, 5.5, 6.0]):
        w.add(training(step * 10 - 1, loss))
        w.add(evaluation(step * 10, loss))
    assert warned(w) == ["not falling"]


def test_a_healthy_run_says_nothing(tmp_path):
    w = watch(tmp_path)
    for step, loss in enumerate([5.0, 4.5, 4.2, 4.1]):
        w.add(training(step * 10 - 1, loss))
        w.add(evaluation(step * 10, loss + 0.1))
    assert warned(w) == []
