"""Alignment of two representations of the same items: mutual nearest neighbours, and linear CKA.

Mutual k-NN as in Huh et al. 2024 (the Platonic Representation Hypothesis): of each item's k nearest
neighbours by cosine, itself excluded, the share that both representations have in common. Over pairs
of layers the largest mean is reported, against a null of the same maximum with the pairing permuted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.metrics.halves import REACH, CommonNeighbours, sharing, splits
from ipllvm.metrics.weighted import weighted
from ipllvm.records import Contrast, Sample, Scores

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

K = 10
CLAMP = 0.95
_TIE = 1e-9
"""Means of counts that are nearer than this are the same count, summed up in another order."""
_CONSTANT = 1e-12
"""What is left of the mean of a constant, relative to it."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two stacks of layers agree on the same items.

    `best` are the layers of the largest mean, `observed`; `values` are each item's shares at layers
    chosen on the other half of the items, so that the choice does not favour them; `null` are the
    maxima under permuted pairings, `cka` the linear CKA of the best layers. `halves` are each item's shares
    in random halves of the items, with neighbours sought there alone, at the same layers (halves.py).
    """

    best: tuple[int, int]
    observed: float
    values: "Float[np.ndarray, 'items']"
    null: "Float[np.ndarray, 'permutations']"
    cka: float | None
    halves: "Float[np.ndarray, 'splits items']" = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def p(self) -> float:
        """How likely a maximum as large is where the items are paired at random."""
        as_large = self.null >= self.observed - _TIE
        return (1 + int(as_large.sum())) / (len(self.null) + 1)

    def __str__(self) -> str:
        """As a report shows it, in points."""
        first, second = (layer + 1 for layer in self.best)
        return (
            f"{100 * self.observed:.1f} at layers {first} and {second}, "
            f"permuted {100 * self.null.mean():.1f} (p = {self.p:.2g}), "
            f"CKA {'undefined' if self.cka is None else f'{self.cka:.2f}'}"
        )


def clamped(features: "Float[np.ndarray, '*any']", share: float = CLAMP) -> "Float[np.ndarray, '*any']":
    """Outliers drawn in: values of all layers together, clamped to that quantile of their magnitudes.

    >>> clamped(np.array([1.0, -9.0, 2.0, 3.0]), 0.5).tolist()
    [1.0, -3.0, 2.0, 3.0]
    """
    magnitudes = np.abs(features).ravel()
    place = min(int(share * magnitudes.size), magnitudes.size - 1)
    bound = np.partition(magnitudes, place)[place]
    return np.asarray(np.clip(features, -bound, bound))


def neighbours(features: "Float[np.ndarray, 'items width']", k: int = K) -> "Int[np.ndarray, 'items k']":
    """The k nearest other items of each item by cosine, nearest first.

    Raises ValueError unless there are more than k items.
    """
    if not 0 < k < len(features):
        raise ValueError(f"{k} neighbours need more than {k} items, not {len(features)}")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(lengths > 0, lengths, 1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    return _largest_places(similarity, k)


def _largest_places(values: "Float[np.ndarray, 'items others']", k: int) -> "Int[np.ndarray, 'items k']":
    """Where the k largest of each row are, largest first and of equal ones the earlier first."""
    least = np.partition(values, -k, axis=1)[:, -k]
    found = np.empty((len(values), k), dtype=int)
    for row, (own, bound) in enumerate(zip(values, least, strict=True)):
        places = np.flatnonzero(~(own < bound))  # with values that are no numbers all
        found[row] = places[np.argsort(-own[places], kind="stable")[:k]]
    return found


def linear_cka(
    first: "Float[np.ndarray, 'items one']", second: "Float[np.ndarray, 'items other']"
) -> float | None:
    """Linear centred kernel alignment (Kornblith et al. 2019), in [0, 1]; None where one is constant."""
    one, other = (each - each.mean(0) for each in (first, second))
    for centred, whole in ((one, first), (other, second)):
        if np.linalg.norm(centred) <= _CONSTANT * np.linalg.norm(whole):
            return None
    cross = float(np.square(one.T @ other).sum())
    return cross / float(np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other))


def align(
    first: "Float[np.ndarray, 'items layers one']",
    second: "Float[np.ndarray, 'items depths other']",
    rng: np.random.Generator,
    k: int = K,
    permutations: int = 999,
    clusters: Sequence[str] | None = None,
) -> Alignment:
    """Mutual k-NN over all pairs of layers, after clamping each stack as a whole.

    `clusters` are those of the items, each its own if left out.
    """
    first, second = clamped(first), clamped(second)
    near, members = _by_layer(first, k), _membership(_by_layer(second, k))
    items = len(first)
    counts = _common(near, members)
    sums, shares = counts.sum(1), counts / k
    layer, depth = (int(place) for place in np.unravel_index(int(sums.argmax()), sums.shape))
    null = _largest(near, members, (rng.permutation(items) for _ in range(permutations))) / (items * k)
    order = rng.permutation(items)
    chosen = _cross_fitted(shares, order)
    values = np.empty(items)
    for rows, (own, other) in chosen:
        values[rows] = shares[own, rows, other]
    halves = _in_halves(first, second, chosen, k, clusters)
    cka = linear_cka(first[:, layer], second[:, depth])
    observed = float(sums[layer, depth]) / (items * k)
    return Alignment((layer, depth), observed, values, null, cka, halves)


def as_scores(
    name: str, found: Sequence[Alignment], pool: Sequence[Sample], asked: Sequence[Sample]
) -> Scores:
    """The shares of the items asked for, meaned over alignments; their neighbours are all the pool's."""
    row = {sample.id: number for number, sample in enumerate(pool)}
    values = _mean(found).values[[row[sample.id] for sample in asked]]
    ids, clusters = tuple(sample.id for sample in asked), tuple(sample.cluster for sample in asked)
    return Scores(name, ids, clusters, values[:, None], shared=_shared(_mean(found), pool))


