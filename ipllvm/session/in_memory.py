"""Models that a Python program holds in memory and hands to a session, by the name it gives them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel


class InMemory:
    """A pytest plugin that holds models; `ipllvm.check` registers it."""

    def __init__(self, models: "Mapping[str, VisionLanguageModel]") -> None:
        self.models = models


def in_hand(config: pytest.Config) -> "Mapping[str, VisionLanguageModel]":
    """The models in memory by name; none in a session of the command line."""
    plugins = config.pluginmanager.get_plugins()
    return next((plugin.models for plugin in plugins if isinstance(plugin, InMemory)), {})
