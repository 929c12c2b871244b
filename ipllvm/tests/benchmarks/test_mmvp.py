"""MMVP from small copies of the same schema: layouts, labels, pairs, and what can be missing."""

import csv
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ipllvm.benchmarks import mmvp
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.records import Scores
from ipllvm.scorers.multiple_choice import score

HEADER = ("Index", "Question", "Options", "Correct Answer")
QUESTION = "Are the butterfly's wings closer to being open or closed?"
ROWS = [
    (1, QUESTION, "(a) Open (b) Closed", "(a)"),
    (2, QUESTION, "(a) Open (b) Closed", "(b)"),
    (3, "How many, if any?", "(a) One (small) dog (b) Two (or more)", "(b)"),
    (4, "How many, if any?", "(a) One (small) dog (b) Two (or more)", "(a)"),
]
Row = tuple[int, str, str, str]


def jpeg(shade: int) -> bytes:
    """A small grey photograph."""
    stream = BytesIO()
    Image.new("L", (20, 16), shade).save(stream, "JPEG")
    return stream.getvalue()


def original(folder: Path, rows: Sequence[Row] = ROWS, header: Sequence[str] = HEADER) -> Path:
    """A copy in the original layout."""
    (folder / "MMVP Images").mkdir(parents=True)
    with (folder / "Questions.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])
    for index, *_ in rows:
        (folder / "MMVP Images" / f"{index}.jpg").write_bytes(jpeg(index % 256))
    return folder


def parquet(folder: Path, rows: Sequence[Row] = ROWS) -> Path:
    """A copy as the hub serves it, in two shards out of order."""
    pyarrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    folder.mkdir(exist_ok=True)
    for shard, part in enumerate((rows[2:], rows[:2])):
        table = [
            dict(zip(HEADER, row, strict=True)) | {"image": {"bytes": jpeg(row[0] % 256), "path": None}}
            for row in part
        ]
        writer.write_table(pyarrow.Table.from_pylist(table), folder / f"train-{shard}.parquet")
    return folder


def full(published: bool) -> list[Row]:
    """300 rows, the pairs' answers alternating; the four errata as published or as corrected."""
    rows = [
        (i, f"Question {(i + 1) // 2}?", "(a) Yes (b) No", "(a)" if i % 2 else "(b)") for i in range(1, 301)
    ]
    swapped = dict(rows_of_errata(published))
    return [(i, q, o, swapped.get(i, a)) for i, q, o, a in rows]


def rows_of_errata(published: bool) -> list[tuple[int, str]]:
    """The labels of the four rows: first published a, b, a, b; corrected b, a, b, a."""
    letters = "abab" if published else "baba"
    return [(i, f"({letter})") for i, letter in zip((99, 100, 279, 280), letters, strict=True)]


def test_the_original_layout(tmp_path: Path) -> None:
    benchmark = mmvp.load(folder=original(tmp_path / "mmvp"))
    first = benchmark.samples[0]
    assert first.prompt.splitlines() == [
        QUESTION,
        "A. Open",
        "B. Closed",
        "Answer with the option's letter from the given choices directly.",
    ]
    assert [sample.id for sample in benchmark.samples] == [f"mmvp-00{i}" for i in (1, 2, 3, 4)]
    assert [sample.cluster[-3:] for sample in benchmark.samples] == ["001", "001", "002", "002"]
    assert [sample.answer for sample in benchmark.samples] == ["A", "B", "B", "A"]
    assert benchmark.samples[2].choices == ("One (small) dog", "Two (or more)")
    assert (first.images[0].load().mode, benchmark.scorer) == ("RGB", "multiple_choice")
    assert benchmark.source == "MMVP/MMVP, corrected labels, 4 of its 300 rows"


def test_parquet_holds_the_same_samples(tmp_path: Path) -> None:
    from_csv = mmvp.load(folder=original(tmp_path / "csv"))
    from_parquet = mmvp.load(folder=parquet(tmp_path / "parquet"))
    assert from_parquet.digest == from_csv.digest
    for one, other in zip(from_csv.samples, from_parquet.samples, strict=True):
        assert (one.id, one.prompt, one.answer, one.choices) == (
            other.id,
            other.prompt,
            other.answer,
            other.choices,
        )
        assert one.images[0].load().tobytes() == other.images[0].load().tobytes()


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1)])
def test_rows_go_by_their_number_wherever_they_stand(tmp_path: Path, order: tuple[int, ...]) -> None:
    expected = mmvp.load(folder=original(tmp_path / "sorted"))
    shuffled = mmvp.load(folder=original(tmp_path / "shuffled", [ROWS[place] for place in order]))
    assert shuffled.digest == expected.digest
    assert [s.images[0].load().getpixel((0, 0)) for s in shuffled.samples] == [
        (i, i, i) for i in (1, 2, 3, 4)
    ]


def test_a_separator_of_lines_inside_a_text_cuts_no_row(tmp_path: Path) -> None:
    rows = [(i, f"Is it\u2028so,\x85{i}?", "(a) Yes\u2028(b) No", "(a)") for i in (1, 2)]
    benchmark = mmvp.load(folder=original(tmp_path / "mmvp", rows))
    assert [sample.choices for sample in benchmark.samples] == [("Yes", "No")] * 2
    assert benchmark.samples[1].prompt.startswith("Is it\u2028so,\x852?")


