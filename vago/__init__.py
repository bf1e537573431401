"""An hour of Hungarian recordings into a voice, in three measured phases of XTTS-v2 fine-tuning."""

__version__ = "0.1.0"


class VagoError(Exception):
    """An error the user can fix: one sentence with what was found, where, and what to do."""
