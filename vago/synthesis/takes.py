"""Takes of a script: what was spoken with one set of settings, in a folder of its own.

samples/<script>/<take>/ holds the WAVs, samples.csv and take.json. The name of a take ends with a
digest of all that decides its sound, so that the same settings write the same take again and
others never overwrite it. The workbook reads this module, so nothing heavy is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vago import VagoError
from vago.files import replacing_folder, sha256_of_text, write_json
from vago.model.phases import chosen_phase
from vago.paths import Paths
from vago.synthesis.params import SampleParams

if TYPE_CHECKING:
    import pandas as pd

TABLE, RECORD = "samples.csv", "take.json"
FORMAT = 1  # of take.json
DIGEST_LENGTH = 8  # characters of it in a take's name
TEXTS = ("line", "file", "category", "text", "prompt")  # columns of samples.csv


@dataclass(frozen=True)
class Take:
    """A take on disk. `record`: the content of its take.json, see `take_record`."""

    folder: Path
    record: dict[str, Any]

    @property
    def script(self) -> str:
        return self.folder.parent.name

    @property
    def made(self) -> str:
        """When it was spoken: UTC in ISO 8601."""
        return self.record["made"]

    def table(self) -> pd.DataFrame:
        """samples.csv: one row per line, see `samples.speak_script`."""
        import pandas as pd  # when called: `vago status` does without it

        return pd.read_csv(
            self.folder / TABLE, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False
        )


def take_record(
    p: SampleParams,
    *,
    phase: str,
    texts: Sequence[str],
    prompt: Mapping[str, str],
    made_by: Mapping[str, Any],
    title: str = "",
) -> dict[str, Any]:
    """The content of a new take's take.json.

    Args:
        phase: that speaks, where `p` says "best".
        texts: of the script's lines.
        prompt: {name: SHA-256} of the reference audio, in its order.
        made_by: what else decides the sound, such as the digests of the weights.
        title: of the script.
    """
    settings = p.sound()
    decides = {
        "settings": {name: settings[name] for name in settings if name != "reference"},
        "texts": list(texts),
        "prompt": list(prompt.values()),
        "made_by": dict(made_by),
    }
    return {
        "format": FORMAT,
        "script": p.script,
        "title": title,
        "made": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "phase": phase,
        "settings": settings,
        "texts_sha256": sha256_of_text("\n".join(texts)),
        "prompt": [{"name": name, "sha256": sha256} for name, sha256 in prompt.items()],
        "made_by": dict(made_by),
        "sha256": sha256_of_text(json.dumps(decides, sort_keys=True, ensure_ascii=False)),
    }


def take_name(record: Mapping[str, Any]) -> str:
    """ultrafine_t0.4_seed1_3f9a2c1b: phase, temperature, seed, and a digest of all else."""
    digest = record["sha256"][:DIGEST_LENGTH]
    return f"{_readable(record['phase'], record['settings'])}_{digest}"


def _readable(phase: str, settings: Mapping[str, Any]) -> str:
    return f"{phase}_t{settings['temperature']:g}_seed{settings['seed']}"


@contextmanager
def writing_take(paths: Paths, record: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to write a take's files into; at the end it is the take, whole.

    An earlier take of that name is replaced.

    Raises:
        VagoError: the folder cannot be written or has no room.
    """
    with replacing_folder(paths.take(record["script"], take_name(record))) as partial:
        yield partial
        write_json(partial / RECORD, record)


def read_takes(paths: Paths) -> list[Take]:
    """All takes of all scripts, the newest first; folders that hold no take are left out."""
    found = []
    for folder in sorted(paths.all_samples.glob("*/*")):
        if folder.name.startswith("."):  # of a run that was killed while it wrote
            continue
        if take := _read_take(folder):
            found.append(take)
    return sorted(found, key=lambda take: take.made, reverse=True)


def _read_take(folder: Path) -> Take | None:
    """The take in a folder, None where there is none or its record is not valid."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        known = record["format"] == FORMAT and (folder / TABLE).is_file()
        wanted = {"made": str, "phase": str, "settings": dict, "prompt": list, "made_by": dict}
        valid = all(isinstance(record[name], kind) for name, kind in wanted.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Take(folder, record) if known and valid else None


def newest_folder(p: SampleParams, paths: Paths) -> Path:
    """The folder of the newest take with these settings.

    Where there is none yet, or the best phase is not known yet: one that does not exist.
    """
    try:
        phase = chosen_phase(p.phase, paths)
    except VagoError:
        phase = ""

    for take in read_takes(paths):
        wanted = (p.script, phase, p.sound())
        if (take.script, take.record["phase"], take.record["settings"]) == wanted:
            return take.folder
    return paths.take(p.script, _readable(p.phase, p.sound()))


def earlier_samples(paths: Paths) -> list[Path]:
    """samples/<script>/ folders with WAVs beside their takes: written before takes were kept."""
    return sorted({wav.parent for wav in paths.all_samples.glob("*/*.wav")})
