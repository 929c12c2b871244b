"""What a report says more than once must agree, or it was altered, or written by hand.

A verdict is held against its p-values, its interval and its words; a score against its interval, which is
computed again where it can be; what the run says of a claim against the results that it is made of; the exit
status against all of them. Nothing of it needs a model or the samples.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ipllvm.errors import UsageError, first_line
from ipllvm.records import COMPARISON
from ipllvm.records.values import POINTS
from ipllvm.reporting import counts, schema
from ipllvm.reporting.answer import fails
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.standings import multiplicity, standing
from ipllvm.reporting.text import number, visible
from ipllvm.stats.proportion import proportion_interval
from ipllvm.verdicts import release, wording
from ipllvm.verdicts.failing import FailRule

ROUNDING: Final = 1e-6
"""By how much numbers may differ that are written in full."""
PRINTED: Final = 0.0051
"""And those that a sentence rounds."""
SECONDS: Final = 0.01
SHORTENED: Final = 0.051
"""And scores of which each may be written with one decimal."""
DIFFERENCES: Final = {"gain": "blank", "performance_drop": "permuted"}
"""What is taken off the clean score, if nothing else of the result is."""
PROPORTIONS: Final = ("Wilson, effective sample size", "Clopper-Pearson")
"""Methods of intervals that follow from a score and its effective sample size alone."""
VERBS: Final = {decision.value: words for decision, words in wording.RELATION.items()}
REASON: Final = re.compile(
    rf"\[(-?\d+\.\d+), (-?\d+\.\d+)\] ({'|'.join(VERBS.values())}) (at most|at least) (\S+) points"
)
LOOKS: Final = re.compile(r"\blook \d+ of \d+ planned samples, level ")
"""How a verdict of several looks is worded: an earlier one may have decided, the last one alone may not."""


def require(report: Report) -> None:
    """Raises UsageError with the first of the `contradictions` of a report that is valid by its schema."""
    try:
        found = next(contradictions(report), None)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UsageError(f"no report has such values: {visible(first_line(error), 200)}") from error
    if found is not None:
        raise UsageError(f"it contradicts itself: {found}: it was altered, or not written by ipllvm")


def contradictions(report: Report) -> Iterator[str]:
    """What of a report can't be true at once, a line each."""
    sizes = {each["id"]: each for each in report["benchmarks"]}
    for each in report["benchmarks"]:
        if not each["clusters"] <= each["n"] <= each["total"]:
            yield f"{visible(each['id'])} has {each['n']} samples of {each['total']}"
    for row in report["results"]:
        where = f"{visible(row['property'])} on {visible(row['benchmark'])}"
        for rule in (_estimates, counts.contradictions, _differences, _decided, _bounded, _worded):
            yield from (f"{where}: {fault}" for fault in rule(row, sizes[row["benchmark"]]))
    yield from _run(report)
    yield from _together(report)
    yield from _ended(report)


def _estimates(row: Row, data: Row) -> Iterator[str]:
    """Each score lies in its interval, which is that of its samples, of which there are no more than data."""
    for name, found in row["estimates"].items():
        value, low, high = found["value"], found["low"], found["high"]
        placed = f"{visible(name)} is {number(value)} in [{number(low)}, {number(high)}]"
        if found["n"] + found["n_error"] > data["n"] or sum(found["discordant"]) > found["n"]:
            yield f"{visible(name)} is of {found['n']} samples, of which there are {data['n']}"
        elif value is not None and (_above(low, value) or _above(value, high)):
            yield placed
        elif value is not None and found["method"] in PROPORTIONS and found["unit"] == "points":
            bounds = _proportion(value, found["extra"].get("n_effective"))
            if bounds and any(_apart(a, b) for a, b in zip(bounds, (low, high), strict=True)):
                yield f"{placed}, where its samples give [{number(bounds[0])}, {number(bounds[1])}]"


