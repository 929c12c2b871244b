"""What every view of a report says alike: the order of the rows and their cells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import MISSING, interval, number, visible

OBSERVED: Final = {"HOLDS": "AS IN PAPER", "VIOLATED": "NOT AS IN PAPER", "UNDECIDED": "UNDECIDED"}
BEYOND: Final = "beyond the paper"
"""How the source of a claim begins that is none of the paper's."""
NOT_MEASURED: Final = "NOT MEASURED"
INTERVAL_NOTE: Final = "90 % interval (95 % on each side)"
_ALPHA: Final = 0.05
_KINDS: Final = ("requirement", "observation")
COMPARISON: Final = "regression:"
WORST_FIRST: Final = ("VIOLATED", NOT_MEASURED, "WORSE", "UNDECIDED", "HOLDS")
"""What a row may be said to be, in the order of a reader's interest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One result as text; names are on one line and cut, but not yet escaped for any format.

    `before` and `after` are the scores of a comparison's two runs, n/a of other claims.
    `notable` says that a reader will ask for the reason: not HOLDS, or only alone.
    """

    model: str
    property: str
    benchmark: str
    clean: str
    blank: str
    perturbed: str
    before: str
    after: str
    change: str
    n: str
    margin: str
    mde: str
    verdict: str
    reason: str
    perturbation: str
    notable: bool
    row: Row


def lines(report: Report) -> list[Line]:
    """The results of `report`: requirements before observations, failures before the rest."""
    ordered = sorted(report["results"], key=_rank)
    names = {benchmark["id"]: benchmark["name"] for benchmark in report["benchmarks"]}
    claims = Counter((row["model"], row["test"]) for row in ordered)

    def name(row: Row) -> str:
        """A claim's name where its test has several, and of a comparison, which stands behind another."""
        claim = str(row["claim"]["name"])
        if claim.startswith(COMPARISON):
            return claim_title(row["claim"])
        return claim if claims[row["model"], row["test"]] > 1 else ""

    return [_line(row, names[row["benchmark"]], name(row)) for row in ordered]


def interval_note(rows: Sequence[Row]) -> str:
    """What the intervals of these results are: each at the level of its own claim.

    >>> interval_note([{"claim": {"alpha": 0.05}}])
    '90 % interval (95 % on each side)'
    >>> interval_note([{"claim": {"alpha": 0.005}}, {"claim": {"alpha": 0.05}}])
    "interval at the claim's own level, 95 to 99.5 % on each side"
    """
    levels = sorted({round(100 * (1 - row["claim"]["alpha"]), 6) for row in rows})
    if levels in ([], [round(100 * (1 - _ALPHA), 6)]):
        return INTERVAL_NOTE
    sides = " to ".join(f"{level:g}" for level in dict.fromkeys((levels[0], levels[-1])))
    return f"interval at the claim's own level, {sides} % on each side"


def standing(row: Row) -> str:
    """What the run says of a result, or NOT MEASURED where the model failed on more samples than it may.

    Of what is no requirement, and in old reports, that is its own verdict.
    """
    said = row.get("standing") or row["verdict"]
    return NOT_MEASURED if not row["partial"] and _lost(row) else str(said["decision"])


def word(row: Row) -> str:
    """`standing` as it is read: an observation is AS IN PAPER, NOT AS IN PAPER or UNDECIDED."""
    name = standing(row)
    if row["claim"]["kind"] != "observation":
        return name
    beyond = row["claim"]["source"].startswith(BEYOND)
    return OBSERVED.get(name, name).replace("IN PAPER", "CLAIMED" if beyond else "IN PAPER")


def _lost(row: Row) -> bool:
    """Whether more samples failed than the settings allow: a number, or below 1 a share.

    An answer of which nothing was read has no score either, and is no failure: the interval has it.
    """
    planned = max((each["n_error"] + each["n"] for each in row["estimates"].values()), default=0)
    budget = row["settings"].get("max_errors") or 0
    return bool(len(row["errors"]) > (budget if budget >= 1 else budget * planned))


