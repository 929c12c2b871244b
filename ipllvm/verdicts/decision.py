"""The decision that p-values give: the one rule of verdicts, looks, statements and whole runs."""

from ipllvm.records import Decision


def decision_of(
    alpha: float, p_holds: float, p_violated: float, p_worse: float = 1.0, *, at_all: bool = False
) -> Decision:
    """What is shown at level `alpha`; where both sides are, as several looks may have it, the worse.

    `p_worse` speaks of "no worse at all" than a baseline, which counts where the margin decides nothing, and
    with `at_all` (--fail-on=worse) before what holds within it.

    >>> [str(decision_of(0.05, *p)) for p in ((0.01, 1.0), (0.01, 0.02), (0.3, 0.7))]
    ['HOLDS', 'VIOLATED', 'UNDECIDED']
    >>> str(decision_of(0.05, 0.3, 0.7, p_worse=0.01))
    'WORSE'
    >>> str(decision_of(0.05, 0.01, 1.0, p_worse=0.01, at_all=True))
    'WORSE'
    """
    within = (Decision.HOLDS, p_holds), (Decision.WORSE, p_worse)
    sides = (Decision.VIOLATED, p_violated), *(reversed(within) if at_all else within)
    return next((side for side, p in sides if p <= alpha), Decision.UNDECIDED)
