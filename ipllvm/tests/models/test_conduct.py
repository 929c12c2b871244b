"""What a model in memory does beyond its tensors is part of who it is."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook
from transformers import AutoModelForImageTextToText

from ipllvm.models import processors
from ipllvm.models.adapting import in_hand
from ipllvm.tests.tiny import make

Undo = Callable[[], object]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    folder = make("llava-llama", tmp_path_factory.mktemp("checkpoints") / "llava")
    auto: Any = AutoModelForImageTextToText
    model = auto.from_pretrained(folder, dtype=torch.float32).requires_grad_(False)
    yield model, processors.load(folder, "llava")


def _assigned(owner: Any, name: str, value: Any) -> Undo:
    before = getattr(owner, name)
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)


def _attends_otherwise(model: Any, processor: Any) -> Undo:
    attention = model.model.language_model.layers[0].self_attn
    return _assigned(attention, "scaling", attention.scaling * 1.01)


def _turns_otherwise(model: Any, processor: Any) -> Undo:
    """A buffer that no state holds."""
    rotary = model.model.language_model.rotary_emb
    return _assigned(rotary, "inv_freq", rotary.inv_freq * 1.01)


def _activates_otherwise(model: Any, processor: Any) -> Undo:
    return _assigned(model.model.language_model.layers[1].mlp, "act_fn", torch.nn.ReLU())


def _normalises_otherwise(model: Any, processor: Any) -> Undo:
    norm = model.model.language_model.norm
    return _assigned(norm, "variance_epsilon", 1.0)


def _skips_a_layer(model: Any, processor: Any) -> Undo:
    """As patched by a class: the forward of all layers of that kind."""
    kind = type(model.model.language_model.layers[0])

    def forward(self: Any, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return hidden_states

    return _assigned(kind, "forward", forward)


CHANGES = [_attends_otherwise, _turns_otherwise, _activates_otherwise, _normalises_otherwise, _skips_a_layer]


@pytest.mark.parametrize("change", CHANGES)
def test_an_attribute_makes_it_another_model_for_as_long_as_it_lasts(
    change: Callable[[Any, Any], Undo], parts: tuple[Any, Any]
) -> None:
    first = in_hand(*parts).fingerprint
    undo = change(*parts)
    try:
        changed = in_hand(*parts)
        assert changed.fingerprint != first
        assert in_hand(*parts).fingerprint == changed.fingerprint, "it is known again"
    finally:
        undo()
    assert in_hand(*parts).fingerprint == first


def _later(model: Any, processor: Any) -> Undo:
    """It does nothing with a prompt as short as any that would be tried."""

    def hook(module: Any, given: Any, made: Any) -> Any:
        return made * 0 if made.shape[-2] > 4000 else made

    undo: Undo = model.lm_head.register_forward_hook(hook).remove
    return undo


def _before(model: Any, processor: Any) -> Undo:
    undo: Undo = model.lm_head.register_forward_pre_hook(lambda module, given: None).remove
    return undo


def _everywhere(model: Any, processor: Any) -> Undo:
    return register_module_forward_pre_hook(lambda module, given: None).remove


def _patched(model: Any, processor: Any) -> Undo:
    forward = model.lm_head.forward

    @functools.wraps(forward)
    def mine(given: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = forward(given)
        return made

    model.lm_head.forward = mine
    return lambda: vars(model.lm_head).pop("forward")


def _bound(model: Any, processor: Any) -> Undo:
    get = model.model.get_image_features
    model.model.get_image_features = functools.partial(lambda *args, **kwargs: get(*args, **kwargs))
    return lambda: vars(model.model).pop("get_image_features")


def _sees_otherwise(model: Any, processor: Any) -> Undo:
    seen = processor.image_processor
    usual = seen.preprocess
    seen.preprocess = lambda *args, **kwargs: usual(*args, **kwargs)
    return lambda: vars(seen).pop("preprocess")


def _masks(model: Any, processor: Any) -> Undo:
    """No function, and no setting either."""
    processor.image_processor.mask = torch.ones(3)
    return lambda: vars(processor.image_processor).pop("mask")


PUT_IN = [_later, _before, _everywhere, _patched, _bound, _sees_otherwise, _masks]


@pytest.mark.parametrize("change", PUT_IN)
def test_code_that_was_put_into_it_is_never_known_again(
    change: Callable[[Any, Any], Undo], parts: tuple[Any, Any]
) -> None:
    """What a hook does may depend on anything: no forward tells all of it."""
    first = in_hand(*parts)
    undo = change(*parts)
    try:
        held = [in_hand(*parts) for _ in range(2)]
    finally:
        undo()
    assert len({first.fingerprint, *(each.fingerprint for each in held)}) == 3
    notes = [note for note in held[0].notes if "is not taken from the store" in note]
    assert len(notes) == 1, held[0].notes
    assert in_hand(*parts).fingerprint == first.fingerprint
    assert not [note for note in first.notes if "the store" in note]


def test_hooks_of_the_libraries_are_its_own(parts: tuple[Any, Any]) -> None:
    model, _ = parts
    first = in_hand(*parts).fingerprint
    model.enable_input_require_grads()
    try:
        assert in_hand(*parts).fingerprint == first
    finally:
        model.disable_input_require_grads()


@pytest.mark.parametrize("raised", [RuntimeError("no room\nfor it"), SystemExit("no room")], ids=repr)
def test_what_cannot_be_asked_is_never_known_again(
    parts: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(type(parts[0]), "generate", refuse)
    held = [in_hand(*parts) for _ in range(2)]
    assert held[0].fingerprint != held[1].fingerprint
    assert any(f"{type(raised).__name__}: no room" in note for note in held[0].notes)


def test_an_adapter_that_is_switched_off_is_another_model(parts: tuple[Any, Any]) -> None:
    peft = pytest.importorskip("peft")
    model, processor = parts
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    model.add_adapter(config)
    try:
        on = in_hand(model, processor).fingerprint
        model.disable_adapters()
        off = in_hand(model, processor).fingerprint
        model.enable_adapters()
        assert on == in_hand(model, processor).fingerprint != off
    finally:
        model.delete_adapter("default")
