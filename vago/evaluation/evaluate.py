"""Evaluation of all phases on the same test clips: losses, differences, spoken sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError
from vago.audio import io
from vago.audio.asr import SpeechRecogniser
from vago.audio.asr_model import BASE, check_model
from vago.corpus.corpus import Corpus
from vago.evaluation import understood
from vago.evaluation.metrics import mel_cepstral_distortion
from vago.evaluation.params import EvaluateParams
from vago.files import write_json
from vago.model import phases, xtts
from vago.paths import Paths
from vago.synthesis import samples, synthesizer
from vago.synthesis.prompt import corpus_prompt, voice_of
from vago.text.error_rate import character_error_rate
from vago.training import batches, features, validation
from vago.training.loss import GPTLoss

LOUDNESS_LUFS = -23.0  # of spoken test sentences
SPEECH = ("mcd_db", "duration_ratio", "ended")  # measured on them, averaged per phase


def evaluate(
    p: EvaluateParams,
    paths: Paths,
    on_progress: Callable[[str], None] | None = None,
    recogniser: SpeechRecogniser | None = None,
) -> dict[str, Any]:
    """Score base and phases, and let them speak; returns the report.

    Writes evaluation/report.json, clips.csv, speech.csv and speech/*.wav.

    Args:
        recogniser: transcribes the sentences; None: Whisper base where it is installed.

    Raises:
        VagoError: a phase has no weights, or `transcribe` is set and no recogniser is installed.
    """
    log = on_progress or (lambda line: None)
    why_not = ""
    if recogniser is None:
        recogniser, why_not = _open_recogniser(p)

    corpus = Corpus.load(paths.corpus)
    test_clips = corpus.test_clips
    chosen = speech_clips(test_clips, p.speech_clips)

    device = xtts.device()
    clips = features.compute(corpus, list(test_clips.clip_id), paths.base, paths.features, device)
    test = batches.fixed_batches(clips, p.eval_batch_size)
    model = xtts.open_base(paths.base, device)
    encode = xtts.text_encoder(paths.base)
    folder = paths.evaluation / "speech"
    paths.evaluation.mkdir(parents=True, exist_ok=True)

    tables, spoken = {}, []
    weights = {"base": xtts.fingerprint(paths.base)}
    for name in ["base", *p.phases]:
        if name != "base":
            weights[name] = phases.load_phase_weights(model, name, paths)
        log(f"{name}: {len(clips)} test clips")
        tables[name] = validation.per_clip(GPTLoss(model.gpt), test, device)

        if len(chosen):
            log(f"{name}: speaking {len(chosen)} test sentences")
            voice = voice_of(model, corpus, corpus_prompt(corpus, p), p)
            utterances = synthesizer.speak(model, voice, list(chosen.text), encode, p)
            spoken += _measure_speech(utterances, corpus, chosen, folder, name)

    if recogniser:
        log(f"transcribing {len(spoken)} sentences")
        _transcribe(spoken, recogniser, paths.evaluation)

    speech = pd.DataFrame(spoken)
    report = _report(p, paths, tables, weights, test_clips, speech)
    report["not_transcribed"] = why_not  # empty where ASR has heard them
    scored = pd.concat([table.assign(phase=name) for name, table in tables.items()])
    scored = scored.merge(test_clips[["clip_id", "source", "category"]], on="clip_id")
    scored.to_csv(paths.evaluation / "clips.csv", index=False)
    speech.to_csv(paths.evaluation / "speech.csv", index=False)
    samples.remove_others(folder, [Path(row["file"]).name for row in spoken])
    write_json(paths.evaluation / "report.json", report)
    return report


def speech_clips(clips: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` of the clips over all sources and categories, the same in every run and phase."""
    ordered = clips.sort_values(["source", "category", "clip_id"])
    if not count:
        return ordered.iloc[:0]
    places = np.linspace(0, len(ordered) - 1, min(count, len(ordered))).astype(int)
    return ordered.iloc[np.unique(places)]


def side_by_side(
    corpus: Corpus, paths: Paths
) -> list[tuple[str, list[tuple[str, np.ndarray, int]]]]:
    """Every spoken test sentence: (its text, [(title, wav, rate), ...]).

    The recording is the first of a sentence's sounds; base and phases follow.
    """
    report = json.loads((paths.evaluation / "report.json").read_text(encoding="utf-8"))
    if not any("speech" in phase for phase in report["phases"].values()):
        return []

    speech = pd.read_csv(paths.evaluation / "speech.csv")
    found = []
    for clip_id, rows in speech.groupby("clip_id", sort=False):
        sounds = [("recording", *corpus.audio(clip_id))]
        for row in rows.itertuples():
            sounds.append((row.phase, *io.load(paths.evaluation / row.file)))
        found.append((rows.text.iloc[0], sounds))
    return found


def _report(
    p: EvaluateParams,
    paths: Paths,
    tables: dict[str, pd.DataFrame],
    weights: dict[str, str],
    clips: pd.DataFrame,
    speech: pd.DataFrame,
) -> dict[str, Any]:
    """The content of report.json."""
    options = {"samples": p.bootstrap_samples, "seed": p.seed}
    names = list(tables)
    reference = p.phases[0] if p.phases else "base"
    reference_means = validation.means(tables[reference])
    groups = clips.set_index("clip_id")[["source", "category"]]

    scored = {}
    for name, table in tables.items():
        scores = validation.intervals(table, **options)
        labelled = table.join(groups, on="clip_id")
        scored[name] = {
            "test": scores,
            "per_source": _per_group(labelled, "source", options),
            "per_category": _per_group(labelled, "category", options),
            "change_percent": {
                loss: 100 * (scores[loss]["value"] / reference_means[loss] - 1)
                for loss in validation.LOSSES
            },
            "distance_to_target": scores["loss"]["value"] - p.target_loss,
            "weights_sha256": weights[name],
        }
        if len(speech):
            means = speech[speech.phase == name][list(SPEECH)].mean()
            scored[name]["speech"] = {key: _number(value) for key, value in means.items()}

    # the test set has no say: a set that chooses scores what it chose too well
    chosen_by = validation_losses(p.phases, paths)
    best = min(chosen_by, key=chosen_by.get) if chosen_by else "base"

    pairs = [(name, before) for before, name in zip(names, names[1:])]
    if best != "base" and (best, "base") not in pairs:
        pairs.append((best, "base"))
    paired = {
        f"{name} - {before}": validation.paired_difference(tables[name], tables[before], **options)
        for name, before in pairs
    }
    return {
        "test_clips": len(clips),
        "target_loss": p.target_loss,
        "reference": reference,
        "validation_loss": chosen_by,
        "best": best,
        "phases": scored,
        "paired": paired,
        "understood": _understood(paths, weights, speech, pairs),
    }


def _understood(
    paths: Paths, weights: dict[str, str], speech: pd.DataFrame, pairs: list[tuple[str, str]]
) -> dict[str, Any] | None:
    """Character error rates, from `vago evaluate-speech` where it has measured these weights."""
    if errors := understood.of_listening(paths, weights):
        return understood.compare(errors, pairs, understood.LISTENED)
    if errors := understood.of_sentences(speech):
        return understood.compare(errors, pairs, f"{len(errors['base'])} test sentences")
    return None


def validation_losses(names: Sequence[str], paths: Paths) -> dict[str, float]:
    """The loss of each phase's best weights on the validation set, from its record.

    Raises:
        VagoError: a phase has none.
    """
    losses = {}
    for name in names:
        record = phases.read_record(paths.phase(name)) or {}
        if "validation" not in record:
            raise VagoError(
                f"{paths.phase(name) / phases.RECORD} tells no validation loss of {name}: "
                "run that phase's notebook again"
            )
        losses[name] = record["validation"]["loss"]["value"]
    return losses


def _per_group(table: pd.DataFrame, column: str, options: dict[str, int]) -> dict[str, Any]:
    return {
        key: validation.intervals(part, **options) | {"clips": len(part)}
        for key, part in table.groupby(column)
    }


def _measure_speech(
    utterances: list[synthesizer.Utterance],
    corpus: Corpus,
    chosen: pd.DataFrame,
    folder: Path,
    phase: str,
) -> list[dict[str, Any]]:
    """Write each sentence as <clip_id>.<phase>.wav and compare it with the recording."""
    rows = []
    for clip, spoken in zip(chosen.itertuples(), utterances):
        file = folder / f"{clip.clip_id}.{phase}.wav"
        loud = io.set_loudness(spoken.wav, io.OUTPUT_RATE, LOUDNESS_LUFS)
        io.write(file, loud, io.OUTPUT_RATE)

        wav = io.resample(spoken.wav, io.OUTPUT_RATE, io.SAMPLE_RATE)
        recording = corpus.audio(clip.clip_id)[0]
        row = {
            "phase": phase,
            "clip_id": clip.clip_id,
            "text": clip.text,
            "file": f"{folder.name}/{file.name}",
            "seconds": spoken.seconds,
            "ended": spoken.ended,
            "mcd_db": mel_cepstral_distortion(recording, wav),
            "duration_ratio": len(wav) / len(recording),
        }
        rows.append(row)
    return rows


def _open_recogniser(p: EvaluateParams) -> tuple[SpeechRecogniser | None, str]:
    """Whisper base, or None and the reason why nothing is transcribed."""
    if p.transcribe is False or not p.speech_clips:
        setting = "speech_clips is 0" if not p.speech_clips else "transcribe is False"
        return None, f"{setting} in the settings"
    try:
        check_model(BASE)
    except VagoError as error:
        if p.transcribe:
            raise
        return None, str(error)
    return SpeechRecogniser.open(), ""


def _transcribe(spoken: list[dict[str, Any]], recogniser: SpeechRecogniser, folder: Path) -> None:
    """Add to each row what ASR hears in its file, and the character error rate."""
    for row in spoken:
        row["heard"] = recogniser.transcribe(*io.load(folder / row["file"]))
        row["cer"] = character_error_rate(row["text"], row["heard"])


def _number(value: float) -> float | None:
    """None for NaN, which JSON does not have."""
    return None if math.isnan(value) else float(value)
