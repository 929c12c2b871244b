"""Files that are made in folders of others: never through a link, whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ipllvm.safety import writing


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_a_link_is_replaced_and_what_it_names_is_left_alone(victim: Path, folder: Path) -> None:
    (folder / "file").symlink_to(victim)
    writing.replace(folder / "file", "new")
    assert ((folder / "file").read_text(), victim.read_text()) == ("new", "precious")
    assert not (folder / "file").is_symlink()


def test_a_file_is_replaced_whole_or_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing.replace(folder / "file", "old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        writing.replace(folder / "file", "new")
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("file", "old")]


def test_a_device_or_a_pipe_is_no_place_for_a_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        writing.replace(folder / "pipe", "new")


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: writing.inner_folder(folder, "inner"),
        lambda folder: writing.inner_folder(folder, "inner", "deeper"),
        lambda folder: writing.refuse_link(folder / "inner"),
        lambda folder: writing.refuse_links(folder),
    ],
    ids=["made", "made below", "asked for", "searched for"],
)
def test_a_folder_below_that_is_a_link_is_refused(
    folder: Path, tmp_path: Path, write: Callable[[Path], object]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "inner").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="it is a link"):
        write(folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_folder_that_the_user_has_named_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert writing.inner_folder(tmp_path / "link", "inner").is_dir()
    writing.probe(tmp_path / "link")
    assert [path.name for path in folder.iterdir()] == ["inner"]


def test_new_files_have_the_rights_that_the_user_gives_new_files(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        writing.replace(folder / "file", "new")
    finally:
        os.umask(before)
    assert (folder / "file").stat().st_mode & 0o777 == 0o640


def test_what_is_added_goes_to_a_file_and_never_through_a_link(victim: Path, folder: Path) -> None:
    writing.append(folder / "file", "one\n")
    writing.append(folder / "file", "two\n")
    assert (folder / "file").read_text() == "one\ntwo\n"
    (folder / "file").write_text("one\nhal")
    writing.append(folder / "file", "two\n")
    assert (folder / "file").read_text() == "one\nhal\ntwo\n", "on a line of its own"
    (folder / "link").symlink_to(victim)
    os.mkfifo(folder / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=r"symbolic links|No such device|regular file"):
            writing.append(folder / name, "more")
    assert victim.read_text() == "precious"


def test_a_place_is_made_where_it_is_missing_again_and_again(tmp_path: Path) -> None:
    place = writing.Place(tmp_path / "a" / "b")
    for _ in range(2):
        place.ready()
        assert (tmp_path / "a" / "b").is_dir() and not place.moved
        (tmp_path / "a").rename(tmp_path / f"away-{len(list(tmp_path.iterdir()))}")


def test_a_place_may_be_a_link_from_the_first(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    place = writing.Place(tmp_path / "link")
    place.ready()
    assert not place.moved


@pytest.mark.parametrize("swapped", ["reports", "reports/outcomes"])
def test_a_link_that_takes_a_places_place_is_not_followed(tmp_path: Path, folder: Path, swapped: str) -> None:
    place = writing.Place(tmp_path / "reports" / "outcomes")
    place.ready()
    (tmp_path / swapped).rename(tmp_path / "kept")
    (folder / "outcomes").mkdir()
    (tmp_path / swapped).symlink_to(folder)
    assert place.moved
    with pytest.raises(OSError, match="come to lead elsewhere"):
        place.ready()
