"""Files of several pictures: counted without decoding them, whatever the format and wherever they lie."""

import base64
import io
import json
import tarfile
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from ipllvm.benchmarks import choice, frames
from ipllvm.benchmarks.images import EncodedImage, FileImage
from ipllvm.benchmarks.tables import webdataset

KINDS = ("GIF", "PNG", "WEBP", "TIFF", "MPO")
ONE_OF_TWO = "1 of 2 pictures holds several (frames or pages): the first of each is shown"


def encoded(kind: str, pictures: int) -> bytes:
    """A file of so many different pictures."""
    first, *others = (Image.new("RGB", (8, 8), (60 * n, 0, 99)) for n in range(pictures))
    stream = io.BytesIO()
    first.save(stream, kind, save_all=True, append_images=others)
    return stream.getvalue()


@pytest.mark.parametrize("pictures", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_picture_is_found(kind: str, pictures: int, tmp_path: Path) -> None:
    data = encoded(kind, pictures)
    (tmp_path / "a").write_bytes(data)
    file, held = FileImage(str(tmp_path / "a")), EncodedImage("a", data)
    assert [frames.holds_several(data), file.several, held.several] == [pictures > 1] * 3
    assert file.digest() == held.digest() and file.load().size == (8, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_off_or_none_is_no_error(kind: str) -> None:
    data = encoded(kind, 3)
    for size in (0, 4, 16, len(data) // 3, len(data) // 2):
        assert frames.holds_several(data[:size]) in (True, False)
    assert not frames.holds_several(b"GIF8" + bytes(99)) and not frames.holds_several(b"")


def _questions(at: Path, *pictures: bytes) -> str:
    for number, data in enumerate(pictures):
        (at / f"{number}.img").write_bytes(data)
    rows = [{"image": f"{n}.img", "question": "Which?", "answer": "red"} for n in range(len(pictures))]
    (at / "q.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(at / "q.jsonl")


def test_own_data_say_of_how_many_the_first_is_shown(tmp_path: Path) -> None:
    still, moving, paged = encoded("PNG", 1), encoded("GIF", 3), encoded("TIFF", 2)
    assert choice.load(_questions(tmp_path, still, moving)).source.endswith(f"; {ONE_OF_TWO}")
    found = choice.load(_questions(tmp_path, moving, still, paged)).source
    assert found.endswith("; 2 of 3 pictures hold several (frames or pages): the first of each is shown")
    assert frames.SHOWN not in choice.load(_questions(tmp_path, still)).source


def test_pictures_inside_other_files_are_counted_too(tmp_path: Path) -> None:
    still, moving = encoded("PNG", 1), encoded("GIF", 2)
    with tarfile.open(tmp_path / "q.tar", "w") as archive:
        for number, data in enumerate((still, encoded("WEBP", 2))):
            member = tarfile.TarInfo(f"{number}.{('png', 'webp')[number]}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    packed = [row["image"].several for row in webdataset.rows(tmp_path / "q.tar")]
    assert packed == [False, True]
    cells = "".join(f"{base64.b64encode(each).decode()}\tWhich?\tred\n" for each in (still, moving))
    (tmp_path / "q.tsv").write_text(f"image\tquestion\tanswer\n{cells}")
    assert ONE_OF_TWO in choice.load(str(tmp_path / "q.tsv")).source
    arrow = pytest.importorskip("pyarrow")
    held = [{"bytes": each, "path": None} for each in (still, moving)]
    table = arrow.table({"image": held, "question": ["Which?"] * 2, "answer": ["red"] * 2})
    import_module("pyarrow.parquet").write_table(table, tmp_path / "q.parquet")
    assert ONE_OF_TWO in choice.load(str(tmp_path / "q.parquet")).source
