"""`ipllvm gate BEFORE AFTER`: may AFTER take the place of BEFORE? From runs, or other harnesses' logs."""

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipllvm.errors import UsageError
from ipllvm.reporting.folders import replace_file
from ipllvm.reporting.text import interval, number, visible
from ipllvm.safety.places import named
from ipllvm.verdicts.failing import FAIL_ON, VIOLATED, FailRule

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline
    from ipllvm.gate.outcome import Change, Gate
    from ipllvm.records import Estimate

USUAL: Final = 2.0
WORST_FIRST: Final = ("VIOLATED", "WORSE", "UNDECIDED", "HOLDS")
EXAMPLES: Final = 3
VERDICTS: Final = {0: "pass", 1: "fail", 6: "undecided", 7: "incomplete"}
WORSE_AT_ALL: Final = "undecided: worse, by more than the margin is not shown (--fail-on=worse fails it)"
WORDS: Final = {
    "pass": "passes", "fail": "fails: worse than before", "undecided": "undecided",
    "incomplete": "fails: not all was compared",
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm gate`."""
    parser.description = (
        "Compare two measured runs by sample, without a model: the exit status says whether the second may "
        "replace the first. Runs are ipllvm's (latest, a baseline, a folder), or per-sample logs of "
        "lm-eval, lmms-eval (--log_samples: the folder or samples_*.jsonl) and inspect_ai (.eval, .json). "
        "Exit status: 0 pass, 1 worse by more than the margin, 6 undecided, 7 not all could be compared."
    )
    parser.add_argument("before", metavar="BEFORE", help="the released model's run")
    parser.add_argument("after", metavar="AFTER", help="the candidate's run")
    parser.add_argument(
        "--margin", type=_margin, metavar="POINTS", help="tolerated loss (default: 2, or the run's own)"
    )
    parser.add_argument(
        "--undecided", choices=("pass", "fail"), default="pass", help="whether UNDECIDED fails the gate"
    )
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default=VIOLATED, help="worse by more than the margin, or at all"
    )
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), help="where names of runs are looked up"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write it as a Markdown comment")
    parser.add_argument(
        "-v", "--why", dest="why", action="store_true", help="add the reasons and the samples that flipped"
    )


def main(args: argparse.Namespace) -> int:
    """Print one line for the answer and one a comparison, what got worse first; its exit status."""
    from ipllvm.gate import sides
    from ipllvm.gate.compare import compare
    from ipllvm.gate.outcome import UNDECIDED
    from ipllvm.reporting import ci

    if args.markdown and not args.markdown.parent.is_dir():
        raise UsageError(f"--markdown {visible(str(args.markdown))}: no such folder: make it first")
    if args.markdown and args.markdown.is_dir():
        raise UsageError(f"--markdown {visible(str(args.markdown))}: it is a folder: name a file")
    (_, before), (_, after) = sides.read(
        (args.before, args.after),
        lambda name: _place(name, args.report_dir),
        lambda place: _load(place, args.margin),
    )
    rule = FailRule(args.fail_on, args.undecided == "fail")
    gate = compare(before, after, f"baseline {args.before}", rule=rule)
    status = gate.status
    verdict = VERDICTS[UNDECIDED if status == 0 and gate.undecided else status]
    answer = f"gate {_words(verdict, gate)}: {visible(args.after, 200)} against {visible(args.before, 200)}"
    print(answer)
    for line in [*lines(gate), *(why(gate) if args.why else ())]:
        print(visible(line, 2000))
    for line in _of_logs(before, after):
        print(visible(line, 600))
    page = ci.comment(answer, gate, os.environ)
    if args.markdown:
        replace_file(args.markdown.parent, args.markdown.name, page)
    ci.publish(page, ci.outputs(gate, verdict), [*ci.problems(gate)] if status else [], os.environ)
    return status


def _of_logs(*sides: "Baseline") -> Iterator[str]:
    """What the logs of other harnesses leave open."""
    left, part, guessed = (
        dict.fromkeys(str(each) for side in sides for each in side.about.get(name, ()))
        for name in ("left_out", "in_part", "guessed")
    )
    yield from (f"left out: {name}: less is better, or it is not a score from 0 to 1" for name in left)
    yield from (f"graded in part: {name}" for name in part)
    if guessed:
        yield f"more is taken to be better, by no word of the name: {', '.join(guessed)}"


def _words(verdict: str, gate: "Gate") -> str:
    """What the gate comes to; of one that is open, whether something is worse all the same."""
    if gate.failed and not any(map(gate.fails, gate.changes)):
        return "fails: its laws or tests failed"
    worse = verdict == "undecided" and any(gate.standing(each) == "WORSE" for each in gate.changes)
    return WORSE_AT_ALL if worse else WORDS[verdict]


def _margin(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = -1.0
    if not 0 < points <= 100:
        raise argparse.ArgumentTypeError(f"{text}: give points, more than 0 and at most 100")
    return points


def _place(name: str, reports: Path) -> Path:
    """The log or the baseline of a run; raises UsageError in one line."""
    from ipllvm.gate import log_files, logs, names

    place = named(name)
    if place is not None and place.exists() and logs.is_log(place):
        return place
    if place is not None and place.is_file() and place.suffix in (".jsonl", ".eval"):
        raise UsageError(f"{visible(name)}: no log by sample: lm-eval writes samples_TASK_*.jsonl")
    why = "" if place is None else log_files.mistaken(place)
    if why and place is not None and place.is_file():
        raise UsageError(f"{visible(name)}: {visible(why)}")
    try:
        return names.baseline_file(name, reports, "gate")
    except UsageError as error:
        if why:
            raise UsageError(f"{visible(name)}: {visible(why)}") from error
        raise


def _load(place: Path, margin: float | None) -> "Baseline":
    """A run or a log as a baseline; raises UsageError in one line."""
    from ipllvm.gate import logs, reading

    if logs.is_log(place):
        return logs.load(place, margin or USUAL)
    found = reading.load(place)
    if margin is None:
        return found
    entries = {
        key: replace(entry, claim=replace(entry.claim, regression_margin=margin))
        for key, entry in found.entries.items()
    }
    return replace(found, entries=entries)


def ordered(gate: "Gate") -> "list[Change]":
    """The comparisons, what got worse first and most."""

    def rank(change: "Change") -> tuple[int, float]:
        return WORST_FIRST.index(gate.standing(change)), -(change.estimate.value or 0.0)

    return sorted(gate.changes, key=rank)


def lines(gate: "Gate") -> Iterator[str]:
    """One line a comparison, then what could not be compared."""
    for change in ordered(gate):
        found = change.estimate
        lost, gained = found.discordant
        means = (
            f"{number(change.before)} before, {number(change.after)} after, "
            if change.before is not None
            else ""
        )
        yield (
            f"{gate.standing(change)} {gate.measure(change)} on {change.key.benchmark}: "
            f"{means}{_worse(found)}, margin "
            f"{change.claim.margin:g}; {lost} lost and {gained} gained of {found.n:,}"
        )
    yield from gate.lines()


def _worse(found: "Estimate") -> str:
    """By how much it is worse, or better, with the interval of that."""
    if found.value is not None and found.value < 0:
        return f"better by {number(-found.value)} {interval(-found.high, -found.low)}"
    return f"worse by {number(found.value)} {interval(found.low, found.high)}"


def why(gate: "Gate") -> Iterator[str]:
    """The reasons, and the worst samples with both answers."""
    for change in ordered(gate):
        yield f"why, {gate.measure(change)} on {change.key.benchmark}: {gate.reason(change)}"
        yield from (f"  {each}" for each in change.turned[:EXAMPLES])
