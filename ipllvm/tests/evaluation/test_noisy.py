"""planted:noisy in other batches: answers flip at the planted rate, margins below the floor are open."""

from dataclasses import replace

import pytest
from scipy.stats import binom

from ipllvm import claims
from ipllvm.benchmarks import planted
from ipllvm.benchmarks.subset import subset
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.evaluation.schedules import Repeated
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Decision, Result
from ipllvm.verdicts.noise_floor import Floor

RATE = 0.1


def repeated(claim_name: str, n: int, margin: float, rate: float = RATE, raises: bool = False) -> Result:
    """The row of a claim on planted:noisy with --noise-floor, and --margin-floor where it `raises`."""
    rows: list[Result] = []
    claim = replace(claims.load()[claim_name], margin=margin, kind="observation")
    model, data = load(f"planted:noisy,f={rate}"), subset(planted.single(seed=0), n, 0)
    evaluation = Evaluation(
        "noisy", model, data, n, {claim_name: claim},
        Settings(draws=1, batch_size=16, margin_floor=raises), rows.append, lambda done, total: None,
        forgetful(), schedule=Repeated(Floor(raises), 0),
    )  # fmt: skip

    def test() -> None:
        clean, blank, permuted = evaluation.run(Blank(), Permutation())
        made = gain(clean, blank) if claim_name == "image_use" else performance_drop(clean, permuted)
        evaluation.check(claim_name, made, Shown({"clean": clean}), something_to_lose=gain(clean, blank))

    evaluation.measure(test)
    (row,) = rows
    return row


@pytest.mark.parametrize("rate", [0.0, 0.02, RATE])
def test_answers_flip_at_the_planted_rate(rate: float) -> None:
    """What seeing is worth changes only by the clean answers' slips: blank pictures are guessed at."""
    n = 150
    floor = repeated("image_use", n, 2.0, rate).estimates["noise_floor"]
    up, down = floor.discordant
    low, high = binom.ppf([0.001, 0.999], n, rate)
    assert floor.n == n
    assert low <= up + down <= high
    assert floor.low <= 0 <= floor.high, "slips go either way"


def test_a_margin_below_the_floor_is_open_and_may_be_raised_to_it() -> None:
    floor = repeated("permutation", 100, 2.0).estimates["noise_floor"]
    reach = max(-floor.low, floor.high)
    margin = round(reach - 0.5, 1)
    row = repeated("permutation", 100, margin)
    assert row.estimates["performance_drop"].high < margin, "or it would be open without a floor"
    assert row.verdict.decision is Decision.UNDECIDED
    assert row.verdict.reason.startswith(f"margin below the noise floor: {sum(floor.discordant)} of 100")
    raised = repeated("permutation", 100, margin, raises=True)
    assert raised.verdict.decision is Decision.HOLDS
    assert raised.claim.margin == pytest.approx(reach)
    assert f"margin raised from {margin:g} to the noise floor" in raised.claim.text
    above = repeated("permutation", 100, reach + 0.5)
    assert above.verdict.decision is Decision.HOLDS and above.claim.margin == reach + 0.5
