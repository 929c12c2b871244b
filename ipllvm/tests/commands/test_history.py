"""Checkpoints in a row: their order, the first that violates, what changed, and the page in a browser."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import numpy as np
import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.gate.baseline import dumps
from ipllvm.history.checkpoints import checkpoints, ordered
from ipllvm.history.claims import tracks
from ipllvm.records import Decision
from ipllvm.tests.gate.test_baseline import NOTHING, WORSE, rows
from ipllvm.tests.reporting import browsers, reports
from ipllvm.tests.reporting.hostile import HOSTILE
from ipllvm.tests.reporting.test_html import Page


def run(folder: Path, model: str, values: np.ndarray, decision: str = "HOLDS", hours: int = 0) -> Path:
    """A run's folder: a report of one claim, its page, and what it keeps by sample."""
    drop = 100 * float(values.mean())
    found = reports.result(Decision(decision), name="permutation_invariance")
    target = reports.estimate("performance_drop", drop, drop - 2, drop + 2)
    left = 95.3 - drop
    permuted = reports.estimate("permuted", left, left - 2, left + 2)
    fits = {"HOLDS": max(2.0, drop + 2), "VIOLATED": min(2.0, drop - 2)}
    found = replace(
        found,
        claim=replace(found.claim, margin=fits.get(decision, 2.0)),
        model=replace(reports.MODEL, name=model),
        estimates={**found.estimates, "performance_drop": target, "permuted": permuted},
    )
    later = replace(reports.RUN, started=reports.RUN.started + timedelta(hours=hours))
    later = replace(later, finished=later.started + timedelta(minutes=1))
    place = folder / f"{hours:02}"
    place.mkdir(parents=True)
    (place / "report.json").write_text(json.dumps(reports.report(found, run=later)))
    (place / "report.html").touch()
    (place / "baseline.json").write_text(dumps({"model": model}, rows(values)))
    return place


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Four checkpoints, measured in another order than they were trained in; the third got worse."""
    for hours, step, values, decision in (
        (3, 100, NOTHING, "HOLDS"),
        (1, 1500, WORSE, "VIOLATED"),
        (2, 800, NOTHING, "HOLDS"),
        (4, 2000, WORSE, "VIOLATED"),
    ):
        run(tmp_path / "runs", f"checkpoint-{step}", values, decision, hours)
    return tmp_path / "runs"


def history(*words: object) -> int:
    return cli.main(["history", *map(str, words)])


def test_a_link_leads_to_the_page_whatever_its_folder_is_called(tmp_path: Path) -> None:
    """One of `exp#1` or `100%` led nowhere, one of `javascript:` was a script."""
    for hours, name in enumerate((b"exp#1 100%25?", b"javascript:alert(1)", b"\xff"), start=1):
        run(tmp_path, f"m-{hours}", NOTHING, hours=hours).rename(tmp_path / os.fsdecode(name))
    assert history(tmp_path, "--html", tmp_path / "page.html") == 0
    links = {link for link in Page((tmp_path / "page.html").read_text()).links if link[0] != "#"}
    assert len(links) == 3 and not any(urlsplit(link).scheme for link in links)
    assert all((tmp_path / os.fsdecode(unquote_to_bytes(link))).is_file() for link in links)


def test_it_names_the_first_that_violates_and_where_it_changed(
    training: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = training.parent / "page.html"
    assert history(training, "--html", page) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == ("4 checkpoints; first violated at checkpoint-1500: permutation invariance on easyvqa")
    assert (
        "  permutation invariance, easyvqa: 0.0 -> 15.0; first violated at checkpoint-1500; worse at "
        "checkpoint-1500" in shown
    )
    text = Page(page.read_text(encoding="utf-8")).text
    assert "checkpoint-1500: permutation invariance on easyvqa got worse" in " ".join(text.split())
    assert [at for at in ("checkpoint-100", "checkpoint-800", "checkpoint-1500") if at not in text] == []


def test_what_the_last_checkpoint_leaves_open_is_in_the_headline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "runs", "first", NOTHING, hours=1)
    run(tmp_path / "runs", "second", NOTHING, "UNDECIDED", hours=2)
    assert history(tmp_path / "runs", "--html", tmp_path / "page.html") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "2 checkpoints, no requirement violated; 1 undecided at second"


def test_the_clean_score_is_of_the_property_with_most_samples(tmp_path: Path) -> None:
    """Each asks a part of its own: 30 questions for the use of the image, 300 for a permutation."""
    names = ("image_use", "permutation_invariance")
    few, many = (reports.result(Decision.HOLDS, name=name) for name in names)
    clean = replace(few.estimates["clean"], value=80.0, low=60.0, high=90.0, n=30, clusters=30)
    few = replace(few, estimates={**few.estimates, "clean": clean})
    (tmp_path / "report.json").write_text(json.dumps(reports.report(few, many)))
    found = tracks([*checkpoints(str(tmp_path), tmp_path)])
    (score,) = (each for each in found if each.property == "clean_score")
    assert [point.value for point in score.points] == [95.3]


@pytest.mark.parametrize(("decision", "status"), [("VIOLATED", 1), ("HOLDS", 0)])
def test_what_the_last_checkpoint_does_not_measure_is_told(
    decision: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was violated is not mended by leaving it out."""
    run(tmp_path / "runs", "first", WORSE, decision, hours=1)
    last = run(tmp_path / "runs", "second", NOTHING, hours=2) / "report.json"
    last.write_text(last.read_text().replace("permutation_invariance", "image_use"))
    (last.parent / "baseline.json").unlink()
    assert history(tmp_path / "runs", "--html", tmp_path / "page.html") == status
    line = next(each for each in capsys.readouterr().out.splitlines() if each.startswith("  permutation"))
    assert "permutation invariance, easyvqa: 15.0 at first; not measured at second" in line


