"""Which samples a page of a run says to be changed."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from ipllvm.benchmarks import choice
from ipllvm.errors import UsageError
from ipllvm.gate.baseline import BaselineEntry
from ipllvm.records import Sample, Transcript
from ipllvm.replay import browsing
from ipllvm.tests.reporting import reports


def test_an_answer_that_stayed_is_not_changed_whatever_the_claim_adds_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A claim on a ratio has values other than 0 of samples that nothing happened to."""
    said = {
        "same": Transcript("Which?", "red", ("red", "red")),
        "lost": Transcript("Which?", "red", ("red", "blue")),
        "alone": Transcript("Which?", "red"),
    }
    names = (*said, "untold", "even")
    values = (0.5, 0.5, 1.0, 0.5, 0.0)
    entry = cast(BaselineEntry, SimpleNamespace(samples=names, values=values, said=said))
    data = SimpleNamespace(samples=[Sample(name, name, (), "Which?", "red") for name in names])
    monkeypatch.setattr(choice, "load", lambda name: data)
    monkeypatch.setattr(browsing, "_single", lambda *_: (None, "no model"))
    report = reports.report(reports.result())
    report["benchmarks"][0]["name"] = "mine"
    row = {**report["results"][0], "settings": {"perturbations": []}}
    monkeypatch.setattr(browsing, "first_perturbation", lambda settings: "blank")
    found = browsing.browse(report, row, entry, tmp_path)
    assert [sample.changed for sample in found.samples] == [True, True, False, False, False]
    assert found.total == 5


RED: Any = SimpleNamespace(load=lambda: Image.new("RGB", (4, 4), "red"))


def _browsed(
    monkeypatch: pytest.MonkeyPatch, folder: Any, said: dict[str, Transcript], picture: Any = RED
) -> browsing.Browsing:
    """Three samples with pictures, of which those of `said` have answers, without a model."""
    samples = [Sample(name, name, (picture,), f"Which {name}?", "red") for name in "abc"]
    entry = cast(
        BaselineEntry, SimpleNamespace(samples=("a", "b", "gone"), values=(0.0, 1.0, 1.0), said=said)
    )
    monkeypatch.setattr(choice, "load", lambda name: SimpleNamespace(samples=samples))
    monkeypatch.setattr(browsing, "_single", lambda *_: (None, "no model"))
    monkeypatch.setattr(browsing, "first_perturbation", lambda settings: "blank")
    report = reports.report(reports.result())
    return browsing.browse(report, report["results"][0], entry, folder)


def test_what_changed_comes_first_and_a_sample_that_is_gone_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    said = {"a": Transcript("Which a?", "red", ("red",)), "b": Transcript("Which b?", "red", ("blue",))}
    found = _browsed(monkeypatch, tmp_path, said)
    assert [(each.card.sample, each.changed) for each in found.samples] == [("b", True), ("a", False)]
    assert (found.total, found.why) == (3, "no model")
    card = found.samples[0].card
    assert card.right == "red" and " permutation_invariance b " in card.replay
    assert [answer.words for shot in card.shots for _, answer in shot.answers] == ["red", "blue"]
    assert card.shots[0].picture.startswith("data:image/")


def test_without_perturbed_answers_the_clean_side_is_shown_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    found = _browsed(monkeypatch, tmp_path, {"b": Transcript("Which b?", "red")})
    assert [len(each.card.shots) for each in found.samples] == [1, 1]


def test_a_page_ends_and_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(browsing, "MOST", 1)
    found = _browsed(monkeypatch, tmp_path, {})
    assert [each.card.sample for each in found.samples] == ["b"] and found.total == 3


def test_a_picture_that_is_gone_or_can_not_be_drawn_costs_its_own_card_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def gone() -> Image.Image:
        raise FileNotFoundError(2, "No such file", "a.png")

    said = {"b": Transcript("Which b?", "red", ("blue",))}
    found = _browsed(monkeypatch, tmp_path, said, SimpleNamespace(load=gone))
    assert [each.card.sample for each in found.samples] == ["b", "a"]
    assert "no picture: [Errno 2] No such file: 'a.png'" in found.samples[0].card.how

    def undrawn(side: int) -> None:
        raise UsageError("this picture has no caption")

    sample = Sample("b", "b", (RED,), "Which?", "red")
    monkeypatch.setattr(browsing, "replace", lambda single, **_: single)
    pictures, how = browsing._pictures(sample, cast(Any, SimpleNamespace(pictures=undrawn)))
    assert len(pictures) == 1 and how == "not drawn: this picture has no caption"
