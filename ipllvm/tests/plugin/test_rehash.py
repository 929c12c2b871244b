"""`--rehash` reaches the reading of weights."""

from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.models import load_model
from ipllvm.engine import deferred
from ipllvm.engine.store.derived import Derived
from ipllvm.models import loading
from ipllvm.session.outcomes import OPTIONS
from ipllvm.tests.session.test_options import read


@pytest.mark.parametrize("wanted", [True, False])
def test_the_weights_are_read_anew_where_asked(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    monkeypatch.setattr(loading, "load", lambda name, **settings: settings)
    options = read(model=["llava-tiny"], rehash=wanted)
    plugins = SimpleNamespace(get_plugins=set)
    config: Any = SimpleNamespace(
        stash={OPTIONS: options},
        get_verbosity=lambda: -1,
        pluginmanager=plugins,
        add_cleanup=lambda last: None,
    )
    monkeypatch.setattr(deferred, "deferred", lambda *of, rehash: {"known": rehash, "read": of[3]()})
    get: Any = next(unwrap(load_model)(config, Derived(None), None))
    found = get("llava-tiny")
    assert found["known"] is found["read"]["rehash"] is wanted