def _differences(row: Row, data: Row) -> Iterator[str]:
    """A difference of two scores of the same samples is that of the clean score and another."""
    scores, claimed = row["estimates"], row["claim"]["quantity"]
    change, clean = scores.get(claimed), scores.get("clean")
    if DIFFERENCES.get(claimed) not in scores or not (_is_of_all(change, data) and _is_of_all(clean, data)):
        return
    others = {name: each for name, each in scores.items() if name not in (claimed, "clean")}
    usual = others[DIFFERENCES[claimed]]
    if not all(_is_of_all(each, data) for each in others.values()):
        return
    if all(abs(clean["value"] - each["value"] - change["value"]) > SHORTENED for each in others.values()):
        words = f"clean is {number(clean['value'])} and {DIFFERENCES[claimed]} {number(usual['value'])}"
        yield f"{visible(claimed)} is {number(change['value'])}, where {words}"


def _is_of_all(found: Row | None, data: Row) -> bool:
    """Whether every sample of the data gave a score its part."""
    return found is not None and found["value"] is not None and found["n"] == data["n"]


def _decided(row: Row, data: Row) -> Iterator[str]:
    """A decision needs a p-value below its level, and none of a whole run is open in spite of one."""
    verdict, alpha = row["verdict"], row["claim"]["alpha"]
    sides = {"HOLDS": "p_holds", "VIOLATED": "p_violated"}
    p = {side: 1.0 if verdict[name] is None else verdict[name] for side, name in sides.items()}
    decision, least = verdict["decision"], min(p.values())
    if decision in p and p[decision] > alpha + ROUNDING:
        yield f"{decision} with p = {p[decision]:.2g} at a level of {alpha:g}"
    elif decision == "UNDECIDED" and _is_whole(row) and least < alpha - ROUNDING:
        yield f"UNDECIDED with p = {least:.2g} at a level of {alpha:g}"


def _bounded(row: Row, data: Row) -> Iterator[str]:
    """What is decided is what the interval says, and a change has samples that changed."""
    claim, decision = row["claim"], row["verdict"]["decision"]
    found = row["estimates"].get(claim["quantity"])
    if found is None:
        yield f"it has no {visible(claim['quantity'])}, of which it claims something"
        return
    low, high, margin = found["low"], found["high"], claim["margin"]
    at_most = claim["direction"] == "at_most"
    inside = not (_above(high, margin, None) if at_most else _above(margin, low, None))
    outside = not (_above(margin, low, None) if at_most else _above(high, margin, None))
    alone = LOOKS.search(row["verdict"]["reason"]) is None
    if alone and ((decision, inside) == ("HOLDS", False) or (decision, outside) == ("VIOLATED", False)):
        words = f"{claim['direction'].replace('_', ' ')} {margin:g}"
        yield f"{decision} with [{number(low)}, {number(high)}] where {words} is claimed"
    gained, lost = found["discordant"]
    value = found["value"] or 0.0
    if (gained or lost) and ((value > 0 and not gained) or (value < 0 and not lost)):
        yield f"{visible(claim['quantity'])} is {number(value)}, where no sample changed to that side"


def _worded(row: Row, data: Row) -> Iterator[str]:
    """The sentence of a verdict has its interval, its decision and its claim."""
    claim, verdict = row["claim"], row["verdict"]
    words, found = REASON.search(verdict["reason"]), row["estimates"].get(claim["quantity"])
    if words is None or found is None:
        return
    bounds = zip((float(words[1]), float(words[2])), (found["low"], found["high"]), strict=True)
    verb = words[3] if LOOKS.search(verdict["reason"]) else VERBS.get(verdict["decision"], words[3])
    claimed = f"{claim['direction'].replace('_', ' ')} {claim['margin']:g}"
    if any(b is None or abs(a - b) > PRINTED for a, b in bounds):
        yield f"its interval is [{number(found['low'])}, {number(found['high'])}], its reason says {words[0]}"
    elif (verb, claimed) != (words[3], f"{words[4]} {words[5]}"):
        yield f"{verdict['decision']} of {claimed}, its reason says {words[0]}"


def _run(report: Report) -> Iterator[str]:
    """Its times, and whether it was stopped."""
    run = report["run"]
    took = (datetime.fromisoformat(run["finished"]) - datetime.fromisoformat(run["started"])).total_seconds()
    if abs(max(took, 0.0) - run["seconds"]) > SECONDS:
        yield f"it took {run['seconds']:g} s from {run['started']} to {run['finished']}"
    if any(row["partial"] for row in report["results"]) and not run["partial"]:
        yield "one of its results was stopped early, and the run was not"


