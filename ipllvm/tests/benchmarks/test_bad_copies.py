"""Copies of published sets that can't be used, names of no benchmark, and parts of one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks import choice, mathvista, mmvp_rules, subset
from ipllvm.benchmarks.cells import BadCell, row_name, whole
from ipllvm.benchmarks.definition import all_published, published
from ipllvm.errors import BenchmarkUnavailable, IpllvmError, UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.tests.benchmarks.published import rows
from ipllvm.tests.benchmarks.test_bad_files import one_line

Row = dict[str, Any]


@pytest.mark.parametrize("name", all_published())
def test_a_folder_that_holds_nothing_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BenchmarkUnavailable) as told:
        published(name)(folder=tmp_path)
    assert name in one_line(told.value) and str(tmp_path) in str(told.value)


@pytest.mark.parametrize("name", all_published())
def test_a_row_without_any_column_is_one_line(name: str) -> None:
    definition = published(name)
    for protocol in definition.protocols:
        with pytest.raises(IpllvmError) as told:
            definition.benchmark([{}], "here", protocol)
        assert name in one_line(told.value)


def test_unknown_names_of_a_definition_say_the_known_ones() -> None:
    definition = published("mme")
    with pytest.raises(UsageError, match="unknown protocol of 'mme' 'papr': did you mean 'paper'"):
        definition.protocol("papr")
    with pytest.raises(UsageError, match="unknown rule of 'mme' 'oficial': did you mean 'official'"):
        definition.scorer("oficial")


MMVP: Row = {"Question": "Is it open?", "Options": "(a) Open (b) Closed", "Correct Answer": "(a)", "Index": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Options": "open or closed"}, "column 'Options': "),
        ({"Options": " "}, "column 'Options': it is blank"),
        ({"Correct Answer": "(c)"}, "column 'Correct Answer': 'C' is not among its options"),
        ({"Correct Answer": ""}, "column 'Correct Answer': '' is not among its options"),
        ({"Index": "first"}, "column 'Index': a whole number is needed, not 'first'"),
    ],
)
def test_mmvps_rows_are_read_strictly(change: Row, words: str) -> None:
    with pytest.raises(BadCell) as told:
        mmvp_rules.sample({**MMVP, **change})
    assert words in str(told.value)


@pytest.mark.parametrize("letter", ["", " ", "AB", "b", "1", "Z", None])
@pytest.mark.parametrize("name", ["scienceqa", "ai2d"])
def test_what_is_no_letter_in_a_table_is_no_right_answer(name: str, letter: str | None) -> None:
    row = {"index": 3, "image": "x", "question": "Which?", "A": "red", "B": "blue", "answer": letter}
    with pytest.raises(BenchmarkUnavailable, match="row 1, column 'answer': -1 is the place of none"):
        list(published(name).samples([published(name)._of_table(row)]))
    ((_, sample),) = published(name).samples([published(name)._of_table({**row, "answer": "B"})])
    assert sample.answer == "B"


@pytest.mark.parametrize("skills", ['["a", "b"]', "\"['a', 'b']\""])
def test_mathvistas_metadata_may_be_written_as_text(skills: str) -> None:
    row = {**rows("mathvista")[0], "metadata": f'{{"task": "sums", "skills": {skills}}}'}
    assert [label for label in mathvista.sample(row).labels if label[0] in ("task", "skill")] == [
        ("task", "sums"),
        ("skill", "a"),
        ("skill", "b"),
    ]


@pytest.mark.parametrize("cell", ["  ", 7, ["a"], True, "[1]"])
def test_metadata_that_are_no_object_are_told(cell: object) -> None:
    with pytest.raises(BadCell, match="column 'metadata': an object is needed, not "):
        mathvista.sample({**rows("mathvista")[0], "metadata": cell})
    assert mathvista.sample({**rows("mathvista")[0], "metadata": float("nan")})


@pytest.mark.parametrize("precision", ["x", [1], 3, 1e400])
def test_mathvistas_precision_is_one_that_its_hints_know(precision: object, tmp_path: Path) -> None:
    row = next(row for row in rows("mathvista") if row["answer_type"] == "float")
    bad = {**row, "query": None, "precision": precision}
    with pytest.raises(BadCell, match="column 'precision'"):
        mathvista.worded(bad)
    (tmp_path / "testmini.json").write_text(json.dumps({"1": bad}))
    with pytest.raises(BenchmarkUnavailable, match="precision"):
        published("mathvista")(folder=tmp_path)


def test_mmvps_pairs_and_swapped_labels() -> None:
    assert [mmvp_rules.sample({**MMVP, "Index": n}).cluster[-3:] for n in (1, 2, 3)] == ["001", "001", "002"]
    swapped = {**MMVP, "Index": 99}
    assert {mmvp_rules.sample(swapped).answer, mmvp_rules.first_published(swapped).answer} == {"A", "B"}


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_is_one_however_it_is_written(value: int) -> None:
    for form in (value, float(value), str(value), f" {value}.0 "):
        assert whole({"a": form}, "a") == value
    assert row_name(float(value)) == row_name(value) == str(value)


def test_a_name_of_no_benchmark_never_leaves_its_line() -> None:
    for name in (
        "",
        " ",
        "a\nb",
        "hub:",
        "hub:a",
        "lmms:",
        "x@",
        "@paper",
        "mme@",
        "\x1b[31m",
        "no/such.jsonl",
    ):
        with pytest.raises(IpllvmError) as told:
            choice.load(choice.check(name), offline=True)
        one_line(told.value)


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), st.integers(0, 3))
def test_every_part_of_a_benchmark_is_the_beginning_of_all_of_it(clusters: list[str], seed: int) -> None:
    samples = tuple(Sample(f"s{n}", name, (), "?", "a") for n, name in enumerate(clusters))
    data = Benchmark("toy", samples, "exact_match", "d", "s")
    whole_order = subset.subset(data, len(samples), seed).samples
    assert sorted(each.id for each in whole_order) == sorted(each.id for each in samples)
    for n in range(1, len(samples)):
        assert subset.subset(data, n, seed).samples == whole_order[:n]
