"""`ipllvm replay RUN PROPERTY [SAMPLE]`: one trial of a report again, picture and both answers."""

import argparse
import webbrowser
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.reporting import manifest, migration, runs
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.replays import Found, Wanted, find
from ipllvm.reporting.text import visible

if TYPE_CHECKING:
    from PIL import Image

    from ipllvm.replay.trial import Single
    from ipllvm.reporting.schema import Row

SIDE = 448
LONG = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm replay`."""
    parser.description = (
        "Repeat one trial of a report, clean and perturbed, and write its pictures. "
        "Exit status 1 if the answers are not those of the report."
    )
    parser.add_argument("report", metavar="RUN", help="latest, the name or folder of a run, or report.json")
    parser.add_argument("property", help="such as permutation_invariance")
    parser.add_argument("sample", nargs="?", help="id of a sample (default: the first flipped answer)")
    parser.add_argument("--model", help="which model, if the report has several")
    parser.add_argument("--benchmark", help="which benchmark, if the property has several")
    parser.add_argument("--perturbation", help="which perturbation, as the report prints it")
    parser.add_argument("--draw", type=int, help="which draw of it, from 0")
    parser.add_argument("--checkpoint", help="where the model is, if not where the report says")
    parser.add_argument("--any-model", action="store_true", help="accept a model other than the report's")
    parser.add_argument(
        "--judge", metavar="URL#MODEL", help="allow calls to the endpoint that judged the report"
    )
    for name, what in (("trust-remote-code", "run the code"), ("allow-pickle", "read the pickles")):
        words = f"{what} of the checkpoint, as the report's run did"
        parser.add_argument(f"--{name}", action="store_true", help=words)
    own_files(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:i")
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), help="where names of runs are looked up"
    )
    parser.add_argument("--out", type=Path, help="where the pictures go (default: replay, beside the report)")
    parser.add_argument("--open", action="store_true", help="open the pictures")


def own_files(parser: argparse.ArgumentParser) -> None:
    """The option that lets the code of property files be run."""
    words = "import your own property file, for its perturbations; repeatable"
    parser.add_argument("--property-file", type=Path, action="append", default=[], metavar="FILE", help=words)


def main(args: argparse.Namespace) -> int:
    """Show the trial; 1 where the answers are not those of the report, else 0."""
    file = runs.find(args.report, args.report_dir)
    report, usual = migration.read(file), manifest.beside(file.parent)
    if args.out:
        manifest.require_outside(file.parent, args.out)
    asked = (args.property, args.sample, args.model, args.benchmark, args.perturbation, args.draw)
    found = find(report, Wanted(*asked))
    from ipllvm.perturbations import own
    from ipllvm.replay import places
    from ipllvm.replay.reload import (  # brings torch along: a name that is wrong is told before
        Allowed,
        reload,
    )

    own.learn(Path(places.file(str(file), Path.cwd())) for file in args.property_file)
    allowed = Allowed(args.checkpoint, args.any_model, args.judge, args.trust_remote_code, args.allow_pickle)
    single = reload(report, found, file.parent, args.device, allowed)
    answers = single.answers()
    for line in _told(found, single, answers):
        print(visible(line, LONG))
    for path, what in _written(single, args.out or inner_folder(usual, "replay")):
        print(f"{visible(str(path), LONG)}: {what}")
        if args.open:
            webbrowser.open(path.resolve().as_uri())
    if found.flip is None or all(map(str.startswith, answers, said := _answers(found.flip))):
        return 0
    print(f"not as in the report, which has {said[0]!r} and {said[1]!r}: other numerics, or another batch")
    return 1


def _answers(flip: "Row") -> tuple[str, str]:
    """What the report says was said; long answers are cut there."""
    return flip["clean"], flip["perturbed"]


def _told(found: Found, single: "Single", answers: tuple[str, str]) -> Iterator[str]:
    sample, info = single.sample, single.model.info()
    where = f"{info.device}, {info.dtype}"
    yield f"{found.row['property']} on {single.benchmark.name}: {info.name} {info.fingerprint[:12]}, {where}"
    yield f"sample {sample.id}: {sample.prompt}"
    yield f"right answer: {sample.answer}"
    for name, said in zip(("clean", f"{single.perturbation}, draw {single.draw}"), answers, strict=True):
        yield f"{name}: {said!r}, {single.graded(said)}"


def _written(single: "Single", folder: Path) -> Iterator[tuple[Path, str]]:
    """The pictures as PNG files, and what each shows; none where the sample has none."""
    found = single.pictures(SIDE)
    if found is None:
        return
    ensure_writable(folder)
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in single.sample.id)[:80]
    pictures = {"clean": (found.clean, "the clean picture"), "perturbed": (found.perturbed, found.words)}
    for name, (picture, words) in pictures.items():
        yield replace_file(folder, f"{stem}-{name}.png", _png(_enlarged(picture))), words


def _png(picture: "Image.Image") -> bytes:
    made = BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def _enlarged(picture: "Image.Image") -> "Image.Image":
    """Small pictures pixel by pixel larger, so that their patches can be seen."""
    times = max(1, SIDE // max(picture.size))
    return picture.resize((picture.width * times, picture.height * times), resample=0)
