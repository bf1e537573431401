"""The published XTTS-v2: its repository and revision, size and SHA-256 of its files."""

from __future__ import annotations

from typing import NamedTuple

from vago.model import licence

REPOSITORY = "coqui/XTTS-v2"
REVISION = "6c2b0d75eae4b7047358e3b6bd9325f857d43f77"  # its main branch since v2.0.3


class Identity(NamedTuple):
    """A file's size in bytes and its SHA-256; None where unknown."""

    size: int | None
    sha256: str | None

    def mismatch(self, expected: Identity | None) -> str | None:
        """How this file differs from `expected`, in words; None where no difference is known."""
        if expected is None:
            return None
        if None not in (self.size, expected.size) and self.size != expected.size:
            return f"{self.size:,} bytes where {expected.size:,} are expected"
        if None not in (self.sha256, expected.sha256) and self.sha256 != expected.sha256:
            return f"SHA-256 {self.sha256[:12]}… where {expected.sha256[:12]}… is expected"
        return None


# fmt: off
IDENTITIES = {
    "config.json": Identity(
        4_368, "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
    "vocab.json": Identity(
        361_219, "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
    "model.pth": Identity(
        1_867_929_118, "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
    "dvae.pth": Identity(
        210_514_388, "b29bc227d410d4991e0a8c09b858f77415013eeb9fba9650258e96095557d97a"),
    "mel_stats.pth": Identity(
        1_067, "1f69422a8a8f344c4fca2f0c6b8d41d2151d6615b7321e48e6bb15ae949b119c"),
    "speakers_xtts.pth": Identity(
        7_754_818, "f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"),
    licence.FILE: Identity(
        4_014, "190f6d7c19b8984f91b97712b94ce92d2b2e640fc677dacab966e955ece9d043"),
}
# fmt: on
