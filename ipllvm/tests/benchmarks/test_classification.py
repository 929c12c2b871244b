"""Classification sets and DOCCI: labels, class names, templates, and the forms that they are found in."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ipllvm.benchmarks import choice
from ipllvm.benchmarks.captions import caption
from ipllvm.benchmarks.classification import CLEVR_COUNTS
from ipllvm.benchmarks.definition import published
from ipllvm.benchmarks.names import PAPER
from ipllvm.benchmarks.prompts import SHORT
from ipllvm.benchmarks.templates import PUBLISHED, class_names, templates
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark
from ipllvm.registry import BENCHMARKS, SCORERS
from ipllvm.tests.benchmarks.copies import as_jsonl, png

LABELS = (0, 2, 7)
QUESTIONS = {
    "imagenet": "What is the object in the image?",
    "caltech101": "What is the object in the image?",
    "cifar100": "What is the object in the image?",
    "food101": "Which dish is in the image?",
    "pets": "Which breed of cat or dog is in the image?",
    "country211": "In which country was this photograph taken?",
    "eurosat": "What kind of land does this satellite image show? Choose one of: annual crop land; forest",
    "aircraft": "Which variant of aircraft is in the image? Choose one of: 707-320; 727-200; 737-200; ",
    "clevr-counts": "How many objects are in the image?",
}
"""What each set asks for; names that nobody says of himself are in the question."""


def as_tar(folder: Path) -> None:
    (folder / "test").mkdir(parents=True)
    with tarfile.open(folder / "test" / "0.tar", "w") as archive:
        for number, label in enumerate(LABELS):
            for suffix, data in (("webp", png(number)), ("cls", str(label).encode())):
                member = tarfile.TarInfo(f"s{number:07d}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


def as_hub(folder: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    rows = [{"img": {"bytes": png(n), "path": None}, "fine_label": label} for n, label in enumerate(LABELS)]
    folder.mkdir()
    pytest.importorskip("pyarrow.parquet").write_table(
        arrow.Table.from_pylist(rows), folder / "test-00000-of-00001.parquet"
    )


def as_folders(folder: Path) -> None:
    for number in range(10):
        home = folder / "EuroSAT_RGB" / f"class {number}"
        home.mkdir(parents=True)
        if number in LABELS:
            (home / "a.jpg").write_bytes(png(LABELS.index(number)))


def answers(data: Benchmark) -> list[str]:
    return [sample.answer for sample in data.samples]


@pytest.mark.parametrize(("name", "made"), [("pets", as_tar), ("cifar100", as_hub), ("eurosat", as_folders)])
def test_labels_become_class_names(name: str, made: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path / "copy")
    found = published(name)(folder=tmp_path / "copy")
    names = class_names(name)
    assert answers(found) == [names[label] for label in LABELS]
    assert found.samples[0].images[0].load().size == (4, 4) and found.scorer == "label"
    assert found.samples[0].prompt.startswith(QUESTIONS[name])
    assert SCORERS.load("label")(f"It is a {names[0]}.", found.samples[0]).value == 1


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_set_asks_for_what_its_classes_are(name: str) -> None:
    """A mountain is an object in a picture from Chile, and no wrong answer to "What is the object ...?"."""
    definition = BENCHMARKS.load(name)
    sample = definition.sample({"label": 1})
    prompt = definition.protocols["standard"].prompt({"label": 1}, sample)
    assert prompt.startswith(QUESTIONS[name]) and prompt.endswith(SHORT)
    assert ("Choose" in prompt) == all(each in prompt for each in sample.choices)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_set_has_names_and_templates(name: str) -> None:
    sizes = {
        "imagenet": 1000,
        "caltech101": 102,
        "cifar100": 100,
        "food101": 101,
        "pets": 37,
        "country211": 211,
    }
    assert len(class_names(name)) == {**sizes, "eurosat": 10, "aircraft": 100, "clevr-counts": 8}[name]
    found = templates(name)
    assert found == templates(f"{name}@paper") and found is not None
    assert all(template.count("{}") == 1 for template in found)


def test_names_stand_in_the_order_of_the_labels() -> None:
    assert class_names("caltech101")[4] == "background"
    assert class_names("eurosat")[:2] == ("annual crop land", "forest")
    assert class_names("clevr-counts")[-1] == "ten"
    assert class_names("aircraft")[0] == "707-320"


def test_the_papers_protocol_lists_the_classes(tmp_path: Path) -> None:
    as_folders(tmp_path)
    found = published("eurosat")(folder=tmp_path, protocol=PAPER)
    assert found.name == "eurosat@paper" and found.judged == "label_judge"
    assert "single object in <annual crop land,forest," in found.samples[0].prompt


def test_the_papers_size_is_drawn_by_a_seed() -> None:
    rows = [{"label": n % 10} for n in range(3000)]
    taken = [index for index, _ in published("eurosat").samples(rows, PAPER)]
    assert len(taken) == 1000 and taken == [index for index, _ in published("eurosat").samples(rows, PAPER)]
    assert taken != [index for index, _ in published("pets").samples(rows, PAPER)]


def test_caltechs_folders_are_told_by_their_own_order(tmp_path: Path) -> None:
    for number in range(102):
        (tmp_path / "101_ObjectCategories" / f"{number:03d}").mkdir(parents=True)
    (tmp_path / "101_ObjectCategories" / "000" / "a.jpg").write_bytes(png(1))
    assert answers(published("caltech101")(folder=tmp_path)) == ["background"]


def test_a_label_of_no_class_is_told(tmp_path: Path) -> None:
    as_jsonl("pets", tmp_path)
    file = tmp_path / "rows.jsonl"
    file.write_text(file.read_text().replace('"label": 7', '"label": 37'))
    with pytest.raises(BenchmarkUnavailable, match="row 3, column 'label': 37 is not among the 37 classes"):
        published("pets")(folder=tmp_path)


def test_a_tar_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "0.tar").write_bytes(b"no tar at all")
    with pytest.raises(BenchmarkUnavailable, match="can't be read"):
        published("pets")(folder=tmp_path)


def test_docci_asks_which_description_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "docci"
    (home / "images").mkdir(parents=True)
    lines = []
    for number in range(6):
        (home / "images" / f"{number}.jpg").write_bytes(png(number))
        row = {
            "example_id": f"test_{number}",
            "image_file": f"{number}.jpg",
            "description": f"Scene {number}.",
        }
        lines.append(json.dumps({**row, "split": "train" if number == 5 else "test"}) + "\n")
    (home / "docci_descriptions.jsonlines").write_text("".join(lines))
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    found = choice.load("docci")
    assert [caption(sample) for sample in found.samples] == [f"Scene {n}." for n in range(5)]
    assert all(len(set(sample.choices)) == 4 for sample in found.samples)
    assert found == choice.load("docci") and found.scorer == "multiple_choice"


def test_a_protocol_is_part_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_jsonl("chartqa", tmp_path / "chartqa")
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    assert choice.load("chartqa@paper").name == "chartqa@paper"
    assert choice.load("chartqa").name == choice.load("chartqa@standard").name == "chartqa"


def test_counts_are_asked_for() -> None:
    sample = CLEVR_COUNTS.sample({"label": 0})
    assert (
        CLEVR_COUNTS.protocol("standard").prompt({}, sample).startswith("How many objects are in the image?")
    )
    assert SCORERS.load("label")("There are 3 objects.", sample).value == 1.0
