"""Every published benchmark from every form that it is found in: the same questions and pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ipllvm.benchmarks.definition import published
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.sources import files, incomplete
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark
from ipllvm.registry import SCORERS
from ipllvm.tests.benchmarks.copies import FORMS, as_jsonl, as_parquet, as_table
from ipllvm.tests.benchmarks.published import MADE_UP

NAMES = [name for name in (*MADE_UP, "mathvista", "llavaw") if name != "mmvp"]
WITH_RELEASE = [name for name in NAMES if published(name).original is not None]


def copied(name: str, form: str, folder: Path, protocol: str = STANDARD) -> Benchmark:
    FORMS[form](name, folder)
    return published(name)(folder=folder, protocol=protocol)


def shown(benchmark: Benchmark) -> list[tuple[object, ...]]:
    """What is asked, in any order, without ids, which are the form's own."""
    return sorted(
        (s.prompt.strip(), s.answer, s.choices, [image.digest() for image in s.images])  # type: ignore[attr-defined]
        for s in benchmark.samples
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_the_hubs_parquet_is_read(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    found = copied(name, "parquet", tmp_path)
    assert found.samples and all(s.images[0].load().size == (4, 4) for s in found.samples)
    assert (
        f"rows of the published {published(name).size:,}" in found.source
        and "protocol standard" in found.source
    )
    assert found.scorer in SCORERS and found == published(name)(folder=tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_other_forms_ask_the_same(name: str, form: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    hub, other = (copied(name, each, tmp_path / each) for each in ("parquet", form))
    assert shown(hub) == shown(other)
    assert all(s.images[0].load().mode == "RGB" for s in other.samples)


@pytest.mark.parametrize("name", WITH_RELEASE)
def test_the_original_release_asks_the_same(name: str, tmp_path: Path) -> None:
    assert shown(copied(name, "jsonl", tmp_path / "a")) == shown(copied(name, "release", tmp_path / "b"))


@pytest.mark.parametrize("form", ["jsonl", "release", "table"])
def test_questions_on_one_picture_share_a_cluster(form: str, tmp_path: Path) -> None:
    clusters = [sample.cluster for sample in copied("mme", form, tmp_path).samples]
    assert all(clusters.count(cluster) == 2 for cluster in clusters)


def test_the_papers_protocol_takes_its_rows_prompts_and_rule(tmp_path: Path) -> None:
    found = copied("chartqa", "jsonl", tmp_path, PAPER)
    assert (len(found.samples), found.max_new_tokens, found.scorer) == (2, 5, "chartqa_trol")
    assert "2 of them asked; protocol paper" in found.source
    assert found.digest != published("chartqa")(folder=tmp_path).digest


def test_charts_without_names_are_told_apart_by_their_pictures(tmp_path: Path) -> None:
    named = copied("chartqa", "jsonl", tmp_path / "a", PAPER)
    as_jsonl("chartqa", tmp_path / "b")
    file = tmp_path / "b" / "rows.jsonl"
    file.write_text(file.read_text().replace('"imgname"', '"_other"'))
    assert len(published("chartqa")(folder=tmp_path / "b", protocol=PAPER).samples) == len(named.samples)


def test_a_changed_picture_is_other_data(tmp_path: Path) -> None:
    before = copied("mmstar", "jsonl", tmp_path)
    (tmp_path / "pictures" / "0.png").write_bytes((tmp_path / "pictures" / "1.png").read_bytes())
    assert published("mmstar")(folder=tmp_path).digest != before.digest


@pytest.mark.parametrize(
    ("name", "cell", "other"),
    [("mmstar", "Options: A: saw, B: axe, C: rake, D: none", "saw or axe?"), ("ai2d", '"Moss"', '" "')],
)
def test_options_that_cant_be_read_are_told(name: str, cell: str, other: str, tmp_path: Path) -> None:
    assert "can't be read" not in copied(name, "jsonl", tmp_path / "a").source
    as_jsonl(name, tmp_path / "b")
    file = tmp_path / "b" / "rows.jsonl"
    assert cell in file.read_text()
    file.write_text(file.read_text().replace(cell, other))
    assert ", the options of 1 can't be read; " in published(name)(folder=tmp_path / "b").source


def _no_picture(folder: Path) -> None:
    as_jsonl("qbench", folder)
    (folder / "pictures" / "1.png").unlink()


def _half(folder: Path) -> None:
    as_parquet("qbench", folder)
    next(folder.rglob("*00001-of-00002*")).unlink()


def _not_parquet(folder: Path) -> None:
    folder.mkdir()
    (folder / "dev-00000-of-00001.parquet").write_bytes(b"PAR1 no")


def _out_of_it(folder: Path) -> None:
    as_jsonl("qbench", folder)
    file = folder / "rows.jsonl"
    file.write_text(file.read_text().replace("pictures/2.png", "../../etc/hostname"))


def _ragged(folder: Path) -> None:
    as_table("qbench", folder)
    file = folder / "qbench.tsv"
    file.write_text(file.read_text() + "1\t2\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: folder.mkdir(), "holds neither the hub's files (*dev-*.parquet)"),
        (_no_picture, "row 2, column 'image': there is no picture 'pictures/1.png'"),
        (_half, "a half copy: dev-00001-of-00002.parquet is missing"),
        (_not_parquet, "can't be read"),
        (_out_of_it, "row 3, column 'image': '../../etc/hostname' leads out of"),
        (_ragged, "row 4 has 2 cells, the header"),
    ],
)
def test_a_bad_copy_is_told_in_one_line(spoil: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    folder = tmp_path / "copy"
    spoil(folder)
    with pytest.raises(BenchmarkUnavailable) as error:
        published("qbench")(folder=folder)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_nowhere_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        BenchmarkUnavailable, match=r"run 'ipllvm data get mme', or copy it into \$IPLLVM_DATA/mme"
    ):
        published("mme")(offline=True)


def test_a_folder_of_ones_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    as_jsonl("mmstar", tmp_path / "mmstar")
    assert published("mmstar")().source.startswith("$IPLLVM_DATA/mmstar, 3 rows of the published 1,500")


def test_shards_that_say_how_many_they_are_are_all_there(tmp_path: Path) -> None:
    names = [f"data/test-{n:05d}-of-00003.parquet" for n in range(3)]
    (tmp_path / "data").mkdir()
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in files(tmp_path, ("*test-*.parquet",))] == [
        Path(name).name for name in names
    ]
    assert incomplete([Path("val.parquet")]) is None