def failure(row: Row) -> str:
    """What an entry of `failed` is, in words.

    >>> failure({"law": True}), failure({"law": False})
    ('law broken', 'test failed')
    """
    return "law broken" if row["law"] else "test failed"


def failure_reason(row: Row) -> str:
    """Why an entry of `failed` failed, without repeating what it is; not yet fit to be shown."""
    return str(row["reason"]).removeprefix(f"{failure(row)}: ")


def printed(row: Row) -> list[str]:
    """What the paper prints, each with what is measured and with its notes; not yet fit to be shown.

    >>> figure = {"name": "clean", "value": 34.67, "unit": "percent", "where": "Table 1", "notes": []}
    >>> printed({"printed": [figure], "estimates": {"clean": {"value": 35.33, "unit": "points"}}})
    ['Table 1: clean 34.67 percent, here 35.3']
    """
    return [" ".join([_figure(figure, row), *figure["notes"]]) for figure in row.get("printed", ())]


def _figure(figure: Row, row: Row) -> str:
    if figure["value"] is None:
        return f"{figure['where']}: {figure['name']}."
    line = f"{figure['where']}: {figure['name']} {figure['value']:g} {figure['unit']}"
    here = row["estimates"].get(figure["name"])
    end = "." if figure["notes"] else ""
    return line + (f", here {number(here['value'], here['unit'])}" if here else "") + end


def stated(report: Report) -> list[str]:
    """What several results say together, one sentence each; not yet fit to be shown.

    >>> said = {"kind": "observation", "decision": "HOLDS", "name": "text_rich", "models": ["m"]}
    >>> said |= {"benchmarks": ["charts", "scenes"], "value": 12.34, "low": 8.0, "high": 16.7}
    >>> stated({"statements": [{**said, "unit": "points", "text": "It costs more.", "reason": ""}]})
    ['AS IN PAPER text_rich, m, charts and scenes: It costs more. 12.3 [8.0, 16.7] points']
    """
    return [_sentence(said) for said in report.get("statements", ())]


def _sentence(said: Row) -> str:
    word = OBSERVED[said["decision"]] if said["kind"] == "observation" else said["decision"]
    about = ", ".join(" and ".join(said[names]) for names in ("models", "benchmarks"))
    text = f"{said['text']} {_number(said)}" if said["unit"] else said["text"].rstrip(".")
    reason = f"; {said['reason']}" if said["reason"] else ""
    return f"{word} {said['name']}, {about}: {text}{reason}"


def _number(said: Row) -> str:
    """The number of a statement with its bounds."""
    bounds = interval(said["low"], said["high"], said["unit"])
    return f"{number(said['value'], said['unit'])} {bounds}{' points' * (said['unit'] == 'points')}"


def perturbed_heading(found: Sequence[Line]) -> str:
    """The heading of the perturbed score: its name where all rows have the same."""
    names = {line.perturbation for line in found}
    return names.pop() if len(names) == 1 else "perturbed"


