"""A mutant is killed by a test that fails because of it, and by nothing else."""

from itertools import chain

import pytest

from ipllvm.tests.mutants import trial
from ipllvm.tests.mutants.__main__ import AsIs, judged, nearest, table
from ipllvm.tests.mutants.equivalent import REASONS, place, why
from ipllvm.tests.mutants.mutations import Change
from ipllvm.tests.mutants.rooms import Mutant, every, noticing
from ipllvm.tests.mutants.trial import NO_TESTS, Ended

MUTANT = Mutant("ipllvm/stats/strata.py", Change(3, 1, "0", "1"))
FAILED = Ended(1, ("test_a.py::test_b",), 1.0)
OTHER = Ended(1, ("test_a.py::test_c",), 1.0)
PASSED = Ended(0, (), 1.0)
HANGS = Ended(None, (), 300.0)


@pytest.mark.parametrize(
    ("runs", "killed"),
    [
        pytest.param([PASSED], False, id="passes"),
        pytest.param([Ended(NO_TESTS, (), 1.0)], False, id="no test at all"),
        pytest.param([FAILED, FAILED, PASSED], True, id="fails"),
        pytest.param([FAILED, FAILED, FAILED, PASSED], False, id="fails without it too"),
        pytest.param([FAILED, FAILED, FAILED, *[OTHER] * 2, PASSED], True, id="and another does not"),
        pytest.param([FAILED, PASSED], None, id="fails once"),
        pytest.param([Ended(-9, (), 1.0)], None, id="is killed"),
        pytest.param([HANGS, PASSED], True, id="hangs"),
        pytest.param([HANGS, HANGS], None, id="hangs without it too"),
        pytest.param([Ended(4, (), 1.0), Ended(4, (), 1.0)], None, id="options that pytest does not know"),
        pytest.param([Ended(3, (), 1.0), PASSED], True, id="an internal error"),
    ],
)
def test_only_a_failure_that_the_mutant_makes_kills_it(
    runs: list[Ended], killed: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(runs)
    monkeypatch.setattr(trial, "run", lambda *args: next(left))
    assert judged(MUTANT, ["test_a.py"], AsIs())[0] is killed
    assert not list(left)


@pytest.mark.parametrize(
    ("runs", "killed"),
    [
        pytest.param([FAILED, FAILED, PASSED], True, id="the nearest kill it"),
        pytest.param([PASSED, FAILED, FAILED, PASSED], True, id="those further away do"),
        pytest.param([PASSED, PASSED], False, id="none does"),
        pytest.param([Ended(-9, (), 1.0), PASSED], None, id="the nearest say nothing"),
        pytest.param([Ended(-9, (), 1.0), FAILED, FAILED, PASSED], True, id="and those further away kill it"),
    ],
)
def test_the_nearest_tests_are_asked_first(
    runs: list[Ended], killed: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(runs)
    monkeypatch.setattr(trial, "run", lambda *args: next(left))
    assert nearest(MUTANT, [["test_a.py"], [], ["test_b.py"]], AsIs())[0] is killed
    assert not list(left)


def test_a_test_that_passes_as_it_is_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([FAILED, FAILED, PASSED, FAILED, FAILED])
    monkeypatch.setattr(trial, "run", lambda *args: next(left))
    asis = AsIs()
    assert [judged(MUTANT, ["test_a.py"], asis)[0] for _ in range(2)] == [True, True]
    assert not list(left)


def test_every_mutant_that_is_left_out_is_there_and_has_its_reason() -> None:
    """A reason for a change that no module makes any more is of no use, and may hide another one."""
    rooms = {module for module, _, _ in REASONS}
    found = {place(each): each for each in every(rooms)}
    assert REASONS.keys() <= found.keys() and all(REASONS.values())
    alike = next(each for each in found.values() if why(each))
    other = next(each for each in found.values() if not why(each))
    assert table({alike.key: False, other.key: True})[-1] == "| all | 2 | 1 | 1 | 100 % |"
    assert table({alike.key: False})[-1] == "| all | 1 | 0 | 1 | nothing |"


@pytest.mark.slow  # the graph of all imports
@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("ipllvm/scorers/official/llavaw.py", ("scorers/test_official.py", "scorers/test_judge_prompts.py")),
        ("ipllvm/scorers/base.py", ("scorers/test_judge.py",)),
        ("ipllvm/perturbations/noise.py", ("perturbations/test_parsing.py",)),
        ("ipllvm/engine/store/integrity.py", ("engine/test_disagreement.py", "commands/test_store.py")),
    ],
)
def test_what_reaches_a_module_by_name_or_lies_in_no_package_is_among_its_tests(
    module: str, tests: tuple[str, ...]
) -> None:
    assert {f"ipllvm/tests/{name}" for name in tests} <= set(chain(*noticing(module)))
