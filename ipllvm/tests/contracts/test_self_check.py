"""Every family and every kind of decoder says what its own pipeline says, alone, together and restarted."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from ipllvm.engine import whole_check
from ipllvm.engine.self_check import check
from ipllvm.models.loading import load
from ipllvm.models.whole import WholeModel
from ipllvm.registry import FAMILIES
from ipllvm.tests import tiny
from ipllvm.tests.tiny import contract


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of torch, about NumPy 2
@pytest.mark.parametrize("kind", tiny.KINDS)
def test_a_kind_passes_its_self_check(kind: str, tmp_path: Path) -> None:
    missing = [package for package in tiny.NEEDS.get(kind, ()) if find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    folder = tiny.make(kind, tmp_path)
    if tiny.KINDS[kind].family not in FAMILIES:
        pytest.skip("no family of the registry")
    model = load(str(folder), device="cpu")
    if isinstance(model, WholeModel):
        whole = whole_check.check(model, contract.samples()[:4])
        assert whole is not None
        whole.require()
        return
    found = check(model, contract.samples()[:4])
    assert found is not None and found.reference == "" and found.layers
    found.require()
