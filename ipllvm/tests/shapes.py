"""A pytest plugin that enforces the shapes in annotations: pytest -p ipllvm.tests.shapes ...

The packages are named one by one: the plugin of ipllvm itself is imported before any hook.
"""

import re

import pytest
from beartype import BeartypeConf, beartype
from hypothesis.errors import HypothesisDeprecationWarning
from jaxtyping import TypeCheckError, install_import_hook

PACKAGES = ("ipllvm.metrics", "ipllvm.engine", "ipllvm.models")

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int will do for a float, as for mypy."""

install_import_hook(PACKAGES, f"{__name__}.checked")

_ARRAY = re.compile(r"Actual value: [a-z]+\d*\[")
"""How an array is shown: f32[3,8,24](torch)."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> object:
    """Skip a test that hands over something in place of a model or an array, which has no shape to enforce;
    what is an array, and whatever is given back, has to be as it is annotated.
    """
    try:
        return (yield)
    except (TypeCheckError, ExceptionGroup) as error:
        if all(map(_stands_in, getattr(error, "exceptions", (error,)))):
            pytest.skip("what it hands over is no model and no array, but stands in for one")
        raise
    except HypothesisDeprecationWarning as error:
        pytest.skip(f"what is checked of a long list is drawn: {error}")


def _stands_in(error: Exception) -> bool:
    """Whether it is about an argument that is no array."""
    about = str(error) if isinstance(error, TypeCheckError) else ""
    return "whilst checking the parameters" in about and not _ARRAY.search(about)
