"""What notebook 01 needs and does not find, all of it at once, before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.files import expand_home
from vago.paths import Paths

SHOWN_NAMES = 10  # of files that are not read


def preflight(p: CorpusParams, paths: Paths) -> None:
    """Raise VagoError with one sentence for each thing that is missing."""
    raise_missing(missing_things(p, paths))


def raise_missing(sentences: Sequence[str]) -> None:
    """Raise VagoError with all sentences, each on its line; without any, do nothing."""
    if len(sentences) == 1:
        raise VagoError(sentences[0])
    if sentences:
        lines = "".join(f"\n  - {sentence}" for sentence in sentences)
        raise VagoError(f"{len(sentences)} things are missing:{lines}")


def missing_things(p: CorpusParams, paths: Paths) -> list[str]:
    """One sentence for each thing that notebook 01 needs and does not find.

    Recordings and base, but for those that vago makes itself; the sample of the speaker; and a
    recogniser that can be opened, where a recording has no transcript or all texts are compared.
    """
    # when called: the runner asks before any kernel starts, and these take their time
    from vago.audio.asr_model import check_model
    from vago.corpus.sources import find_recordings
    from vago.model import xtts

    found, missing = [], []

    def look(check: Callable, *given) -> None:
        try:
            found.extend(check(*given) or [])
        except VagoError as error:
            missing.append(str(error))

    if not p.demo_voice:
        folder = paths.recordings(p.recordings_dir)
        for source in p.sources:
            look(find_recordings, folder, [source], paths.shown)
    if p.speaker_sample and not paths.given(p.speaker_sample).is_file():
        missing.append(
            f"speaker_sample is {p.speaker_sample}, which does not exist: put a file with a few "
            "seconds of the speaker there, or leave the setting out"
        )

    if not p.uses_bundled_base:
        look(xtts.check_files, paths.base)
    if any(recording.untranscribed for recording in found):
        look(check_model, p.recogniser)
    if p.verify_transcripts == "all" and any(not recording.untranscribed for recording in found):
        from vago.corpus.verification import check_recogniser

        look(check_recogniser, p)
    return missing


def not_read(p: CorpusParams, paths: Paths) -> str:
    """What lies in the sources' folders and is not read, a line for each source; often empty."""
    from vago.corpus.sources import passed_over

    lines = []
    for source in p.sources:
        folder = paths.recordings(p.recordings_dir) / expand_home(source)
        if names := passed_over(folder):
            listed = ", ".join(names[:SHOWN_NAMES]) + ", …" * (len(names) > SHOWN_NAMES)
            lines.append(f"Not read in {paths.shown(folder)}: {listed}")
    if any("/" in line.rsplit(": ", 1)[1] for line in lines):
        lines.append("Recordings in a folder below are not read: move them up.")
    return "\n".join(lines)
