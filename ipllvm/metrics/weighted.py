"""Claims about several scores at once: the mean of a weighted sum, sample by sample.

A claim that a ratio A / B is at least r is the claim that A - r B is at least 0 (Fieller 1954): no
division, small denominators do no harm, and the pairing by sample is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.metrics.score_means import clusters_of, ranges, score_means
from ipllvm.records import Contrast, Failed, Scores

if TYPE_CHECKING:
    from jaxtyping import Float

# Sums of the same scores in another order differ in the last bits; that is no change of a score.
_DECIMALS = 12

Terms = Sequence[tuple[float, Scores]]


def weighted(name: str, terms: Terms, *, crossed: bool = False) -> Contrast:
    """The sum of weight x score (meaned over draws) of each sample that was asked in all terms.

    Of these, samples with an error in any term are left out and counted. The bound is the largest sum that
    scores in [0, 1] can have. A plain difference of two scores does not count as weighted. With `crossed`
    the sums of each draw are kept too; terms of one draw count in all of them. Raises ValueError where
    clusters disagree.
    """
    means = [score_means(scores) for _, scores in terms]
    weights = np.array([weight for weight, _ in terms], dtype=float)
    ids = [sample for sample in means[0] if all(sample in part for part in means[1:])]
    for sample in ids:
        if len({part[sample][0] for part in means}) > 1:
            raise ValueError(f"sample {sample} is in two clusters")
    values = np.array([[part[sample][1] for part in means] for sample in ids], dtype=float)
    failed = set.intersection(*(set(scores.samples) for _, scores in terms)) - set(ids)
    return Contrast(
        name=name,
        values=np.round(values.reshape(len(ids), len(terms)) @ weights, _DECIMALS),
        clusters=tuple(means[0][sample][0] for sample in ids),
        bound=max(float(weights[weights > 0].sum()), float(-weights[weights < 0].sum())),
        lattice=0.0,
        draws=max(scores.values.shape[1] for _, scores in terms),
        n_error=len(failed),
        samples=tuple(ids),
        weighted=sorted(weight for weight in weights.tolist() if weight) != [-1.0, 1.0],
        crossed=_by_draw(terms, ids) if crossed else None,
        failed=tuple(_failures(terms, sorted(failed), crossed)) if failed else (),
        shared=max(scores.shared for _, scores in terms),
    )


def share_claim(name: str, above: Terms, below: Terms, share: float, *, crossed: bool = False) -> Contrast:
    """At least 0 in the mean where `above` / `below`, two weighted sums, is at least `share`.

    The denominator goes along: where it can't be told from 0 the claim is not decided. `crossed` as in
    `weighted`.
    """
    scores: list[Scores] = []
    for _, each in chain(above, below):
        scores += [] if any(each is one for one in scores) else [each]
    terms = [(_weight(above, each) - share * _weight(below, each), each) for each in scores]
    denominator = weighted("denominator", [(_weight(below, each), each) for each in scores])
    return replace(weighted(name, terms, crossed=crossed), over=denominator, share=share)


def mean_terms(weight: float, scores: Sequence[Scores]) -> list[tuple[float, Scores]]:
    """Terms that make `weight` times the mean of some scores."""
    return [(weight / len(scores), each) for each in scores]


def drawn(name: str, scores: Sequence[Scores]) -> Scores:
    """Perturbations that differ in their strength only, as draws of one; errors are put together."""
    first = scores[0]
    if any(each.samples != first.samples for each in scores):
        places = [{sample: row for row, sample in enumerate(each.samples)} for each in scores]
        kept = [sample for sample in first.samples if all(sample in rows for rows in places)]
        scores = [each.at([rows[s] for s in kept]) for each, rows in zip(scores, places, strict=True)]
        first = scores[0]
    return Scores(
        perturbation=name,
        samples=first.samples,
        clusters=first.clusters,
        values=np.hstack([each.values for each in scores]),
        errors={sample: error for each in scores for sample, error in each.errors.items()},
        shared=max(each.shared for each in scores),
    )


def _weight(terms: Terms, scores: Scores) -> float:
    """The sum of the weights of these scores among the terms: of others of the same values it is none."""
    return sum(weight for weight, each in terms if each is scores)


def _failures(terms: Terms, ids: Sequence[str], crossed: bool) -> Iterator[Failed]:
    """Where the sums of samples with an error in some term may lie, each term at its own end."""
    spans = [ranges(scores, ids) for _, scores in terms]
    clusters = clusters_of(ids, *(scores for _, scores in terms))
    tables = [_by_draw(terms, ids, side) if crossed else np.zeros((len(ids), 0)) for side in (-1, 1)]
    for row, (sample, cluster) in enumerate(zip(ids, clusters, strict=True)):
        ends = [
            sorted((weight * span[sample][0], weight * span[sample][1]))
            for (weight, _), span in zip(terms, spans, strict=True)
        ]
        low, high = (round(float(sum(end[side] for end in ends)), _DECIMALS) for side in (0, 1))
        by_draw = tuple(zip(*(map(float, table[row]) for table in tables), strict=True))
        yield Failed(sample, cluster, low, high, by_draw)


def _by_draw(terms: Terms, ids: Sequence[str], side: float = 0) -> "Float[np.ndarray, 'samples draws']":
    """The weighted sums of each draw; scores that failed at their least (`side` -1) or most (1) for them."""
    table = np.zeros((len(ids), max(scores.values.shape[1] for _, scores in terms)))
    for weight, scores in terms:
        place = {sample: row for row, sample in enumerate(scores.samples)}
        values = scores.values[[place[sample] for sample in ids]]
        table += weight * np.where(np.isnan(values), float(side * weight > 0), values)
    return np.round(table, _DECIMALS)
