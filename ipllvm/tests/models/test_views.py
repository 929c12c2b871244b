"""Where visual tokens come from follows what the processor shows, whatever its settings say."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.models.adapting import in_hand
from ipllvm.models.loading import load, sketch
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View
from ipllvm.tests.tiny import make
from ipllvm.tests.tiny.contract import Shown


@pytest.mark.parametrize("kind", ["internvl", "aya_vision"])
def test_a_picture_that_was_not_cut_is_one_view(kind: str, tmp_path: Path) -> None:
    model = sketch(str(make(kind, tmp_path)))
    assert isinstance(model, TransformersModel)
    whole = model.prepare([Shown(56, 56).load()], "what?")
    wide = replace(whole, sizes=((60, 150),))  # of which the settings say that it is cut
    assert [*model.views(wide)] == [View(2, 2)]
    cut = model.prepare([Shown(150, 60).load()], "what?")
    with pytest.raises(ValueError, match=r"shows \d views where its processor's settings say 1$"):
        model.views(replace(cut, sizes=((56, 56),)))


def test_a_template_that_tells_the_date_is_noted(tmp_path: Path) -> None:
    folder = make("llava-llama", tmp_path)
    usual = load(str(folder), device="cpu")
    assert not any("date" in note for note in usual.notes)
    path = folder / "chat_template.jinja"
    path.write_text("{{ strftime_now('%d %B') }} " + path.read_text("utf-8"))
    dated = load(str(folder), device="cpu")
    assert any("tells the date" in note for note in dated.notes)
    held = in_hand(dated._model, dated._processor)  # type: ignore[attr-defined]
    assert any("tells the date" in note for note in held.notes)
