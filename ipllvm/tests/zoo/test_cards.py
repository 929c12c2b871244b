import json
import math
from pathlib import Path
from typing import Any

import pytest

from ipllvm.models.loading import load
from ipllvm.zoo import card, parts
from ipllvm.zoo.__main__ import CHECKPOINTS
from ipllvm.zoo.recipes import RECIPES

LLAVAS = [name for name, recipe in RECIPES.items() if recipe.kind.startswith("llava")]


def _figures(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CHECKPOINTS / name / "figures.json").read_text())["figures"]
    return found


def _said(name: str, benchmark: str) -> float:
    rows = _figures(name)
    return next(float(r["clean"]) for r in rows if (r["benchmark"], r["kind"]) == (benchmark, "all"))


def _within(measured: float, said: float, n: int) -> bool:
    """Four standard errors of a sample of n, and one answer."""
    share = said / 100
    return abs(measured - said) <= 400 * math.sqrt(share * (1 - share) / n) + 100 / n


@pytest.mark.parametrize(
    ("name", "n"), [("llava-tiny", 12), *(pytest.param(each, 60, marks=pytest.mark.slow) for each in LLAVAS)]
)
def test_a_sample_of_a_cards_answers_is_as_the_card_says(name: str, n: int) -> None:
    model = load(name, device="cpu")
    benchmarks = ["easyvqa", "scenes", "word_problems"]
    benchmarks += ["scenes-wide", "scenes-tall"] if RECIPES[name].kind != "llava" else []
    for benchmark in benchmarks:
        (found,) = [f for f in card.measure(model, benchmark, n) if f.kind == "all"]
        assert _within(found.clean, _said(name, benchmark), n), (benchmark, found)


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.kind in ("vit", "resnet")])
def test_a_sample_of_a_classifiers_pictures_is_as_its_card_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "COUNT", 200)
    (found,), _ = parts.classifier(CHECKPOINTS / name)
    assert _within(found.value, float(_figures(name)[0]["value"]), 200)


@pytest.mark.parametrize(
    ("name", "n"),
    [
        pytest.param(name, n, marks=pytest.mark.slow if (kind, n) == ("language", 100) else ())
        for name, kind in ((name, recipe.kind) for name, recipe in RECIPES.items())
        for n in {"clip": (100,), "language": (25, 100)}.get(kind, ())
    ],
)
def test_a_sample_of_a_parts_figures_is_as_its_card_says(
    name: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "COUNT", n)
    measure = card.PARTS[RECIPES[name].kind]
    found, _ = measure(CHECKPOINTS / name)
    said = {row["task"]: float(row["value"]) for row in _figures(name)}
    for figure in found:
        if figure.unit == "%":
            assert _within(figure.value, said[figure.task], figure.n), figure


def test_all_checkpoints_together_are_small() -> None:
    sizes = {path.name: _size(path) for path in CHECKPOINTS.iterdir()}
    assert max(sizes.values()) <= 10e6, sizes
    assert sum(sizes.values()) <= 34e6, sizes
    assert set(sizes) == set(RECIPES)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*"))
