"""What holds for every registered benchmark; one whose data is not here is skipped with the reason."""

import subprocess
import sys
from collections.abc import Sequence
from functools import cache

import pytest

from ipllvm.benchmarks.definition import Definition
from ipllvm.benchmarks.names import MADE
from ipllvm.benchmarks.prompts import LETTERS, short_answer
from ipllvm.engine.answering import options
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, ImageSource
from ipllvm.registry import BENCHMARKS
from ipllvm.scorers.base import Grading

TEXT_ONLY = {"numeric"}
LETTERED = {"multiple_choice", "nearby_choice"}
"""Scorers of benchmarks without pictures and without choices."""
DIGESTS = """
import sys
from ipllvm.registry import BENCHMARKS
for name in sys.argv[1:]:
    print(BENCHMARKS.load(name)(seed=0).digest)
"""


@cache
def loaded(name: str) -> Benchmark | str:
    """The benchmark, or why it is not here."""
    try:
        benchmark: Benchmark = BENCHMARKS.load(name)(seed=0)
    except BenchmarkUnavailable as error:
        return str(error)
    return benchmark


OWN_CONTRACT = [
    name
    for name in BENCHMARKS
    if name in ("mmvp", "gsm8k") or not isinstance(BENCHMARKS.load(name), Definition)
]
"""Other published sets word and score as their harnesses do: tests/benchmarks/test_definitions.py."""


@pytest.fixture(params=OWN_CONTRACT)
def benchmark(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Benchmark:
    """Every registered benchmark in turn, without network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = loaded(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_it_has_the_name_it_is_registered_by(benchmark: Benchmark, request: pytest.FixtureRequest) -> None:
    assert f"[{benchmark.name}]" in request.node.name
    assert benchmark.samples and benchmark.source and benchmark.max_new_tokens > 0
    assert benchmark.name not in MADE or len(benchmark.samples) == MADE[benchmark.name]


def test_ids_are_unique_and_fit_for_file_names(benchmark: Benchmark) -> None:
    ids = [sample.id for sample in benchmark.samples]
    assert len(set(ids)) == len(ids)
    assert all(id.replace("-", "").isalnum() for id in ids)


def test_images_load_as_rgb(benchmark: Benchmark) -> None:
    images = {image for sample in benchmark.samples for image in sample.images}
    assert all(bool(sample.images) != (benchmark.scorer in TEXT_ONLY) for sample in benchmark.samples)
    assert {image.load().mode for image in images} <= {"RGB"}


def test_questions_on_one_image_share_a_cluster(benchmark: Benchmark) -> None:
    clusters: dict[ImageSource, set[str]] = {}
    for sample in benchmark.samples:
        for image in sample.images:
            clusters.setdefault(image, set()).add(sample.cluster)
    assert all(len(names) == 1 for names in clusters.values())


def test_the_answer_is_among_the_choices(benchmark: Benchmark) -> None:
    for sample in benchmark.samples:
        if benchmark.scorer in TEXT_ONLY:
            assert sample.choices == () and sample.answer
            continue
        lettered = benchmark.scorer in LETTERED
        possible = tuple(LETTERS[: len(sample.choices)]) if lettered else sample.choices
        assert sample.answer in possible and len(possible) >= 2
        assert len(set(sample.choices)) == len(sample.choices)


def test_the_prompt_shows_the_choices_or_asks_for_one_word(benchmark: Benchmark) -> None:
    for sample in benchmark.samples:
        question, *rest = sample.prompt.splitlines()
        if benchmark.scorer in LETTERED:
            shown = [f"{letter}. {text}" for letter, text in zip(LETTERS, sample.choices, strict=False)]
            assert rest[:-1] == shown
        elif benchmark.scorer in TEXT_ONLY:
            assert question.startswith("Q: ") and rest[-1] == "A:"
        else:
            assert sample.prompt == short_answer(question)


def test_its_scorer_gives_the_answer_1_and_others_0(benchmark: Benchmark) -> None:
    score = Grading().of(benchmark)
    for sample in benchmark.samples:
        lettered = benchmark.scorer in LETTERED
        possible: Sequence[str] = LETTERS[: len(sample.choices)] if lettered else sample.choices
        if benchmark.scorer in TEXT_ONLY:
            possible = (sample.answer, f"{sample.answer}1", "")
        assert [text for text in possible if score(text, sample).value == 1.0] == [sample.answer]


def test_what_is_chosen_by_likelihood_can_be_right(benchmark: Benchmark) -> None:
    score = Grading().of(benchmark)
    for sample in benchmark.samples:
        possible = options(sample)
        assert bool(possible) or benchmark.scorer not in {*LETTERED, "yes_no"}
        assert sum(score(text, sample).value == 1.0 for text in possible) == bool(possible)


def test_loading_twice_gives_the_same(benchmark: Benchmark) -> None:
    assert BENCHMARKS.load(benchmark.name)(seed=0) == benchmark


def test_digests_are_the_same_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    made = {name: found for name in BENCHMARKS if isinstance(found := loaded(name), Benchmark)}
    here = {name: benchmark.digest for name, benchmark in made.items()}
    command = [sys.executable, "-c", DIGESTS, *here]
    other = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert other.stdout.split() == list(here.values())
    assert all(len(digest) == 64 for digest in here.values())
    scored = {(benchmark.digest, benchmark.scorer) for benchmark in made.values()}
    assert len(scored) == len(here), "the same data twice, scored alike"
