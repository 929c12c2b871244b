"""What fails a run or a gate: the one rule that report, comparison, CI and exit status read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VIOLATED, WORSE = "violated", "worse"
FAIL_ON: Final = (VIOLATED, WORSE)
"""The values of --fail-on: what fails a gate is worse by more than its margin, or worse at all."""
OPEN: Final = ("UNDECIDED", "WORSE")
"""What is said of a claim that is not shown to hold, and not shown to be violated either."""
NOT_MEASURED: Final = "NOT MEASURED"
"""What is said of a claim on which the model failed on more samples than it may."""


@dataclass(frozen=True, slots=True)
class FailRule:
    """What of the results fails a run: --fail-on, --undecided, --strict-observations.

    `compares_only` says that the comparisons with a baseline alone are the answer, as of every gate but an
    audit, which asks for both. A decision is one of the words HOLDS, VIOLATED, WORSE, UNDECIDED.
    """

    fail_on: str = VIOLATED
    fail_undecided: bool = False
    strict_observations: bool = False
    compares_only: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "FailRule":
        """The rule of a run, from the options in its report.

        >>> FailRule.of({"baseline": "release-1", "fail_on": "worse"})
        FailRule(fail_on='worse', fail_undecided=False, strict_observations=False, compares_only=True)
        >>> FailRule.of({"baseline": "release-1", "profile": "audit"}) == FailRule.of({}) == FailRule()
        True
        """
        return cls(
            str(options.get("fail_on") or VIOLATED),
            bool(options.get("fail_undecided")),
            bool(options.get("strict_observations")),
            bool(options.get("baseline")) and options.get("profile") != "audit",
        )

    @property
    def at_all(self) -> bool:
        """Whether what is worse than its baseline at all fails, also within its margin."""
        return self.fail_on == WORSE

    def decides(self, kind: str, compared: bool) -> bool:
        """Whether a claim of this kind can fail the run; `compared` is it where it is one with a baseline."""
        asked = self.strict_observations or kind == "requirement"
        return asked and (compared or not self.compares_only)

    def fails(self, decision: str, worse: bool = False) -> bool:
        """Whether a claim that decides fails the run; `worse` says that it is shown to be so at all.

        >>> [FailRule(WORSE).fails(each) for each in ("VIOLATED", "WORSE", "UNDECIDED", "HOLDS")]
        [True, True, False, False]
        >>> FailRule().fails("WORSE"), FailRule(WORSE).fails("HOLDS", worse=True)
        (False, True)
        """
        return decision == "VIOLATED" or (self.at_all and (worse or decision == "WORSE"))

    def stops(self, decision: str, worse: bool = False) -> bool:
        """Whether it stands in the way: it fails the run, or is not shown where that is to fail it.

        >>> [FailRule(fail_undecided=True).stops(each) for each in ("WORSE", "UNDECIDED", "HOLDS")]
        [True, True, False]
        """
        return self.fails(decision, worse) or (self.fail_undecided and decision in OPEN)


BY_MARGIN: Final = FailRule()
"""What fails where nothing else was asked for: what is violated."""
