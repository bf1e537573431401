"""The command line. Imports what a command needs only when it is called."""

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
FETCH = """Fetch the published XTTS-v2 into the project: show its licence (non-commercial) and ask once whether it is accepted,
check every file's size and SHA-256, and write down where it came from. What is there and right already is not fetched again;
a stopped or broken fetch goes on where it was; afterwards no network is needed."""
FETCH_EXAMPLES = """examples:
  vago fetch-base                             from the hub (or the mirror that HF_ENDPOINT names), into models/xtts_v2
  vago fetch-base --accept-license            without asking, for machines; by this you accept the licence
  vago fetch-base --from ~/old/xtts_v2        copies what another folder has
  vago fetch-base --from https://mirror.example --to models/other
"""
STATUS = """Show which notebooks are done and, for each training phase, its steps, the held-out mel and text cross-entropy with
95 % intervals, the change from the baseline and the disk it uses."""
STATUS_EXAMPLES = """examples:
  vago status demo
  vago status demo --json
"""

PRETRAIN = """Make the base model that comes with vago once more: espeak-ng's voices teach XTTS-v2's classes, at a hundredth of
the size, to speak Hungarian. Stages lie in outputs/pretrain/stages/; what is done is not done again, and long stages go on
from their last checkpoint. About two hours on two cores. notebooks/90_pretrain_base.ipynb shows the result."""
PRETRAIN_EXAMPLES = """examples:
  vago pretrain                          every stage, into outputs/pretrain/stages/
  vago pretrain --pack                   and its weights into vago/assets/base/, for every demo from now on
  vago pretrain -p profile better -p resume true -p short_steps 0 -p medium_steps 0 -p long_steps 8000 --pack
                                         on from the weights that come with vago, and put the result in their place
"""

BENCHMARK = """Train and speak beside the stock recipe, turn by turn on the same clips: clips a second, memory, bytes of a save,
time to first audio. The table, ready for a README, is printed and stands in outputs/benchmark/ beside the numbers as JSON."""
BENCHMARK_EXAMPLES = """examples:
  vago benchmark                               the small base on this machine, some minutes
  vago benchmark -p model "full size" -p bf16_steps 300 -p speech_lines 15
                                               XTTS-v2's exact shape with random weights, for a GPU
  vago benchmark -p optimizer adamw_8bit -p gradient_checkpointing true -p last_precision compact
"""

TEXT = """Show how written Hungarian will be read aloud: numbers, dates, money, units, abbreviations, letters and signs in words,
as training texts and scripts are read before the model sees them. Without a TEXT it reads standard input, line by line."""
TEXT_EXAMPLES = """examples:
  vago text "A fődíj 40 000 000 Ft!"            A fődíj negyvenmillió forint!
  vago text --diff "IV. Béla, 67%-a"            what changes, in colours on a terminal
  vago text --diff < lines.txt
  vago text -- -5%                              a text that begins with a hyphen
"""
LISTEN = """Let the target, the base and each finished phase say thirty lines that no training text holds, and hear them with ears
that are not vago's: Whisper's character error rate, Resemblyzer's speaker similarity, odd lengths. The table is README's."""
LISTEN_EXAMPLES = """examples:
  vago listen demo                       every row that is not heard yet, into outputs/demo/listening/
  vago listen demo --ear large-v3        another recogniser: a name, or a folder that holds one
"""

EXPORT = """Write a phase as a folder that coqui-tts loads and speaks by the voice's name: weights, voice, settings of notebook 6,
and a card with licence, scores and hashes. An earlier export in that folder is replaced, anything else is left alone."""
EXPORT_EXAMPLES = """examples:
  vago export demo                       the best phase, into outputs/demo/export/
  vago export vago --phase combined --name "Vágó István" --to ~/voices/vago
"""


def run_command(args: argparse.Namespace) -> int:
    from vago.workbook.runner import run

    run(args.profile, start=args.start, only=args.only, overrides=args.parameters, force=args.force)
    return 0


def status_command(args: argparse.Namespace) -> int:
    import json

    from vago.workbook.status import status, table

    found = status(args.profile)
    print(json.dumps(found, indent=1) if args.json else table(found))
    return 0


def pretrain_command(args: argparse.Namespace) -> int:
    from vago.paths import Paths, project_root
    from vago.recipes.pretrain.params import PretrainParams
    from vago.workbook.pipeline import parse_value

    root = project_root()
    overrides = {name: parse_value(name, text) for name, text in args.parameters}
    p = PretrainParams.load(root / "params" / "pretrain" / "90_pretrain_base.yaml", overrides)
    from vago.recipes.pretrain.recipe import pack, pretrain

    trained = pretrain(p, Paths.of(p, root), lambda line: print(line, flush=True))
    if args.pack:
        print(pack(p, Paths.of(p, root), trained))
    return 0


def fetch_base_command(args: argparse.Namespace) -> int:
    from vago.model.download import FOLDER, fetch
    from vago.paths import project_root

    folder = args.to or project_root() / FOLDER
    fetch(folder, source=args.source, revision=args.revision, accept=args.accept_license)
    return 0


def benchmark_command(args: argparse.Namespace) -> int:
    from vago.paths import Paths, project_root
    from vago.recipes.benchmark.params import BenchmarkParams
    from vago.workbook.pipeline import parse_value

    root = project_root()
    overrides = {name: parse_value(name, text) for name, text in args.parameters}
    p = BenchmarkParams.load(root / "params" / "benchmark" / "91_benchmark.yaml", overrides)
    from vago.recipes.benchmark.benchmark import benchmark, markdown

    print(
        markdown(
            benchmark(p, Paths.of(p, root), lambda line: print(line, file=sys.stderr, flush=True))
        )
    )
    return 0


