"""Visual tokens that are left out: where the rest stand, and that a batch says what each says alone."""

from pathlib import Path

import pytest
import torch

from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.noise import GroupNoise
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Clean
from ipllvm.tests.tiny import make
from ipllvm.tests.tiny.contract import LIMIT, samples

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Some processors make arrays of tensors."""
KEPT, POOLED, WHOLE = Keep((0,), 2), Keep((1, 2), 2, "pool"), Keep((0, 1, 2, 3), 2)


def _loaded(kind: str, folder: Path) -> VisionLanguageModel:
    return load(str(make(kind, folder)), device="cpu")


@pytest.mark.parametrize(
    "kind", ["qwen3_vl", pytest.param("gemma4-vision", marks=pytest.mark.slow), "paligemma"]
)
def test_a_batch_says_what_each_says_alone(kind: str, tmp_path: Path) -> None:
    model, rows = _loaded(kind, tmp_path), samples(2)
    plan = Plan(rows, (Clean(), KEPT, POOLED, WHOLE, GroupNoise(1, 2)), 1, 0, LIMIT)
    found = [Outcomes(), Outcomes()]
    for outcomes, size in zip(found, (1, 5), strict=True):
        run(model, plan, size, outcomes, lambda done: None)
    assert found[0] == found[1]
    assert not any(response.error for response in found[0].values())
    for row in rows:
        assert found[0][plan.trial(row, WHOLE, 0)] == found[0][plan.trial(row, Clean(), 0)]


def test_tokens_with_places_on_three_axes_keep_them(tmp_path: Path) -> None:
    model, row = _loaded("qwen2_5_vl", tmp_path), samples(1)[1]
    prepared = model.prepare([source.load() for source in row.images], row.prompt)
    layout, whole = model.layout(prepared), model.standing(prepared)
    kept = torch.from_numpy(((layout.row < 1) & (layout.column < 2)).copy())
    rest = model.standing(prepared, lambda rows: rows[kept])
    assert whole is not None and rest is not None
    assert torch.equal(rest.positions[:, -5:], whole.positions[:, -5:]), "words keep theirs too"
    visual = whole.positions[:, prepared.visual]
    first = int(prepared.visual.nonzero()[0])
    assert torch.equal(rest.positions[:, first : first + int(kept.sum())], visual[:, kept])


def test_on_one_axis_the_gap_is_closed(tmp_path: Path) -> None:
    model, row = _loaded("gemma3", tmp_path), samples(1)[0]
    prepared = model.prepare([source.load() for source in row.images], row.prompt)
    rest = model.standing(prepared, lambda rows: rows[:2])
    assert rest is not None
    left_out = int(prepared.visual.sum()) - 2
    assert rest.positions.tolist() == [list(range(len(prepared.input_ids) - left_out))]
