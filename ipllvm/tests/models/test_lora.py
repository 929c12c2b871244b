"""Adapters of peft's, without peft: what is refused before it is asked, and what it is asked to prove."""

import json
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ipllvm.errors import ModelUnavailable
from ipllvm.models import adapter_base, lora
from ipllvm.safety.printing import visible

A, B = "base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight"


def adapter(folder: Path, **stated: Any) -> Path:
    """The folder of an adapter of two tensors."""
    (folder / lora.CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 4} | stated), encoding="utf-8")
    save_file({A: torch.ones(2, 3), B: torch.ones(3, 2)}, folder / lora.WEIGHTS)
    return folder


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", [lora.CONFIG, lora.WEIGHTS])
def test_a_folder_without_a_file_is_no_adapter(name: str, tmp_path: Path) -> None:
    (adapter(tmp_path) / name).unlink()
    assert refusal(lambda: lora.check(tmp_path)) == f"{tmp_path}: no adapter: it has no {name}"


def test_pickled_weights_are_none(tmp_path: Path) -> None:
    (adapter(tmp_path) / lora.WEIGHTS).rename(tmp_path / "adapter_model.bin")
    assert refusal(lambda: lora.check(tmp_path)).endswith("it has no adapter_model.safetensors")


@pytest.mark.parametrize("named", [*lora.BESIDE, "prefix_tuning"])
def test_what_changes_no_weights_can_not_be_merged(named: str, tmp_path: Path) -> None:
    assert refusal(lambda: lora.check(adapter(tmp_path, peft_type=named))) == (
        f"{tmp_path}: it is {named.upper()}, which changes no weights: there is nothing to merge: measure a "
        "kind that peft merges, such as LoRA"
    )


@pytest.mark.parametrize("named", [None, 5, [], {"a": 1}, True])
def test_a_config_that_names_no_kind_is_no_adapters(named: Any, tmp_path: Path) -> None:
    line = f"{tmp_path / lora.CONFIG}: it names no peft_type: it is of no adapter of peft's"
    assert refusal(lambda: lora.check(adapter(tmp_path, peft_type=named))) == line
    assert refusal(lambda: lora.described(tmp_path)) == line


def test_without_peft_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora, "find_spec", lambda name: None)
    line = refusal(lambda: lora.check(adapter(tmp_path)))
    assert line == f"{tmp_path}: an adapter is merged by peft: pip install peft"
    monkeypatch.setattr(lora, "find_spec", lambda name: object())
    assert lora.check(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({}, "(LoRA, rank 4)"),
        ({"use_dora": True}, "(DoRA, rank 4)"),
        ({"use_rslora": True}, "(rank-stabilised LoRA, rank 4)"),
        ({"use_dora": False, "use_rslora": None, "r": 16}, "(LoRA, rank 16)"),
        ({"peft_type": "lora"}, "(LoRA, rank 4)"),
        ({"peft_type": "IA3"}, "(IA3, rank 4)"),
    ],
)
def test_what_a_report_says_of_it(stated: dict[str, Any], told: str, tmp_path: Path) -> None:
    found = lora.described(adapter(tmp_path, **stated))
    assert found == f"the adapter {tmp_path.name} {told} is merged into its weights"


def test_a_fingerprint_is_of_the_model_and_of_both_files(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in "ab")
    for place in (first, second):
        place.mkdir()
        adapter(place)
    seen = {lora.fingerprint("base", first), lora.fingerprint("base", second)}
    assert len(seen) == 1, "wherever it lies"
    seen |= {lora.fingerprint("other", first), lora.fingerprint("base", adapter(second, r=5))}
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("org/llava-7b", False),
        ("llava-7b", False),
        ("/home/me/LLaVA-7b/", False),
        ("..\\models\\llava-7b", False),
        ("/c/models--org--llava-7b/snapshots/0123", False),
        ("", False),
        (None, False),
        (5, False),
        ("org/llava-13b", True),
        ("other/llava-7b-chat", True),
        ("/home/me/mine", True),
        ("two\nlines", True),
    ],
)
def test_another_base_than_its_own_is_told(stated: Any, told: bool, tmp_path: Path) -> None:
    folder = adapter(tmp_path, base_model_name_or_path=stated)
    names = "llava", "org/llava-7b", "/c/models--org--llava-7b/snapshots/4567"
    assert adapter_base.of_another(folder, names) == told * (
        f"the adapter {tmp_path.name} says that it was trained on {visible(str(stated))}, and is put on "
        "llava: unless these are the same weights, what is measured is neither's"
    )
    if stated == "/home/me/mine":
        assert not adapter_base.of_another(folder, [None, str(tmp_path / "mine")])


