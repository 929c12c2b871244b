"""The section of measured figures: one card after the other, whatever a file leaves out."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm.speed import summary
from ipllvm.speed.summary import BEGIN, END, file_name, section, updated

ROW = {
    "name": "permutation", "alone": 1234.56, "batched": 2.04, "engine": 10.06, "times_alone": 10.04,
    "times_batched": 5.06, "of_floor": 0.805,
}  # fmt: skip
PREFILL = {"rate": 3e14, "products": 4e14}


def about(**more: Any) -> dict[str, Any]:
    return {"card": "A", "model": "m", "dtype": "torch.float32", "rows": [], "prefill": PREFILL, **more}


def saved(folder: Path, **cards: dict[str, Any]) -> str:
    for name, found in cards.items():
        (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
    return section(folder)


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("NVIDIA H100 80GB HBM3 synthetic llava-1.5-7b", "nvidia-h100-80gb-hbm3-synthetic-llava-1-5-7b.json"),
        ("  cpu  ", "cpu.json"),
        ("../../etc/passwd", "etc-passwd.json"),
        ("a/b\\c:d*e", "a-b-c-d-e.json"),
        ("Grafikkärtchen 4", "grafikk-rtchen-4.json"),
    ],
)
def test_the_name_of_a_file_is_safe_whatever_a_card_is_called(card: str, name: str) -> None:
    assert file_name(card) == name and Path(name).name == name


def test_the_numbers_of_a_row_are_rounded_and_have_their_thousands(tmp_path: Path) -> None:
    lines = saved(tmp_path, a=about(rows=[ROW, ROW | {"name": "other"}])).splitlines()
    assert lines[:2] == ["### A: m in float32", ""]
    assert lines[2] == "| workload | generate/s | batched/s | engine/s | x alone | x batched | of floor |"
    assert lines[3] == "| --- | --- | --- | --- | --- | --- | --- |"
    assert lines[4] == "| permutation | 1,234.6 | 2.0 | 10.1 | 10.0 | 5.1 | 80% |"
    assert lines[5].startswith("| other | ")
    assert lines[6:] == ["", "- prefill: 75% of the rate of matrix products"]


def test_cards_stand_in_the_order_of_their_files_and_nothing_else_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no JSON")
    text = saved(tmp_path, b=about(card="B"), a=about(card="A"), c=about(card="C"))
    assert [line for line in text.splitlines() if line.startswith("###")] == [
        f"### {name}: m in float32" for name in "ABC"
    ]
    assert "\n\n### B" in text and "\n\n### C" in text


def test_checks_say_where_an_aim_was_missed_and_stand_for_the_prefill_that_they_hold(tmp_path: Path) -> None:
    checks = [
        {"name": "prefill", "words": "61% of the rate of matrix products", "as_aimed": False},
        {"name": "exactness", "words": "0 of 24 answers differ", "as_aimed": True},
    ]
    text = saved(tmp_path, a=about(checks=checks, attention=["3 x a step", "4 x more positions"]))
    assert text.splitlines()[-4:] == [
        "- prefill: 61% of the rate of matrix products (aim missed)",
        "- exactness: 0 of 24 answers differ",
        "- attention: 3 x a step",
        "- attention: 4 x more positions",
    ]
    assert text.count("prefill") == 1


def test_a_note_stands_before_the_table_as_a_sentence(tmp_path: Path) -> None:
    assert saved(tmp_path, a=about(note="on a shared card")).splitlines()[:4] == [
        "### A: m in float32", "", "on a shared card.", "",
    ]  # fmt: skip


def test_a_section_is_put_in_its_place_again_and_again() -> None:
    page = f"top\n{BEGIN}\n{END}\nend\n"
    once = updated(page, "first")
    assert once == f"top\n{BEGIN}\nfirst\n{END}\nend\n"
    assert updated(once, "first") == once
    assert updated(once, "second\nlines") == f"top\n{BEGIN}\nsecond\nlines\n{END}\nend\n"


@pytest.mark.parametrize("page", ["", f"{BEGIN}", f"{END}", f"{END}\n{BEGIN}", f"{BEGIN[:-1]}\n{END}"])
def test_a_page_without_the_marks_in_their_order_is_refused(page: str) -> None:
    with pytest.raises(ValueError) as error:
        updated(page, "text")
    assert str(error.value) == f"{summary.PAGE} lacks {BEGIN} or {END}"
