"""The embedded voice: espeak-ng speaks Hungarian lines into long recordings with transcripts, made on the spot."""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf
from scipy.signal import lfilter

from vago import VagoError
from vago.audio.espeak import RATE, Voice
from vago.files import sha256_of
from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.words import QUIZ_CATEGORIES, TRIVIA

__all__ = ["Voice", "make_recordings"]

VARIANT = "m3"  # one and the same speaker in both sources
QUIZ_MANNER = {"words_per_minute": 146, "pitch": 60, "pitch_range": 85}
RECIPE = 1  # raise it when the recordings come out differently, so that old ones are made again
MANIFEST = "recordings.json"

EPISODES, QUIZ_CLIPS, QUIZ_RATE = 4, 80, 44_100
PARTS, INTERVIEW_CLIPS = 6, {"long": 110, "medium": 67, "short": 54}
INTERVIEW_QUESTIONS = {"long": 2, "medium": 3, "short": 4}  # of the clips above

# Seconds of speech, first sound to last. The cutter adds 0.1 s at both ends, so all of them stay clear of its borders.
QUIZ_SECONDS = (10.65, 11.15)
INTERVIEW_SECONDS = {"long": (7.3, 9.4), "medium": (4.3, 6.7), "short": (2.3, 3.7)}
QUIZ_PAUSE, INTERVIEW_PAUSE = (0.3, 0.6), (0.2, 0.5)  # between the sentences of a clip
GAP = (0.7, 1.6)  # between clips
JITTER = 0.08  # how far a transcript's times may be off
NOISE_DBFS = -65.0
LEVEL = 0.6  # speech peaks at about -9 dBFS
OVERDRIVE = 10 ** (12 / 20)  # of the planted clipped clip: its peak over full scale


@dataclass
class Cue:
    """One stretch of a recording, as its transcript has it. Times in seconds."""

    start: float
    end: float
    text: str
    category: str = ""
    rejected: str = ""  # why the preparation must refuse it; empty: it must keep it


@dataclass
class Recording:
    """A long recording being put together at 22,050 Hz: a second of silence, then clip, gap, clip, gap..."""

    rng: random.Random
    pieces: list[np.ndarray] = field(default_factory=lambda: [np.zeros(RATE, np.float32)])
    cues: list[Cue] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return sum(map(len, self.pieces))

    def say(
        self,
        speech: np.ndarray,
        text: str,
        category: str = "",
        rejected: str = "",
        jitter: float = JITTER,
    ) -> None:
        """Add `speech`, shape (samples,), and its cue with times off by up to `jitter`, then a gap."""
        start, end = self.samples / RATE, (self.samples + len(speech)) / RATE
        start, end = (
            start + self.rng.uniform(-jitter, jitter),
            end + self.rng.uniform(-jitter, jitter),
        )
        self.cues.append(Cue(round(start, 3), round(end, 3), text, category, rejected))
        self.pieces += [speech, np.zeros(round(self.rng.uniform(*GAP) * RATE), np.float32)]

    def track(self) -> np.ndarray:
        """Float32 of shape (samples,)."""
        return np.concatenate(self.pieces)


class Track(NamedTuple):
    """A finished recording: float32 of shape (samples,) at `rate` Hz, and what its transcript is to say."""

    samples: np.ndarray
    rate: int
    cues: list[Cue]


def compose(
    voice: Voice,
    make: Callable[[], list[str]],
    seconds: tuple[float, float],
    pause: tuple[float, float],
    rng: random.Random,
    said: set[str],
    attempts: int = 2000,
) -> tuple[np.ndarray, str]:
    """Draw clips' sentences from `make` until some, joined by pauses within `pause`, last within `seconds`.

    Returns:
        speech of shape (samples,) at 22,050 Hz, and its text, which was not in `said` and now is.
    """
    for _ in range(attempts):
        sentences = make()
        text = " ".join(sentences)
        # At 9 to 20 characters a second most misfits are seen without speaking them.
        if text in said or len(text) > 200 or not seconds[0] * 9 < len(text) < seconds[1] * 20:
            continue
        spoken = [voice.speak(sentence) * LEVEL for sentence in sentences]
        total, gaps = sum(map(len, spoken)) / RATE, len(spoken) - 1
        low, high = (
            max(seconds[0], total + gaps * pause[0]),
            min(seconds[1], total + gaps * pause[1]),
        )
        if low > high:
            continue
        said.add(text)
        between = np.zeros(
            round((rng.uniform(low, high) - total) / gaps * RATE) if gaps else 0, np.float32
        )
        return np.concatenate([piece for part in spoken for piece in (between, part)][1:]), text
    raise RuntimeError(f"no text of {seconds[0]} to {seconds[1]} s found in {attempts} attempts")