def _together(report: Report) -> Iterator[str]:
    """What the run says of its claims follows from them; of a gate only where nothing is missing."""
    if not any(row["standing"] for row in report["results"]):
        return  # from before there were any
    rows, lost = schema.rows(report), [{**each, "claim": ""} for each in report["not_measured"]]
    rules = release.rules(report["run"]["options"])
    found = release.families(rows, lost, **rules)
    expected = release.standings(found)
    for place, row in enumerate(report["results"]):
        if not (lost and row["claim"]["name"].startswith(COMPARISON)):
            yield from _stood(row, standing(expected.get(place)))
    for stated in () if lost else release.of(rows, lost, **rules):
        about = stated.name, [*stated.models]
        same = [each for each in report["statements"] if (each["name"], each["models"]) == about]
        if any(each["decision"] != str(stated.decision) for each in same):
            yield f"it says {same[0]['decision']} of {stated.name}, where its results give {stated.decision}"
    counts = [(each["k"], len(each["claims"])) for each in report["multiplicity"]["families"]]
    if counts != [(each["k"], len(each["claims"])) for each in multiplicity(found, report["results"])]:
        yield "it counts other requirements than it has"


def _stood(row: Row, expected: Row | None) -> Iterator[str]:
    """A result stands among all as they all together give it."""
    theirs, ours = ((each or {}).get("decision", "nothing") for each in (row["standing"], expected))
    if theirs != ours:
        named = f"{visible(row['property'])} on {visible(row['benchmark'])}"
        yield f"{named}: the run says {theirs} of it, where all results together give {ours}"


def _ended(report: Report) -> Iterator[str]:
    """The exit status is one that the results can have given."""
    run, options = report["run"], report["run"]["options"]
    rule = FailRule.of(options)
    failing_rows = [row for row in report["results"] if fails(row, rule)]
    status, excused = run["exit_status"], options.get("report_only")
    if status == 0 and report["not_measured"]:
        yield "its status is 0, and something could not be measured"
    if status == 0 and any(each["law"] for each in report["failed"]):
        yield "its status is 0, and a law is broken"
    if status == 0 and not excused and failing_rows:
        what = "violated" if "VIOLATED" in map(_standing, failing_rows) else "worse than the baseline"
        yield f"its status is 0, and a requirement is {what}"
    if status == 2 and not run["partial"]:
        yield "its status is 2, and it was not stopped"
    red = {"VIOLATED", "WORSE", *(["UNDECIDED"] if options.get("fail_undecided") else [])}
    failing = {row["test"] for row in report["results"] if row["verdict"]["decision"] in red}
    for row in report["results"]:
        if row["outcome"] == "failed" and row["test"] not in failing:
            yield f"{visible(row['property'])} failed, and nothing of it is violated"
    errors = any(row["outcome"] == "error" for row in report["results"])
    if status == 7 and not (report["not_measured"] or errors):
        yield "its status is 7, and all was measured"


def _standing(row: Row) -> str:
    return str((row["standing"] or row["verdict"])["decision"])


def _is_whole(row: Row) -> bool:
    return not row["partial"] and row["outcome"] != "error"


def _above(low: float | None, high: float | None, unknown: float | None = 0.0) -> bool:
    """Whether one number is above another by more than rounding; without a bound, as it is `unknown`."""
    if low is None or high is None:
        return unknown is None
    return low - high > ROUNDING * max(1.0, abs(low), abs(high))


def _apart(one: float, other: float | None) -> bool:
    return other is None or abs(one - other) > ROUNDING


def _proportion(value: float, effective: float | None) -> tuple[float, float] | None:
    """The bounds of a score in points, None where its effective sample size is not known."""
    if not isinstance(effective, int | float):
        return None
    low, high = proportion_interval(min(max(value / POINTS, 0.0), 1.0), effective)
    return POINTS * low, POINTS * high
