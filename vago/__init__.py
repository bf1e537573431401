"""An hour of Hungarian recordings into a voice, in three measured phases of XTTS-v2 fine-tuning."""

__version__ = "0.1.0"


class VagoError(Exception):
    """An error the user can fix: one sentence with what was found, where, and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback; `%debug` leads to its place."""
        return [str(self)]


def first_line(error: Exception) -> str:
    """The first line of a library's error, for such a sentence; its type where it has no text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