def room_noise(samples: int, seed: list[int]) -> np.ndarray:
    """Pink noise at -65 dBFS, float32 of shape (samples,); filter from J. O. Smith, Spectral Audio Signal Processing."""
    white = np.random.default_rng(seed).standard_normal(samples, dtype=np.float32)
    pink = lfilter(
        [0.049922035, -0.095993537, 0.050612699, -0.004408786],
        [1, -2.494956002, 2.017265875, -0.522189400],
        white,
    )
    return (pink * (10 ** (NOISE_DBFS / 20) / np.sqrt(np.mean(pink**2)))).astype(np.float32)


def quiz_episodes(seed: int, said: set[str]) -> Iterator[Track]:
    """The quiz show's four episodes at 44,100 Hz, their clips in the order of a show. `said`: see compose."""
    import librosa

    # Dealt round: the k-th question and the k-th list of options, about the same trivia, come to the same episode.
    counts = {
        name: QUIZ_CLIPS // 7 + (name in ("question", "options", "money"))
        for name in QUIZ_CATEGORIES
    }
    clips = [(name, k) for name, count in counts.items() for k in range(count)]
    trivia = random.Random(f"{seed} trivia").sample(TRIVIA, max(counts.values()))
    for number in range(1, EPISODES + 1):
        voice = Voice(VARIANT, **QUIZ_MANNER)
        rng = random.Random(f"{seed} quiz {number}")
        recording = Recording(rng)
        # Openings, then rounds of question, options, money, congratulation and countdown, then farewells.
        show = sorted(
            clips[number - 1 :: EPISODES],
            key=lambda c: {"opening": -1, "farewell": 99}.get(c[0], c[1] // EPISODES),
        )
        for name, k in show:
            make = partial(
                quiz_clip, name, rng, trivia[k] if name in ("question", "options") else None
            )
            recording.say(*compose(voice, make, QUIZ_SECONDS, QUIZ_PAUSE, rng, said), category=name)
        track = librosa.resample(
            recording.track(), orig_sr=RATE, target_sr=QUIZ_RATE, res_type="soxr_hq"
        )
        yield Track(track + room_noise(len(track), [seed, 1, number]), QUIZ_RATE, recording.cues)


def interview_parts(seed: int, said: set[str]) -> Iterator[Track]:
    """The interview's six parts at 22,050 Hz, with one cue in each that the preparation must refuse, but for part 1."""
    rng = random.Random(f"{seed} interview")
    kinds = [
        (kind, k < INTERVIEW_QUESTIONS[kind])
        for kind, count in INTERVIEW_CLIPS.items()
        for k in range(count)
    ]
    rng.shuffle(kinds)
    kinds.remove(("medium", False))  # the one that opens part 1, and part 2 again

    def clip(kind: str, asks: bool = False) -> tuple[np.ndarray, str]:
        return compose(
            voice,
            partial(interview_clip, kind, rng, asks),
            INTERVIEW_SECONDS[kind],
            INTERVIEW_PAUSE,
            rng,
            said,
        )

    def refused(number: int) -> dict:
        """What part `number` holds that cannot be kept: the arguments of Recording.say."""
        if number == 2:
            speech, text = compose(
                voice,
                lambda: interview_clip("long", rng) + interview_clip("medium", rng),
                (12.8, 13.4),
                (0.2, 0.6),
                rng,
                said,
            )
            return dict(speech=speech, text=text, rejected="too long")
        if number == 3:
            return dict(
                speech=voice.speak("Ja.") * LEVEL, text="Ja.", rejected="too short", jitter=0.0
            )
        speech, text = clip("medium")
        if number == 4:
            return dict(speech=speech, text=text + " ☺", rejected="unknown token")
        if number == 5:
            return dict(
                speech=np.clip(speech / np.abs(speech).max() * OVERDRIVE, -1, 1),
                text=text,
                rejected="clipped",
            )
        return dict(speech=np.zeros_like(speech), text=text, rejected="silent")

    first = None
    for number in range(1, PARTS + 1):
        voice = Voice(VARIANT, words_per_minute=172, pitch=45, pitch_range=35)
        recording = Recording(rng)
        opening = 0
        if number <= 2:
            # The same samples and times at the same place of both parts, so that they are cut alike.
            first = first or clip("medium")
            recording.rng = random.Random(f"{seed} twice")
            recording.say(*first, rejected="duplicate" if number == 2 else "")
            recording.rng, opening = rng, recording.samples
        part = kinds[number - 1 :: PARTS]
        for k, (kind, asks) in enumerate(part):
            if number > 1 and k == len(part) // 2:
                recording.say(**refused(number))
            recording.say(*clip(kind, asks))
        noise = room_noise(recording.samples, [seed, 2, number])
        noise[:opening] = room_noise(opening, [seed, 3]) if opening else 0
        yield Track(np.clip(recording.track() + noise, -1, 1), RATE, recording.cues)


def make_recordings(
    folder: Path, seed: int = 1, on_progress: Callable[[str], None] | None = None
) -> list[Path]:
    """Speak both sources into `folder`: quiz/episode_1.wav with .csv, interview/part_1.wav with .srt, and so on.

    80 quiz-show clips and 231 of the interview are to be kept; six more cues are there to be refused. The same seed
    gives the same bytes on one machine. What lies there already, as recordings.json has it, is left alone.

    Returns:
        the paths of the ten WAV files.

    Raises:
        VagoError: espeak-ng cannot be loaded, or a file cannot be written.
    """
    folder, report = Path(folder), on_progress or (lambda line: None)
    names = [f"quiz/episode_{n}" for n in range(1, EPISODES + 1)] + [
        f"interview/part_{n}" for n in range(1, PARTS + 1)
    ]
    files = {
        name: (f"{name}.wav", f"{name}{'.csv' if name.startswith('quiz') else '.srt'}")
        for name in names
    }
    recordings = [folder / wav for wav, _ in files.values()]
    known = _known_files(folder / MANIFEST, seed)
    sound = {
        file
        for pair in files.values()
        for file in pair
        if file in known and sha256_of(folder / file) == known[file]
    }
    if len(sound) == 2 * len(names):
        return recordings

    said: set[str] = set()
    tracks = itertools.chain(quiz_episodes(seed, said), interview_parts(seed, said))
    planted = []
    try:
        for name, (wav, transcript) in files.items():
            source, what = name[:-2].split("/")
            report(f"{source} {what} {name[-1]} of {EPISODES if source == 'quiz' else PARTS}")
            track = next(tracks)
            (folder / source).mkdir(parents=True, exist_ok=True)
            if wav not in sound:
                sf.write(folder / wav, track.samples, track.rate, subtype="PCM_16")
            if transcript not in sound:
                write = write_csv if source == "quiz" else write_srt
                write(folder / transcript, track.cues)
            planted += [
                dict(recording=name, start=c.start, text=c.text, reason=c.rejected)
                for c in track.cues
                if c.rejected
            ]
        hashes = {file: sha256_of(folder / file) for pair in files.values() for file in pair}
        kept = dict(quiz=QUIZ_CLIPS, interview=sum(INTERVIEW_CLIPS.values()))
        content = dict(recipe=RECIPE, seed=seed, kept=kept, planted=planted, files=hashes)
        (folder / MANIFEST).write_text(
            json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
        )
    except (OSError, sf.LibsndfileError) as error:
        raise VagoError(
            f"the demo recordings could not be written to {folder} ({error}): it takes 180 MB there"
        ) from error
    return recordings


def write_csv(path: Path, cues: list[Cue]) -> None:
    """A transcript with the columns start, end (seconds), text, category."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["start", "end", "text", "category"])
        table.writerows(
            [f"{cue.start:.3f}", f"{cue.end:.3f}", cue.text, cue.category] for cue in cues
        )


def write_srt(path: Path, cues: list[Cue]) -> None:
    """A transcript in SubRip's form."""

    def stamp(seconds: float) -> str:
        milliseconds = round(seconds * 1000)
        minutes, rest = divmod(milliseconds, 60_000)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"

    blocks = (
        f"{n}\n{stamp(cue.start)} --> {stamp(cue.end)}\n{cue.text}\n"
        for n, cue in enumerate(cues, 1)
    )
    path.write_text("\n".join(blocks), encoding="utf-8")


def _known_files(manifest: Path, seed: int) -> dict[str, str]:
    """File -> SHA-256 as recorded for this seed and recipe; empty where nothing readable is."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return content["files"] if (content["recipe"], content["seed"]) == (RECIPE, seed) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
