"""Commands of the workbook beside `run` and `status`; imports as in vago/cli.py, when called."""

from __future__ import annotations

import argparse

from vago.command_table import argument, command


@command(
    "new",
    "make a profile for recordings of your own",
    argument("profile", metavar="NAME", help="names params/NAME/ and outputs/NAME/"),
    argument("--recordings", metavar="FOLDER", help="default: recordings/NAME of the project"),
    argument("--sources", metavar="A,B", help="folders in it, in order (default: all)"),
    argument("--base", help="xtts (default), vago (the small one, to try things out), or a folder"),
    argument("--speaker", metavar="VOICE", help="the voice's name (default: NAME)"),
    argument("--yes", action="store_true", help="ask nothing; take the defaults"),
)
def new_command(args: argparse.Namespace) -> None:
    """Make a profile for recordings of your own: params/NAME/profile.yaml, with only what differs
    from the profile that comes with vago.

    On a terminal it asks for what no option says. The recordings lie in FOLDER itself or in one
    folder for each source, with or without transcripts; they stay where they are. It says what is
    still missing before the profile can run.

    Later, recordings that are added to a source's folder are found by the next `vago run`. A new
    source is a new folder and its name in `sources`, in params/NAME/profile.yaml.

    examples:
      vago new myvoice                       asks
      vago new myvoice --recordings ~/audio --yes
      vago new myvoice --recordings ~/audio --sources show,talk --speaker "Kovács Éva"
      vago new trial --recordings ~/audio --base vago --yes
    """
    from vago.paths import project_root
    from vago.workbook.new_profile import Answers, ask_on_terminal, names_in, new_profile

    sources = None if args.sources is None else names_in(args.sources)
    answers = Answers(args.recordings, sources, args.base, args.speaker)
    new_profile(args.profile, answers, project_root(), None if args.yes else ask_on_terminal())


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


@command(
    "lab",
    "open JupyterLab on a profile's notebooks",
    argument("profile", metavar="PROFILE", nargs="?", default="demo", help="default: demo"),
    argument("--fresh", action="store_true", help="new copies; yours stay under another name"),
    argument("--no-browser", dest="browser", action="store_false", help="only print the address"),
    argument("--port", type=int, metavar="N", help="default: the first free one from 8888 on"),
    argument("--ip", metavar="ADDRESS", help="default: this machine only"),
)
def lab_command(args: argparse.Namespace) -> None:
    """Open JupyterLab on copies of the notebooks with a profile's settings in them.

    The copies are in outputs/PROFILE/by_hand/; the notebooks in git stay as they are. A copy that
    you have edited or run is never replaced. What you run counts as run by hand: `vago status`
    shows it and `vago run` skips it. Ctrl-C ends JupyterLab.

    examples:
      vago lab                               the demo
      vago lab vago                          with the settings of the profile vago
      vago lab vago --fresh                  new copies, after its settings have changed
      vago lab --no-browser --port 9000      on another machine: open the printed address
    """
    from vago.workbook.lab import open_lab

    open_lab(
        args.profile,
        fresh=args.fresh,
        browser=args.browser,
        port=args.port,
        ip=args.ip,
    )
