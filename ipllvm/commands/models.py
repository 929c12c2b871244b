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
        print(LEGEND)
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


COLUMNS = "{:<8}{:<10}{:<8}{:<10}{}"
LEGEND = """
stages: where it can be perturbed: pixels, the projector's output, visual tokens and hidden states, or pixels
  and words alone. pictures: in one prompt. rows: several questions about a picture share its positions, or
  each has its own. drafts: the clean answer is verified in one pass, or a rejected one is rerun from its
  prompt. places: visual tokens have places in the picture, or are queries without any.
Rows and drafts are those of the decoder that a type has by default; docs/families.md has the rest."""


def _families() -> Iterator[Row]:
    """Each model type with what its class says, and what its usual decoder can."""
    from transformers import CONFIG_MAPPING

    from ipllvm.models.language_half import forgets, shares_rows

    yield "type", "class", COLUMNS.format("stages", "pictures", "rows", "drafts", "places")
    for name in FAMILIES:
        family = FAMILIES.load(name)
        pictures = "several" if family.SEVERAL else "one"
        if family.sealed:
            why = family.sealed.partition(",")[0]
            yield name, family.__name__, COLUMNS.format("pixels", pictures, "own", "none", why)
            continue
        config = CONFIG_MAPPING[name]().get_text_config() if name in CONFIG_MAPPING else None
        again = family.FORGETS or forgets(config)
        shared = "shared" if family.SHARED and not again and shares_rows(config) else "own"
        drafts = "rerun" if again else "verified"
        places = "yes" if family.placed else "none: queries"
        yield name, family.__name__, COLUMNS.format("all", pictures, shared, drafts, places)


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
