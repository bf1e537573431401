"""Every phase on the same held-out clips: losses with intervals, differences between phases, and speech against the recording."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import files
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.display import html
from vago.evaluation.metrics import mel_cepstral_distortion
from vago.evaluation.params import EvaluateParams
from vago.model import phases, xtts
from vago.paths import Paths
from vago.synthesis import samples, synthesizer
from vago.training import batches, features, validation
from vago.training.loss import Objective


def evaluate(
    p: EvaluateParams, paths: Paths, on_progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Score base and phases; writes evaluation/report.json, clips.csv, speech.csv and speech/*.wav, returns the report."""
    tell = on_progress or (lambda line: None)
    corpus = Corpus.load(paths.corpus)
    held_out = corpus.held_out_clips
    device = xtts.device()
    clips = features.compute(corpus, list(held_out.clip_id), paths.base, paths.features, device)
    test = batches.held_out_batches(clips, p.eval_batch_size)
    names = ["base", *p.phases]
    model, encode = xtts.open_base(paths.base, device), xtts.encoder(paths.base)
    chosen = speech_clips(held_out, p.speech_clips)
    paths.evaluation.mkdir(parents=True, exist_ok=True)

    tables, weights, spoken = {}, {"base": xtts.fingerprint(paths.base)}, []
    for name in names:
        if name != "base":
            weights[name] = phases.put_phase(model, name, paths)
        tell(f"{name}: {len(clips)} held-out clips")
        tables[name] = validation.per_clip(Objective(model.gpt), test, device)
        if len(chosen):
            tell(f"{name}: speaking {len(chosen)} held-out sentences")
            voice, _ = samples.voice_of(model, corpus, p)
            rows = _speech(
                model, voice, encode, corpus, chosen, p, paths.evaluation / "speech", name
            )
            spoken += [{"phase": name, **row} for row in rows]
    speech = pd.DataFrame(spoken)
    report = _report(p, tables, weights, held_out, speech)
    whole = pd.concat([t.assign(phase=name) for name, t in tables.items()]).merge(
        held_out[["clip_id", "source", "category"]], on="clip_id"
    )
    whole.to_csv(paths.evaluation / "clips.csv", index=False)
    speech.to_csv(paths.evaluation / "speech.csv", index=False)
    samples.remove_others(paths.evaluation / "speech", [Path(row["file"]).name for row in spoken])
    files.write_json(paths.evaluation / "report.json", report)
    return report


def _report(
    p: EvaluateParams,
    tables: dict[str, pd.DataFrame],
    weights: dict[str, str],
    held_out: pd.DataFrame,
    speech: pd.DataFrame,
) -> dict:
    interval = lambda table: validation.intervals(table, samples=p.bootstrap_samples, seed=p.seed)  # noqa: E731
    groups = held_out.set_index("clip_id")[["source", "category"]]
    phases: dict[str, Any] = {}
    reference = validation.means(tables[p.phases[0] if p.phases else "base"])
    for name, table in tables.items():
        labelled = table.join(groups, on="clip_id")
        held = interval(table)
        phases[name] = {
            "held_out": held,
            "per_source": {
                key: interval(part) | {"clips": len(part)}
                for key, part in labelled.groupby("source")
            },
            "per_category": {
                key: interval(part) | {"clips": len(part)}
                for key, part in labelled.groupby("category")
            },
            "change_percent": {
                k: 100 * (held[k]["value"] / reference[k] - 1) for k in validation.LOSSES
            },
            "distance_to_target": held["loss"]["value"] - p.target_loss,
            "weights_sha256": weights[name],
        }
        if len(speech):
            means = speech[speech.phase == name][["mcd_db", "duration_ratio", "ended"]].mean()
            phases[name]["speech"] = {
                k: None if math.isnan(v) else float(v) for k, v in means.items()
            }
    order = list(tables)
    pairs = [(b, a) for a, b in zip(order, order[1:])]
    paired = {
        f"{b} - {a}": validation.paired_difference(
            tables[b], tables[a], samples=p.bootstrap_samples, seed=p.seed
        )
        for b, a in pairs
    }
    candidates = [n for n in order if n != "base"] or order
    return {
        "held_out_clips": len(held_out),
        "target_loss": p.target_loss,
        "reference": p.phases[0] if p.phases else "base",
        "best": min(candidates, key=lambda n: phases[n]["held_out"]["loss"]["value"]),
        "phases": phases,
        "paired": paired,
    }