def count_of(n: int, noun: str) -> str:
    """`n` and the noun in its number.

    >>> count_of(1, "error"), count_of(0, "error")
    ('1 error', '0 errors')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _rank(row: Row) -> tuple[int, int]:
    return _KINDS.index(row["claim"]["kind"]), WORST_FIRST.index(standing(row))


def _line(row: Row, benchmark: str, part: str) -> Line:
    """`part` is the name of the claim where a test makes several."""
    claim, estimates = row["claim"], row["estimates"]
    target = estimates.get(claim["quantity"])
    unit = target["unit"] if target else "points"
    other = _perturbation(row)
    sign = "≤" if claim["direction"] == "at_most" else "≥"
    return Line(
        model=visible(row["model"], 60),
        property=visible(titled(row["property"], part), 60),
        benchmark=visible(benchmark, 60),
        clean=_value(estimates.get("clean")),
        blank=_value(estimates.get("blank")),
        perturbed=_value(estimates.get(other)),
        before=_extra(target, "before"),
        after=_extra(target, "after"),
        change=_change(target),
        n=str(target["n"]) if target else "0",
        margin=f"{sign} {number(claim['margin'], unit)}",
        mde=number(row["verdict"]["minimum_detectable_effect"], unit),
        verdict=_verdict(row),
        reason=reason(row),
        perturbation=visible(other, 30),
        notable=standing(row) != "HOLDS" or bool(note(row)),
        row=row,
    )


def titled(name: str, part: str) -> str:
    """A property, and a part of it unless that is called the same.

    >>> titled("image_use", "clean score, against a"), titled("image_use", "image use, against a")
    ('image_use: clean score, against a', 'image_use, against a')
    """
    whole, comma, rest = part.replace("_", " ").partition(",")
    if whole == name.replace("_", " "):
        return f"{name}{comma}{rest}"
    return f"{name}: {part}" if part else name


def row_title(name: str, claim: Row) -> str:
    """A property in words, with its claim where that says more.

    >>> row_title("permutation_invariance", {"name": "permutation"}), row_title("order", {"name": "late"})
    ('permutation invariance', 'order: late')
    """
    words, part = visible(name, 60).replace("_", " "), claim_title(claim)
    return words if part in words else f"{words}: {part}"


def claim_title(claim: Row) -> str:
    """What a claim is called beside others of its property; of a comparison, against what.

    >>> claim_title({"name": "regression:clean_score", "source": "baseline release-1"})
    'clean score, against release-1'
    >>> claim_title({"name": "then_text", "source": "paper 3.7"})
    'then text'
    """
    name = visible(claim["name"], 60).removeprefix(COMPARISON).strip().replace("_", " ")
    return f"{name}, against {baseline(claim)}" if claim["name"].startswith(COMPARISON) else name


def baseline(claim: Row) -> str:
    """The baseline that a comparison was made with, without the folders it lies in."""
    source = visible(claim["source"], 300).removeprefix("baseline ")
    return source.rpartition("/")[2].removesuffix(".json") or source


LABEL = " = "
"""What the names of sub-scores hold, "clean, category = math"."""


def _perturbation(row: Row) -> str:
    """The name of the score under the perturbation: the first that is none of the fixed ones."""
    derived = ("_pairs", "_labelled", "_probability")
    fixed = ("clean", "blank", "noise_floor", "judge_noise", row["claim"]["quantity"])
    others = (
        name
        for name in row["estimates"]
        if name not in fixed and not name.endswith(derived) and LABEL not in name
    )
    return next(others, "perturbed")


def _value(estimate: Row | None) -> str:
    """A score, and how many of the answers behind it could not be read.

    >>> _value({"value": 93.5, "unit": "points", "extra": {"unread": 0.031}})
    '93.5 (3.1 % unread)'
    >>> _value({"value": 0.0, "unit": "points", "extra": {"unread": 1.0}})
    '0.0 (100 % unread)'
    """
    if estimate is None:
        return MISSING
    share = estimate["extra"].get("unread")
    percent = 100 * share if isinstance(share, float) else 0.0
    read = f" ({percent:{'.2g' if percent < 10 else '.0f'}} % unread)" if percent else ""
    return f"{number(estimate['value'], estimate['unit'])}{read}"


def _extra(target: Row | None, when: str) -> str:
    """The score of one of the two runs that a comparison is of."""
    found = (target or {}).get("extra", {}).get(when)
    return number(found) if isinstance(found, float) else MISSING


def _change(target: Row | None) -> str:
    if target is None or target["value"] is None:
        return MISSING
    return f"{_value(target)} {interval(target['low'], target['high'], target['unit'])}"


def _verdict(row: Row) -> str:
    return f"{word(row)} (partial)" if row["partial"] else word(row)


def reason(row: Row) -> str:
    """Why a row is said to be what it is: its verdict's reason, and what the run as a whole adds."""
    own = visible(row["verdict"]["reason"])
    if standing(row) == NOT_MEASURED:
        return own or f"the model failed on {count_of(len(row['errors']), 'sample')}"
    return "; ".join(part for part in (own, visible(note(row))) if part)


def note(row: Row) -> str:
    """What the run as a whole adds to a row's own verdict; not yet fit to be shown."""
    return str((row.get("standing") or {}).get("note", ""))
