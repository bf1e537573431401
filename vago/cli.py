"""The command line. A command imports what it needs only when it is called, so that help is quick.

Each command is a function: its docstring is its help, the decorator names it and its arguments.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

import vago.workbook.commands  # noqa: F401 - registers its commands
from vago import VagoError
from vago.command_table import Argument, OneOf, argument, command, parser

PROFILE = argument("profile", metavar="PROFILE", help="a folder of params/: demo, vago, or yours")
FROM = argument("--from", dest="start", metavar="STEP", help="start here: 3, 03 or its name")
ONLY = argument("--only", metavar="STEP", help="run just this notebook")


def setting_of(where: str) -> Argument:
    """`-p NAME VALUE`, repeatable; `where` completes its help."""
    return argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help=f"a setting {where}, over its file in params/ (VALUE is YAML); repeatable",
    )


@command(
    "run",
    "run the notebooks of a profile",
    PROFILE,
    OneOf((FROM, ONLY)),
    setting_of("in every notebook to be run that has it"),
    argument("--force", action="store_true", help="run also notebooks that are up to date"),
)
def run_command(args: argparse.Namespace) -> None:
    """Run the notebooks of a profile in order, without a browser, into outputs/<profile>/.

    A notebook whose inputs, parameters and code are as they were when it last succeeded is skipped.
    Ctrl-C stops; running again continues.

    examples:
      vago run demo                          all six notebooks, those that need it
      vago run demo --from 03                from the third one on
      vago run demo --only 06 -p script quiz_extra
      vago run vago --only 02 -p learning_rate 2e-6 -p epochs 10
      vago run demo --only 05 --force        once more, though nothing has changed
    """
    from vago.workbook.runner import run

    run(
        args.profile,
        start=args.start,
        only=args.only,
        overrides=args.parameters,
        force=args.force,
    )


@command(
    "status",
    "show how far a profile has come",
    PROFILE,
    argument("--json", action="store_true", help="the same as data, for programs"),
)
def status_command(args: argparse.Namespace) -> None:
    """Show which notebooks are done, stale (with what has changed since) or not run, and for each
    phase its steps, its validation mel and text cross-entropy with 95 % intervals, the change from
    the baseline and the disk it uses.

    examples:
      vago status demo
      vago status demo --json
    """
    import json

    from vago.workbook.status import status, status_table

    found = status(args.profile)
    print(json.dumps(found, indent=1) if args.json else status_table(found))


@command(
    "fetch-base",
    "fetch and check XTTS-v2's files",
    argument("--accept-license", action="store_true", help="accept the licence without a question"),
    argument("--from", dest="source", metavar="PLACE", help="a folder or a mirror's URL"),
    argument("--revision", help="a commit, tag or branch (default: the pinned commit)"),
    argument("--to", metavar="FOLDER", help="where to (default: models/xtts_v2 of the project)"),
)
def fetch_base_command(args: argparse.Namespace) -> None:
    """Fetch the published XTTS-v2 into the project: show its licence (Coqui Public Model License,
    non-commercial), ask once whether it is accepted, check every file's size and SHA-256, and
    record where it came from.

    Files that are there and right are not fetched again; a stopped or broken fetch resumes;
    afterwards no network is needed.

    examples:
      vago fetch-base                             from the hub (or the mirror in HF_ENDPOINT)
      vago fetch-base --accept-license            asks nothing: you accept the licence by it
      vago fetch-base --from ~/old/xtts_v2        copies what another folder has
      vago fetch-base --from https://mirror.example --to models/other
    """
    from vago.model.download import FOLDER, fetch
    from vago.paths import project_root

    folder = args.to or project_root() / FOLDER
    fetch(folder, source=args.source, revision=args.revision, accept=args.accept_license)


@command(
    "text",
    "show how Hungarian text will be read aloud",
    argument("texts", metavar="TEXT", nargs="*", help="without any: standard input, line by line"),
    argument("--diff", action="store_true", help="mark what changes: [-written-]{+spoken+}"),
)
def text_command(args: argparse.Namespace) -> None:
    """Show how written Hungarian will be read aloud: numbers, dates, money, units, abbreviations,
    letters and signs in words, as training texts and scripts are normalized before the model sees
    them.

    examples:
      vago text "A fődíj 40 000 000 Ft!"            A fődíj negyvenmillió forint!
      vago text --diff "IV. Béla, 67%-a"            what changes, in colours on a terminal
      vago text --diff < lines.txt
      vago text -- -5%                              a text that begins with a hyphen
    """
    from vago.text.command import text

    text(args.texts, diff=args.diff)


@command(
    "evaluate-speech",
    "measure how well a profile's phases are understood",
    PROFILE,
    argument(
        "--recogniser",
        "--recognizer",
        "--ear",
        metavar="MODEL",
        help="base (Whisper base, from wheels; the default), a model's name in faster-whisper, "
        "or a folder",
    ),
    aliases=("listen",),
)
def evaluate_speech_command(args: argparse.Namespace) -> None:
    """Let the target, the base and each finished phase speak thirty lines that no training text
    holds, and measure them: character error rate by Whisper ASR, speaker similarity by Resemblyzer,
    duration outliers.

    Neither recogniser nor speaker encoder was trained by vago. Prints the table of the README.

    examples:
      vago evaluate-speech demo                        every row that is not up to date
      vago evaluate-speech demo --recogniser large-v3  another Whisper model
    """
    from vago.evaluation.intelligibility import evaluate_speech

    recogniser = None
    if args.recogniser:
        from vago.audio.asr import SpeechRecogniser

        recogniser = SpeechRecogniser.open(args.recogniser)

    report = evaluate_speech(args.profile, recogniser=recogniser, on_progress=_to_stderr)
    print(report.markdown())


@command(
    "export",
    "write a voice that coqui-tts can load",
    PROFILE,
    argument("--phase", default="best", help="best (default), base, baseline, combined, ultrafine"),
    argument("--to", metavar="FOLDER", help="where to (default: outputs/PROFILE/export)"),
    argument("--name", metavar="VOICE", default="", help="the voice's name (default: PROFILE)"),
)
def export_command(args: argparse.Namespace) -> None:
    """Write a phase as a folder that coqui-tts loads and speaks by the voice's name: weights,
    voice, the settings of notebook 6, and a card with licence, scores and hashes.

    An earlier export in that folder is replaced; another folder's content is never touched.

    examples:
      vago export demo                       the best phase, into outputs/demo/export/
      vago export vago --phase combined --name "Vágó István" --to ~/voices/vago
    """
    from vago.synthesis.export import export_profile

    print(export_profile(args.profile, args.phase, args.to, args.name, _to_stderr))


@command(
    "pretrain",
    "train the base model that comes with vago",
    setting_of("of the recipe"),
    argument(
        "--pack", action="store_true", help="put the weights into vago/assets/base/ at the end"
    ),
)
def pretrain_command(args: argparse.Namespace) -> None:
    """Train the base model that comes with vago again: espeak-ng's voices teach XTTS-v2's classes,
    at a hundredth of their size, to speak Hungarian.

    Stages lie in outputs/pretrain/stages/; what is done is not done again, and long stages resume
    from their last checkpoint. About five hours on two cores. notebooks/90_pretrain_base.ipynb
    shows the result.

    examples:
      vago pretrain                          every stage
      vago pretrain --pack                   and its weights into vago/assets/base/
      vago pretrain -p profile better -p resume true -p short_steps 0 -p medium_steps 0 \\
        -p long_steps 8000 --pack            continue from the weights that come with vago
    """
    from vago.paths import Paths, project_root
    from vago.recipes.pretrain.params import PretrainParams
    from vago.workbook.plans import parse_value

    root = project_root()
    overrides = {name: parse_value(name, text) for name, text in args.parameters}
    p = PretrainParams.load(root / "params" / "pretrain" / "90_pretrain_base.yaml", overrides)

    from vago.recipes.pretrain.recipe import pretrain
    from vago.recipes.pretrain.results import pack_base

    paths = Paths.of(p, root)
    trained = pretrain(p, paths, lambda line: print(line, flush=True))
    if args.pack:
        print(pack_base(p, paths, trained))


@command("benchmark", "measure beside the stock recipe", setting_of("of the benchmark"))
def benchmark_command(args: argparse.Namespace) -> None:
    """Train and speak beside the stock recipe, in turns on the same clips: clips per second,
    memory, bytes of a checkpoint, time to first audio.

    The table is printed and stands in outputs/benchmark/ beside the numbers as JSON.

    examples:
      vago benchmark                               the small base on this machine, some minutes
      vago benchmark -p model "full size" -p bf16_steps 300 -p speech_lines 15
                                                   XTTS-v2's shape with random weights, for a GPU
      vago benchmark -p optimizer adamw_8bit -p gradient_checkpointing true
    """
    from vago.paths import Paths, project_root
    from vago.recipes.benchmark.params import BenchmarkParams
    from vago.workbook.plans import parse_value

    root = project_root()
    overrides = {name: parse_value(name, text) for name, text in args.parameters}
    p = BenchmarkParams.load(root / "params" / "benchmark" / "91_benchmark.yaml", overrides)

    from vago.recipes.benchmark.benchmark import benchmark, markdown

    print(markdown(benchmark(p, Paths.of(p, root), _to_stderr)))


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 for a VagoError (a sentence on stderr); 2 for wrong usage; 130 for Ctrl-C."""
    try:
        args = parser().parse_args(argv)

        # A machine that shuts down sends SIGTERM: end as on Ctrl-C, so that long work can be saved.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        args.call(args)
        return 0
    except VagoError as error:
        print(f"vago: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "vago: stopped; what is done is kept, and running the same command again resumes",
            file=sys.stderr,
        )
        return 130
