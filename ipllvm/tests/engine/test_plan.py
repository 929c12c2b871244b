"""Plans: the trials that are looked for are those that were planned, under any seed."""

import pytest

from ipllvm.engine.plan import Plan
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Sample

SAMPLES = tuple(Sample(f"s{i}", f"c{i // 2}", (), "what?", "yes") for i in range(4))


@pytest.mark.parametrize("seed", [0, 3])
def test_every_trial_that_is_looked_for_is_planned(seed: int) -> None:
    """Scoring would find nothing of a clean run that it looks for under a seed."""
    plan = Plan(SAMPLES, (Clean(), Blank(), Permutation()), 2, seed, 8)
    planned = list(plan.trials())
    looked_for = [
        plan.trial(sample, perturbation, draw)
        for perturbation in plan.perturbations
        for sample in SAMPLES
        for draw in range(plan.draws_of(perturbation))
    ]
    assert sorted(looked_for, key=repr) == sorted(planned, key=repr) and len(planned) == len(plan) == 16
    assert {trial.seed for trial in planned if trial.perturbation == "clean"} == {0}
    assert {trial.seed for trial in planned if "perm" in trial.perturbation} == {seed}
