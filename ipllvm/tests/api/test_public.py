"""The public names: all there, all documented, and cheap to import."""

import inspect
import json
import subprocess
import sys
from importlib.metadata import version

import pytest

import ipllvm
from ipllvm.tests.commands.processes import environment

HEAVY = ("torch", "transformers", "numpy", "scipy", "pytest", "matplotlib", "msgspec")


def test_every_public_name_is_there_and_nothing_else() -> None:
    homes = {*ipllvm._HOMES, "__version__"}
    assert set(ipllvm.__all__) == homes
    assert ipllvm.__all__ == sorted(ipllvm.__all__)
    for name in ipllvm.__all__:
        assert getattr(ipllvm, name) is not None
        assert name in dir(ipllvm)


@pytest.mark.parametrize("name", [name for name in ipllvm.__all__ if name != "__version__"])
def test_a_public_name_is_documented_and_has_types(name: str) -> None:
    value = getattr(ipllvm, name)
    assert (inspect.getdoc(value) or "").strip()
    if inspect.isfunction(value):
        assert {*inspect.signature(value).parameters} <= {*value.__annotations__}


def test_the_version_is_that_of_the_package() -> None:
    assert ipllvm.__version__ == version("ipllvm")


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        ipllvm.chek  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    loaded = f"[name for name in {HEAVY} if name in sys.modules]"
    code = f"import json, sys, ipllvm; ipllvm.__version__; print(json.dumps({loaded}))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