@pytest.mark.parametrize("stored_as_published", [True, False])
@pytest.mark.parametrize("wanted_as_published", [True, False])
def test_errata_whatever_the_copy_holds(
    tmp_path: Path, stored_as_published: bool, wanted_as_published: bool
) -> None:
    folder = original(tmp_path / "mmvp", full(stored_as_published))
    benchmark = mmvp.load(folder=folder, original=wanted_as_published)
    answers = {int(sample.id[-3:]): sample.answer for sample in benchmark.samples}
    expected = {index: label[1].upper() for index, label in rows_of_errata(wanted_as_published)}
    assert {index: answers[index] for index in expected} == expected
    assert answers[101] == "A" and answers[281] == "A"
    assert "rows" not in benchmark.source


def test_labels_are_part_of_the_digest(tmp_path: Path) -> None:
    folder = original(tmp_path / "mmvp", full(published=True))
    assert mmvp.load(folder=folder).digest != mmvp.load(folder=folder, original=True).digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a) Open (b) Closed", ("Open", "Closed")),
        ("(A) Open\n(B) Closed", ("Open", "Closed")),
        ("(a)Yes (b)No", ("Yes", "No")),
        ("(a) f(b) and so on (b) No (c) Neither", ("f(b) and so on", "No", "Neither")),
        ("(a) (very) dark (b) light (a bit)", ("(very) dark", "light (a bit)")),
    ],
)
def test_options(text: str, expected: tuple[str, ...]) -> None:
    assert mmvp.options(text) == expected


@pytest.mark.parametrize("name", ["missing", "broken"])
def test_a_bad_image_breaks_its_own_sample_only(tmp_path: Path, name: str) -> None:
    folder = original(tmp_path / "mmvp")
    image = folder / "MMVP Images" / "2.jpg"
    image.unlink() if name == "missing" else image.write_bytes(image.read_bytes()[:200])
    samples = mmvp.load(folder=folder).samples
    with pytest.raises(OSError, match=r"2\.jpg"):
        samples[1].images[0].load()
    assert samples[0].images[0].load().size == (20, 16)


@pytest.mark.parametrize(
    ("rows", "header", "line"),
    [
        ([(1, "Q?", "Open, Closed", "(a)")], HEADER, r"row 1: no options \(a\) and \(b\) in 'Open, Closed'"),
        ([(1, "Q?", "(a) x (b) y", "(c)")], HEADER, r"row 1: the answer '\(c\)' is not among its options"),
        ([(1, "Q?", "(a) x (b) y", "")], HEADER, "row 1: the answer '' is not among its options"),
        (ROWS, ("Index", "Question", "Choices", "Correct Answer"), "there is no column 'Options'"),
        ([], HEADER, "are not numbered 1, 2, 3"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, rows: list[Row], header: tuple[str, ...], line: str) -> None:
    folder = original(tmp_path / "mmvp", rows, header)
    with pytest.raises(BenchmarkUnavailable, match=line) as caught:
        mmvp.load(folder=folder)
    assert "\n" not in str(caught.value)


def test_parquet_with_a_row_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkUnavailable, match="are not numbered 1, 2, 3"):
        mmvp.load(folder=parquet(tmp_path / "mmvp", [*ROWS[:2], ROWS[3]]))


def test_damaged_parquet_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BenchmarkUnavailable, match="can't be read") as caught:
        mmvp.load(folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_parquet_without_pyarrow_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BenchmarkUnavailable, match=r"needs the package pyarrow: pip install pyarrow$"):
        mmvp.load(folder=tmp_path)


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkUnavailable, match=r"holds neither Questions\.csv nor parquet files"):
        mmvp.load(folder=tmp_path)


def test_the_data_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original(tmp_path / "mmvp")
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    assert len(mmvp.load(0).samples) == 4


def test_no_data_and_no_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import errors

    asked: list[bool] = []

    def snapshot(repository: str, *, repo_type: str, local_files_only: bool) -> str:
        asked.append(local_files_only)
        raise (
            errors.LocalEntryNotFoundError("nothing here")
            if local_files_only
            else RuntimeError("read\ntimeout")
        )

    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    for offline, tries in ((True, [True]), (False, [True, False])):
        asked.clear()
        with pytest.raises(BenchmarkUnavailable, match="run 'ipllvm data get mmvp', or copy") as caught:
            mmvp.load(offline=offline)
        assert asked == tries
        assert "\n" not in str(caught.value)


def test_a_hub_cache_without_the_table_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial, whole = tmp_path / "partial", original(tmp_path / "whole")
    partial.mkdir()

    def snapshot(repository: str, *, repo_type: str, local_files_only: bool) -> str:
        return str(partial if local_files_only else whole)

    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    assert len(mmvp.load().samples) == 4
    with pytest.raises(BenchmarkUnavailable, match="neither on this machine"):
        mmvp.load(offline=True)


def test_always_saying_a_gets_half_the_questions_and_no_pair(tmp_path: Path) -> None:
    import numpy as np

    samples = mmvp.load(folder=original(tmp_path / "mmvp")).samples
    values = np.array([[score("A", sample).value] for sample in samples])
    scores = Scores("clean", tuple(s.id for s in samples), tuple(s.cluster for s in samples), values)
    assert values.mean() == 0.5
    assert pair_scores(scores).values.mean() == 0.0
    right = np.array([[score(f"({sample.answer.lower()})", sample).value] for sample in samples])
    assert pair_scores(Scores("clean", scores.samples, scores.clusters, right)).values.mean() == 1.0
    assert {sample.answer for sample in samples} <= set(LETTERS[:2])
