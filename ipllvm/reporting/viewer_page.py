"""The pages of `ipllvm view`: the list of runs, and every sample of a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.reporting import pages
from ipllvm.reporting.advice import here
from ipllvm.reporting.example_cards import Example

OPEN: Final = 12
"""Samples of a page that stand open."""
STEP: Final = 24
"""Samples that are opened together."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the list: its words, its page, the pages of its samples, and the comparison with the one
    before it.
    """

    name: str
    answer: str
    models: str
    benchmarks: str
    properties: str
    page: str
    samples: tuple[tuple[str, str], ...] = ()
    compared: str = ""


def index(runs: Sequence[ListedRun], folder: str, *, served: bool) -> str:
    """The list of runs, the latest first; a served one compares any two."""
    return str(pages.template("runs.html").render(runs=runs, folder=folder, served=served))


def samples(
    title: str, run: str, cards: Sequence[tuple[Example, bool]], total: int, why: str, back: str
) -> str:
    """Every sample of a result, the first dozen open; the flag beside a card: whether its score changed."""
    page = pages.template("samples.html", {"here": here, "open": OPEN, "step": STEP})
    return str(page.render(title=title, run=run, cards=cards, total=total, why=why, back=back))
