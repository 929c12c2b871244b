"""A property with benchmarks of its own; copied into a folder of its own by the tests."""

import pytest


@pytest.mark.observation
@pytest.mark.benchmarks("scenes-mc", "charts-mc", also=("mmvp",))
def test_marked(model_name: str, benchmark_name: str) -> None:
    assert model_name and benchmark_name
