"""A report of somebody else is loaded again: no address in it gets the user's key, no code of it is run."""

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.benchmarks import choice
from ipllvm.errors import UsageError
from ipllvm.judges.endpoint import EndpointJudge
from ipllvm.judges.replies import ReplyFile
from ipllvm.records import JudgeQuestion
from ipllvm.replay import reload as reloading
from ipllvm.replay.reload import Allowed
from ipllvm.reporting.replays import Found
from ipllvm.scorers.base import Grading

NOTHING = Allowed()
URL = "http://127.0.0.1:9/v1#m"


def grading(name: str | None, judge: str | None, replies: Path = Path("nowhere")) -> Grading:
    return reloading._grading({"judge": name}, "cpu", replies, judge)


@pytest.mark.parametrize("other", [None, "http://127.0.0.1:9/v1#n", "http://127.0.0.1:9#m", "lm-tiny"])
def test_an_endpoint_that_only_the_report_names_is_not_asked(other: str | None) -> None:
    judge = grading(URL, other).judge
    assert judge.identity == URL
    with pytest.raises(UsageError, match=r"with your key, give --judge=http://127\.0\.0\.1:9/v1#m"):
        judge.ask("Is it right?")


def test_its_replies_that_are_kept_will_do(tmp_path: Path) -> None:
    ReplyFile(tmp_path, URL).keep(JudgeQuestion("Is it right?"), "yes")
    assert grading(URL, None, tmp_path).judge.ask("Is it right?") == "yes"


def test_one_that_the_user_names_too_is_asked() -> None:
    judge = grading(URL, URL).judge
    assert isinstance(vars(judge)["judge"], EndpointJudge)


def test_rules_and_local_judges_need_no_leave() -> None:
    planted = choice.load("planted")
    assert grading(None, None).judged_by(planted) == grading(URL, None).judged_by(planted) == "rules"
    assert grading("lm-tiny", None).judge.identity.startswith("lm-tiny")


REPORT: dict[str, Any] = {
    "models": [{"id": "m", "name": "m", "dtype": "float32", "fingerprint": "ab"}],
    "run": {"options": {"models": ["llava-tiny"]}},
}
ROW: dict[str, Any] = {"model": "m", "settings": {}}


def _loading(monkeypatch: pytest.MonkeyPatch, allowed: Allowed = NOTHING, **options: Any) -> list[Any]:
    """With what a model would be loaded that a report with these options names."""
    asked: list[Any] = []

    def load(name: str, **settings: Any) -> Any:
        asked.append((name, settings["how"]))
        raise LookupError

    monkeypatch.setattr(reloading, "load", load)
    report = {**REPORT, "run": {"options": {**REPORT["run"]["options"], **options}}}
    found = Found(ROW, "s", "clean", 0, None)
    with suppress(LookupError):
        reloading._model(report, found, "cpu", allowed)
    return asked


@pytest.mark.parametrize("name", ["trust_remote_code", "allow_pickle"])
def test_code_that_only_the_report_trusts_is_not_run(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    option, asked = name.replace("_", "-"), dict[str, Any]({name: True})
    with pytest.raises(UsageError, match=f"^the report was made with --{option}: .* give --{option} too$"):
        _loading(monkeypatch, NOTHING, **asked)
    ((_, how),) = _loading(monkeypatch, Allowed(**asked), **asked)
    assert getattr(how, name) is True
    ((_, how),) = _loading(monkeypatch, Allowed(**asked))
    assert getattr(how, name) is False, "leave is no order"


def test_a_served_model_that_only_the_report_names_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"with your key, give --checkpoint=http://127\.0\.0\.1:9/v1#m$"):
        _loading(monkeypatch, models=[URL])
    ((name, _),) = _loading(monkeypatch, Allowed(checkpoint=URL), models=[URL])
    assert name == URL


def test_a_captioner_that_is_an_address_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(*_: Any, **__: Any) -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(reloading, "load", unwanted)
    model: Any = SimpleNamespace(device="cpu")
    options = {"captioner": URL, "generator": "render", "dtype": "auto"}
    with pytest.raises(UsageError, match=r"^the report names http://127\.0\.0\.1:9/v1#m as its captioner"):
        reloading._synthesis(options, model, choice.load("planted"))
