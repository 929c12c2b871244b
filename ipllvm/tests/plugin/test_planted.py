"""Planted models through the whole pipeline: the verdict and the interval find what was planted."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import properties, session

SETTINGS = ("-k", "invariance or image_use", "--benchmark=planted", "--samples=200", "--device=cpu")


@pytest.mark.parametrize(
    ("name", "permutation", "image_use"),
    [
        ("planted:invariant", "HOLDS", "HOLDS"),
        ("planted:exact-drop,d=0.2", "VIOLATED", "HOLDS"),
        ("planted:blind", "UNDECIDED", "VIOLATED"),
    ],
)
def test_the_verdict_is_the_planted_one(tmp_path: Path, name: str, permutation: str, image_use: str) -> None:
    found = session(tmp_path, *properties(*SETTINGS, f"--model={name}", "--report-only"))
    rows = {row["property"]: row for row in found.report()["results"]}
    assert rows["permutation_invariance"]["verdict"]["decision"] == permutation
    assert rows["image_use"]["verdict"]["decision"] == image_use
    if name == "planted:exact-drop,d=0.2":
        drop = rows["permutation_invariance"]["estimates"]["performance_drop"]
        clean = rows["permutation_invariance"]["estimates"]["clean"]["value"]
        assert drop["low"] <= 0.2 * clean <= drop["high"]
