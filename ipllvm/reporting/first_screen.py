"""The first screen of a page: which model, against what, may it be released, what is in the way, how bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.advice import Step, steps
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.lines import baseline, claim_title
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.sections import Section, ShownResult
from ipllvm.reporting.text import duration, model_size, visible
from ipllvm.reporting.wording import count_of, standing
from ipllvm.verdicts.failing import NOT_MEASURED

LISTED: Final = 10
"""Models, and benchmarks, that the first screen names."""


@dataclass(frozen=True, slots=True)
class Move:
    """From which score to which, in points of 100: of a gate before and after, else clean and perturbed."""

    first: str
    start: float
    second: str
    end: float

    @property
    def place(self) -> str:
        """Where the bar between them lies on a scale of 100, as a style."""
        low, high = sorted(min(100.0, max(0.0, x)) for x in (self.start, self.end))
        return f"left:{low:.1f}%;width:{max(1.0, high - low):.1f}%"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A requirement that is not met: where it stands on the page, what it is about, and how bad it is."""

    result: ShownResult
    title: str
    where: str
    move: Move | None


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What the first screen says; `compared` are obstacles against a baseline, `own` the model's own.

    `harmless` are those of its own claims that are violated and fail nothing, as in a gate.
    """

    colour: str
    word: str
    answer: str
    rest: str
    about: tuple[tuple[str, str], ...]
    compared: tuple[Obstacle, ...]
    own: tuple[Obstacle, ...]
    harmless: tuple[Obstacle, ...]
    waiting: tuple[Obstacle, ...]
    next: tuple[Step, ...]


def first_screen(report: Report, sections: Sequence[Section]) -> FirstScreen:
    """The first screen of a report."""
    results = [result for section in sections for part in section.parts for result in part.results]
    several = len(report["models"]) > 1
    found = answer_of(report)
    required = [each for each in results if _is_requirement(each) or found.decides(each.line.row)]
    worse = [each for each in required if found.fails(each.line.row) and standing(each.line.row) == "HOLDS"]
    bad = sorted([*_standing(required, ("VIOLATED", "WORSE")), *worse], key=_beyond, reverse=True)
    open_ = _standing(required, (NOT_MEASURED, "UNDECIDED"))
    obstacles = [_obstacle(result, several) for result in bad]
    own = [each for each in obstacles if not _regression(each.result.line.row)]
    answer, rest = found.headline
    colour, word = found.release
    return FirstScreen(
        colour=colour,
        word=word,
        answer=answer,
        rest=rest,
        about=tuple(_about(report, results)),
        compared=tuple(each for each in obstacles if _regression(each.result.line.row)),
        own=tuple(each for each in own if found.decides(each.result.line.row)),
        harmless=tuple(each for each in own if not found.decides(each.result.line.row)),
        waiting=tuple(_obstacle(result, several) for result in open_),
        next=tuple(steps(report)),
    )


def _regression(row: Row) -> bool:
    return str(row["claim"]["name"]).startswith(COMPARISON)


def _is_requirement(result: ShownResult) -> bool:
    return bool(result.line.row["claim"]["kind"] == "requirement")


def _standing(results: Sequence[ShownResult], wanted: Sequence[str]) -> list[ShownResult]:
    """The results that stand so, in the order of `wanted`."""
    found = [result for result in results if standing(result.line.row) in wanted]
    return sorted(found, key=lambda result: wanted.index(standing(result.line.row)))


def _beyond(result: ShownResult) -> float:
    """By how much a claim is missed, in its unit."""
    row = result.line.row
    claim, target = row["claim"], row["estimates"].get(row["claim"]["quantity"])
    if target is None or target["value"] is None or claim["margin"] is None:
        return 0.0
    over: float = target["value"] - claim["margin"]
    return over if claim["direction"] == "at_most" else -over


def _obstacle(result: ShownResult, several: bool) -> Obstacle:
    row, line = result.line.row, result.line
    name = visible(row["property"], 60).replace("_", " ")
    title = claim_title(row["claim"]) if _regression(row) else name
    places = [line.benchmark, *([line.model] if several else [])]
    return Obstacle(result, title, ", ".join(places), move(row, line.perturbation))


def move(row: Row, perturbed: str) -> Move | None:
    """From which score to which a result has moved; None where it has no two scores."""
    extra = row["estimates"].get("regression", {}).get("extra", {})
    if isinstance(extra.get("before"), float) and isinstance(extra.get("after"), float):
        return Move("before", extra["before"], "after", extra["after"])
    ends = [row["estimates"].get(name) for name in ("clean", perturbed)]
    if any(end is None or end["value"] is None or end["unit"] != "points" for end in ends):
        blank = row["estimates"].get("blank")
        if row["claim"]["quantity"] != "gain" or ends[0] is None or blank is None or blank["value"] is None:
            return None
        return Move("blank image", blank["value"], "clean", ends[0]["value"])
    first, second = (end["value"] for end in ends if end is not None)
    return Move("clean", first, perturbed.replace("_", " "), second)


def _about(report: Report, results: Sequence[ShownResult]) -> list[tuple[str, str]]:
    """Which model, measured on what, against what, when: name and words."""
    models = [
        f"{visible(model['id'], 80)} ({visible(model['family'], 40)}, {model_size(model['parameters'])}, "
        f"fingerprint {visible(model['fingerprint'][:12], 12)})"
        for model in report["models"]
    ]
    data: dict[str, int] = {}
    for each in report["benchmarks"]:
        data[each["name"]] = max(each["n"], data.get(each["name"], 0))
    sources = [baseline(r.line.row["claim"]) for r in results if _regression(r.line.row)]
    against = ", ".join(dict.fromkeys(sources)) or "the project's margins; no baseline"
    run = report["run"]
    found = [("Model" if len(models) == 1 else "Models", _listed(models, "; ")), ("Against", against)]
    taken = _listed([f"{visible(name, 40)} ({n:,})" for name, n in data.items()], ", ")
    found += [("Measured on", taken)] if data else []
    law = count_of(len(report["passed_laws"]), "law")
    when = f"{visible(run['started'][:10], 10)}, {duration(run['seconds'])}"
    found += [("When", f"{when}; {law} without exception" if report["passed_laws"] else when)]
    return [(name, words) for name, words in found if words]


def _listed(names: Sequence[str], between: str) -> str:
    """The names, or the first of many; the foot of the page has all.

    >>> _listed(["a", "b"], "; "), _listed([*"abcdefghijklmn"], ", ")
    ('a; b', 'a, b, c, d, e, f, g, h, i, j and 4 more')
    """
    more = len(names) - LISTED
    return between.join(names[:LISTED]) + (f" and {more:,} more" if more > 0 else "")
