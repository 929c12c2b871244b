"""Made-up results with curves, maps, examples and what the paper prints, for the tests of the page."""

import base64
import io
from dataclasses import replace

from PIL import Image

from ipllvm.records import Decision, Point, Result, Series
from ipllvm.reporting.schema import Report, Row
from ipllvm.tests.reporting import reports

CURVE = Series(
    "random", "score with that share in black (higher = more robust)", "points", ("ratio",),
    (Point((0,), 9.0, 8, 10), Point((0.5,), 4.0), Point((0.9,), None)),
)  # fmt: skip
OTHER = Series("salient", CURVE.quantity, "points", ("ratio",), (Point((0,), 9.0, 8, 10), Point((0.5,), 2.0)))
MAP = Series(
    "lost", "what is lost (higher = more lost)", "points", ("row", "column"),
    tuple(Point((cell // 2, cell % 2), float(cell)) for cell in range(4)),
)  # fmt: skip
PRINTED: Row = {"name": "clean", "value": 34.67, "unit": "percent", "where": "Table 1", "notes": ["Odd."]}


def result() -> Result:
    """A result with two curves of one axis and a map."""
    return replace(reports.result(Decision.VIOLATED, name="patch_information"), series=(CURVE, OTHER, MAP))


def uri(colour: str = "red", side: int = 32, kind: str = "png") -> str:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, kind)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def flip(**changed: object) -> Row:
    """An answer that flipped."""
    made: Row = {
        "sample": "easyvqa-3",
        "prompt": "What colour is it?",
        "gold": "red",
        "clean": "red",
        "perturbed": "blue",
        "perturbation": "permutation(scope=keep_newline)",
        "draw": 1,
        "pictures": [uri("red"), uri("blue")],
        "words": "each patch stands where its token was moved to",
        "replay": "ipllvm replay r p easyvqa-3 --draw=1",
        "read": ["red", None],
        "before": [],
    }
    return {**made, **changed}


def report(*flips: Row) -> Report:
    """A report of `result` with examples and a figure of the paper, beside one of every kind."""
    made = reports.report(result(), reports.result(), reports.result(Decision.UNDECIDED, "too few", name="c"))
    made["results"][0] |= {"flips": list(flips), "printed": [PRINTED]}
    return made
