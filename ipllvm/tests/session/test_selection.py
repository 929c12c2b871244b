"""Which tests take somebody's own data, and why others do not."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.benchmarks import choice
from ipllvm.benchmarks.prompts import multiple_choice
from ipllvm.records import Benchmark, Sample
from ipllvm.session.selection import benchmarks, unfit
from ipllvm.tests.session.test_options import read

PICTURE = choice.load("scenes").samples[0].images
SAMPLE = Sample("s", "s", PICTURE, multiple_choice("Which?", ("red", "blue")), "A", ("red", "blue"))
CHOICES, WORDS = (pytest.mark.benchmarks("scenes-mc", own=kind).mark for kind in ("choices", "words"))


def data(sample: Sample) -> Benchmark:
    return Benchmark("mine.jsonl", (SAMPLE, sample), "multiple_choice", "digest", "source")


@pytest.mark.parametrize(
    ("sample", "marker", "why"),
    [
        (SAMPLE, None, ""),
        (SAMPLE, CHOICES, ""),
        (SAMPLE, WORDS, "is measured on questions without pictures"),
        (replace(SAMPLE, images=()), None, "the benchmark has no pictures"),
        (
            replace(SAMPLE, prompt="Which? In my own form."),
            CHOICES,
            "is measured on questions with choices (1 of 2 have some)",
        ),
        (replace(SAMPLE, choices=()), CHOICES, "is measured on questions with choices (1 of 2 have some)"),
    ],
    ids=["pictures", "choices", "no-words", "no-pictures", "own-form", "no-choices"],
)
def test_own_data_go_to_the_tests_that_they_are_fit_for(
    sample: Sample, marker: pytest.Mark | None, why: str
) -> None:
    assert unfit(marker, data(sample)) == why


def test_the_papers_profile_asks_encoders_on_imagenet_and_models_on_ai2d() -> None:
    assert benchmarks(None, read(profile="paper", model=["vit-tiny"]), "occlusion") == ["imagenet", "objects"]
    named = benchmarks(None, read(profile="paper", model=["llava-tiny"]), "occlusion")
    assert named[0] == "ai2d" and "imagenet" not in named
    assert benchmarks(None, read(profile="paper", model=["vit-tiny", "llava-tiny"]), "occlusion")[0] == "ai2d"
    assert benchmarks(None, read(profile="quick", model=["vit-tiny"]), "occlusion") == ["objects"]
    asked = read(profile="paper", model=["vit-tiny"], benchmark=["scenes"])
    assert benchmarks(None, asked, "occlusion") == ["scenes"]


def test_words_alone_are_fit_for_words() -> None:
    bare = replace(SAMPLE, images=())
    assert unfit(WORDS, replace(data(bare), samples=(bare,))) == ""


def test_a_file_is_taken_where_the_marker_takes_own_data(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("{}")
    options = read(benchmark=[str(file)])
    assert benchmarks(CHOICES, options) == [str(file)]
    (skipped,) = benchmarks(pytest.mark.benchmarks("scenes-mc").mark, options)
    assert "is measured on scenes-mc" in str(skipped.marks)