def test_an_adapter_that_is_not_finite_is_refused_before_its_base_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "find_spec", lambda name: object())
    folder = adapter(tmp_path)
    save_file({A: torch.ones(2, 3), B: torch.full((3, 2), torch.nan)}, folder / lora.WEIGHTS)
    assert refusal(lambda: lora.check(folder)).startswith(
        f"{folder / lora.WEIGHTS}: the weight {B} is not finite: it holds NaN: "
    )


def test_a_sum_that_is_too_large_for_its_dtype_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Peft(monkeypatch)
    model = torch.nn.Linear(2, 2).half()
    model.weight.data[0, 0] = torch.inf
    assert refusal(lambda: lora.merged(model, adapter(tmp_path))).endswith(
        "the weight weight is not finite: it holds infinity as float16, of what was saved so or is too large "
        "for that: try --dtype bfloat16"
    )


class Peft:
    """Stands for peft: a model with places for the adapter, which it merges or can't."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, places: tuple[str, ...] = (A, B)) -> None:
        self.places = places
        self.saved: tuple[str, ...] = (A, B)
        self.fits: Exception | None = None
        self.merges: Exception | None = None
        kinds = Enum("kinds", {"LORA": "LORA"})
        module = SimpleNamespace(PeftModel=self, PeftType=kinds, get_peft_model_state_dict=self.state)
        monkeypatch.setitem(sys.modules, "peft", module)

    def from_pretrained(self, model: Any, folder: str, use_safetensors: bool) -> Any:
        if self.fits:
            raise self.fits
        assert use_safetensors, "no pickle is read"
        named = {place.replace(".weight", ".default.weight"): None for place in self.places}
        return SimpleNamespace(state_dict=lambda: named, merge_and_unload=lambda: self.merged(model))

    def state(self, wrapped: Any, save_embedding_layers: bool) -> dict[str, None]:
        return dict.fromkeys(self.saved)

    def merged(self, model: Any) -> Any:
        if self.merges:
            raise self.merges
        return model


def test_an_adapter_is_merged_into_a_model_that_learns_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Peft(monkeypatch)
    model = torch.nn.Linear(2, 2).train()
    assert lora.merged(model, adapter(tmp_path)) is model
    assert not model.training and not model.weight.requires_grad


def test_tensors_without_a_place_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Peft(monkeypatch, places=(A,)).saved = (A,)
    assert refusal(lambda: lora.merged(None, adapter(tmp_path))) == (
        f"{tmp_path}: 1 of its 2 tensors have no place in the model, the first is {B}: it was trained on "
        "another"
    )


def test_tensors_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = A.replace("q.", "v.")
    Peft(monkeypatch, places=(A, B, more)).saved = (A, B, more)
    assert refusal(lambda: lora.merged(None, adapter(tmp_path))) == (
        f"{tmp_path}: 1 tensors that its adapter_config.json asks for are not in its file, the first is "
        f"{more}"
    )


def test_what_peft_says_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peft = Peft(monkeypatch)
    peft.fits = ValueError("size mismatch\nfor q")
    assert refusal(lambda: lora.merged(None, adapter(tmp_path))) == (
        f"{tmp_path}: does not fit the model: size mismatch"
    )
    peft.fits, peft.merges = None, NotImplementedError("no merge")
    assert refusal(lambda: lora.merged(None, tmp_path)) == (
        f"{tmp_path}: peft can't merge it (LORA) into the weights: no merge: measure a kind that peft "
        "merges, such as LoRA"
    )


def test_a_kind_of_a_later_release_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Peft(monkeypatch)
    line = refusal(lambda: lora.merged(None, adapter(tmp_path, peft_type="NEWEST")))
    assert line == f"{tmp_path}: it is NEWEST, a kind that this release of peft does not know"
