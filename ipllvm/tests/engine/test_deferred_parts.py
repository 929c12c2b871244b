"""An encoder and a language model are who their files say, and are loaded when they are asked."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipllvm.engine import deferred_parts
from ipllvm.engine.deferred_parts import PartOptions
from ipllvm.errors import ModelUnavailable, UnknownName
from ipllvm.models import loading_encoder, loading_text, parts

OPTIONS = PartOptions("cpu", "float32", offline=True)
LOADING: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "clip-tiny": (deferred_parts.encoder, loading_encoder.load),
    "lm-tiny": (deferred_parts.language_model, loading_text.load),
    "llava-tiny": (deferred_parts.language_model, loading_text.load),
}


@pytest.mark.parametrize("name", LOADING)
def test_its_identity_is_that_of_the_loaded_one_and_takes_no_weights(name: str) -> None:
    deferred, load = LOADING[name]
    loads: list[str] = []

    def loading() -> Any:
        loads.append(name)
        return load(name, device="cpu", dtype="float32", offline=True)

    part = deferred(name, OPTIONS, loading)
    identity = part.identity
    assert not loads and deferred_parts.key(part) is not None
    assert part.loaded.identity == identity and loads == [name]
    assert part.loaded is part.loaded and loads == [name]


def test_what_is_planted_is_at_hand_and_nothing_is_kept_of_it() -> None:
    part = deferred_parts.encoder("planted:aligned", OPTIONS, lambda: loading_encoder.load("planted:aligned"))
    assert not isinstance(part, deferred_parts.DeferredPart) and deferred_parts.key(part) is None


def test_numerics_are_part_of_the_key() -> None:
    keys = [
        deferred_parts.key(deferred_parts.encoder("clip-tiny", PartOptions(*how, offline=True), _never))
        for how in (("cpu", "float32"), ("auto", "float32"), ("cpu", "bfloat16"))
    ]
    assert len({repr(key) for key in keys}) == 3


def test_a_folder_that_changed_since_is_refused() -> None:
    part = deferred_parts.DeferredPart(
        "clip@1", [], lambda: deferred_parts.DeferredPart("clip@2", [], _never)
    )
    with pytest.raises(ModelUnavailable, match="clip@1: its files changed while this ran: run again"):
        part.loaded  # noqa: B018
    with pytest.raises(AttributeError):
        part.__wrapped__  # noqa: B018


def test_what_can_be_none_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    with pytest.raises(ModelUnavailable, match=r"no image encoder of type clip, .* but of type bert"):
        deferred_parts.encoder(str(tmp_path), OPTIONS, _never)
    with pytest.raises(UnknownName, match="clip-tiny"):
        deferred_parts.encoder("clip-tny", OPTIONS, _never)


def test_the_types_of_encoders_are_those_that_can_be_read() -> None:
    assert set(parts.ENCODER_TYPES) == set(loading_encoder.KINDS)


def test_no_torch_is_imported() -> None:
    line = (
        "import sys; from ipllvm.engine import deferred_parts as d;"
        "import ipllvm.evaluation.companion_models;"
        "d.encoder('clip-tiny', d.PartOptions('cpu', 'auto', True), None).identity;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", line], check=False).returncode == 0


def _never() -> Any:
    raise AssertionError("it was loaded")
