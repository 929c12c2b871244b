"""GSM8K from small copies of the same schema: layouts, answers, examples, and what can be missing."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ipllvm.benchmarks import gsm8k
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.scorers.numeric import extract, score

ROWS = [
    {"question": "Ida has 3 bags of 4 nuts. How many nuts?", "answer": "3 * 4 = <<3*4=12>>12 nuts\n#### 12"},
    {"question": " A farm sells for $1,500? ", "answer": "It does.\n#### 1,500"},
    {"question": "How cold is it?", "answer": "Very.\n#### -7"},
]
STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")
OPERATIONS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": int.__floordiv__}


def lines(folder: Path, rows: Sequence[Mapping[str, str]] = ROWS) -> Path:
    """A copy in the original layout."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "test.jsonl").write_text(text, encoding="utf-8")
    return folder


def parquet(folder: Path) -> Path:
    """A copy as the hub serves it, with a split and a config beside it that are not meant."""
    pyarrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for place in ("main", "socratic"):
        (folder / place).mkdir(parents=True)
        for split, rows in (("test", ROWS), ("train", ROWS[:1])):
            path = folder / place / f"{split}-00000-of-00001.parquet"
            writer.write_table(pyarrow.Table.from_pylist(rows if place == "main" else rows[:1]), path)
    return folder


def test_the_original_layout(tmp_path: Path) -> None:
    benchmark = gsm8k.load(folder=lines(tmp_path / "gsm8k"))
    first = benchmark.samples[0]
    assert [sample.answer for sample in benchmark.samples] == ["12", "1500", "-7"]
    assert [sample.id for sample in benchmark.samples] == ["gsm8k-0001", "gsm8k-0002", "gsm8k-0003"]
    assert first.images == () and first.prompt.endswith("\n\nQ: Ida has 3 bags of 4 nuts. How many nuts?\nA:")
    assert first.prompt.count("Q: ") == 9 and first.prompt.count("The answer is ") == 8
    assert (benchmark.scorer, benchmark.max_new_tokens) == ("numeric", 256)
    assert benchmark.source == "openai/gsm8k, test split, the project's own 8 examples, 3 of its 1,319 rows"
    assert score("3 * 4 = 12. The answer is 12.", first).value == 1


def test_parquet_holds_the_same_samples(tmp_path: Path) -> None:
    assert gsm8k.load(folder=parquet(tmp_path / "a")) == gsm8k.load(folder=lines(tmp_path / "b"))


@pytest.mark.parametrize(("question", "worked"), gsm8k.SHOTS)
def test_examples_are_worked_right(question: str, worked: str) -> None:
    steps = STEP.findall(worked)
    assert steps
    for a, sign, b, result in steps:
        assert OPERATIONS[sign](int(a), int(b)) == int(result)
        assert sign != "/" or int(a) % int(b) == 0
    assert str(extract(worked)) == steps[-1][-1]
    assert question.endswith("?") and worked.count("The answer is") == 1


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([{"question": "Q?", "answer": "12"}], r"row 1: no '#### N' at the end of '12'"),
        ([{"question": "Q?", "answer": "#### twelve"}], "row 1: no '#### N'"),
        ([{"question": "Q?"}], "there is no column 'answer'"),
        ([], "holds no rows"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, rows: list[dict[str, str]], line: str) -> None:
    with pytest.raises(BenchmarkUnavailable, match=line) as caught:
        gsm8k.load(folder=lines(tmp_path, rows))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["test.jsonl", "test-0.parquet"])
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BenchmarkUnavailable, match="can't be read") as caught:
        gsm8k.load(folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_parquet_without_pyarrow_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test-0.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        BenchmarkUnavailable, match=r"'gsm8k' is in parquet here, which needs the package pyarrow"
    ):
        gsm8k.load(folder=tmp_path)


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkUnavailable, match=r"holds neither test\.jsonl nor main/test-"):
        gsm8k.load(folder=tmp_path)


def test_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []
    whole = lines(tmp_path / "hub")

    def snapshot(repository: str, *, repo_type: str, local_files_only: bool) -> str:
        asked.append((repository, local_files_only))
        if local_files_only:
            raise OSError("nothing here")
        return str(whole)

    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    with pytest.raises(BenchmarkUnavailable, match="run 'ipllvm data get gsm8k'"):
        gsm8k.load(offline=True)
    assert len(gsm8k.load().samples) == 3
    assert asked == [("openai/gsm8k", True)] * 2 + [("openai/gsm8k", False)]
    lines(tmp_path / "data" / "gsm8k", ROWS[:2])
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path / "data"))
    assert len(gsm8k.load().samples) == 2
