"""The exceptions: one line each, and the closest name where a name is wrong."""

import inspect

import pytest

from ipllvm import errors
from ipllvm.errors import ClaimUndecided, ClaimViolated, Finding, IpllvmError, UnknownName, UsageError


def test_the_docstring_draws_the_tree() -> None:
    tree = errors.__doc__ or ""
    below = [
        name
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, IpllvmError)
    ]
    assert len(below) == 9
    assert all(name in tree for name in below)


def test_an_unknown_name_is_a_usage_error_with_the_closest_name() -> None:
    error = UnknownName("benchmark", "scene", ["charts", "scenes"])
    assert isinstance(error, UsageError)
    assert str(error) == "unknown benchmark 'scene': did you mean 'scenes'? Known: charts, scenes"


def test_a_name_like_no_other_gets_no_guess() -> None:
    assert str(UnknownName("model", "zzz", ["b", "a"])) == "unknown model 'zzz': Known: a, b"


@pytest.mark.parametrize("finding", [ClaimViolated, ClaimUndecided])
def test_a_finding_is_no_error(finding: type[Finding]) -> None:
    assert not issubclass(finding, IpllvmError)
