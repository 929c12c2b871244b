"""`ipllvm paper`: the paper's tables and figures, measured, beside what it prints."""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from ipllvm.commands import suite
from ipllvm.commands.audit import HOPELESS
from ipllvm.commands.witness import Witness
from ipllvm.errors import IpllvmError
from ipllvm.safety.printing import visible

PASSES_ON = True
PAPERS = ("llava-1.5", "llava-next", "llava-ov")
EMBEDDED = ("llava-tiny", "llava-next-tiny", "llava-ov-tiny")
FEW = ("--samples=60", "--draws=2")
"""What is taken on a CPU unless --samples and --draws are given."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm paper`."""
    parser.formatter_class = suite.Paragraphs
    parser.description = (
        "Tables 1-3 and Figures 1-9 of the paper. Prints what is available, what is missing and the costs, "
        "then measures and writes a page, Markdown, CSV and LaTeX: each value with its interval, the printed "
        "value, and whether they agree. If interrupted, the same command resumes. What is missing is NOT "
        "TESTED, with the command that gets it; embedded models are measured on the generated benchmarks. "
        "On a CPU the default is 60 samples and 2 draws (--samples, --draws)."
    )
    parser.usage = "ipllvm paper [PART ...] [--models M ...] [--plan] [arguments of the properties]"
    parser.add_argument("parts", nargs="*", metavar="PART", help="table1, fig6, ...: default all")
    _own(parser)


def _own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="M",
        help="default: those of the paper that are available, else embedded ones",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PART", help="the same, at any place of the command line"
    )
    parser.add_argument("--protocol", choices=("paper", "standard"), default="paper", help="default paper")
    parser.add_argument("--plan", action="store_true", help="plan only")
    parser.add_argument("--on", default="here", metavar="DEVICE", help="plan for here, h100, h200 or a100")
    parser.add_argument(
        "--report-dir", type=Path, default=suite.REPORTS, metavar="DIR", help="default ./reports"
    )


def main(args: argparse.Namespace) -> int:
    """Plan, measure, write; 0, or pytest's status where nothing could be measured or a run was stopped."""
    from ipllvm.models.sources import check_name, names_classes
    from ipllvm.paper import planning, words
    from ipllvm.paper.parts import EMBEDDED_ENCODERS, chosen

    parts = chosen(_asked(args))
    names = dict.fromkeys(check_name(name) for name in args.models or _default())
    encoders = [name for name in names if names_classes(name)]
    models = [name for name in names if name not in encoders]
    if not args.models and set(models) <= set(EMBEDDED):
        encoders = [*EMBEDDED_ENCODERS]
    sizes = [*_sizes(args.rest)] if args.on == "here" else []
    device = planning.devices(args.on)
    samples, draws = (_number(name, [*sizes, *args.rest]) for name in ("samples", "draws"))
    judge = any(word.startswith("--judge") for word in args.rest)
    lines = list(
        words.plan(list(planning.plan(parts, [*models, *encoders], device, samples, draws, judge)), device)
    )
    status = _refused(args) if args.plan else 0
    if status in HOPELESS:
        return status
    print("\n".join(f"plan: {visible(line, 1000)}" for line in lines), flush=True)
    if args.plan:
        return 0
    reports, status = _measured(args, parts, models, encoders, sizes)
    if not reports and any(part.form != "examples" for part in parts):
        print("paper: nothing was measured, and no page was written", file=sys.stderr)
        return status
    _written(args, parts, models, encoders, reports, lines)
    if status in HOPELESS:
        print("paper: stopped early; the same command goes on", file=sys.stderr)
        return status
    return 0


def _refused(args: argparse.Namespace) -> int:
    """The status of pytest on the arguments of the properties: 4 where the run would refuse one, with why.

    Nothing is collected or loaded: a model that is no file stands for those which may not be here.
    """
    from ipllvm.session.terse import Terse

    names = Terse("paper", ["paper", *args.words])
    with redirect_stdout(StringIO()) as printed:
        status = suite.run(["--markers", "--plan", "--model=planted:invariant", *args.rest], plugins=[names])
    if status in HOPELESS:
        print(printed.getvalue(), end="")
    return status


def _asked(args: argparse.Namespace) -> list[str]:
    """The parts that are named, in front or by --only; `args.rest` becomes what is not this command's.

    Raises UsageError for a word elsewhere, as behind `-k` its value would be taken for a part.
    """
    named = [*takewhile(lambda word: not word.startswith("-"), args.words)]
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _own(own)
    _, args.rest = own.parse_known_args(args.words[len(named) :])
    suite.refuse_strays(args.rest, "parts stand first: ipllvm paper {} ...")
    return [*named, *args.only]


def _default() -> Sequence[str]:
    """The paper's models that are here, else the embedded ones of its kinds."""
    from ipllvm.models.sources import resolve

    here = []
    for name in PAPERS:
        try:
            resolve(name, offline=True)
        except IpllvmError:
            continue
        here.append(name)
    return here or EMBEDDED


def _sizes(rest: Sequence[str]) -> Sequence[str]:
    """What stands in for sizes that were not given, on a machine without a GPU."""
    from ipllvm.models import gpus

    if gpus.count():
        return ()
    return [each for each in FEW if not any(word.startswith(each.partition("=")[0]) for word in rest)]


def _number(name: str, words: Sequence[str]) -> int | None:
    """The number that `--NAME=N` or `--NAME N` gives; None for all, and without one. Raises UsageError.

    >>> _number("samples", ["--samples", "60"]), _number("samples", ["--samples=60"]), _number("draws", [])
    (60, 60, None)
    """
    from ipllvm.session import parsing

    for word, after in pairwise([*words, ""]):
        key, equals, value = word.partition("=")
        if key == f"--{name}":
            given = value if equals else after
            return parsing.samples(name, given)
    return None


