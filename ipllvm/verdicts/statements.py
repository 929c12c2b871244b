"""What a run says beyond its single results: over benchmarks, and over models.

Each statement is made from the contrasts of results that are in the report already. None of them changes
an exit status.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ipllvm.benchmarks.names import source, with_writing
from ipllvm.metrics.influence import ratio_difference
from ipllvm.models.encoder_kinds import CNNS, VITS
from ipllvm.records import Claim, Contrast, Decision, Result
from ipllvm.sampling import generator
from ipllvm.stats.choice import INDISTINCT, above_zero, turned
from ipllvm.stats.correlation import FEWEST, correlation
from ipllvm.stats.missing import bounded
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.strata import combined, stratified
from ipllvm.stats.student import linearised
from ipllvm.verdicts.decision import decision_of
from ipllvm.verdicts.guard import GAIN, NOT_SHOWN, conditions
from ipllvm.verdicts.wording import of_interval

ALPHA = 0.05
POINTS = 100.0

Decisive = tuple[float | None, HypothesisTest]
"""The value of a mean, None where nothing was measured, and the test that decides, on its claim's side."""


@dataclass(frozen=True, slots=True)
class Row:
    """A result as statements need it, with contrasts by name: of its claim, and of what that needs."""

    property: str
    model: str
    family: str
    benchmark: str
    claim: Claim
    estimates: Mapping[str, float | None]
    contrasts: Mapping[str, Contrast]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence about several results; `decision` and bounds as for a claim, both bounds 5 % a side."""

    name: str
    text: str
    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    decision: Decision
    reason: str
    p: float | None
    method: str
    kind: str = "observation"


def of(rows: Sequence[Row], seed: int = 0) -> list[Statement]:
    """Everything that these results say together."""
    makers = (_over_benchmarks, _text_rich, _vit_against_cnn)
    return [made for maker in makers for made in maker(rows)] + list(_math_goes_together(rows, seed))


def packed(result: Result) -> dict[str, Any]:
    """The contrasts of a result in builtins, to be sent by a worker."""
    found = {**result.parts, **({"claim": result.paired[0][1]} if result.paired else {})}
    return {name: contrast.to_builtins() for name, contrast in found.items()}


def rows(entries: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What statements are made of: without results of sequential runs, whose samples ended when their
    own claims were decided, so that no interval of a fixed number holds for them.
    """
    return [row(entry) for entry in entries if not entry["settings"].get("sequential")]


def row(entry: Mapping[str, Any]) -> Row:
    """A row of the report (ipllvm/reporting/schema.py) with what `packed` gave it as `parts`."""
    return Row(
        entry["property"],
        entry["model"]["name"],
        entry["model"]["family"],
        entry["benchmark"]["name"],
        Claim(**entry["claim"]),
        {name: found["value"] for name, found in entry["estimates"].items()},
        {name: Contrast.of_builtins(found) for name, found in entry.get("parts", {}).items()},
    )


def _over_benchmarks(rows: Sequence[Row]) -> Iterator[Statement]:
    """The mean of the permutation's cost over benchmarks, each weighing the same."""
    for model, found in _by_model(rows, "permutation_invariance"):
        if len(found) < 2:
            continue
        claim, names = found[0].claim, tuple(each.benchmark for each in found)
        terms = [(1 / len(found), each) for each in found]
        lost = [each.benchmark for each in found if not _met(each)]
        unmet = max(_need(each) for each in found), f"{NOT_SHOWN} on {', '.join(lost)}"
        text = f"On average over {len(found)} benchmarks: {claim.text}"
        yield _decided("mean_over_benchmarks", text, (model,), names, _mean(terms, claim), claim, unmet)


def _text_rich(rows: Sequence[Row]) -> Iterator[Statement]:
    """Whether shuffled patches cost more where pictures hold text."""
    for model, found in _by_model(rows, "patch_shuffle"):
        kept = [each for each in found if _met(each)]
        rich = [each for each in kept if with_writing(each.benchmark)]
        plain = [each for each in kept if with_writing(each.benchmark) is False]
        if not rich or not plain:
            continue
        terms = [(1 / len(rich), each) for each in rich] + [(-1 / len(plain), each) for each in plain]
        names = tuple(each.benchmark for each in (*rich, *plain))
        text = "Shuffled patches cost more where pictures hold text."
        claim = _positive(found[0].claim)
        need = max(_need(each) for each in (*rich, *plain)), NOT_SHOWN
        yield _decided("text_rich", text, (model,), names, _mean(terms, claim), claim, need)


