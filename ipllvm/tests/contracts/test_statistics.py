"""What every test of a contrast keeps to, whichever of them ipllvm/stats/choice.py gives."""

import inspect
import pkgutil
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from ipllvm import claims, stats
from ipllvm.records import Contrast, Decision
from ipllvm.stats.choice import choose
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.tests.stats.contrasts import flips, retention, singletons
from ipllvm.verdicts import decide

OTHERS = {"Sequential"}
"""Decide from what was seen so far, beside `choose`."""


def _few(share: float = 0.5) -> Contrast:
    values = np.zeros(300)
    values[:5] = share
    return Contrast("kept", values, singletons(300), lattice=0.0, weighted=True)


def _by_draw() -> Contrast:
    table = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (200, 12), p=[0.1, 0.7, 0.2])
    return Contrast("image first", table.mean(1), singletons(200), lattice=0.0, draws=12, crossed=table)


CASES: dict[str, tuple[Contrast, str]] = {
    "drop": (flips(300, 12, 5), "dirichlet"),
    "drop in clusters": (flips(300, 40, 8, size=3), "dirichlet"),
    "nothing changed": (flips(300, 0), "dirichlet"),
    "retention": (replace(retention(), weighted=True), "dirichlet"),
    "few that inform": (_few(), "dirichlet"),
    "few, by bets": (_few(), "bets"),
    "influence values": (replace(retention(), linearised=True), "dirichlet"),
    "some that failed": (flips(297, 3, 1, n_error=3), "dirichlet"),
    "draws for others": (_by_draw(), "dirichlet"),
}
"""A contrast for each, and the bound that its claim names."""
EACH = pytest.mark.parametrize(("contrast", "exact"), CASES.values(), ids=list(CASES))


def test_every_test_of_the_room_has_a_case_here() -> None:
    modules = [
        import_module(f"{stats.__name__}.{each.name}") for each in pkgutil.iter_modules(stats.__path__)
    ]
    found = {
        kind.__name__
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if hasattr(kind, "p_holds") and kind is not HypothesisTest
    }
    assert found - OTHERS == {type(choose(*case)).__name__ for case in CASES.values()}


@EACH
def test_it_has_all_that_a_verdict_asks_for(contrast: Contrast, exact: str) -> None:
    test = choose(contrast, exact)
    assert isinstance(test, HypothesisTest)
    assert test.method and not test.too_little
    assert test.own_error is None or 0 < test.own_error < contrast.bound
    assert test.at_floor(test.p_holds(0.02), 0.02) in (True, False)
    claim = replace(claims.load()["permutation"], exact=exact)
    assert decide.decide(contrast, claim).decision in Decision
    assert test.method in decide.estimate(contrast, replicates=0).method or exact != "dirichlet"


@EACH
def test_interval_and_p_values_say_the_same(contrast: Contrast, exact: str) -> None:
    test = choose(contrast, exact)
    for alpha in (0.01, 0.05):
        low, high = test.interval(alpha)
        assert -contrast.bound <= low <= float(contrast.values.mean()) <= high <= contrast.bound
        assert test.p_holds(high + 1e-6) <= alpha <= test.p_holds(high - 1e-6)
        assert test.p_violated(low - 1e-6) <= alpha <= test.p_violated(low + 1e-6)


@EACH
def test_a_wider_margin_is_held_more_easily(contrast: Contrast, exact: str) -> None:
    test = choose(contrast, exact)
    margins = np.linspace(-0.3, 0.3, 25)
    holds, violated = ([p(float(m)) for m in margins] for p in (test.p_holds, test.p_violated))
    assert all(0 <= p <= 1 for p in (*holds, *violated))
    assert np.all(np.diff(holds) <= 1e-9) and np.all(np.diff(violated) >= -1e-9)


@EACH
def test_missing_samples_widen_it(contrast: Contrast, exact: str) -> None:
    whole, lost = choose(contrast, exact), choose(replace(contrast, n_error=9), exact)
    assert lost.interval()[0] < whole.interval()[0] and whole.interval()[1] < lost.interval()[1]
    assert lost.p_holds(0.02) >= whole.p_holds(0.02) and lost.p_violated(0.02) >= whole.p_violated(0.02)


@EACH
def test_of_one_cluster_it_says_nothing(contrast: Contrast, exact: str) -> None:
    test = choose(replace(contrast, clusters=("one",) * len(contrast.values)), exact)
    assert test.too_little and test.own_error is None
    assert test.interval() == (-contrast.bound, contrast.bound)
    assert test.p_holds(0.5) == test.p_violated(-0.5) == 1


@EACH
def test_more_of_the_same_say_more_or_it_says_that_it_cannot_tell(contrast: Contrast, exact: str) -> None:
    test = choose(contrast, exact)
    grown = test.grown(4.0)
    if grown is not None:
        assert type(grown) is type(test) and np.ptp(grown.interval()) < np.ptp(test.interval())
