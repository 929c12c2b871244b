"""A fingerprint follows content, not place, and costs one reading."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from ipllvm.models import fingerprint as prints
from ipllvm.models.checkpoint import settings
from ipllvm.models.fingerprint import file_digest, fingerprint

BIG = b"x" * (prints.REMEMBERED_FROM + 1)


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(prints, "SETTLED_SECONDS", -1.0)  # files that are made here are old enough
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "chat_template.jinja").write_text("USER:")
    (made / "README.md").write_text("words")
    (made / "model.safetensors").write_bytes(BIG)
    return made


def of(folder: Path, *, rehash: bool = False) -> str:
    return fingerprint(folder, [*settings(folder), folder / "model.safetensors"], rehash=rehash)


def test_same_content_elsewhere_is_the_same_model(folder: Path, tmp_path: Path) -> None:
    assert of(folder) == of(shutil.copytree(folder, tmp_path / "elsewhere"))


@pytest.mark.parametrize("name", ["config.json", "chat_template.jinja", "model.safetensors"])
def test_any_change_is_another_model(folder: Path, name: str) -> None:
    before = of(folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(1, 1))
    assert of(folder) != before


def test_card_does_not_count(folder: Path) -> None:
    before = of(folder)
    (folder / "README.md").write_text("other words")
    assert of(folder) == before


def test_big_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "model.safetensors"
    first = file_digest(path)
    assert first == hashlib.sha256(BIG).hexdigest()
    monkeypatch.setattr(prints, "_read", lambda path: "f" * 64)
    assert file_digest(path) == first
    assert file_digest(path, rehash=True) == "f" * 64
    assert file_digest(path) == "f" * 64


def test_changed_file_is_read_again(folder: Path, cache_dir: Path) -> None:
    path = folder / "model.safetensors"
    file_digest(path)
    path.write_bytes(BIG + b"y")
    assert file_digest(path) == hashlib.sha256(BIG + b"y").hexdigest()
    store = json.loads((cache_dir / "ipllvm" / "digests.json").read_text())
    assert len(store) == 1
    assert [p.name for p in (cache_dir / "ipllvm").iterdir()] == ["digests.json"]


def test_weights_rewritten_in_place_with_their_time_kept_are_another_model(folder: Path) -> None:
    path = folder / "model.safetensors"
    before, status = of(folder), path.stat()
    with path.open("r+b") as file:
        file.write(b"y")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert of(folder) != before


def test_a_blob_that_was_written_over_is_not_believed_by_its_name(tmp_path: Path) -> None:
    name = hashlib.sha256(BIG).hexdigest()
    (tmp_path / "blobs").mkdir()
    blob = tmp_path / "blobs" / name
    blob.write_bytes(BIG)
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    assert file_digest(link) == name
    with blob.open("r+b") as file:
        file.write(b"damage")
    assert file_digest(link) == hashlib.sha256(blob.read_bytes()).hexdigest() != name


def test_a_file_that_was_just_written_is_not_remembered(
    folder: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prints, "SETTLED_SECONDS", 60.0)
    file_digest(folder / "model.safetensors")
    assert not cache_dir.exists()


@pytest.mark.parametrize(
    "name",
    ["video_preprocessor_config.json", "additional_chat_templates/tool.jinja", "generation_config.json"],
)
def test_every_file_that_transformers_reads_counts(folder: Path, name: str) -> None:
    before = of(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("{}")
    assert of(folder) != before


@pytest.mark.parametrize("store", ["not json", "[]", '{"k": 3}'])
def test_damaged_store_is_replaced(folder: Path, cache_dir: Path, store: str) -> None:
    (cache_dir / "ipllvm").mkdir(parents=True)
    (cache_dir / "ipllvm" / "digests.json").write_text(store)
    assert file_digest(folder / "model.safetensors") == hashlib.sha256(BIG).hexdigest()
    assert len(json.loads((cache_dir / "ipllvm" / "digests.json").read_text())) == 1


def test_unwritable_cache_is_no_error(folder: Path, cache_dir: Path) -> None:
    cache_dir.write_text("a file where a folder should be")
    assert file_digest(folder / "model.safetensors") == hashlib.sha256(BIG).hexdigest()
