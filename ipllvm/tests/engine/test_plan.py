"""What a plan names: the trial of a sample is one of those that are run, whatever the seed."""

import pytest

from ipllvm.engine.plan import Plan
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Sample, Trial

SAMPLES = tuple(Sample(f"s{i}", f"c{i // 2}", (), "what?", "red") for i in range(4))
PERTURBATIONS = (Clean(), Blank(), Permutation())


def plan(seed: int, draws: int = 3) -> Plan:
    return Plan(SAMPLES, PERTURBATIONS, draws, seed, 8)


@pytest.mark.parametrize("seed", [0, 3, 2**63])
def test_the_trial_of_a_sample_is_one_that_is_run(seed: int) -> None:
    made = plan(seed)
    named = [
        made.trial(s, p, draw) for p in PERTURBATIONS for s in SAMPLES for draw in range(made.draws_of(p))
    ]
    assert named == list(made.trials())
    assert [case.trial for p in PERTURBATIONS for case in made.cases(SAMPLES, p)] == named
    assert len(made) == len(named) == len(set(named)) == 4 * (1 + 1 + 3)


def test_the_seed_belongs_to_what_is_random_alone() -> None:
    assert [plan(5).trial(SAMPLES[0], p, 0) for p in PERTURBATIONS] == [
        Trial("s0", "clean", 0, 0),
        Trial("s0", str(Blank()), 0, 0),
        Trial("s0", str(Permutation()), 0, 5),
    ]


def test_a_draw_is_of_the_cluster_and_of_its_number() -> None:
    cases = plan(5).cases(SAMPLES, Permutation())
    first = {case.trial.sample: case.rng().random() for case in cases if case.trial.draw == 0}
    assert first["s0"] == first["s1"] != first["s2"]
    assert len({case.rng().random() for case in cases if case.sample is SAMPLES[0]}) == 3
    assert plan(6).cases(SAMPLES, Permutation())[0].rng().random() != first["s0"]
