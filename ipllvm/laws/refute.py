"""Laws: properties without tolerance, that one counterexample refutes.

Hypothesis draws the cases and shrinks what breaks the law. Each look at a case may be a forward
pass, so that looks are capped: past the cap only cases already known to break the law still do.
"""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

Case = TypeVar("Case")
Law = Callable[[Case], str | None]
"""Says what is wrong in a case, None where the law holds."""


class _Broken(Exception):
    """Raised inside Hypothesis for a case that breaks the law."""


def refute(
    law: Law[Case], cases: SearchStrategy[Case], queries: int = 20, budget: int | None = None
) -> str | None:
    """The smallest counterexample found, in words; None where there is none.

    Derandomized: the same cases are drawn on every machine. At most `queries` cases are drawn and
    at most five times as many looked at while shrinking; `budget` caps both together. No case is looked
    at twice.

    >>> from hypothesis import strategies as st
    >>> refute(lambda n: f"{n} is too large" if n > 9 else None, st.integers(0, 99))
    '10 is too large'
    """
    found: dict[str, str | None] = {}
    left = 5 * queries if budget is None else budget

    @settings(
        max_examples=queries,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def look(case: Case) -> None:
        nonlocal left
        key = repr(case)
        if left > 0 and key not in found:
            left -= 1
            found[key] = law(case)
        if found.get(key) is not None:
            raise _Broken(found[key])

    try:
        look()
    except _Broken as broken:
        return str(broken)
    return None