@pytest.mark.parametrize(
    ("verdict", "status", "headline"),
    [
        ("UNDECIDED", 0, "no requirement violated; 1 undecided at second"),
        ("VIOLATED", 1, "first violated at second: permutation invariance on easyvqa"),
        ("", 0, "no requirement violated; 1 in older baselines, which kept no verdict"),
    ],
)
def test_a_baseline_says_what_its_run_said(
    verdict: str, status: int, headline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever its values alone would come to: a model that sees nothing loses nothing either."""
    for name, word in (("first", "HOLDS"), ("second", verdict)):
        found = [{**row, "verdict": word} for row in rows(NOTHING, run=name)]
        (tmp_path / f"{name}.json").write_text(dumps({"model": name}, found))
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    assert history(*files, "--by=given", "--html", tmp_path / "page.html") == status
    assert headline in capsys.readouterr().out.splitlines()[0]


def test_neighbours_that_can_not_be_paired_are_told_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "runs", "first", NOTHING, hours=1)
    other = run(tmp_path / "runs", "second", WORSE, hours=2)
    found = [row | {"settings": row["settings"] | {"seed": 7}} for row in rows(WORSE)]
    (other / "baseline.json").write_text(dumps({"model": "second"}, found))
    history(tmp_path / "runs", "--html", tmp_path / "page.html")
    assert "seed" not in rows(WORSE)[0]["settings"]
    told = "first and second are not compared: seed is not set in the first and 7 in the second."
    assert told in capsys.readouterr().out.splitlines()
    text = " ".join(Page((tmp_path / "page.html").read_text(encoding="utf-8")).text.split())
    assert told in text and "Nothing that could be shown where it was compared." in text


def test_links_lead_to_the_runs(training: Path) -> None:
    page = training.parent / "else" / "page.html"
    history(training, "--html", page)
    links = [link for link in Page(page.read_text(encoding="utf-8")).links if not link.startswith("#")]
    assert len(set(links)) == 4
    assert all((page.parent / link).is_file() for link in links)


@pytest.mark.parametrize(
    ("by", "expected"), [("auto", [100, 800, 1500, 2000]), ("time", [1500, 800, 100, 2000])]
)
def test_the_order_is_the_step_or_the_time(training: Path, by: str, expected: Sequence[int]) -> None:
    found = ordered(list(checkpoints(str(training), training)), by)
    assert [each.label for each in found] == [f"checkpoint-{step}" for step in expected]


def test_tags_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for hours, tag in enumerate(("v1.10", "v1.9", "v2.0")):
        run(tmp_path / "runs", tag, NOTHING, hours=hours)
    found = ordered(list(checkpoints(str(tmp_path / "runs"), tmp_path)), "tag")
    assert [each.label for each in found] == ["v1.9", "v1.10", "v2.0"]
    assert history(tmp_path / "runs", "--by=tag", "--html", tmp_path / "page.html") == 0


def test_one_model_measured_twice_has_two_labels_and_no_step(tmp_path: Path) -> None:
    places = [run(tmp_path, "m", NOTHING, hours=hours) for hours in (1, 2)]
    found = [each for place in places for each in checkpoints(str(place), tmp_path)]
    assert [each.label for each in ordered(found, "auto")] == ["m", "m (2)"]
    with pytest.raises(UsageError, match="--by=time"):
        ordered(found, "step")


def test_each_model_of_a_run_is_a_checkpoint(tmp_path: Path) -> None:
    """Or the second would be nowhere on the page."""
    both = [
        replace(reports.result(Decision(decision)), model=replace(reports.MODEL, name=name, fingerprint=name))
        for name, decision in (("good", "HOLDS"), ("bad", "VIOLATED"))
    ]
    (tmp_path / "report.json").write_text(json.dumps(reports.report(*both)))
    found = list(checkpoints(str(tmp_path), tmp_path))
    assert [each.label for each in found] == ["good", "bad"]
    claims = next(track for track in tracks(found) if track.claim == "permutation")
    assert [(point.at, point.value) for point in claims.points] == [("good", 0.4), ("bad", 19.3)]


def test_baselines_are_checkpoints_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "baselines"
    folder.mkdir()
    for name, values in (("release-1", NOTHING), ("release-2", WORSE)):
        word = "HOLDS" if values is NOTHING else "VIOLATED"
        (folder / f"{name}.json").write_text(dumps({}, [{**row, "verdict": word} for row in rows(values)]))
    assert history("release-1", "release-2", "--report-dir", tmp_path) == 1
    assert "first violated at release-2; worse at release-2" in capsys.readouterr().out
    assert (tmp_path / "history.html").is_file()


def test_baselines_stand_in_the_order_they_were_measured_in_under_their_models_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a run writes them: of the model they hold a record, whose fingerprint is full of digits."""
    (tmp_path / "baselines").mkdir()
    for name, hour, mark, values in (("one", 8, "9e8f", NOTHING), ("two", 9, "1a2b", WORSE)):
        about = {"model": {"name": "mine", "fingerprint": mark}, "started": f"2026-11-27T{hour:02}:00:00Z"}
        saved = [{**row, "verdict": "HOLDS" if values is NOTHING else "VIOLATED"} for row in rows(values)]
        (tmp_path / f"baselines/{name}.json").write_text(dumps(about, saved))
    assert history("two", "one", "--report-dir", tmp_path) == 1
    assert "first violated at two; worse at two" in capsys.readouterr().out
    text = Page((tmp_path / "history.html").read_text(encoding="utf-8")).text
    assert "mine" in text and "2026-11-27 09:00" in text and "fingerprint" not in text
    (found,) = checkpoints("one", tmp_path)
    assert (found.label, found.model, found.when) == ("one", "mine", "2026-11-27 08:00")


def test_other_settings_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "a", NOTHING, hours=1)
    place = run(tmp_path, "b", WORSE, hours=2)
    (place / "baseline.json").write_text(dumps({}, rows(WORSE, prompt="another")))
    history(tmp_path, "--html", tmp_path / "page.html")
    assert "worse at" not in capsys.readouterr().out


