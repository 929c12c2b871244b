"""Which model made the artifacts of a perturbation is a setting, in which the runs of a gate agree."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.evaluation.shown import Shown
from ipllvm.gate.agreement import material
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Result
from ipllvm.tests.evaluations import evaluation

HALF = "planted:exact-drop,d=0.5"


class Maps:
    """Random maps of some model."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def of(self, image: Image.Image) -> np.ndarray:
        """A map of its own for each picture."""
        return np.random.default_rng(image.tobytes()[0]).random((8, 8))


def settings(identity: str, drop: Any) -> dict[str, Any]:
    """Of the row of a property under a drop, by maps of that model."""
    rows: list[Result] = []
    asked = evaluation(HALF, rows=rows, artifacts=Artifacts({"saliency": Maps(identity)}))
    clean, blank, dropped = asked.run(Blank(), drop)
    shown = Shown({"clean": clean, "blank": blank, "dropped": dropped})
    asked.check("permutation", performance_drop(clean, dropped), shown, something_to_lose=gain(clean, blank))
    return dict(rows[0].settings)


@pytest.mark.parametrize("identity", ["dino@1 head 2", "dino@1 head 3"])
def test_a_perturbation_that_needs_maps_says_whose_they_are(identity: str) -> None:
    found = settings(identity, SalientDrop(0.5, 8, provider=identity))
    assert found["saliency"] == identity and material("saliency")


def test_a_perturbation_that_needs_none_says_nothing_of_them() -> None:
    assert "saliency" not in settings("dino@1 head 2", RandomDrop(0.5, 8))
