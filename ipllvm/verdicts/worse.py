"""Worse at all: the same test at margin 0, over all rows of a gate and over all of its answers as one sample.

A margin asks "worse by more than so much?", which a damage of twice as much is often too few samples to
answer. That something is worse at all is shown much sooner. Where many measures each lose a little, no row
shows it, and the pooled one does.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.benchmarks.names import source
from ipllvm.records import EXACT, Contrast, Failed
from ipllvm.stats.choice import choose
from ipllvm.stats.clusters import cluster_sums, mean_size
from ipllvm.stats.power import design_effect

if TYPE_CHECKING:
    from jaxtyping import Float

POOLED = "all_answers"
"""The name of the row over all answers of a run."""
AGREEMENT = 0.3
"""Ours: by how much answers about a picture are taken to agree where they are weighed among all of a run.

A picture counts for 1 / 0.3 single answers at most, however many are asked about it. With the 0.1 of planning
it counted for up to ten, and "worse" was said of nothing in 5.5 % where 30 pictures of one benchmark win as a
whole.
"""


def p_worse(contrast: Contrast, exact: str = EXACT[0]) -> float:
    """The p-value of "no worse at all" of a contrast, positive where it is worse; `exact` as in choose.

    >>> lost = Contrast("lost", np.repeat([1.0, 0.0], [8, 292]), tuple(map(str, range(300))))
    >>> p_worse(lost) < 0.01, p_worse(Contrast("none", np.zeros(300), lost.clusters))
    (True, 1.0)
    """
    if not np.any(contrast.values) and not contrast.n_error:
        return 1.0
    return choose(contrast, exact).p_violated(0.0)


def pool(parts: Sequence[tuple[str, Contrast]]) -> Contrast | None:
    """All values as one sample, of contrasts on benchmarks by name; None where there are none.

    A picture is one cluster however many properties, questions and renderings ask about it. Where a benchmark
    has many questions a picture its answers weigh less (`answer_weights`); the mean weight is 1. What is
    asked is whether anything is worse, and no weight makes that of nothing.
    """
    parts = [(name, each) for name, each in parts if len(each.values)]
    if not parts:
        return None
    contrasts = [each for _, each in parts]
    weights = answer_weights(contrasts)
    reach = [weight * each.bound for weight, each in zip(weights, contrasts, strict=True)]
    return Contrast(
        POOLED,
        np.concatenate([weight * each.values for weight, each in zip(weights, contrasts, strict=True)]),
        tuple(f"{source(name)} {cluster}" for name, each in parts for cluster in each.clusters),
        bound=max(reach),
        lattice=float(min(weight * each.lattice for weight, each in zip(weights, contrasts, strict=True))),
        draws=max(each.draws for each in contrasts),
        n_error=sum(each.n_error for each in contrasts),
        samples=tuple(f"{name} {sample}" for name, each in parts for sample in each.samples),
        failed=tuple(_failures(parts, weights)),
        shared=max(each.shared for each in contrasts),
        reach=np.repeat(reach, [len(each.values) for each in contrasts]),
    )


def _failures(
    parts: Sequence[tuple[str, Contrast]], weights: "Float[np.ndarray, 'contrasts']"
) -> Iterator[Failed]:
    """The samples without a value of all contrasts, as they count among all answers."""
    for (name, contrast), weight in zip(parts, weights, strict=True):
        for each in contrast.failures:
            ends = float(weight * each.low), float(weight * each.high)
            yield Failed(f"{name} {each.sample}", f"{source(name)} {each.cluster}", *ends)


def answer_weights(contrasts: Sequence[Contrast]) -> "Float[np.ndarray, 'contrasts']":
    """What an answer of each weighs among all of them, 1 in the mean; contrasts without a value weigh 1.

    The weights are over the design effects of answers that agree by `AGREEMENT` where they share a picture.

    >>> singles, tens = (Contrast("x", np.zeros(30), tuple(str(i // m) for i in range(30))) for m in (1, 10))
    >>> answer_weights([singles, tens]).round(3).tolist()
    [1.574, 0.426]
    """
    sizes = [len(each.values) for each in contrasts]
    if not sum(sizes):
        return np.ones(len(contrasts))
    clusters = [mean_size(cluster_sums(each)[1]) for each in contrasts]
    raw = np.array([1 / design_effect(cluster_size=size, cluster_correlation=AGREEMENT) for size in clusters])
    return np.asarray(raw / np.average(raw, weights=sizes))
