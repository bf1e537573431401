"""Commands of the workbook beside `run` and `status`; imports as in vago/cli.py, when called."""

from __future__ import annotations

import argparse

from vago.command_table import argument, command


@command(
    "params",
    "show every setting of a profile and where it is set",
    argument("profile", metavar="PROFILE", help="a folder of params/: demo, vago, or yours"),
    argument("step", metavar="STEP", nargs="?", help="just this notebook: 2, 02 or its name"),
    argument("--json", action="store_true", help="the same as data, for programs"),
)
def params_command(args: argparse.Namespace) -> None:
    """Show every setting of a profile's notebooks with its value, where it is set and what it
    means.

    For a notebook its own file in params/PROFILE/ counts first, then params/PROFILE/profile.yaml,
    then the same two files of the profile that this one extends, then the default.

    examples:
      vago params vago                       all notebooks
      vago params vago 02                    one of them
      vago params vago --json
    """
    import json

    from vago.workbook.settings_list import settings_list, settings_text

    found = settings_list(args.profile, args.step)
    print(json.dumps(found, indent=1, ensure_ascii=False) if args.json else settings_text(found))
