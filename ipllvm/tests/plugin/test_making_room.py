"""A model that is part of a cycle leaves when the next is loaded, though looks pass it over until then."""

import gc
import weakref
from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.models import load_model
from ipllvm.engine import deferred
from ipllvm.engine.store.derived import Derived
from ipllvm.models import loading
from ipllvm.safety.collecting import PassedOver
from ipllvm.session.outcomes import OPTIONS
from ipllvm.tests.session.test_options import read


class _Weights:
    def __init__(self) -> None:
        self.own = self


@pytest.mark.slow
def test_the_earlier_model_is_gone_when_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.unfreeze()
    alive: list[Any] = []
    before: list[int] = []

    def load(name: str, **settings: Any) -> _Weights:
        before.append(sum(seen() is not None for seen in alive))
        weights = _Weights()
        alive.append(weakref.ref(weights))
        return weights

    plain = PassedOver.stay

    def stay(self: PassedOver) -> None:
        assert not gc.isenabled(), "the first look of all would walk what stays"
        plain(self)

    monkeypatch.setattr(PassedOver, "stay", stay)
    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(deferred, "deferred", lambda *of, rehash: of[3]())
    plugins, options = SimpleNamespace(get_plugins=set), read(model=["llava-tiny", "vit-tiny", "resnet-tiny"])
    last: list[Any] = []  # what pytest does behind all hooks
    config: Any = SimpleNamespace(
        stash={OPTIONS: options},
        get_verbosity=lambda: -1,
        pluginmanager=plugins,
        add_cleanup=last.append,
    )
    models: Any = unwrap(load_model)(config, Derived(None), None)
    get = next(models)
    for name in ("llava-tiny", "vit-tiny", "resnet-tiny"):
        get(name)
        assert gc.get_freeze_count()  # what was imported is passed over while it answers
    assert before == [0, 0, 0]
    assert next(models, None) is None
    assert gc.get_freeze_count(), "what pytest's hooks look for at the end is not among it"
    for each in last:
        each()
    assert not gc.get_freeze_count()
    gc.collect()
    assert not any(seen() is not None for seen in alive)
