"""Folders, settings and sentences that tests of several rooms share."""

from __future__ import annotations

import random
from pathlib import Path

from vago.training.params import TrainParams

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SCRIPTS = ROOT / "params" / "scripts"

QUIZ = [
    "Jó estét kívánok, hölgyeim és uraim!",
    "Íme a következő kérdés, figyeljen jól!",
    "Melyik folyó szeli ketté Budapestet?",
    "A helyes válasz a Duna, gratulálok!",
    "Ön ötszázezer forintot nyert ma este.",
    "Kérem a közönség segítségét, most!",
    "Biztos benne, hogy ez a végleges válasz?",
    "Sajnos ez a válasz nem volt helyes.",
    "Három, kettő, egy, lejárt az idő!",
    "Viszontlátásra, találkozunk jövő héten!",
    "Ki írta a Himnusz szövegét, kedves játékos?",
    "Negyvenmillió forint a főnyeremény!",
]
INTERVIEW = [
    "Gyerekkoromban sokat olvastam a kertben.",
    "Az első munkahelyem egy könyvtár volt.",
    "Mit tanácsolna a fiataloknak?",
    "Szeretem a csendes reggeleket a hegyekben.",
    "A tanítás mindig is fontos volt nekem.",
    "Azt hiszem, a kíváncsiság visz előre.",
    "Nagyapám asztalos volt egy kis faluban.",
    "Sokat utaztunk vonattal az országban.",
    "A zene segít, amikor fáradt vagyok.",
    "Minden nap tanulok valami újat.",
    "Hogyan kezdődött ez az egész történet?",
    "Végül mindig hazatalál az ember.",
]


def train_params(**settings) -> TrainParams:
    """Settings for a phase of a few seconds."""
    given = dict(
        profile="mini",
        sources=["quiz"],
        epochs=3,
        learning_rate=1e-3,
        batch_size=3,
        accumulation=2,
        dropout=0.1,
        warmup_steps=1,
        eval_every=2,
        save_every=2,
        log_every=1,
        prompt_min_seconds=0.6,
        prompt_max_seconds=1.0,
    )
    return TrainParams(**{**given, **settings})


def drawn_lines(seed: int, rounds: int) -> list[str]:
    """Distinct sentences of both of the demo's sources, `rounds` clips of every kind."""
    from vago.recipes.demo.sentences import interview_clip, quiz_clip
    from vago.recipes.demo.templates import INTERVIEW_KINDS, QUIZ_CATEGORIES

    rng, clips = random.Random(seed), []
    for _ in range(rounds):
        clips += [quiz_clip(category, rng) for category in QUIZ_CATEGORIES]
        clips += [interview_clip(kind, rng) for kind in INTERVIEW_KINDS]

    return list(dict.fromkeys(sentence for clip in clips for sentence in clip))
