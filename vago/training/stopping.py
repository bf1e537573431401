"""Stopping a training run without losing it: SIGTERM and Ctrl-C become a request that the loop honours at a safe place."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vago import VagoError


class Interrupted(VagoError):
    """Training was asked to stop and has saved where it was."""


@dataclass
class StopRequest:
    requested: int = 0  # the signal's number


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """SIGTERM and Ctrl-C ask the loop to stop at the next safe place instead of killing it in the middle of a write."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals cannot be caught here; a periodic save is what a resume goes on from
        return

    def ask(number, frame):
        stop.requested = number

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
