"""`ipllvm models`: what --model takes, and what of it is on this machine."""

import argparse
import json
from collections.abc import Iterable, Iterator

from ipllvm.commands.listing import Row, show
from ipllvm.errors import ModelUnavailable
from ipllvm.models import sources
from ipllvm.registry import FAMILIES, PLANTED


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm models`."""
    parser.description = "What --model takes: a name below, a folder, or org/name on the hub."
    parser.add_argument(
        "--families", action="store_true", help="the model types that are supported, and what each takes"
    )


def main(args: argparse.Namespace) -> int:
    """Print one line a model, or a family."""
    if args.families:
        show(_families())
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


def _families() -> Iterator[Row]:
    """Each model type with what its class says; which decoders share rows and take prefixes is their own."""
    for name in FAMILIES:
        family = FAMILIES.load(name)
        if family.sealed:
            yield name, family.__name__, f"pixels and words alone: it {family.sealed}"
            continue
        pictures = "several pictures" if family.SEVERAL else "one picture"
        places = "permuted and by place" if family.placed else "permuted; queries have no places"
        order = "" if family.IN_ORDER else ", positions or masks of its own"
        yield name, family.__name__, f"{pictures}; visual tokens {places}{order}; every stage"


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
