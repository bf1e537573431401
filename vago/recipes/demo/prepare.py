"""What the demo needs before notebook 01: its recordings and its base model."""

from __future__ import annotations

from collections.abc import Callable

from vago.corpus.params import CorpusParams
from vago.paths import Paths
from vago.recipes.demo.recordings import make_recordings

VOICE_REMARK = (
    "Demo: one synthetic voice (espeak-ng) hosts four quiz-show episodes and gives six interviews."
)
BASE_REMARK = (
    "The base comes with vago: XTTS-v2's classes at a hundredth of their size, trained on "
    "synthetic voices (notebooks/90_pretrain_base.ipynb)."
)


def prepare_demo(
    p: CorpusParams, paths: Paths, on_progress: Callable[[str], None] | None = None
) -> None:
    """Make the demo's recordings, where `p.demo_voice` is set; open the bundled base, where it or
    `p.bundled_base` is.

    What is there and right is kept, so a second call takes a second. With a `base_dir` the base is
    the user's own and is left alone.

    Raises:
        VagoError: espeak-ng cannot be loaded, or a file cannot be written.
    """
    say = on_progress or (lambda line: None)
    remarks = []
    if p.demo_voice:
        folder = paths.recordings(p.recordings_dir)
        make_recordings(folder, p.seed, lambda line: say(f"demo recording: {line}"))
        remarks.append(VOICE_REMARK)
    if p.uses_bundled_base:
        from vago.model import bundled

        bundled.open_into(paths.base)
        remarks.append(BASE_REMARK)
    if remarks:
        say(" ".join(remarks))
