"""Tiny random models, one a family, for the engine's tests."""

from pathlib import Path

import pytest

from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.tests import checkpoints


@pytest.fixture(scope="session", params=checkpoints.FAMILIES)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VisionLanguageModel:
    """A tiny random model of each family."""
    folder: Path = tmp_path_factory.mktemp("checkpoints") / request.param
    return load(str(checkpoints.make(request.param, folder)), device="cpu")
