"""Whether several pictures are taken is asked once of a model, and told again without it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.engine.store.derived import Derived
from ipllvm.errors import NotTested
from ipllvm.evaluation.several_pictures import require_taken
from ipllvm.tests.evaluation.test_evaluation import Fake, benchmark


class Preparing(Fake):
    """A model that refuses with those words, or takes what it is given; it counts how often it is asked."""

    def __init__(self, refusal: str | None) -> None:
        self.refusal, self.calls = refusal, 0

    def prepare(self, images: Any, prompt: str) -> Any:
        """See Fake."""
        self.calls += 1
        if self.refusal is not None:
            raise ValueError(self.refusal)


def test_of_a_served_model_nothing_is_kept(tmp_path: Path) -> None:
    """Tomorrow another one may answer there."""
    model = Preparing("one image, not 2")
    model.sealed = "is served"
    for _ in range(2):
        with pytest.raises(NotTested, match="one image, not 2"):
            require_taken(_evaluation(model, tmp_path), benchmark(2).samples[0])
    assert model.calls == 2


def _evaluation(model: Fake, folder: Path) -> Any:
    return SimpleNamespace(model=model, planned_benchmark=benchmark(2), derived=Derived(folder))


@pytest.mark.parametrize("refusal", ["one image, not 2", "", None])
def test_what_it_says_is_kept(tmp_path: Path, refusal: str | None) -> None:
    models = [Preparing(refusal), Preparing(refusal)]
    for model in models:
        if refusal is None:
            require_taken(_evaluation(model, tmp_path), benchmark(2).samples[0])
            continue
        with pytest.raises(NotTested, match=f"takes one picture a question: {refusal or 'it says no more'}"):
            require_taken(_evaluation(model, tmp_path), benchmark(2).samples[0])
    assert [model.calls for model in models] == [1, 0]
