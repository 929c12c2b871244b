"""Six tests a model; copied into a folder of its own by the tests."""

from typing import Any

import pytest


@pytest.mark.parametrize("number", range(6))
def test_share(model: Any, number: int) -> None:
    assert model.name
