"""Names lead to folders, caches or one clear line."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from ipllvm.errors import ModelUnavailable, UnknownName
from ipllvm.models import sources
from ipllvm.tests.checkpoints import make


def cached(monkeypatch: pytest.MonkeyPatch, answers: dict[bool, Path | None]) -> list[bool]:
    """Replace the hub: `answers[local]` is the snapshot; returns the calls made."""
    calls: list[bool] = []

    def snapshot(
        repository: str, *, local: bool, wanted: Sequence[str] = sources.WANTED, revision: str = ""
    ) -> Path:
        calls.append(local)
        found = answers[local]
        if found is None:
            raise LocalEntryNotFoundError("not cached") if local else ConnectionError("no route")
        return found

    monkeypatch.setattr(sources, "_snapshot", snapshot)
    return calls


def test_names_need_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from ipllvm.models import sources; sources.check_name('llava-ov');"
        "sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["llava-tiny", "llava-1.5", "llava-next", "llava-ov", "some-org/a_model.v2"])
def test_known_names_pass(name: str) -> None:
    assert sources.check_name(name) == name


def test_unknown_alias_names_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'llava-tiny'") as caught:
        sources.check_name("lava-tiny")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["./nothing-here", "/nothing/here", "~/nothing-here", "a/b/c"])
def test_path_without_folder(name: str) -> None:
    with pytest.raises(ModelUnavailable, match="no such model folder"):
        sources.resolve(name)


def test_local_folder_asks_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = cached(monkeypatch, {True: None, False: None})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "ckpt").mkdir(parents=True)
    assert sources.resolve("org/ckpt") == (tmp_path / "org" / "ckpt").resolve()
    assert calls == []


def test_complete_cache_asks_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("llava", tmp_path / "snapshot")
    calls = cached(monkeypatch, {True: folder, False: None})
    assert sources.resolve("llava-1.5") == folder
    assert sources.resolve("llava-1.5", offline=True) == folder
    assert calls == [True, True]


def test_incomplete_cache_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half").mkdir()
    full = make("llava", tmp_path / "full")
    calls = cached(monkeypatch, {True: tmp_path / "half", False: full})
    assert sources.resolve("llava-ov") == full
    assert calls == [True, False, False]


def test_what_is_no_llvm_is_refused_before_its_weights_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    calls = cached(monkeypatch, {True: None, False: tmp_path})
    with pytest.raises(ModelUnavailable, match="llama"):
        sources.resolve("org/llama-70b")
    assert calls == [True, False]


@pytest.mark.parametrize("offline", [True, False])
def test_no_cache_and_no_network_says_what_to_do(offline: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = cached(monkeypatch, {True: None, False: None})
    with pytest.raises(ModelUnavailable) as caught:
        sources.resolve("llava-ov", offline=offline)
    message = str(caught.value)
    assert "hf download llava-hf/llava-onevision-qwen2-7b-ov-hf" in message
    assert "--model=FOLDER" in message
    assert ("--offline" in message) == offline
    assert "\n" not in message
    assert calls == ([True] if offline else [True, False])


def test_snapshot_reads_a_real_cache_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder as huggingface_hub writes it is found without network."""
    from huggingface_hub import constants

    commit = "0" * 40
    repository = tmp_path / "models--org--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    folder = make("llava", repository / "snapshots" / commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert sources.resolve("org/model", offline=True) == folder


def test_missing_embedded_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "ipllvm" / "__init__.py"
    monkeypatch.setattr(sources, "ipllvm", SimpleNamespace(__file__=str(package)))
    with pytest.raises(ModelUnavailable, match=r"ipllvm\.zoo train llava-tiny"):
        sources.resolve("llava-tiny")
    wheel = tmp_path / "ipllvm" / "_suite" / "fixtures" / "checkpoints" / "llava-tiny"
    wheel.mkdir(parents=True)
    assert sources.resolve("llava-tiny") == wheel


def test_display_names_tell_twins_apart(tmp_path: Path) -> None:
    for run in ("a", "b"):
        (tmp_path / run / "ckpt").mkdir(parents=True)
    names = [str(tmp_path / "a" / "ckpt"), str(tmp_path / "b" / "ckpt") + "/", "llava-ov"]
    assert sources.display_names(names) == ["a-ckpt", "b-ckpt", "llava-ov"]
    assert sources.display_names(names[:1] * 2) == ["ckpt", "ckpt"]


def test_hub_ids() -> None:
    assert sources.hub_id("llava-1.5") == "llava-hf/llava-1.5-7b-hf"
    assert sources.hub_id("org/model") == "org/model"
    assert sources.hub_id("llava-tiny") is None
