"""What to do about a result: how many samples would decide it, whether there are so many, and the command."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting import calls, typed
from ipllvm.reporting.answer import answer_of, run_of
from ipllvm.reporting.lines import baseline, claim_title, row_title, titled
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import visible
from ipllvm.reporting.typed import LONG
from ipllvm.reporting.wording import failure, standing
from ipllvm.stats.rounding import rounded_up
from ipllvm.verdicts.failing import NOT_MEASURED

MOST: Final = 3
"""Steps that a page proposes."""
ANEW: Final = ("keyword", "property", "model", "benchmark", "samples", "top-up", "save-baseline", "shard")
"""What is typed otherwise for one result alone; all else stays as the run had it."""
ONE_LOOK: Final = ("sequential", "noise_floor", "no_store", "baseline", "save_baseline")
"""Options of a run that has no second look."""
UNFIXED: Final = ("evidence", "target", "top-up", "baseline-if-missing", "save-baseline")
UNFIXED_FLAGS: Final = ("sequential", "final-look")
"""What a run that is kept as a baseline is typed without: its number of samples is fixed."""
BOTH: Final = "measure the model of the baseline and this one again, each with"
CONDITION: Final = "in 80 % of runs, if the truth is as observed"
SAID_BETTER: Final = (
    "minimum detectable effect",
    "this benchmark cannot decide: about ",
)
"""How parts of a reason begin that stand elsewhere."""


@dataclass(frozen=True, slots=True)
class Step:
    """A thing to do next: why, and the command, empty where it takes none."""

    why: str
    command: str = ""


def samples(row: Row, data: Row) -> str:
    """How many samples would decide an undecided result, and whether its benchmark has them; else empty.

    >>> verdict = {"decision": "UNDECIDED", "n_to_decide": 1499}
    >>> row = {"standing": None, "verdict": verdict, "partial": True}
    >>> data = {"name": "charts", "n": 90, "total": 4000}
    >>> samples(row, data).removesuffix(CONDITION)
    'about 1,500 samples of charts in place of 90 would decide it '
    >>> samples(row, {**data, "total": 300})
    'about 1,500 samples would decide it and charts has 300: add questions'
    """
    n = row["verdict"]["n_to_decide"]
    if not n or standing(row) != "UNDECIDED":
        return ""
    name, more = visible(data["name"], 60), rounded_up(n, data["total"])
    if more > data["total"]:
        return f"about {more:,} samples would decide it and {name} has {data['total']:,}: add questions"
    return f"about {more:,} samples of {name} in place of {data['n']:,} would decide it {CONDITION}"


def why(reason: str) -> str:
    """Why a result is undecided, without what `samples` says better.

    >>> why("[1, 3] does not settle it; about 671 samples would decide; minimum detectable effect 3")
    '[1, 3] does not settle it'
    >>> why("too little to decide; this benchmark cannot decide: about 3,100 samples would, it has 60")
    'too little to decide'
    """
    parts = (part for part in reason.split("; ") if not part.startswith(SAID_BETTER))
    return "; ".join(part for part in parts if not (part.startswith("about ") and "would decide" in part))


def minutes(row: Row, data: Row) -> str:
    """What the missing samples cost, at the rate of this run; empty where most of it had been known before.

    >>> row = {"seconds": 90.0, "trials": 400, "settings": {}, "verdict": {"n_to_decide": 600}}
    >>> minutes(row, {"n": 200})
    'about 3 min'
    """
    reused = row["settings"].get("reused") or 0
    if not row["trials"] or not row["seconds"] or not data["n"] or reused:
        return ""
    missing = max(0, rounded_up(row["verdict"]["n_to_decide"], data.get("total")) - data["n"])
    return f"about {max(1, round(missing * row['seconds'] / data['n'] / 60)):,} min"


def steps(report: Report) -> list[Step]:
    """What to do next, the most pressing first, for who reads it in the folder of the report."""
    rows = answer_of(report).deciding
    examples = [replace(step, command=here(step.command)) for step in _look(rows)]
    found = [*_again(report, rows), *examples, *_decide(report, rows)]
    return found[:MOST] or [*_keep(report, rows)]


def to_decide(report: Report) -> Step | None:
    """What decides most of what is undecided: how many samples of what, at what cost, by which command."""
    return next(_decide(report, answer_of(report).deciding), None)


def to_look_at(report: Report) -> Step | None:
    """Of a comparison that fails the command that shows an answer that changed, where the run was started."""
    rows = [row for row in answer_of(report).deciding if row["claim"]["name"].startswith(COMPARISON)]
    return next(_look(rows), None)


def _again(report: Report, rows: Sequence[Row]) -> Iterator[Step]:
    for lost in report["failed"][:1]:
        yield Step(
            f"Run again what failed ({failure(lost)}, {visible(lost['property'], 80)})",
            visible(lost["replay"], LONG),
        )
    for row in [row for row in rows if standing(row) == NOT_MEASURED][:1]:
        yield Step(f"Measure {_name(row)} again", _check(report, row))


def _look(rows: Sequence[Row]) -> Iterator[Step]:
    """Of what is violated the command that shows an answer that changed."""
    bad = [row for row in rows if standing(row) in ("VIOLATED", "WORSE")]
    for row in bad:
        example = next(iter(row.get("flips") or ()), None)
        if example and example.get("replay"):
            yield Step(f"See an answer of {_name(row)} that changed", visible(example["replay"], LONG))
            return


def _decide(report: Report, rows: Sequence[Row]) -> Iterator[Step]:
    """Of what is undecided the cheapest that more samples would decide."""
    entries = {data["id"]: data for data in report["benchmarks"]}
    pairs = [(row, entries[row["benchmark"]]) for row in rows if samples(row, entries[row["benchmark"]])]
    for row, data in sorted(pairs, key=lambda pair: pair[0]["verdict"]["n_to_decide"])[:1]:
        n = rounded_up(row["verdict"]["n_to_decide"], data.get("total"))
        cost = f", {minutes(row, data)}" if n <= data["total"] and minutes(row, data) else ""
        longer = _longer(report, row, data, n) if n <= data["total"] else []
        command = _check(report, row, data, *longer) if longer else ""
        again = "samples=" if typed.words(run_of(row, report))[:1] == [calls.START] else "--samples="
        both = "" if longer or n > data["total"] or not _compared(row) else f"; {BOTH} {again}{n}"
        yield Step(f"Decide {_claim(row)}: {samples(row, data)}{cost}{both}", command)


def _longer(report: Report, row: Row, data: Row, n: int) -> list[str]:
    """The options of a run of `n` samples after this one: a second look, which shares alpha with the first.

    None where as many as were planned are measured, and of a comparison: its baseline has no more samples.
    """
    if _compared(row):
        return []
    options = run_of(row, report).get("options", {})
    alone = any(options.get(name) for name in ONE_LOOK) or row["settings"].get("sequential")
    if alone:
        return [f"--samples={n}"]
    planned = options.get("top_up")
    whole = planned or n
    return [f"--samples={min(n, whole)}", f"--top-up={whole}"] if whole > data["n"] else []


def _compared(row: Row) -> bool:
    """Whether it is a comparison with a baseline."""
    return str(row["claim"]["name"]).startswith(COMPARISON)


def _keep(report: Report, rows: Sequence[Row]) -> Iterator[Step]:
    """Of one model, the command that makes it what the next checkpoint is compared with."""
    if not rows or report["run"]["partial"] or any(standing(row) != "HOLDS" for row in rows):
        return
    options = run_of(rows[0], report).get("options", {})
    if len({row["model"] for row in rows} | {*options.get("models", ())[1:]}) > 1 or options.get("shard"):
        return
    fixed = "Keep a run of a fixed number of samples" if options.get("sequential") else "Keep this run"
    command = _again_as(report, rows[0], "--save-baseline=release")
    yield Step(f"{fixed}, so that the next checkpoint is compared with it", command)


def _again_as(report: Report, row: Row, option: str) -> str:
    """The command of the run with one option more: what it has measured is known."""
    words = typed.without(typed.words(run_of(row, report)), UNFIXED, UNFIXED_FLAGS)
    return visible(typed.joined([*(words or ["ipllvm", "check", _model(report, row)]), option]), LONG)


def _name(row: Row) -> str:
    return visible(row["property"], 60).replace("_", " ")


def _claim(row: Row) -> str:
    """A property in words, with what more samples decide of it where that says more."""
    name, claim = visible(row["property"], 60), row["claim"]
    return (titled(name, claim_title(claim)) if _compared(row) else row_title(name, claim)).replace("_", " ")


def _check(report: Report, row: Row, data: Row | None = None, *options: str) -> str:
    """The command line that measures one result again, on the same terms: with all else that was typed."""
    given, name = typed.words(run_of(row, report)), _model(report, row)
    files = [f"--property={each}" for each in typed.values(given, "property") if each.endswith(".py")]
    chosen = [*files, "-k", row["property"], *([f"--benchmark={data['name']}"] if data else []), *options]
    words = typed.without(given, ANEW)
    if not given:
        claim = row["claim"]
        against = [f"--baseline={baseline(claim)}"] if claim["name"].startswith(COMPARISON) else []
        words = ["ipllvm", "check", name, *against]
    elif typed.model(given):
        words[2] = name
    elif not typed.in_memory(given):
        chosen = [f"--model={name}", *chosen]
    return visible(typed.joined([*words, *chosen]), LONG)


def _model(report: Report, row: Row) -> str:
    """The model as it was asked for; its name where the run does not say."""
    given = run_of(row, report).get("options", {}).get("models") or ()
    names = (str(name) for name in given)
    return next((name for name in names if name.rstrip("/").endswith(row["model"])), str(row["model"]))


def here(command: str) -> str:
    """A command that shows a trial, to be run in the folder of the report, wherever that lies now.

    >>> here("ipllvm replay /home/me/reports/r1 image_use s-1 --draw=0")
    'ipllvm replay . image_use s-1 --draw=0'
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return visible(command, LONG)
    if words[:2] == ["ipllvm", "replay"] and len(words) > 2:
        words[2] = "."
        command = shlex.join(words)
    return visible(command, LONG)