def test_what_holds_ends_in_0_and_a_run_without_answers_is_told(tmp_path: Path) -> None:
    run(tmp_path, "a", NOTHING, hours=1)
    (run(tmp_path, "b", NOTHING, hours=2) / "baseline.json").unlink()
    assert history(tmp_path, "--html", tmp_path / "page.html") == 0
    assert "b has no answers by sample" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["none-such"], ["release-0"], ["."]])
def test_what_is_no_run_is_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert history(*words) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_one_run_is_no_history_and_a_damaged_report_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = run(tmp_path, "a", NOTHING)
    assert history(place) == 4
    assert "at least two" in capsys.readouterr().err
    (place / "report.json").write_text(json.dumps({"schema": "ipllvm-report/1"}))
    assert history(place) == 4
    assert "report.json: not an ipllvm-report/1" in capsys.readouterr().err


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    for hours in (1, 2):
        run(tmp_path, "".join(HOSTILE), NOTHING, hours=hours)
    history(tmp_path, "--html", tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.tags.count("script") == 1
    assert page.events == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(browsers.CHROMIUM is None or find_spec("playwright") is None, reason="no browser here")
@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_a_browser_shows_it(training: Path, tmp_path: Path, width: int, scheme: str) -> None:
    page = training / "history.html"
    history(training, "--html", page)
    with browsers.chromium(tmp_path / "profile") as context:
        seen = browsers.opened(context, page, width, scheme)
        assert (seen.said, seen.asked) == ([], [])
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.locator(".drawing svg").count() == 2
        top = seen.page.locator(".question").bounding_box()
        assert top is not None
        assert 0 < top["y"] < 60
        assert browsers.axe_faults(seen.page) == []


def test_one_run_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its folder twice, by a copy, or by the baseline that it became: nothing can have changed."""
    place = run(tmp_path / "runs", "a", NOTHING, hours=1)
    shutil.copytree(place, tmp_path / "copy")
    kept = json.loads((place / "baseline.json").read_text())
    kept["about"]["started"] = "2025-03-01T13:00:00Z"
    (place / "baseline.json").write_text(json.dumps(kept))
    shutil.copy(place / "baseline.json", tmp_path / "saved.json")
    for other in (place, tmp_path / "copy", tmp_path / "saved.json"):
        assert history(place, other, "--html", tmp_path / "page.html") == 4
        assert "runs 1 and 2 of 2 (a, " in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
    other = run(tmp_path / "runs", "b", WORSE, hours=2)
    shutil.copy(place / "baseline.json", other)
    assert history(tmp_path / "runs", "--html", tmp_path / "page.html") == 4
    assert "it and the baseline.json beside it are of different runs" in capsys.readouterr().err