def text_command(args: argparse.Namespace) -> int:
    from vago.text.command import text

    text(args.texts, diff=args.diff)
    return 0


def listen_command(args: argparse.Namespace) -> int:
    from vago.audio.asr import Ear
    from vago.evaluation.intelligibility import listen

    ear = Ear.open(args.ear) if args.ear else None
    report = listen(
        args.profile, ear=ear, on_progress=lambda line: print(line, file=sys.stderr, flush=True)
    )
    print(report.markdown())
    return 0


def export_command(args: argparse.Namespace) -> int:
    from vago.synthesis.export import export_profile

    told = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    print(export_profile(args.profile, args.phase, args.to, args.name, told))
    return 0


def parser() -> argparse.ArgumentParser:
    """Each command is a sub-parser with `call`, the function that carries it out and returns the exit code."""
    top = argparse.ArgumentParser(
        prog="vago", description="An hour of Hungarian recordings into a voice, in three phases."
    )
    top.add_argument("--version", action="version", version=f"vago {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, call, summary: str, description: str, examples: str, profile=True
    ) -> argparse.ArgumentParser:
        layout = argparse.RawDescriptionHelpFormatter
        added = commands.add_parser(
            name, help=summary, description=description, epilog=examples, formatter_class=layout
        )
        added.set_defaults(call=call)
        if profile:
            added.add_argument(
                "profile", metavar="PROFILE", help="a folder of params/: demo, vago, or your own"
            )
        return added

    def settings(added: argparse.ArgumentParser, where: str) -> None:
        added.add_argument(
            "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
            help=f"set a parameter {where}, over its file in params/ (VALUE is YAML); repeatable",
        )  # fmt: skip

    run = command("run", run_command, "run the notebooks of a profile", RUN, RUN_EXAMPLES)
    which = run.add_mutually_exclusive_group()
    which.add_argument(
        "--from",
        dest="start",
        metavar="STEP",
        help="start at this notebook: 3, 03 or 03_train_combined",
    )
    which.add_argument("--only", metavar="STEP", help="run just this notebook")
    settings(run, "in every notebook to be run that has it")
    run.add_argument(
        "--force", action="store_true", help="run the notebooks even where nothing has changed"
    )

    status = command(
        "status", status_command, "show how far a profile has come", STATUS, STATUS_EXAMPLES
    )
    status.add_argument("--json", action="store_true", help="the same as data, for programs")

    pretrain = command(
        "pretrain",
        pretrain_command,
        "make the base model that comes with vago",
        PRETRAIN,
        PRETRAIN_EXAMPLES,
        profile=False,
    )
    settings(pretrain, "of the recipe")
    pretrain.add_argument(
        "--pack",
        action="store_true",
        help="put the weights into vago/assets/base/ when all is done",
    )

    base = command(
        "fetch-base",
        fetch_base_command,
        "fetch and check XTTS-v2's files",
        FETCH,
        FETCH_EXAMPLES,
        profile=False,
    )
    base.add_argument(
        "--accept-license",
        action="store_true",
        help="accept the Coqui Public Model License without being asked",
    )
    base.add_argument(
        "--from",
        dest="source",
        metavar="PLACE",
        help="a folder that has the files, or the URL of a mirror",
    )
    base.add_argument(
        "--revision", help="another commit, tag or branch than the one this version of vago knows"
    )
    base.add_argument(
        "--to", metavar="FOLDER", help="where to put them (default: models/xtts_v2 of the project)"
    )
    spoken = command(
        "text",
        text_command,
        "show how Hungarian text will be read aloud",
        TEXT,
        TEXT_EXAMPLES,
        profile=False,
    )
    spoken.add_argument(
        "texts", metavar="TEXT", nargs="*", help="what to read; none: standard input, line by line"
    )
    spoken.add_argument(
        "--diff",
        action="store_true",
        help="mark what changes: [-written-]{+spoken+}, in colours on a terminal",
    )

    benchmark = command(
        "benchmark",
        benchmark_command,
        "measure beside the stock recipe",
        BENCHMARK,
        BENCHMARK_EXAMPLES,
        profile=False,
    )
    settings(benchmark, "of the benchmark")

    listen = command(
        "listen",
        listen_command,
        "hear how well a profile's phases are understood",
        LISTEN,
        LISTEN_EXAMPLES,
    )
    ear = "a folder or a name that faster-whisper knows (default: the base model that comes in wheels)"
    listen.add_argument("--ear", metavar="MODEL", help=ear)

    export = command(
        "export", export_command, "write a voice that coqui-tts can load", EXPORT, EXPORT_EXAMPLES
    )
    export.add_argument(
        "--phase", default="best", help="best (default), base, baseline, combined or ultrafine"
    )
    export.add_argument("--to", metavar="FOLDER", help="where to (default: outputs/PROFILE/export)")
    export.add_argument(
        "--name", metavar="VOICE", default="", help="what the voice is called (default: PROFILE)"
    )
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 for a VagoError (its sentence on stderr); 2 for wrong usage; 130 after Ctrl-C."""
    try:
        args = parser().parse_args(argv)
        # a machine that shuts down sends SIGTERM: end as on Ctrl-C, so that long work can save where it is
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return args.call(args)
    except VagoError as error:
        print(f"vago: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "vago: stopped; what is done is kept, and running the same command again continues from there",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
