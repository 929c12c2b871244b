"""A property file with every outcome and no model; copied into a folder of its own by the tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ipllvm.errors import BenchmarkUnavailable, ClaimUndecided, ClaimViolated, NotMeasured, UsageError
from ipllvm.records import Decision, Result
from ipllvm.tests.reporting.reports import MODEL, result

Record = Callable[[Result], None]


@pytest.fixture
def put(request: pytest.FixtureRequest, model_name: str, benchmark_name: str, record: Record) -> Record:
    """`record` for a result that bears the name of its test."""
    name = request.node.originalname.removeprefix("test_")
    return lambda found: record(replace(found, property=name, model=replace(MODEL, name=model_name)))


@pytest.fixture
def absent() -> None:
    raise BenchmarkUnavailable("benchmark 'moon' needs the package moon: pip install moon")


@pytest.fixture
def refused() -> None:
    raise UsageError("--samples 9: 'moon' has 3 samples")


@pytest.mark.requirement
def test_holds(put: Record) -> None:
    put(result())


@pytest.mark.requirement
def test_violated(put: Record) -> None:
    put(result(Decision.VIOLATED, "[3.0, 5.0] is outside"))
    raise ClaimViolated("shuffling costs at most 2 points: [3.0, 5.0] is outside")


@pytest.mark.requirement
def test_undecided(put: Record) -> None:
    put(result(Decision.UNDECIDED, "[1.0, 3.0] does not settle it"))
    raise ClaimUndecided("[1.0, 3.0] does not settle it")


@pytest.mark.requirement
def test_unmeasured(put: Record) -> None:
    error = NotMeasured("3 of 9 samples failed")
    error.add_note("Traceback of the first one")
    raise error


@pytest.mark.requirement
def test_absent(put: Record, absent: None) -> None:
    pytest.fail("the fixture should have ended this test")


@pytest.mark.requirement
def test_refused(put: Record, refused: None) -> None:
    pytest.fail("the fixture should have ended this test")


@pytest.mark.requirement
def test_crash(put: Record) -> None:
    raise RuntimeError("the allocator gave up\nand said more")


@pytest.mark.law
def test_law(model_name: str) -> None:
    assert model_name


@pytest.mark.law
def test_broken_law(model_name: str) -> None:
    assert model_name == "", "no model has an empty name"


@pytest.mark.observation
def test_skipped(put: Record) -> None:
    pytest.skip("this model has no text encoder")


def test_plain() -> None:
    assert True
