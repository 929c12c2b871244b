"""Versions that decide a number must agree between two runs; what an old baseline does not say agrees."""

import pytest

from ipllvm.gate.agreement import versions
from ipllvm.gate.baseline import of
from ipllvm.reporting import report


@pytest.mark.parametrize("name", ["transformers", "readings"])
def test_another_version_of_what_decides_is_refused(name: str) -> None:
    now = report.versions()
    before, after = of({"versions": {**now, name: "0"}}, []), of({"versions": now}, [])
    assert versions(before, after) == ([f"{name} is 0 in the baseline and {now[name]} in this run"], [])
    silent = of({"versions": {key: value for key, value in now.items() if key != name}}, [])
    assert versions(silent, after) == ([], [])
