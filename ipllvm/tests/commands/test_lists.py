"""Lists: one line each, what is here, and what to do about what is not."""

import re
from pathlib import Path

import pytest

import ipllvm
from ipllvm import cli, registry
from ipllvm.commands import properties, suite
from ipllvm.commands.listing import show
from ipllvm.errors import BenchmarkUnavailable, UsageError
from ipllvm.models import family_table, sources
from ipllvm.tests.reporting.hostile import HOSTILE


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """What a command prints in a wide terminal, by the first word of its lines."""
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[0]: line for line in lines if line[:1].strip()}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which most lines fit."""
    monkeypatch.setenv("COLUMNS", "110")


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "models")
    assert {*sources.EMBEDDED, *sources.HUB_ALIASES, "clip-tiny", "lm-tiny", "planted:KIND"} <= lines.keys()
    assert lines["llava-tiny"].split()[1:] == ["embedded", "LlavaForConditionalGeneration"]
    assert "hf download llava-hf/llava-1.5-7b-hf" in lines["llava-1.5"]


def test_a_model_that_was_downloaded_is_told_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sources, "resolve", lambda name, offline: tmp_path)
    assert printed(capsys, "models")["llava-ov"].split()[1:5] == ["in", "the", "hub's", "cache"]


def test_a_missing_checkpoint_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_places", lambda: iter(()))
    assert cli.main(["models"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "train it: python -m ipllvm.zoo train llava-tiny " in told


def test_properties_stand_by_their_kind_those_that_stop_a_release_first() -> None:
    kinds = [kind for _, kind, _ in properties.rows()]
    assert kinds == sorted(kinds, key=properties.KINDS.index)
    assert len({*kinds}) == len(properties.KINDS)
    for kind in properties.KINDS:
        names = [name for name, own, _ in properties.rows() if own == kind]
        assert names == sorted(names)


def test_families_say_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "--families"]) == 0
    table, _, rest = capsys.readouterr().out.partition("\nlines:")
    rows = [re.split(r" {2,}", line) for line in table.splitlines()]
    assert rows[0] == ["type", "class", "exact", "pictures", "rows", "drafts", "lines", "places"]
    found = {name: told for name, _, *told in rows[1:]}
    assert found.keys() == set(registry.FAMILIES)
    assert found["llava"][:4] == ["1BPDLSJM", "several", "shared", "verified"]
    assert found["paligemma"][:4] == ["1BPDLJ", "one", "own", "verified"]
    assert found["llama4"][:4] == ["1BPDLJM", "several", "own", "verified"]
    assert (found["llava"][-1], found["aria"][-1]) == ("yes", "none: queries")
    assert found["mllama"][:4] == ["pixels and words", "several", "own", "none"]
    again = {name for name, told in found.items() if told[3] == "rerun"}
    assert again == {"qwen3_5", "qwen3_5_moe", "lfm2_vl"}
    untested = rest.partition("NOT TESTED:")[2].splitlines()
    assert any("one (perception_lm, paligemma, blip-2, instructblip)" in line for line in untested)


def test_the_guide_s_table_of_families_is_that_of_their_classes() -> None:
    guide = (Path(ipllvm.__file__).parents[1] / "docs" / "families.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([a-z0-9_-]+) \| ([A-Z].*? \(.*?\)) \| (.*?) \|.*?\| (.*?) \|$", guide, re.M)
    stated = {name: (written, exact, why) for name, written, exact, why in lines}
    found = {row.name: row for row in family_table.rows()}
    assert stated.keys() == found.keys()
    assert {name: each[:2] for name, each in stated.items()} == {
        name: (row.written, row.exact) for name, row in found.items()
    }
    assert {
        name for name, row in found.items() for why in row.untested if why not in stated[name][2]
    } == set()


def test_a_type_that_this_transformers_does_not_have_is_told() -> None:
    molmo = family_table.row("molmo2", registry.FAMILIES.load("molmo2"), None)
    assert "needs a transformers that has it" in molmo.untested


def test_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "benchmarks")
    assert list(lines) == list(registry.BENCHMARKS)
    assert lines["scenes"].split()[1:3] == ["1,500", "samples"]
    assert "coloured shapes in a 3 x 3 grid" in lines["scenes"]
    assert "`scenes` as multiple choice" in lines["scenes-mc"]


def test_a_benchmark_that_is_not_here_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: registry.Registry, name: str) -> object:
        def absent(seed: int) -> None:
            raise BenchmarkUnavailable(f"benchmark '{name}' needs the moon")

        return absent

    monkeypatch.setattr(registry.Registry, "load", load)
    assert printed(capsys, "benchmarks")["mmvp"].split(maxsplit=3)[1:] == [
        "not",
        "here",
        "benchmark 'mmvp' needs the moon",
    ]


def test_properties(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "properties")
    assert lines["permutation_invariance"].split()[1] == "requirement"
    assert lines["patch_shuffle"].split()[1] == "observation"
    assert lines["permutation_identity"].split()[1] == "law"
    assert all(len(line.split()) > 4 for line in lines.values())
    text = "".join(file.read_text(encoding="utf-8") for file in suite.folder().glob("test_*.py"))
    assert len(lines) == text.count("\ndef test_")


def test_there_are_no_properties_in_a_broken_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ipllvm.__file__", str(tmp_path / "ipllvm" / "__init__.py"))
    with pytest.raises(UsageError, match=r"holds no properties: install ipllvm from its wheel"):
        suite.folder()


def test_perturbations(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "perturbations")
    assert list(lines) == list(registry.PERTURBATIONS)
    assert lines["permutation"].startswith("permutation    visual tokens  A uniformly random order")
    assert not any("UsageError" in line for line in lines.values())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_lines_fit_the_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    show([("name", "here", "some words that say what it is " * 4), ("n", "not here", "")], width)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= min(width, 110)
    assert not any(line.endswith(" ") for line in lines)
    assert " ".join(" ".join(lines).split()).count("some words that say what it is") == 4


def test_a_command_to_copy_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show([("model", "not here", "hf download llava-hf/llava-onevision-qwen2-7b-ov-hf")], 40)
    assert "llava-hf/llava-onevision-qwen2-7b-ov-hf" in capsys.readouterr().out.split()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_moves_no_cursor(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show([(text, text, text)], 80)
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_what_is_not_here_is_told_by_its_command_and_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    assert cli.main(["benchmarks"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("mmvp "))
    assert re.split("  +", line) == ["mmvp", "not here", "ipllvm data get mmvp: 300 samples"]