def _vit_against_cnn(rows: Sequence[Row]) -> Iterator[Statement]:
    """Whether a ViT keeps more of its score under occlusion than a CNN, on the same pictures."""
    known = [row for row in rows if row.property == "occlusion" and "area" in row.contrasts]
    vits, cnns = [[row for row in known if row.family in families] for families in (VITS, CNNS)]
    for vit, cnn in product(vits, cnns):
        if vit.benchmark != cnn.benchmark:
            continue
        sides = [(side.contrasts["area"], side.contrasts["clean"]) for side in (vit, cnn)]
        needs = {side.model: above_zero(side.contrasts["clean"]) for side in (vit, cnn)}
        unclear = [model for model, p in needs.items() if p > ALPHA]
        unmet = max(needs.values()), f"{INDISTINCT}: the clean score of {', '.join(unclear)}"
        found = ratio_difference("area", sides[0], sides[1])
        text = "A ViT keeps more of its score than a CNN with random parts of the picture in black."
        names = (vit.model, cnn.model)
        claim = _positive(vit.claim)
        mean = float(found.values.mean()) if len(found.values) else None
        decisive = mean, bounded(turned(found, claim.sign), linearised)
        yield _decided("vit_against_cnn", text, names, (vit.benchmark,), decisive, claim, unmet)


def _math_goes_together(rows: Sequence[Row], seed: int) -> Iterator[Statement]:
    """Whether models that are better at visual maths are better at maths in words."""
    known = [
        (row.model, row.benchmark, row.estimates.get("visual"), row.estimates.get(row.claim.quantity))
        for row in rows
        if row.property == "text_only_math"
    ]
    for benchmark in dict.fromkeys(name for _, name, _, _ in known):
        pairs = {m: (v, w) for m, b, v, w in known if b == benchmark and v is not None and w is not None}
        if len(pairs) < 2:
            continue
        visual, words = zip(*pairs.values(), strict=True)
        found = correlation(visual, words, generator(seed, "correlation", benchmark))
        decision = Decision.UNDECIDED
        if found.decided and found.p is not None and found.p_opposite is not None:
            decision = decision_of(ALPHA, found.p, found.p_opposite)
        reason = str(found) if len(pairs) >= FEWEST else f"too few models: {found}"
        yield Statement(
            name="maths_goes_together",
            text="Models that are better at visual maths are better at maths in words.",
            models=tuple(pairs),
            benchmarks=(benchmark, "charts"),
            value=found.spearman,
            unit="Spearman",
            decision=decision,
            reason=reason,
            p=found.p_opposite if decision is Decision.VIOLATED else found.p,
            method="permutation of the pairing of ranks, either way",
        )


def _decided(
    name: str,
    text: str,
    models: tuple[str, ...],
    benchmarks: tuple[str, ...],
    decisive: Decisive,
    claim: Claim,
    needed: tuple[float, str],
) -> Statement:
    """A statement on a mean, decided as a claim is: `needed` is the p-value of its conditions, and why one is
    not met, where it isn't.
    """
    (value, test), sign, margin = decisive, claim.sign, claim.signed_margin
    (need, reason), decision = needed, Decision.UNDECIDED
    low, high = sorted(sign * bound for bound in test.interval(claim.alpha))
    p_holds, p_violated = (max(p, need) for p in (test.p_holds(margin), test.p_violated(margin)))
    if need <= claim.alpha and test.too_little:
        reason = "too few samples, clusters or changes to decide"
    elif need <= claim.alpha:
        decision = decision_of(claim.alpha, p_holds, p_violated)
        reason = f"its interval {of_interval(decision, claim)}"
    return Statement(
        name=name,
        text=text,
        models=models,
        benchmarks=benchmarks,
        value=None if value is None else POINTS * value,
        low=None if test.too_little else POINTS * low,
        high=None if test.too_little else POINTS * high,
        unit="points",
        decision=decision,
        reason=reason,
        p=p_violated if decision is Decision.VIOLATED else p_holds,
        method=test.method,
        kind=claim.kind,
    )


def _mean(terms: Sequence[tuple[float, Row]], claim: Claim) -> Decisive:
    """A weighted sum of means, and the test of it on the side of the claim; renderings share pictures."""
    sign = claim.sign
    sources = [source(row.benchmark) for _, row in terms]
    found = [(sign * weight, row.contrasts["claim"]) for weight, row in terms]
    test, measured = combined(found, sources), stratified(found, sources)
    return None if test.too_little else sign * measured.mean * measured.bound, test


def _need(row: Row) -> float:
    """The largest p-value of what must be shown before a claim is decided; 0 where that is nothing."""
    needed = conditions(row.contrasts["claim"], row.claim, row.contrasts.get(GAIN))
    return max((each.p for each in needed), default=0.0)


def _met(row: Row) -> bool:
    """Whether that is shown."""
    return _need(row) <= row.claim.alpha


def _positive(claim: Claim) -> Claim:
    """The claim that a difference is above 0, as an observation."""
    return Claim(claim.name, "difference", "at_least", 0.0, "observation", claim.source, claim.text)


def _by_model(rows: Sequence[Row], name: str) -> Iterator[tuple[str, list[Row]]]:
    """The results of a property that have a contrast, model by model."""
    found = [row for row in rows if row.property == name and "claim" in row.contrasts]
    for model in dict.fromkeys(row.model for row in found):
        yield model, [row for row in found if row.model == model]
