"""samples/index.html: all takes of all scripts with players, and in which settings they differ."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from vago.display import html
from vago.files import write_whole
from vago.paths import Paths
from vago.synthesis import durations
from vago.synthesis.takes import TABLE, Take, earlier_samples, read_takes

# of a take, shown even where they are the same in all
ALWAYS = ("phase", "temperature", "seed")
SHORT = 8  # characters of a digest


def write_takes_page(paths: Paths) -> Path:
    """Write the page anew from the takes that are there now; returns its path."""
    path = paths.takes_page
    path.parent.mkdir(parents=True, exist_ok=True)
    takes = read_takes(paths)
    sections = [("All takes", takes_table(takes) + _earlier(paths))]
    sections += [(f"{take.script}: {take.folder.name}", take_players(take)) for take in takes]
    write_whole(path, html.page(f"The takes of {paths.home.name}", sections))
    return path


def link_to_takes(paths: Paths) -> str:
    """A link to the page, from a notebook in outputs/<profile>/notebooks/ or by_hand/."""
    where = escape(paths.shown(paths.takes_page))
    address = f"../{paths.takes_page.relative_to(paths.home).as_posix()}"
    return f'<p>All takes: <a href="{address}">{where}</a></p>'


def takes_table(takes: Sequence[Take]) -> str:
    """A table with a row per take; below it, folded, the settings that are the same in all."""
    facts = facts_of(takes)
    known = list(dict.fromkeys(name for row in facts for name in row))
    shown, same = [], {}
    for name in known:
        values = [row.get(name, "") for row in facts]
        if name in ALWAYS or any(value != values[0] for value in values):
            shown.append(name)
        else:
            same[name] = values[0]

    rows = []
    for take, row in zip(takes, facts):
        made = take.made[:16].replace("T", " ")
        picked = {name: row.get(name, "") for name in shown}
        rows.append({"take": take.folder.name, "script": take.script, "made (UTC)": made} | picked)
    table = html.table_html(pd.DataFrame(rows).set_index("take") if rows else pd.DataFrame())
    if not same:
        return table

    others = html.table_html(pd.DataFrame({"value": same}))
    summary = f"{len(same)} settings that are the same in all takes"
    return f"{table}<details><summary>{summary}</summary>{others}</details>"


def facts_of(takes: Sequence[Take]) -> list[dict[str, Any]]:
    """What decides the sound of each take, by the names of the table's columns."""
    versions = _versions(takes)
    facts = []
    for take in takes:
        record = take.record
        settings = dict(record["settings"])
        settings.pop("reference", None)  # the names of the reference audio say it
        audio = ", ".join(one["name"] for one in record["prompt"])
        made_by = {
            name.removesuffix("_sha256").replace("_", " "): _short(value)
            for name, value in record["made_by"].items()
        }
        facts.append(
            {
                "phase": record["phase"],
                "temperature": settings.pop("temperature", ""),
                "seed": settings.pop("seed", ""),
                "version of the script": versions[take.folder],
                "reference audio": audio,
                **settings,
                **made_by,
            }
        )
    return facts


def _versions(takes: Sequence[Take]) -> dict[Path, int]:
    """{folder: 1 for a script's first texts, 2 for its next ones, ...}."""
    seen: dict[str, list[str]] = {}
    versions = {}
    for take in reversed(takes):  # the oldest first
        texts = seen.setdefault(take.script, [])
        if take.record["texts_sha256"] not in texts:
            texts.append(take.record["texts_sha256"])
        versions[take.folder] = texts.index(take.record["texts_sha256"]) + 1
    return versions


def _short(value: Any) -> Any:
    """Digests by their first characters, ranges with a dash."""
    if isinstance(value, list):
        return "–".join(f"{one:.3f}" for one in value)
    return value[:SHORT] if isinstance(value, str) else value


def take_players(take: Take) -> str:
    """A player per line that plays the file in the take's folder, and the number of outliers."""
    try:
        table = take.table()
        lines = list(zip(table.file, table.text, table.seconds, table.duration, table.takes))
    except (OSError, ValueError, AttributeError):
        return f"<p>{escape(TABLE)} of this take cannot be read.</p>"

    rows, outliers = [], 0
    for file, text, seconds, duration, takes in lines:
        remark = durations.remark(duration, takes)
        outliers += bool(remark)
        title = f"{text} – {remark}" if remark else text
        player = f"{escape(file)} is gone"
        if (take.folder / file).is_file():
            player = html.player_tag(_address(take, file), f"{take.folder.name}: {text}")
        rows.append((title, seconds, player))

    minutes, rest = divmod(round(table.seconds.sum()), 60)
    length = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    about = f"{len(rows)} lines, {length}, duration outliers: {outliers}"
    link = f'<a href="{_address(take, TABLE)}">{TABLE}</a>'
    return f"<p>{about}; {link}</p>{html.player_rows(rows)}"


def _address(take: Take, file: str) -> str:
    """A take's file as a link of the page."""
    return "/".join(map(quote, (take.script, take.folder.name, file)))


def _earlier(paths: Paths) -> str:
    """A sentence on files from before takes were kept; empty where there are none."""
    folders = ", ".join(paths.shown(folder) for folder in earlier_samples(paths))
    if not folders:
        return ""
    return (
        f"<p>Not listed are WAV files from before takes were kept, in {escape(folders)}. "
        "vago leaves them alone; delete them when you no longer need them.</p>"
    )
