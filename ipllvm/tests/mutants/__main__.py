"""`make mutants`: small changes of what decides, each of which some test should notice.

Resumable: what was tried of modules that have not changed since is kept in the file of results.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipllvm.tests.mutants import trial
from ipllvm.tests.mutants.equivalent import why
from ipllvm.tests.mutants.rooms import Mutant, chosen, every, noticing

COUNT, SEED = 160, 0
LIMIT = 300.0
"""Seconds for a mutant whose tests are not known yet to end."""


def main() -> None:
    """Try each mutant that has no result, then print the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="mutants of modules whose path holds this")
    parser.add_argument("--most", type=int, help="try so many now, and the others another time")
    parser.add_argument("--results", type=Path, default=Path("reports/mutants.jsonl"))
    args = parser.parse_args()
    mutants = [each for each in chosen(args.count, args.seed) if args.only in each.module]
    known = dict(_read(args.results))
    waiting = [each for each in mutants if each.key not in known][: args.most]
    asis = AsIs()

    def tried(mutant: Mutant) -> tuple[Mutant, bool | None, float]:
        return mutant, *nearest(mutant, noticing(mutant.module), asis)

    args.results.parent.mkdir(parents=True, exist_ok=True)
    with args.results.open("a", encoding="utf-8") as file, ThreadPoolExecutor(args.jobs) as pool:
        for mutant, killed, seconds in pool.map(tried, waiting):
            if killed is None:
                print("UNKNOWN ", f"{seconds:6.1f} s", mutant.key, flush=True)
                continue
            known[mutant.key] = killed
            row = {"mutant": mutant.key, "killed": killed, "seconds": round(seconds, 1)}
            print(json.dumps(row), file=file, flush=True)
            print("killed  " if killed else "SURVIVED", f"{seconds:6.1f} s", mutant.key, flush=True)
    for name in sorted(asis.failing):
        print("FAILS WITHOUT A MUTANT", name)
    print("\n".join(table(known)))


@dataclass(slots=True)
class AsIs:
    """How tests end without a change, of those that were asked: by name."""

    passing: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)

    def passes(self, named: Sequence[str], tests: Sequence[str]) -> bool:
        """Whether the named tests pass, or where none has a name all of `tests`, in a quarter of the time."""
        asked = [name for name in named if name not in self.passing]
        if named and not asked:
            return True
        found = trial.run(asked or tests, LIMIT / 4)
        self.passing.update(asked if found.passed else ())
        self.failing.update(found.failed)
        return found.passed


def nearest(mutant: Mutant, rings: Iterable[Sequence[str]], asis: AsIs) -> tuple[bool | None, float]:
    """Whether the nearest tests kill a mutant, or those further away; None where some ring says nothing."""
    found: bool | None = False
    seconds = 0.0
    for tests in filter(None, rings):
        killed, took = judged(mutant, tests, asis)
        seconds += took
        if killed:
            return True, seconds
        found = None if killed is None else found
    return found, seconds


def judged(mutant: Mutant, tests: Sequence[str], asis: AsIs) -> tuple[bool | None, float]:
    """Whether a mutant is killed, None where that is not known, and the seconds of its first run.

    It is where a test fails twice with the change and passes without it. One that fails without it too says
    nothing: the others are tried. Where no test has a name, because they hang or can't be collected, the same
    tests have to pass without the change. A child that is killed, as by a lack of memory, says nothing.
    """
    known = frozenset(asis.failing)
    left = [*tests, *(f"--deselect={name}" for name in sorted(known))]
    first = trial.run(left, LIMIT, mutant.module, mutant.change.number)
    if first.passed:
        return False, first.seconds
    if first.status is not None and first.status < 0:
        return None, first.seconds
    if first.failed and trial.run(first.failed, LIMIT, mutant.module, mutant.change.number).passed:
        return None, first.seconds
    if asis.passes(first.failed, tests):
        return True, first.seconds
    return (None, first.seconds) if asis.failing <= known else judged(mutant, tests, asis)


def _read(path: Path) -> Iterator[tuple[str, bool]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return ((row["mutant"], row["killed"]) for row in rows)


def table(known: dict[str, bool]) -> list[str]:
    """The score by room, as Markdown, of all mutants that were tried and are still possible.

    Those that survived and are no other program are left out of the score.
    """
    tried, killed, alike = Counter[str](), Counter[str](), Counter[str]()
    for each in every():
        if each.key in known:
            room = each.module.split("/")[1]
            tried[room] += 1
            killed[room] += known[each.key]
            alike[room] += bool(not known[each.key] and why(each))
    rows = [_row(room, tried[room], killed[room], alike[room]) for room in sorted(tried)]
    rows.append(_row("all", tried.total(), killed.total(), alike.total()))
    return ["| room | tried | killed | equivalent | score |", "|---|---|---|---|---|", *rows]


def _row(room: str, tried: int, killed: int, alike: int) -> str:
    score = f"{100 * killed / (tried - alike):.0f} %" if tried > alike else "nothing"
    return f"| {room} | {tried} | {killed} | {alike} | {score} |"


if __name__ == "__main__":
    main()
