"""`ipllvm data`: what is here, what is fetched, and what of a copy is unlike the published set."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from ipllvm.benchmarks.definition import all_published, published
from ipllvm.cli import main
from ipllvm.scorers import judge_prompts
from ipllvm.tests.benchmarks.copies import as_jsonl, as_parquet, as_release, png

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data of this machine, and no network."""
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(judge_prompts, "RAW", "http://127.0.0.1:9")


Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Asked]:
    """A hub that holds what is put into its folder, by repository; what it was asked for."""
    asked: Asked = []

    def snapshot_download(repository: str, **settings: Any) -> str:
        asked.append((repository, settings))
        source, made = tmp_path / "hub" / repository, tmp_path / "cache" / repository / COMMIT
        if settings["local_files_only"] and not made.is_dir():
            raise FileNotFoundError("not in the cache")
        if not source.is_dir():
            raise ConnectionError("404")
        shutil.copytree(source, made, dirs_exist_ok=True)
        return str(made)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    return tmp_path / "hub", asked


def test_the_list_says_what_is_here_and_under_which_licence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_jsonl("mmstar", tmp_path / "data" / "mmstar")
    assert main(["data", "list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "mmstar here MMStar" in said and "qbench not here Q-Bench" in said
    assert all(name in said for name in all_published()) and said.count("licence:") == len(all_published())


@pytest.mark.parametrize("repository", ["lmms-lab/MMVet", "lmms-lab-encoder/MMVet"])
def test_a_benchmark_is_fetched_from_whoever_has_it(
    repository: str, hub: tuple[Path, Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    as_parquet("mmvet", hub[0] / repository)
    assert main(["data", "get", "mmvet"]) == 0
    assert f"mmvet: {repository} at commit {COMMIT[:12]}, in " in capsys.readouterr().out
    assert hub[1][-1][1]["allow_patterns"] == ["*test-*.parquet"]
    assert published("mmvet")().source.startswith(f"{repository} at commit {COMMIT[:12]}, 3 rows")
    hub[1].clear()
    assert main(["data", "where", "mmvet"]) == 0
    assert all(settings["local_files_only"] for _, settings in hub[1])


def test_the_judges_published_prompt_comes_with_the_benchmark(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    httpserver: HTTPServer,
) -> None:
    as_jsonl("mmvet", tmp_path / "data" / "mmvet")
    text = "Grade it.\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    official = replace(judge_prompts.MMVET, sha256=digest, harnesses=())
    monkeypatch.setitem(judge_prompts.OFFICIAL, "mmvet", official)
    monkeypatch.setattr(judge_prompts, "RAW", httpserver.url_for("").rstrip("/"))
    path = f"/{official.repository}/{official.commit}/{official.path}"
    for served, here in ((text[:-1], False), (text, True)):
        httpserver.clear()
        httpserver.expect_request(path).respond_with_data(f"prompt = {served!r}")
        assert main(["data", "get", "mmvet"]) == 0
        assert official.file.is_file() is here
        assert ("does not hold it any more" in capsys.readouterr().out) is not here
    assert judge_prompts.find(official, "Own.").text == text
    httpserver.clear()  # what is here is not fetched again
    assert main(["data", "get", "mmvet"]) == 0
    assert "mmvet: the judge's prompt of yuweihao/MM-Vet, in " in capsys.readouterr().out


def test_a_prompt_that_can_not_be_fetched_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    as_jsonl("mmvet", tmp_path / "data" / "mmvet")
    assert main(["data", "get", "mmvet"]) == 0
    told = capsys.readouterr().out
    assert "was not fetched (it can't be reached" in told and "): ipllvm's own serves" in told


def test_terms_are_shown_and_have_to_be_accepted(
    hub: tuple[Path, Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    as_parquet("mme", hub[0] / "lmms-lab" / "MME")
    assert main(["data", "get", "mme"]) == 4
    said = capsys.readouterr()
    assert "academic research only" in said.out and "give --accept-licence" in said.err and not hub[1]
    assert main(["data", "get", "mme", "--accept-licence"]) == 0


def test_the_papers_benchmarks_are_those_of_its_table(
    hub: tuple[Path, Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "get", "--paper", "--accept-licence"]) == 4  # the first one is not to be had
    assert "benchmark 'mmvp' is neither on this machine nor can it be downloaded" in capsys.readouterr().err
    assert main(["data", "get"]) == 4
    assert "name a benchmark, or give --paper" in capsys.readouterr().err


def test_a_data_set_of_the_hub_is_fetched_one_split_at_a_time(
    hub: tuple[Path, Asked], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    as_parquet("mmvet", hub[0] / "org" / "set")
    assert main(["data", "get", "hub:org/set@test"]) == 0
    assert "hub:org/set@test: in " in capsys.readouterr().out
    assert [settings["allow_patterns"] for _, settings in hub[1] if not settings["local_files_only"]] == [
        ["*/test-*.parquet"],
        ["test-*.parquet"],
    ], "in a folder, as most have it, or beside the card"


def _fewer(folder: Path) -> None:
    as_jsonl("llavaw", folder)


def _twice(folder: Path) -> None:
    as_jsonl("mmstar", folder)
    file = folder / "rows.jsonl"
    file.write_text(
        file.read_text() + file.read_text().splitlines()[0].replace('"index": 0', '"index": 9') + "\n"
    )


def _broken(folder: Path) -> None:
    as_release("chartqa", folder)
    (folder / "ChartQA Dataset" / "test" / "png" / "c.png").write_bytes(b"no picture")


def _unlabelled(folder: Path) -> None:
    as_jsonl("qbench", folder)
    file = folder / "rows.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[1]["correct_choice"] = "E"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("llavaw", _fewer, "3 rows, the published set has 60"),
        ("llavaw", _fewer, "category 'conv': 1 rows, published 17"),
        ("mmstar", _twice, "1 rows ask the same of the same picture: row 4 as 1"),
        ("chartqa", _broken, "1 picture that can't be read: row 5: image"),
        ("chartqa", _broken, "known of the published set: 30 answers of the human half have a comma"),
        ("qbench", _unlabelled, "row 2, column 'correct_choice': 'E' is none of A, B"),
    ],
)
def test_what_is_unlike_the_published_set_is_told(
    name: str, spoil: Callable[[Path], None], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    spoil(folder)
    assert main(["data", "check", name, f"--folder={folder}"]) == 1
    assert said in capsys.readouterr().out


def test_a_copy_that_is_as_published_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_jsonl("mmvet", tmp_path / "data" / "mmvet")
    monkeypatch.setattr("ipllvm.benchmarks.mmvet.MMVET", replace(published("mmvet"), size=3))
    assert main(["data", "check", "mmvet"]) == 0
    assert capsys.readouterr().out == "mmvet: as published\n"


def test_own_data_is_read_and_its_columns_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    file = tmp_path / "mine.jsonl"
    file.write_text('{"photo": "a.png", "query": "What?", "label": "lamp"}\n')
    assert main(["data", "check", str(file)]) == 0
    assert "columns image = photo, question = query, answer = label" in capsys.readouterr().out
    file.write_text('{"photo": "b.png", "query": "What?", "label": "lamp"}\n')
    assert main(["data", "check", str(file)]) == 4
    assert "row 1, column 'photo': there is no picture 'b.png'" in capsys.readouterr().err


def test_why_the_hub_has_nothing_is_told(hub: tuple[Path, Asked], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "get", "mmvet"]) == 4
    assert "nor can it be downloaded (ConnectionError: 404): with network" in capsys.readouterr().err


def test_what_is_nowhere_says_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("where", "check"):
        assert main(["data", action, "seed"]) == 4
        assert "run 'ipllvm data get seed', or copy it into $IPLLVM_DATA/seed" in capsys.readouterr().err
