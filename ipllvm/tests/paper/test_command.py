"""`ipllvm paper` as a user calls it."""

import json
import re
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.benchmarks import choice
from ipllvm.commands import paper
from ipllvm.paper.examples import occluded
from ipllvm.tests import forks
from ipllvm.tests.plugin.sessions import environment


def test_a_plan_measures_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--plan", "--only", "fig4", "--models", "llava-tiny", f"--report-dir={tmp_path}"]
    assert cli.main(["paper", *asked]) == 0
    told = capsys.readouterr().out
    assert "Fig. 4, llava-tiny" in told and "ipllvm data get gsm8k" in told
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("word", ["--sampels=4", "--seed=x", "--margin-floor"])
def test_a_plan_refuses_the_words_that_its_run_would(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["paper", "--plan", "--only", "fig4", "--models", "llava-tiny", word]) == 4
    told = capsys.readouterr()
    assert word.partition("=")[0] in told.out + told.err and "plan:" not in told.out


def test_a_plan_counts_what_is_asked_for_in_either_form(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for sizes in (["--samples=7", "--draws=1"], ["--samples", "7", "--draws", "1"]):
        assert cli.main(["paper", "--plan", "--only", "table1", "--models", "llava-tiny", *sizes]) == 0
        told.append(re.sub(r"about [\d.,]+ (s|min|h)\b", "", capsys.readouterr().out))  # a machine's own pace
    assert told[0] == told[1] and "63 trials" in told[0], "three questions of seven samples on three sets"


def test_a_model_that_is_named_twice_is_planned_once(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for models in (["llava-tiny"], ["llava-tiny", "llava-tiny"]):
        assert cli.main(["paper", "--plan", "--on=h100", "--only", "fig4", "--models", *models]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]


def test_parts_may_stand_first(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in (["table3", "fig4"], ["--only", "table3", "fig4"], ["table3", "--only", "fig4"]):
        assert cli.main(["paper", *words, "--plan", "--on=h100", "--models", "llava-tiny"]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] == told[2] and "Fig. 1" not in told[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["tabel1"], "ipllvm paper: unknown part of the paper 'tabel1'"),
        (["--samples=4", "table1"], "ipllvm paper: table1: parts stand first: ipllvm paper table1"),
        (["--only", "tabel1"], "ipllvm paper: unknown part of the paper 'tabel1'"),
        (["--models", "llava-15"], "ipllvm paper: unknown model 'llava-15'"),
        (["--on", "h10"], "ipllvm paper: unknown device to plan for 'h10'"),
        (["--plan", "--samples", "0"], "ipllvm paper: --samples 0: give a whole number of at least 1"),
        (["--plan", "--draws=-3"], "ipllvm paper: --draws -3: give a whole number of at least 1"),
        (["--plan", "--samples=x"], "ipllvm paper: --samples x: give a whole number of at least 1"),
        (
            ["--plan", "--models", "a/vit-b"],
            "ipllvm paper: a/vit-b: its size, which a plan needs, is known once it is here: with network hf",
        ),
    ],
)
def test_a_bad_word_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["paper", *words]) == 4
    told = capsys.readouterr().err
    assert line in told and len(told.splitlines()) == 1


@pytest.mark.parametrize(("ended", "status"), [(2, 2), (3, 3), (0, 0), (7, 0)])
def test_a_run_that_was_stopped_is_no_success(
    ended: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page of what was measured until then is written all the same; what is not here (7) stops nothing."""
    monkeypatch.setattr(paper, "_measured", lambda *_: ([{}], ended))
    monkeypatch.setattr(paper, "_written", lambda *_: print("written"))
    assert cli.main(["paper", "--only", "fig4", "--models", "llava-tiny"]) == status
    told = capsys.readouterr()
    assert "written" in told.out
    assert ("the same command goes on" in told.err) is bool(status)


@pytest.mark.slow
def test_the_page_is_written_and_made_again_from_what_is_known(tmp_path: Path) -> None:
    words = ["paper", "--only", "fig4", "table3", "--models", "llava-tiny", "--samples=12", "--draws=1"]
    for _ in range(2):
        started = forks.Command("ipllvm", words, tmp_path, environment(tmp_path))
        status, output = started.end()
        assert status == 0, output
        assert "/properties/" not in output and "-pno:" not in output, "no path of the installation"
        assert "warning" not in output, "a plan has imported plug-ins of pytest before pytest"
    told = (tmp_path / "reports/paper/paper.md").read_text()
    assert re.search(r"^\| llava-tiny \| solved \| \d[^|]* \| NOT TESTED \|$", told, re.M), (
        "what is measured first"
    )
    assert "ipllvm data get gsm8k" in told and "Called Caltech100 in the paper." in told
    *_, report = sorted(tmp_path.glob("reports/*/report.json"))
    assert '"reused"' in report.read_text(), "the second run measured nothing again"
    command = json.loads(report.read_text())["run"]["command"]
    assert command.startswith(
        "ipllvm check llava-tiny --report-dir=reports --profile=paper --protocol=paper "
    )
    assert command.endswith(" --samples=12 --draws=1"), "what its report proposes next is on the same terms"


@pytest.mark.slow
def test_figure_5_has_a_picture_drawn_of_a_models_own_caption(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded captioner sees the made-up chart and says what the embedded generator draws."""
    example = paper._example()
    assert example.drawn is not None and example.words.startswith("drawn by renderer")
    assert "from the caption of llava-tiny: " in example.words
    written = occluded(example)
    assert list(written) == ["original", "synthesized", "random", "salient", "non-salient"]
    assert written["synthesized"].getcolors(1 << 20) != example.picture.getcolors(1 << 20)


def test_figure_5_says_why_nothing_is_drawn() -> None:
    data = choice.load("charts", offline=True)
    drawn, words = paper._redrawn(data, "sdxl-lightning")
    assert drawn is None and words.startswith("nothing is drawn anew here: ")
