"""What every view of a report says of a result, in words: how it stands, why, and what the paper prints."""

from collections.abc import Sequence
from typing import Final

from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import REASON_LIMIT, interval, number, visible
from ipllvm.verdicts.failing import NOT_MEASURED

OBSERVED: Final = {"HOLDS": "AS IN PAPER", "VIOLATED": "NOT AS IN PAPER", "UNDECIDED": "UNDECIDED"}
BEYOND: Final = "beyond the paper"
"""How the source of a claim begins that is none of the paper's."""
INTERVAL_NOTE: Final = "90 % interval (95 % on each side)"
_ALPHA: Final = 0.05
WORST_FIRST: Final = ("VIOLATED", NOT_MEASURED, "WORSE", "UNDECIDED", "HOLDS")
"""What a row may be said to be, in the order of a reader's interest."""


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


def count_of(n: int, noun: str) -> str:
    """`n` and the noun in its number.

    >>> count_of(1, "error"), count_of(0, "error")
    ('1 error', '0 errors')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def reason(row: Row) -> str:
    """Why a row is said to be what it is: its verdict's reason, and what the run as a whole adds."""
    own = visible(row["verdict"]["reason"], REASON_LIMIT)
    if standing(row) == NOT_MEASURED:
        return own or f"the model failed on {count_of(len(row['errors']), 'sample')}"
    return "; ".join(part for part in (own, visible(note(row))) if part)


def note(row: Row) -> str:
    """What the run as a whole adds to a row's own verdict; not yet fit to be shown."""
    return str((row.get("standing") or {}).get("note", ""))