def _measured(
    args: argparse.Namespace, parts: Any, models: Sequence[str], encoders: Sequence[str], sizes: Sequence[str]
) -> tuple[list[Any], int]:
    """The reports of the runs, and the status of the last one that stopped them."""
    reports, status = [], 0
    for of, own in _runs(args, parts, models, encoders):
        words = (*own, "--report-only", *sizes, *args.rest)
        typed = [of[0], *(f"--model={name}" for name in of[1:]), f"--report-dir={args.report_dir}", *words]
        as_check = argparse.Namespace(command="check", words=typed)  # what its report proposes can be typed
        witness = Witness()
        status = suite.check(as_check, suite.Request(tuple(of), args.report_dir, words), [witness])
        if witness.session is not None and witness.session.report is not None:
            reports.append(witness.session.report)
        if status in HOPELESS:
            break
    return reports, status


def _runs(
    args: argparse.Namespace, parts: Any, models: Sequence[str], encoders: Sequence[str]
) -> Iterator[tuple[Sequence[str], list[str]]]:
    """The models of each run, and what is asked of them: all properties at once, encoders on their own."""
    from ipllvm.paper.parts import ENCODER_SIDE
    from ipllvm.paper.planning import is_here

    figures = [part for part in parts if part.form != "examples" and part.key != ENCODER_SIDE]
    if figures and models:
        tests = " or ".join(f"test_{name}" for name in dict.fromkeys(part.property_name for part in figures))
        texts = [f"--language-model={name}" for name in _language_models(args.rest)]
        profile = ["--profile=paper", f"--protocol={args.protocol}"]
        yield models, [*profile, *texts, "-k", tests, "-m", "requirement or observation"]
    if encoders and any(part.key == ENCODER_SIDE for part in parts):
        data = f"imagenet@{args.protocol}".removesuffix("@standard") if is_here("imagenet") else "objects"
        yield encoders, [f"--benchmark={data}", "-k", "test_occlusion", "-m", "requirement"]


def _language_models(rest: Sequence[str]) -> Sequence[str]:
    """The ten of Fig. 7 that are here, else the two embedded ones."""
    from ipllvm.claims.tables import language_models
    from ipllvm.models.sources import check_part

    if any(word.startswith("--language-model") for word in rest):
        return ()
    here = []
    for name in language_models().values():
        try:
            check_part("language model", name, offline=True)
        except IpllvmError:
            continue
        here.append(name)
    return here or ("lm-tiny", "lm-tiny-b")


def _written(
    args: argparse.Namespace,
    parts: Any,
    models: Sequence[str],
    encoders: Sequence[str],
    reports: Sequence[Any],
    plan: Sequence[str],
) -> None:
    """Write the page of what was measured, and say where it is."""
    from ipllvm.paper import document, files, words
    from ipllvm.paper.measured import Measured
    from ipllvm.reporting.folders import inner_folder

    about = [*_about(args, reports)]
    example = _example() if any(part.form == "examples" for part in parts) else None
    page = document.build(parts, models, encoders, Measured.of(reports), plan, about, example)
    folder = inner_folder(args.report_dir, "paper")
    files.write(page, folder)
    print(f"{words.counts(page)}\npaper: {visible(str(folder / 'paper.html'), 4096)}")


def _about(args: argparse.Namespace, reports: Sequence[Any]) -> list[str]:
    """How the page was made."""
    seconds = sum(report["run"]["seconds"] for report in reports)
    early = any(report["run"]["partial"] for report in reports)
    typed = shlex.join(["ipllvm", "paper", *args.words])
    return [
        f"{typed}: the run took {seconds:,.0f} s, protocol {args.protocol}."
        + " The run was stopped early; the same command goes on." * early,
        "A measured value stands with its interval, each bound valid at 95 % on its own side over questions "
        "like these; a printed value of the same questions should lie well inside.",
    ]


def _example() -> Any:
    """A picture of MathVista where it is here, else of a made chart; what is drawn of its caption."""
    from ipllvm.artifacts import saliency
    from ipllvm.benchmarks import choice
    from ipllvm.paper.examples import PicturedExample
    from ipllvm.paper.planning import is_here

    real = is_here("mathvista")
    data = choice.load("mathvista" if real else "charts", offline=True)
    picture, attention = data.samples[0].images[0].load(), saliency.load(saliency.DEFAULT, offline=True)
    drawn, words = _redrawn(data, "sdxl-lightning" if real else "renderer")
    return PicturedExample(picture, attention.of, drawn, words)


def _redrawn(data: Any, name: str) -> tuple[Any, str]:
    """The first picture of `data` drawn anew from its caption, as Table 2's are; and whose caption it is."""
    from PIL import Image

    from ipllvm.artifacts.synthetic import CAPTIONERS, generator
    from ipllvm.engine.captioning import captions
    from ipllvm.models.loading import load

    try:
        artist, author = generator(name, offline=True), load(CAPTIONERS[name], offline=True)
        one = data.part(data.samples[:1])
        (caption,) = captions(author, one, lambda context: {}, 1, lambda done: None).values()
        pixels = artist.draw(caption)
    except IpllvmError as error:
        return None, f"nothing is drawn anew here: {error}"
    return Image.fromarray(
        pixels
    ), f'drawn by {artist.identity} from the caption of {author.name}: "{caption}"'