def lost(
    name: str,
    before: Sequence[Alignment],
    after: Sequence[Alignment],
    pool: Sequence[Sample],
    samples: Sequence[Sample],
) -> Contrast:
    """What these items lose between two sides that were aligned with the same models."""
    sides = [(1.0, as_scores(name, before, pool, samples)), (-1.0, as_scores(name, after, pool, samples))]
    one, other = _mean(before), _mean(after)
    moved = replace(one, values=one.values - other.values, halves=one.halves - other.halves)
    return replace(weighted(name, sides), shared=_shared(moved, pool))


def _mean(found: Sequence[Alignment]) -> Alignment:
    """The first alignment with values and halves that are the means of all."""
    values, halves = (
        np.mean([getattr(each, part) for each in found], axis=0) for part in ("values", "halves")
    )
    return replace(found[0], values=values, halves=halves)


def _shared(found: Alignment, pool: Sequence[Sample]) -> float:
    return sharing(found.values, found.halves, [sample.cluster for sample in pool])


def _by_layer(
    stack: "Float[np.ndarray, 'items layers width']", k: int
) -> "Int[np.ndarray, 'layers items k']":
    return np.stack([neighbours(stack[:, layer], k) for layer in range(stack.shape[1])])


def _membership(near: "Int[np.ndarray, 'depths items k']") -> "Bool[np.ndarray, 'items items depths']":
    """Whether the second item is a neighbour of the first, by layer."""
    depths, items, _ = near.shape
    members = np.zeros((items, items, depths), dtype=bool)
    for depth in range(depths):
        members[np.arange(items)[:, None], near[depth], depth] = True
    return members


def _common(
    near: "Int[np.ndarray, 'layers items k']", members: "Bool[np.ndarray, 'items items depths']"
) -> "Int[np.ndarray, 'layers items depths']":
    """How many neighbours each item has in common."""
    rows = np.arange(len(members))[:, None]
    return np.stack([np.count_nonzero(members[rows, each], axis=1) for each in near])


def _largest(
    near: "Int[np.ndarray, 'layers items k']",
    members: "Bool[np.ndarray, 'items items depths']",
    pairings: "Iterable[Int[np.ndarray, 'items']]",
) -> "Float[np.ndarray, 'pairings']":
    """The most neighbours in common of any pair of layers, if item i of one is item pairing[i] of the other.

    Eight depths are looked up at once, as the bits of a byte whose values are counted.
    """
    items, depths = members.shape[1:]
    planes = np.moveaxis(np.packbits(members, axis=2), 2, 0).reshape(-1, items * items)
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(int)
    found = []
    for pairing in pairings:
        places = (pairing[:, None] * items + pairing[near]).reshape(len(near), -1)
        counts = [[np.bincount(plane[row], minlength=256) @ bits for plane in planes] for row in places]
        found.append(np.reshape(counts, (len(near), -1))[:, :depths].max())
    return np.array(found, dtype=float)


def _cross_fitted(
    shares: "Float[np.ndarray, 'layers items depths']", order: "Int[np.ndarray, 'items']"
) -> "list[tuple[Int[np.ndarray, 'half'], tuple[int, int]]]":
    """Each half of the items, with the layers that are best on the other half."""
    chosen = []
    for here, there in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        means = shares[:, there].mean(1)
        layer, depth = np.unravel_index(int(means.argmax()), means.shape)
        chosen.append((here, (int(layer), int(depth))))
    return chosen


def _in_halves(
    first: "Float[np.ndarray, 'items layers one']",
    second: "Float[np.ndarray, 'items depths other']",
    chosen: "Sequence[tuple[Int[np.ndarray, 'half'], tuple[int, int]]]",
    k: int,
    clusters: Sequence[str] | None,
) -> "Float[np.ndarray, 'splits items']":
    """Every item's share in the half that it is in, by split, at the layers chosen for it."""
    items = len(first)
    reach = min(REACH * k, items - 1)
    common = {
        (layer, depth): CommonNeighbours(
            neighbours(first[:, layer], reach), neighbours(second[:, depth], reach), k
        )
        for _, (layer, depth) in chosen
    }
    found = []
    for half in splits(items, k, clusters):
        own = np.empty(items)
        for inside in (half, ~half):
            shares = {layers: each.shares(inside) for layers, each in common.items()}
            for rows, layers in chosen:
                there = rows[inside[rows]]
                own[there] = shares[layers][there]
        found.append(own)
    return np.reshape(np.array(found, dtype=float), (-1, items))
