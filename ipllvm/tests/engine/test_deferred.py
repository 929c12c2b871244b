"""A model that is known loads when it has to answer, and answers only as the model that was known."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.engine import deferred
from ipllvm.engine.deferred import Deferred, Identity
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import ModelUnavailable
from ipllvm.models import gpus
from ipllvm.models.load_options import LoadOptions
from ipllvm.records import ModelInfo, Stage

INFO = ModelInfo("m", "llava", "ab" * 32, "cpu", "float32", "sdpa", "checkpoint", 1000)
SETTINGS: dict[str, Any] = {
    "device": "auto", "dtype": "auto", "prompt": "checkpoint", "offline": True, "label": "mine",
    "how": LoadOptions(),
}  # fmt: skip


class _Loader:
    """Loads a model of this `info`, and counts."""

    def __init__(self, info: ModelInfo = INFO, fingerprint: str = INFO.fingerprint) -> None:
        self.count = 0
        self._model = SimpleNamespace(
            name=info.name, fingerprint=fingerprint, info=lambda: info, image_backend="pil", sealed="",
            stages=frozenset({Stage.PIXELS}), placed=True, layers=lambda: 4, patch_grid=lambda: 7,
            windows={"full": 3},
        )  # fmt: skip

    def __call__(self) -> Any:
        self.count += 1
        return self._model


def _known(load: _Loader) -> Any:
    return Deferred(Identity(INFO, "pil", (Stage.PIXELS,), True, 4, 7), load)


def test_what_a_report_needs_loads_nothing() -> None:
    load = _Loader()
    model = _known(load)
    assert (model.info(), model.layers(), model.patch_grid()) == (INFO, 4, 7)
    assert (model.name, model.fingerprint, model.image_backend) == ("m", INFO.fingerprint, "pil")
    assert not hasattr(model, "__len__")
    assert load.count == 0


def test_what_takes_weights_loads_them_once() -> None:
    load = _Loader()
    model = _known(load)
    assert model.windows == {"full": 3}
    assert deferred.loaded(model) is model.loaded
    assert load.count == 1


def test_other_files_than_were_known_answer_nothing() -> None:
    with pytest.raises(ModelUnavailable, match="files changed"):
        _ = _known(_Loader(fingerprint="cd" * 32)).windows


@pytest.mark.parametrize(
    ("field", "value"), [("device", "cuda"), ("dtype", "bfloat16"), ("attention", "eager")]
)
def test_other_numerics_than_were_known_answer_nothing(field: str, value: str) -> None:
    """Else answers of a GPU would stand in the store as a CPU's."""
    changed: dict[str, Any] = {field: value}
    other = replace(INFO, **changed)
    with pytest.raises(ModelUnavailable, match=f"{field} is {value} now and was {getattr(INFO, field)}"):
        _ = _known(_Loader(other)).windows


def test_a_device_that_is_named_is_the_same_on_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run with `auto` has found, a merge on another machine asks for by its device."""
    derived, load = Derived(tmp_path), _Loader()
    load._model.fingerprint = deferred.fingerprint("llava-tiny", SETTINGS)
    deferred.deferred("llava-tiny", SETTINGS, derived, load)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    deferred.deferred("llava-tiny", SETTINGS | {"device": "cpu"}, derived, load)
    assert load.count == 1
    deferred.deferred("llava-tiny", SETTINGS | {"device": "cuda"}, derived, load)
    deferred.deferred("llava-tiny", SETTINGS, derived, load)
    assert load.count == 3, "what auto comes to here is not known"


def test_a_known_model_is_told_by_its_label_and_not_loaded(tmp_path: Path) -> None:
    derived, load = Derived(tmp_path), _Loader()
    first, again = (deferred.deferred("llava-tiny", SETTINGS, derived, load) for _ in range(2))
    assert not {type(first), type(again)} & {Deferred} and load.count == 2, "files of another model: not kept"

    own = _Loader(replace(INFO, fingerprint=_fingerprint()), _fingerprint())
    deferred.deferred("llava-tiny", SETTINGS, derived, own)
    known: Any = deferred.deferred("llava-tiny", {**SETTINGS, "label": "yours"}, derived, own)
    assert isinstance(known, Deferred) and known.info().name == "yours" and own.count == 1


@pytest.mark.parametrize(("name", "value"), [("drivers", lambda: ["/dev/nvidiactl"]), ("count", lambda: 2)])
def test_another_machine_with_the_same_store_finds_no_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    """`auto` is a GPU there and was a CPU here."""
    own, derived = _Loader(replace(INFO, fingerprint=_fingerprint()), _fingerprint()), Derived(tmp_path)
    deferred.deferred("llava-tiny", SETTINGS, derived, own)
    assert isinstance(deferred.deferred("llava-tiny", SETTINGS, derived, own), Deferred)
    monkeypatch.setattr(gpus, name, value)
    assert not isinstance(deferred.deferred("llava-tiny", SETTINGS, derived, own), Deferred)


def _fingerprint() -> str:
    key = deferred._key("llava-tiny", SETTINGS, False)
    assert key is not None
    return str(key[0])


@pytest.mark.parametrize(("count", "apart"), [(0, False), (1, False), (2, True)])
def test_a_worker_is_another_machine_only_where_it_has_a_gpu_of_its_own(
    monkeypatch: pytest.MonkeyPatch, count: int, apart: bool
) -> None:
    """What workers have kept is found without them on a machine of one device."""
    monkeypatch.setattr(gpus, "count", lambda: count)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    as_worker = deferred.machine()
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert (deferred.machine() != as_worker) is apart
