"""What the numbers of a claim mean, in the words of a reader who has not read the paper."""

from dataclasses import dataclass
from typing import Final

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import visible


@dataclass(frozen=True, slots=True)
class Meaning:
    """`what` completes "Measured: 1.2 points ..."; `more` says what a larger number means."""

    what: str
    more: str


MEANINGS: Final = {
    "performance_drop": Meaning("lost under the perturbation", "more lost"),
    "gain": Meaning("gained by seeing the image", "more use of the image"),
    "kept": Meaning("kept beyond half of what seeing is worth", "more robust"),
    "centre_information": Meaning("that the centre alone is worth more than the edge", "more in the centre"),
    "centre_importance": Meaning(
        "that noise costs more in the centre than at the edge", "centre matters more"
    ),
    "lowest_quarter": Meaning(
        "lost in the lowest layers beyond half of all that is lost", "low layers matter more"
    ),
    "image_first": Meaning("that noise on the image costs more than on the text", "image matters more"),
    "then_text": Meaning("that noise on the image costs more than on the text", "image matters more"),
    "retention": Meaning("recognised beyond nine tenths of the encoder's", "more retained"),
    "solved": Meaning("solved without an image", "more solved"),
    "alignment_loss": Meaning("of alignment lost against the encoder", "more lost"),
    "regression": Meaning("worse than the baseline", "worse than before"),
}


def meaning(claim: Row) -> Meaning:
    """The words of a claim's quantity: those that the claim declares, or its name, where it is not known.

    >>> meaning({"quantity": "text_share", "meaning": "read from the text alone"}).what
    'read from the text alone'
    >>> meaning({"quantity": "text_share"}).what
    'of text share'
    """
    plain = visible(claim["quantity"], 60).replace("_", " ")
    declared = visible(claim.get("meaning") or f"of {plain}", 200)
    return MEANINGS.get(claim["quantity"], Meaning(declared, f"more {plain}"))


AXES: Final = {
    "ratio": "share of the image in black",
    "grid": "cells a side that are shuffled (0: none)",
    "group": "group of visual tokens, row by row",
    "layer": "decoder layer, from the bottom",
}


def axis_name(name: str) -> str:
    """The words of a curve's axis.

    >>> axis_name("layer"), axis_name("my_axis")
    ('decoder layer, from the bottom', 'my axis')
    """
    return AXES.get(name) or visible(name, 60).replace("_", " ")
