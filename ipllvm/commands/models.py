"""`ipllvm models`: what --model takes, and what of it is on this machine."""

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ipllvm.commands.listing import Row, show
from ipllvm.errors import ModelUnavailable
from ipllvm.models import sources
from ipllvm.registry import PLANTED

if TYPE_CHECKING:
    from ipllvm.models.family_table import FamilyRow


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm models`."""
    parser.description = "What --model accepts: a name below, a folder, or org/name on the hub."
    parser.add_argument(
        "--families", action="store_true", help="list the supported model types and what each can be asked"
    )


def main(args: argparse.Namespace) -> int:
    """Print one line a model, or a family."""
    if args.families:
        from ipllvm.models.family_table import rows

        found = list(rows())
        show(_families(found))
        print(LEGEND)
        print("\n".join(_untested(found)))
        return 0
    show([*_embedded(sources.EMBEDDED), *aliases(), *_planted(), *_parts()])
    return 0


def _embedded(names: Iterable[str], what: str = "") -> Iterator[Row]:
    for name in names:
        try:
            config = json.loads((sources.embedded_folder(name) / "config.json").read_text("utf-8"))
        except ModelUnavailable as error:
            yield name, "missing", str(error)
        else:
            yield name, "embedded", what or config["architectures"][0]


COLUMNS = "{:<18}{:<10}{:<8}{:<10}{:<9}{}"
LEGEND = """
lines: those of its class, and of the families it builds on.
exact: equal to plain generate, token by token: 1 alone, B in batches, P permuted visual tokens, D drafts,
  L noise at layers, S several questions in one row, J permuted after the projector, M several pictures.
pictures: in one prompt. rows: several questions about a picture share its positions, or each has its own.
  drafts: the clean answer is verified in one pass, or a rejected one is rerun from its prompt. places: visual
  tokens have places in the picture, or are queries without any.
Rows and drafts are for a type's default decoder; docs/families.md has the rest."""


def _families(found: "Iterable[FamilyRow]") -> Iterator[Row]:
    """Each model type with what its class says, and what its usual decoder can."""
    yield "type", "class", COLUMNS.format("exact", "pictures", "rows", "drafts", "lines", "places")
    for each in found:
        pictures, rows = "several" if each.several else "one", "shared" if each.shared else "own"
        drafts = "none" if each.sealed else "rerun" if each.again else "verified"
        places = "none" if each.sealed else "yes" if each.placed else "none: queries"
        words = COLUMNS.format(each.exact, pictures, rows, drafts, each.lines, places)
        yield each.name, each.written.partition(" ")[0], words


def _untested(found: "Iterable[FamilyRow]") -> Iterator[str]:
    """What is NOT TESTED and why, with the types of which it is so."""
    types: dict[str, list[str]] = {}
    for each in found:
        for why in each.untested:
            types.setdefault(why, []).append(each.name)
    yield "\nNOT TESTED:"
    yield from (f"  {why} ({', '.join(names)})" for why, names in types.items())


def aliases() -> Iterator[Row]:
    """The models of the hub that have a name of their own here."""
    for name, repository in sources.HUB_ALIASES.items():
        try:
            sources.resolve(name, offline=True)
        except ModelUnavailable:
            yield name, "not here", f"hf download {repository}"
        else:
            yield name, "in the hub's cache", repository


def _planted() -> Iterator[Row]:
    kinds = ", ".join(PLANTED)
    yield "planted:KIND", "no weights", f"its answer to a property is known; on --benchmark planted: {kinds}"
    yield "planted:aligned", "no weights", "as --language-model too, on --benchmark planted-captions"


def _parts() -> Iterator[Row]:
    """What goes with a model under test."""
    yield from _embedded(sources.EMBEDDED_ENCODERS, "CLIP, for --encoder and --saliency")
    others = [name for name in sources.EMBEDDED_LANGUAGE_MODELS if name not in sources.EMBEDDED]
    yield from _embedded(others, "language model, for --language-model")
