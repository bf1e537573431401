"""Are the given texts those that are spoken? ASR transcribes their clips, and the two are compared.

A transcript of another recording, or one whose times are shifted, gives clips that look right in
every other measure, and a voice that has learnt nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.asr import Transcriber
from vago.audio.asr_model import model_on_this_machine
from vago.audio.io import ASR_RATE
from vago.corpus.candidates import Candidate
from vago.corpus.params import CorpusParams
from vago.corpus.staging import ClipStaging
from vago.files import write_json
from vago.text.error_rate import character_error_rate, words_only

SAMPLE_CLIPS = 10  # of each source
LONG_ENOUGH = 20  # characters; the few of a shorter text are easily misheard all together
MIN_COMPARED = 3  # clips of a source, for its median to say anything

# Character error rates of Whisper base, measured on 60 clips of the demo, 56 of a real speaker and
# 24 short lines by two espeak-ng voices. Right texts: medians 0.11 (real), 0.20, 0.28 and 0.35 (the
# less intelligible voice), 0.66 at most. Texts of another clip: 0.83, and 95 % of them over 0.69.
# The median of ten wrong ones is at least 0.72, and 0.67 where times are shifted by two seconds.
MAX_MEDIAN_CER = 0.6  # of a source
MAX_CLIP_CER = 0.7  # of one clip: rather keep a wrong text than lose right ones

DIFFERENT_TEXT = "text differs from what is heard"  # in the ledger

SHOWN_CLIPS = 4  # of a source, in the message
SHOWN_FILES = 3
COLUMN = 46  # characters of a text in the message

OnProgress = Callable[[int, int, str], None]
Transcribe = Callable[[np.ndarray], str]  # (samples,) at 16 kHz -> text


@dataclass(frozen=True)
class ComparedClip:
    """A clip's text as it was `given` in `transcript`, a file, and as ASR `heard` it.

    cer: character error rate between the two.
    """

    clip_id: str
    source: str
    transcript: str
    given: str
    heard: str
    cer: float

    @property
    def differs(self) -> bool:
        return self.cer > MAX_CLIP_CER


@dataclass(frozen=True)
class TextComparison:
    """What was compared. why_not: why nothing was, where there are given texts; else empty."""

    clips: list[ComparedClip] = field(default_factory=list)
    recogniser: str = ""
    why_not: str = ""

    def sources(self) -> dict[str, list[ComparedClip]]:
        """{source: its compared clips}, in order."""
        found: dict[str, list[ComparedClip]] = {}
        for clip in self.clips:
            found.setdefault(clip.source, []).append(clip)
        return found

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, vars(self) | {"clips": [vars(clip) for clip in self.clips]})

    @classmethod
    def load(cls, path: Path) -> TextComparison:
        """The saved one; an empty one where there is none, as of an older corpus."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            clips = [ComparedClip(**clip) for clip in content["clips"]]
            return cls(clips, content["recogniser"], content["why_not"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls()


def compare_texts(
    p: CorpusParams,
    found: Sequence[Candidate],
    staging: ClipStaging,
    cache: Path,
    shown: Callable[[Path], str] = str,
    report: OnProgress = lambda done, total, what: None,
) -> TextComparison:
    """Compare the kept clips' given texts with the sound, as `verify_transcripts` asks for.

    `all` rejects the clips whose text differs, and gives every one its measure `heard_cer`.

    Args:
        staging: holds the clips.
        cache: folder of ASR results.
        shown: how a path is written for readers.

    Raises:
        VagoError: `all`, and no recogniser is installed.
    """
    given = [one for one in found if _has_given_text(one)]
    if not given:
        return TextComparison()
    if why_not := _why_not_wanted(p):
        return TextComparison(why_not=why_not)
    try:
        model = _usable_model(p)
    except VagoError as error:
        if p.verify_transcripts == "all":
            raise
        return TextComparison(why_not=str(error))

    transcriber = Transcriber(model, cache, p.recogniser_device)
    is_sample = p.verify_transcripts == "sample"
    chosen = sample_of_each_source(given) if is_sample else given
    compared = []
    for number, one in enumerate(chosen):
        report(number, len(chosen), "clips compared with their texts")
        compared.append(_compare(one, staging, transcriber.transcribe, shown))
    report(len(chosen), len(chosen), "clips compared with their texts")

    if not is_sample:
        for one, clip in zip(chosen, compared):
            _judge(one, clip, staging)
    return TextComparison(compared, transcriber.name)


def _has_given_text(one: Candidate) -> bool:
    """Whether a kept clip's text is a transcript's, and not by ASR or a person's correction."""
    given = not one.place.recording.untranscribed and not one.text.by_hand
    return one.kept and given and bool(words_only(one.text.written))


def _why_not_wanted(p: CorpusParams) -> str:
    if p.verify_transcripts == "off":
        return "verify_transcripts is off in the settings"
    if p.verify_transcripts == "sample" and p.demo_voice:
        return "espeak-ng has spoken the recordings of the demo from them"
    return ""


def _usable_model(p: CorpusParams) -> str | Path:
    """The recogniser of the settings, or Whisper base where that would have to be fetched first.

    Raises:
        VagoError: something that the comparison needs is not installed.
    """
    character_error_rate("a", "a")  # raises where its package is missing
    return model_on_this_machine(p.recogniser)


def check_recogniser(p: CorpusParams) -> None:
    """Raise VagoError where nothing is installed to compare all texts with the sound."""
    try:
        _usable_model(p)
    except VagoError as error:
        raise VagoError(f"verify_transcripts is all, and {error}") from None


def sample_of_each_source(given: Sequence[Candidate]) -> list[Candidate]:
    """SAMPLE_CLIPS of each source, evenly over all its recordings: the same in every run.

    Clips with long texts are preferred where there are enough of them.
    """
    sources: dict[str, list[Candidate]] = {}
    for one in given:
        sources.setdefault(one.place.recording.source, []).append(one)

    chosen = []
    for own in sources.values():
        longer = [one for one in own if len(one.text.spoken) >= LONG_ENOUGH]
        among = longer if len(longer) >= SAMPLE_CLIPS else own
        places = np.linspace(0, len(among) - 1, min(SAMPLE_CLIPS, len(among))).astype(int)
        chosen += [among[place] for place in places]
    return chosen


def _compare(
    one: Candidate, staging: ClipStaging, transcribe: Transcribe, shown: Callable[[Path], str]
) -> ComparedClip:
    heard = transcribe(io.resample(staging.wav(one), io.SAMPLE_RATE, ASR_RATE))
    recording = one.place.recording
    return ComparedClip(
        one.clip_id,
        recording.source,
        shown(recording.transcript or recording.path),
        one.text.written,
        heard,
        round(character_error_rate(one.text.written, heard), 4),
    )


def _judge(one: Candidate, clip: ComparedClip, staging: ClipStaging) -> None:
    """Record what was measured, and reject a clip whose text differs."""
    one.measured = replace(one.measured, heard_cer=clip.cer)
    if not clip.differs:
        return

    one.reject(DIFFERENT_TEXT, f"ASR hears {clip.heard!r}, {clip.cer:.2f} of the characters differ")
    if not one.kept:
        staging.drop(one)


# Sources whose texts are others


def wrong_sources(compared: TextComparison) -> dict[str, list[ComparedClip]]:
    """{source: its compared clips} of the sources in which most texts differ."""
    return {
        source: clips
        for source, clips in compared.sources().items()
        if len(clips) >= MIN_COMPARED and median(clip.cer for clip in clips) > MAX_MEDIAN_CER
    }


def complaint(wrong: Mapping[str, Sequence[ComparedClip]]) -> str:
    """What is wrong with sources whose texts differ, and what to do."""
    faults = [
        f"the texts of source {source!r} (in {_files_of(clips)}) are not what is said in its "
        f"recordings: the median character error rate between {len(clips)} of them and what ASR "
        f"hears is {median(clip.cer for clip in clips):.2f}"
        for source, clips in wrong.items()
    ]
    return (
        f"{'; '.join(faults)} (right texts have 0.1 to 0.4, {MAX_MEDIAN_CER:g} is the most). See "
        "that each transcript belongs to the recording of its name and that its times are not "
        "shifted; if the texts are right all the same, set verify_transcripts: off"
    )


def _files_of(clips: Sequence[ComparedClip]) -> str:
    """ "a.srt, b.srt": the transcripts of the wrong texts, the one with most of them first."""
    files = Counter(clip.transcript for clip in clips if clip.cer > MAX_MEDIAN_CER)
    names = [name for name, _ in files.most_common()]
    more = f" and {len(names) - SHOWN_FILES} more" if len(names) > SHOWN_FILES else ""
    return f"{', '.join(names[:SHOWN_FILES])}{more}"


def texts_of_both(wrong: Mapping[str, Sequence[ComparedClip]]) -> str:
    """Plain text: given and heard text of a few clips of each source, a line for each."""
    rows = [("CER", "given", "heard")]
    for clips in wrong.values():
        for clip in [clip for clip in clips if clip.cer > MAX_MEDIAN_CER][:SHOWN_CLIPS]:
            rows.append((f"{clip.cer:.2f}", _cut(clip.given), _cut(clip.heard)))

    width = max(len(given) for _, given, _ in rows)
    return "\n".join(f"  {cer:<4}  {given:<{width}}  {heard}" for cer, given, heard in rows)


def _cut(text: str) -> str:
    return text if len(text) <= COLUMN else text[: COLUMN - 1].rstrip() + "…"
