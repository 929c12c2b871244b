"""What the numbers of a claim mean, in the words of a reader who has not read the paper."""

from dataclasses import dataclass
from typing import Final

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible


@dataclass(frozen=True, slots=True)
class Meaning:
    """`what` completes "Measured: 1.2 points ...", `below` does so for what is less than 0, its sign dropped.

    `more` says what a larger number means. Without `below` the sign stays.
    """

    what: str
    more: str
    below: str = ""

    @property
    def noun(self) -> str:
        """What a number is of where that is not plain: lost, gained, kept, worse; else empty."""
        first = self.what.partition(" ")[0]
        return first if first in ("lost", "gained", "kept", "worse") else ""

    def measured(self, value: float, unit: str) -> str:
        """A value in words, without a double negative.

        >>> Meaning("lost", "more lost", "gained").measured(-0.3, "points")
        '0.3 points gained'
        """
        if value < 0 and self.below and number(value) != number(0.0):
            return f"{number(-value)} {unit} {self.below}"
        return f"{number(value)} {unit} {self.what}"


ON_IMAGE: Final = Meaning(
    "that noise on the image costs more than on the text",
    "image matters more",
    "that noise on the image costs less than on the text",
)
MEANINGS: Final = {
    "performance_drop": Meaning("lost under the perturbation", "more lost", "gained under the perturbation"),
    "gain": Meaning("gained by seeing the image", "more use of the image", "lost by seeing the image"),
    "kept": Meaning(
        "kept beyond half of what seeing is worth", "more robust", "short of half of what seeing is worth"
    ),
    "centre_information": Meaning(
        "that the centre alone is worth more than the edge",
        "more in the centre",
        "that the centre alone is worth less than the edge",
    ),
    "centre_importance": Meaning(
        "that noise costs more in the centre than at the edge",
        "centre matters more",
        "that noise costs less in the centre than at the edge",
    ),
    "lowest_quarter": Meaning(
        "lost in the lowest layers beyond half of all that is lost",
        "low layers matter more",
        "of half of all that is lost that the lowest layers do not lose",
    ),
    "image_first": ON_IMAGE,
    "then_text": ON_IMAGE,
    "retention": Meaning(
        "recognised beyond nine tenths of the encoder's",
        "more retained",
        "short of nine tenths of the encoder's",
    ),
    "solved": Meaning("solved without an image", "more solved"),
    "alignment_loss": Meaning(
        "of alignment lost against the encoder", "more lost", "of alignment gained against the encoder"
    ),
    "hallucinated": Meaning("of what is not there answered with yes", "more hallucinated"),
    "regression": Meaning("worse than the baseline", "worse than before", "better than the baseline"),
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


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of a curve for readers: its words, and by what its places are multiplied."""

    name: str
    times: float = 1.0

    def drawn(self, place: float) -> float:
        """A place as it is drawn.

        >>> Axis("share, in %", 100).drawn(0.29)
        29.0
        """
        return round(place * self.times, 9)


AXES: Final = {
    "ratio": Axis("share of the image in black, in %", 100),
    "grid": Axis("cells a side that are shuffled (0: none)"),
    "group": Axis("group of visual tokens, row by row"),
    "layer": Axis("decoder layer, from the bottom"),
    "draw": Axis("draw of the perturbation"),
}


def axis(name: str) -> Axis:
    """A curve's axis.

    >>> axis("layer").name, axis("my_axis").name
    ('decoder layer, from the bottom', 'my axis')
    """
    return AXES.get(name) or Axis(visible(name, 60).replace("_", " "))


@dataclass(frozen=True, slots=True)
class ClaimedLevel:
    """A level across a curve of scores; of a claim, whether it holds `above`, and at which place (None: the
    last).
    """

    name: str
    value: float
    above: bool | None = None
    at: float | None = None


def claim_levels(row: Row, axis_name: str) -> list[ClaimedLevel]:
    """The score on a blank image, and what the claim of a result asks of its curve of scores.

    >>> scores = {"clean": {"value": 98.0}, "blank": {"value": 20.0}}
    >>> row = {"claim": {"quantity": "kept", "margin": 0.0}, "estimates": scores}
    >>> claim_levels(row, "ratio")[1]
    ClaimedLevel(name='claim: half is kept', value=59.0, above=True, at=50.0)
    """
    clean, blank = (row["estimates"].get(name, {}).get("value") for name in ("clean", "blank"))
    found = [] if blank is None else [ClaimedLevel("blank image", blank)]
    claim = row["claim"]
    if clean is None or claim["margin"] is None:
        return found
    if claim["quantity"] == "kept" and axis_name == "ratio" and blank is not None:
        half = blank + (clean - blank) / 2 + claim["margin"]
        found.append(ClaimedLevel("claim: half is kept", half, True, 50.0))
    if claim["quantity"] == "performance_drop":
        least = claim["direction"] == "at_least"
        words = f"claim: {'at least' if least else 'at most'} {claim['margin']:g} lost"
        found.append(ClaimedLevel(words, clean - claim["margin"], not least))
    return found
