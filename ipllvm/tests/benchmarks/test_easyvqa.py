"""easyvqa: what the package ships, and what is said where it is missing or damaged."""

from collections import Counter
from pathlib import Path

import pytest

from ipllvm.benchmarks import easyvqa
from ipllvm.errors import BenchmarkUnavailable

INSTALLED = "needs the package easy-vqa"


@pytest.fixture
def shipped() -> Path:
    try:
        return easyvqa.folder()
    except ModuleNotFoundError:
        pytest.skip(INSTALLED)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the same schema with one image and two questions."""
    images = tmp_path / "test" / "images"
    images.mkdir(parents=True)
    (images / "7.png").write_bytes(b"not a picture")
    rows = '[["what shape is present?", "circle", 7], ["is there a red shape?", "no", 7]]'
    (tmp_path / "test" / "questions.json").write_text(rows)
    easyvqa.by_image.cache_clear()
    monkeypatch.setattr(easyvqa, "folder", lambda: tmp_path)
    return tmp_path


def test_the_test_split_is_whole(shipped: Path) -> None:
    easyvqa.by_image.cache_clear()
    benchmark = easyvqa.short(0)
    assert len(benchmark.samples) == 9673
    assert len({sample.cluster for sample in benchmark.samples}) == 1000
    assert set(Counter(sample.kind for sample in benchmark.samples)) == {"existence", "color", "shape"}
    assert benchmark.samples[0].id == "easyvqa-0-0"


def test_rows_become_samples(copy: Path) -> None:
    first, second = easyvqa.short(0).samples
    assert (first.id, first.cluster, first.answer, first.kind) == (
        "easyvqa-7-0",
        "easyvqa-7",
        "circle",
        "shape",
    )
    assert (second.id, second.answer, second.choices) == ("easyvqa-7-1", "no", ("yes", "no"))
    assert easyvqa.lettered(0).scorer == "multiple_choice"


def test_a_broken_image_breaks_its_own_sample_only(copy: Path) -> None:
    sample = easyvqa.short(0).samples[0]
    with pytest.raises(OSError, match=r"7\.png' can't be decoded"):
        sample.images[0].load()


def test_the_digest_follows_image_bytes_and_questions(copy: Path) -> None:
    first = easyvqa.short(0).digest
    (copy / "test" / "images" / "7.png").write_bytes(b"another picture")
    second = easyvqa.short(0).digest
    questions = copy / "test" / "questions.json"
    questions.write_text(questions.read_text().replace("circle", "triangle"))
    easyvqa.by_image.cache_clear()
    assert len({first, second, easyvqa.short(0).digest}) == 3


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    easyvqa.folder.cache_clear()
    easyvqa.by_image.cache_clear()
    monkeypatch.setattr(easyvqa, "find_spec", lambda name: None)
    with pytest.raises(BenchmarkUnavailable) as caught:
        easyvqa.short(0)
    assert str(caught.value) == "benchmark 'easyvqa' needs the package easy-vqa: pip install easy-vqa"


def test_a_damaged_package_is_one_line(copy: Path) -> None:
    (copy / "test" / "questions.json").write_text("{")
    with pytest.raises(BenchmarkUnavailable, match="is damaged: pip install --force-reinstall easy-vqa"):
        easyvqa.short(0)


@pytest.fixture(autouse=True)
def _forget() -> object:
    """Leaves no rows of a copy in the module's memory."""
    yield
    easyvqa.by_image.cache_clear()
