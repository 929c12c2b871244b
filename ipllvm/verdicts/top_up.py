"""A longer run after a first one: what each look at the same measurement may decide, so that all keep alpha.

Deciding once at 300 samples and, where that says nothing, again at 1,500 errs more often than either. With a
number of samples planned for the whole (--top-up N), each look has the level that alpha spending gives to its
share of N. Every look is written down in the report folder, also those of runs that planned none: they were
taken at the whole of alpha, which cannot be taken back, and is told. So is what looks of another plan spent.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, takewhile
from pathlib import Path

from ipllvm.errors import UsageError
from ipllvm.records import Claim, Decision, Verdict
from ipllvm.safety import reading, writing
from ipllvm.stats.spending import levels, repeated_p, spent
from ipllvm.verdicts.decision import decision_of

FILE = "looks.jsonl"


@dataclass(frozen=True, slots=True)
class Look:
    """What a claim's p-values were at so many samples; `planned` is the number planned then, 0 for none.

    `key` says of what: property, claim, model and numerics, data, seed and all else that values depend on.
    """

    key: str
    samples: int
    p_holds: float
    p_violated: float
    planned: int = 0


def over_all(verdict: Verdict, claim: Claim, look: Look, earlier: Sequence[Look]) -> Verdict:
    """The verdict on `look`, taken after `earlier` ones (in that order), each at its share of the plan.

    A look at no more samples than were seen before has no share, so that nothing is decided at it. One that
    is among the `earlier` ones is that one repeated.

    >>> from ipllvm import claims
    >>> first, second = Look("k", 300, 0.3, 0.9, 1500), Look("k", 1500, 0.04, 0.9, 1500)
    >>> alone = Verdict(Decision.HOLDS, "inside", 0.04, 0.9)
    >>> over_all(alone, claims.load()["permutation"], second, [first]).reason
    'not enough at look 2 of 1500 planned samples, level 0.039, after 300: inside'
    """
    before = list(takewhile(lambda each: each.samples != look.samples, earlier))
    rising = _rising([*before, look])
    whole = max(look.planned, rising[-1].samples)
    shares = tuple(each.samples / whole for each in rising)
    level = levels(shares, claim.alpha)[-1] if rising[-1] is look else 0.0
    p_holds, p_violated = (
        repeated_p([getattr(each, side) for each in rising], shares) for side in ("p_holds", "p_violated")
    )
    decision = decision_of(claim.alpha, p_holds, p_violated)
    after = f", after {', '.join(str(each.samples) for each in before)}" if before else ""
    where = f"look {len(before) + 1} of {whole} planned samples, level {level:.2g}{after}"
    told = {
        verdict.decision: f"{verdict.reason} ({where})",
        Decision.UNDECIDED: f"not enough at {where}: {verdict.reason}",
    }.get(decision, f"decided at an earlier look; now ({where}): {verdict.reason}")
    reason = f"{told}{_overspent(claim, level, before, whole)}"
    return replace(verdict, decision=decision, reason=reason, p_holds=p_holds, p_violated=p_violated)


def unplanned(verdict: Verdict, claim: Claim, look: Look, earlier: Sequence[Look]) -> Verdict:
    """The verdict of a run that planned no looks: as it is, and what planned ones before it have spent.

    >>> from ipllvm import claims
    >>> alone, before = Verdict(Decision.HOLDS, "inside", 0.04, 0.9), [Look("k", 300, 0.3, 0.9, 300)]
    >>> unplanned(alone, claims.load()["permutation"], Look("k", 760, 0.04, 0.9), before).reason[:76]
    'inside; the look at 300 was one of 300 planned: all together may err in 10.0'
    """
    others = [each for each in earlier if each.samples != look.samples]
    if not any(each.planned for each in others):
        return verdict
    return replace(verdict, reason=f"{verdict.reason}{_overspent(claim, claim.alpha, others)}")


def _rising(series: Sequence[Look]) -> list[Look]:
    """The looks that saw more samples than all before them."""
    most = accumulate((look.samples for look in series), max, initial=0)
    return [look for look, before in zip(series, most, strict=False) if look.samples > before]


def _overspent(claim: Claim, level: float, before: Sequence[Look], whole: int | None = None) -> str:
    """What is to be said where earlier looks were none of this plan (None: there is none): planned none, or
    others.

    >>> from ipllvm import claims
    >>> _overspent(claims.load()["permutation"], 0.031, [Look("k", 300, 0.3, 0.9, 300)], 760)[:82]
    '; the look at 300 was one of 300 planned: all together may err in 8.1 % of runs; p'
    """
    plans: dict[int, list[int]] = {}
    for each in before:
        plans.setdefault(max(each.planned, each.samples) if each.planned else 0, []).append(each.samples)
    if whole is not None:
        plans.pop(whole, None)
    if not plans:
        return ""
    parts, free = [], plans.pop(0, [])
    if free:
        parts.append(f"the look at {', '.join(map(str, free))} was taken at the whole of alpha")
    for plan, counts in plans.items():
        parts.append(f"{_looks_at(counts)} of {plan} planned")
    error = len(free) * claim.alpha + level
    error += sum(spent(max(counts) / plan, claim.alpha) for plan, counts in plans.items())
    every = "both together" if free and not plans else "all together"
    return (
        f"; {', '.join(parts)}: {every} may err in {100 * min(1.0, error):.1f} % of runs; "
        "plan with --top-up before the first look"
    )


def _looks_at(counts: Sequence[int]) -> str:
    one = len(counts) == 1
    return f"the look{'s' * (not one)} at {', '.join(map(str, counts))} {'was one' if one else 'were'}"


class Book:
    """The looks in a report folder, one line each, which several processes may write."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._place = writing.Place(folder)

    def of(self, key: str) -> list[Look]:
        """The looks at one measurement, of each number of samples the last, in the order they were taken in.

        Raises UsageError where the file can't be read: looks that nobody knows of are paid for by nobody.
        """
        found: dict[int, Look] = {}
        for line in self._lines():
            try:
                look = Look(**reading.json_value(line))
            except (TypeError, ValueError):
                continue  # a line that was cut off when the disk was full
            if look.key == key and type(look.samples) is int:
                found[look.samples] = look
        return list(found.values())

    def add(self, look: Look) -> None:
        """Write a look down; what was the same already is not written again."""
        if look not in self.of(look.key):
            self._place.ready()
            writing.append(self._file, json.dumps(asdict(look)) + "\n")

    def _lines(self) -> list[str]:
        try:
            return reading.text_file(self._file).split("\n")
        except FileNotFoundError:
            return []
        except (OSError, reading.Refused) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(
                f"{self._file}: the looks that were taken can't be read ({why}): give another --report-dir"
            ) from error
