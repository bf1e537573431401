"""The command line: `vago run`, `vago status`. Imports what a command needs only when it is called."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from vago import VagoError, __version__

RUN = """Run the notebooks of a profile in order, without a browser, into outputs/<profile>/. A notebook whose inputs, parameters
and code are as they were when it last succeeded is skipped. Ctrl-C stops; running again continues."""
RUN_EXAMPLES = """examples:
  vago run demo                          all six notebooks, those that need it
  vago run demo --from 03                from the third one on
  vago run demo --only 06 -p script quiz_extra
  vago run vago --only 02 -p learning_rate 2e-6 -p epochs 10
  vago run demo --only 05 --force        once more, though nothing has changed
"""
STATUS = """Show which notebooks are done and, for each training phase, its steps, the held-out mel and text cross-entropy with
95 % intervals, the change from the baseline and the disk it uses."""
STATUS_EXAMPLES = """examples:
  vago status demo
  vago status demo --json
"""


def run_command(args: argparse.Namespace) -> int:
    from vago.run import run

    # A machine that shuts down sends SIGTERM: end as on Ctrl-C, so that the training can save where it is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(args.profile, start=args.start, only=args.only, overrides=args.parameters, force=args.force)
    return 0


def status_command(args: argparse.Namespace) -> int:
    import json

    from vago.status import status, table

    found = status(args.profile)
    print(json.dumps(found, indent=1) if args.json else table(found))
    return 0


def parser() -> argparse.ArgumentParser:
    """Each command is a sub-parser with `call`, the function that carries it out and returns the exit code."""
    top = argparse.ArgumentParser(prog="vago", description="An hour of Hungarian recordings into a voice, in three phases.")
    top.add_argument("--version", action="version", version=f"vago {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, call, summary: str, description: str, examples: str) -> argparse.ArgumentParser:
        layout = argparse.RawDescriptionHelpFormatter
        added = commands.add_parser(name, help=summary, description=description, epilog=examples, formatter_class=layout)
        added.set_defaults(call=call)
        added.add_argument("profile", metavar="PROFILE", help="a folder of params/: demo, vago, or your own")
        return added

    run = command("run", run_command, "run the notebooks of a profile", RUN, RUN_EXAMPLES)
    which = run.add_mutually_exclusive_group()
    which.add_argument("--from", dest="start", metavar="STEP", help="start at this notebook: 3, 03 or 03_train_combined")
    which.add_argument("--only", metavar="STEP", help="run just this notebook")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="set a parameter in every notebook to be run that has it, over its file in params/ (VALUE is YAML); repeatable",
    )  # fmt: skip
    run.add_argument("--force", action="store_true", help="run the notebooks even where nothing has changed")

    status = command("status", status_command, "show how far a profile has come", STATUS, STATUS_EXAMPLES)
    status.add_argument("--json", action="store_true", help="the same as data, for programs")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 for a VagoError (its sentence on stderr); 2 for wrong usage; 130 after Ctrl-C."""
    try:
        args = parser().parse_args(argv)
        return args.call(args)
    except VagoError as error:
        print(f"vago: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("vago: stopped; what is done is kept, and running the same command again continues from there", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