def summary(report: dict[str, Any]) -> pd.DataFrame:
    """The report as the table people read: one row per phase, intervals in brackets."""
    rows = []
    for name, phase in report["phases"].items():
        held, speech = phase["held_out"], phase.get("speech") or {}
        row = {"phase": name + (" (best)" if name == report["best"] else "")}
        row |= {
            label: html.bracketed(held[key], ".3f")
            for label, key in (("mel CE", "mel_ce"), ("text CE", "text_ce"), ("loss", "loss"))
        }
        row[f"loss vs {report['reference']}"] = f"{phase['change_percent']['loss']:+.1f} %"
        row[f"to target {report['target_loss']:g}"] = f"{phase['distance_to_target']:+.2f}"
        if speech:
            row |= {
                "MCD (dB)": _rounded(speech["mcd_db"], 2),
                "duration ratio": _rounded(speech["duration_ratio"], 2),
            }
            row["ended by itself"] = f"{100 * speech['ended']:.0f} %"
        rows.append(row)
    return pd.DataFrame(rows).set_index("phase")


def by_group(report: dict[str, Any]) -> pd.DataFrame:
    """Mel CE of each phase by source and by category, with the clips that stand behind each number."""
    rows = []
    for kind in ("source", "category"):
        for name, one in report["phases"]["base"][f"per_{kind}"].items():
            values = {
                phase: round(scored[f"per_{kind}"][name]["mel_ce"]["value"], 3)
                for phase, scored in report["phases"].items()
            }
            rows.append({"mel CE": f"{kind} {name}", "clips": one["clips"], **values})
    return pd.DataFrame(rows).set_index("mel CE")


def differences(report: dict[str, Any]) -> pd.DataFrame:
    """Paired differences of mel CE and loss between neighbouring phases, and whether chance alone could make them."""
    rows = []
    for pair, values in report["paired"].items():
        loss = values["loss"]
        clear = (
            "lower" if loss["high"] < 0 else "higher" if loss["low"] > 0 else "cannot be told apart"
        )
        rows.append(
            {
                "difference": pair,
                "mel CE": html.bracketed(values["mel_ce"], "+.3f"),
                "loss": html.bracketed(loss, "+.3f"),
                "verdict": clear,
            }
        )
    return pd.DataFrame(rows).set_index("difference")


def speech_clips(held_out: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` held-out clips spread over sources and categories: the same ones in every run and phase."""
    ordered = held_out.sort_values(["source", "category", "clip_id"])
    return (
        ordered.iloc[
            np.unique(np.linspace(0, len(ordered) - 1, min(count, len(ordered))).astype(int))
        ]
        if count
        else ordered.iloc[:0]
    )


def heard(corpus: Corpus, paths: Paths, which: int) -> list[tuple[str, np.ndarray, int]]:
    """One spoken held-out sentence as (title, wav, rate): the recording first, then each phase."""
    speech = pd.read_csv(paths.evaluation / "speech.csv")
    clip_id = speech.clip_id.unique()[which]
    rows = speech[speech.clip_id == clip_id]
    return [("recording", *corpus.audio(clip_id))] + [
        (row.phase, *io.load(paths.evaluation / row.file)) for row in rows.itertuples()
    ]


def _speech(
    model,
    voice,
    encode,
    corpus: Corpus,
    chosen: pd.DataFrame,
    p: EvaluateParams,
    folder: Path,
    phase: str,
) -> list[dict]:
    folder.mkdir(parents=True, exist_ok=True)
    spoken = synthesizer.speak(model, voice, list(chosen.text), encode, p)
    rows = []
    for clip, speech in zip(chosen.itertuples(), spoken):
        file = folder / f"{clip.clip_id}.{phase}.wav"
        io.write(file, io.set_loudness(speech.wav, io.OUTPUT_RATE, -23.0), io.OUTPUT_RATE)
        heard = io.resample(speech.wav, io.OUTPUT_RATE, io.SAMPLE_RATE)
        recording = corpus.audio(clip.clip_id)[0]
        row = {
            "clip_id": clip.clip_id,
            "text": clip.text,
            "file": f"speech/{file.name}",
            "seconds": speech.seconds,
            "ended": speech.ended,
        }
        rows.append(
            row
            | {
                "mcd_db": mel_cepstral_distortion(recording, heard),
                "duration_ratio": len(heard) / len(recording),
            }
        )
    return rows


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
