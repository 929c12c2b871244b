"""A report of somebody else is loaded again: no address in it gets the user's key, no code of it is run."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.benchmarks import choice
from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.judges.endpoint import EndpointJudge
from ipllvm.judges.replies import ReplyFile
from ipllvm.records import JudgeQuestion
from ipllvm.replay import places
from ipllvm.replay import reload as reloading
from ipllvm.replay.reload import Allowed
from ipllvm.replay.trial import Single
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


PLANTED = choice.load("planted")


def _found(sample: str, digest: str = PLANTED.digest, **settings: Any) -> tuple[dict[str, Any], Found]:
    """A report on planted data, and a trial of it."""
    data = {"id": "planted", "name": "planted", "digest": digest}
    row = {"model": "m", "benchmark": "planted", "settings": settings}
    return {**REPORT, "benchmarks": [data]}, Found(row, sample, "clean", 0, None)


def test_the_sample_of_a_report_is_that_of_its_data_alone() -> None:
    first = PLANTED.samples[0]
    report: Any
    report, found = _found(first.id)
    assert reloading._sample(report, found)[1] == first
    report, found = _found(first.id, digest="0" * 64)
    with pytest.raises(UsageError, match=rf"planted is {PLANTED.digest[:12]} here, 0{{12}} in the report"):
        reloading._sample(report, found)
    report, found = _found(f"{first.id}x")
    with pytest.raises(UnknownName, match=rf"did you mean '{first.id}'"):
        reloading._sample(report, found)


def test_own_data_are_found_from_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's command is pasted there, and names the file by its way from where the run was made."""
    (tmp_path / "data").mkdir()
    rows = [{"question": f"{number} and 1?", "answer": str(number + 1)} for number in range(3)]
    (tmp_path / "data" / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "data" / "q.toml").write_text('image = ""')
    folder = tmp_path / "reports" / "run"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    made = choice.load("data/q.jsonl")
    known = {"id": "d", "name": made.name, "digest": made.digest}
    report: Any = {**REPORT, "benchmarks": [known]}
    found = Found({"benchmark": "d"}, made.samples[1].id, "clean", 0, None)
    monkeypatch.chdir(folder)
    assert reloading._sample(report, found)[1] == made.samples[1]
    (tmp_path / "data" / "q.jsonl").write_text(json.dumps(rows[0]))
    with pytest.raises(UsageError, match="install the data of the report"):
        reloading._sample(report, found)


def _from(
    folder: Path, monkeypatch: pytest.MonkeyPatch, model: Any = REPORT["models"][0], **options: Any
) -> tuple[list[tuple[str, Any]], Single]:
    """What is loaded for a report in a folder that names these options, and its trial."""
    loaded: list[tuple[str, Any]] = []

    def load(name: str, **settings: Any) -> Any:
        loaded.append((name, settings["how"]))
        return SimpleNamespace(fingerprint="ab")

    monkeypatch.setattr(reloading, "load", load)
    report, found = _found(PLANTED.samples[0].id, seed=0)
    named: Any = {**report, "models": [model], "run": {"options": options}}
    return loaded, reloading.reload(named, found, folder, "cpu", NOTHING)


@pytest.mark.parametrize("name", ["./mine", "mine", "out/mine", "../work/mine", "."])
def test_a_models_folder_is_found_from_the_folder_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """As own data are: the page's command is pasted there, or where somebody stands."""
    work = tmp_path / "work"
    run, place = work / "reports" / "run", (work / name).resolve()
    for folder in (run, place):
        folder.mkdir(parents=True, exist_ok=True)
    (place / "config.json").write_text("{}")
    model = {**REPORT["models"][0], "name": place.name}
    ways = dict.fromkeys(("adapter", "base_model", "vision_tower"), name)
    for here in (run, tmp_path, work):
        monkeypatch.chdir(here)
        ((found, how),) = _from(run, monkeypatch, model, models=[name], **ways)[0]
        led = (found, how.adapter, how.base_model, how.vision_tower)
        assert {Path(each).resolve() for each in led} == {place}


def test_a_name_that_is_no_folders_stays_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "llava-tiny",
        "llava-ov",
        "planted:blind",
        "org/model",
        "~/mine",
        "/nowhere/mine",
        "x" * 5000,
    ):
        assert places.checkpoint(name, tmp_path / "run") == name


def test_a_models_folder_that_is_nowhere_points_to_the_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    report: Any = {**REPORT, "run": {"options": {"models": ["./mine"]}}}
    report["models"] = [{**REPORT["models"][0], "name": "mine"}]
    with pytest.raises(ModelUnavailable, match=r"folder: \./mine; .* give --checkpoint FOLDER$"):
        reloading._model(report, Found(ROW, "s", "clean", 0, None), "cpu", NOTHING)


def test_a_model_that_was_in_memory_points_to_the_option_too() -> None:
    report: Any = {**REPORT, "models": [{**REPORT["models"][0], "name": "step-9"}]}
    report["run"] = {"options": {"models": ["step-9"]}}
    with pytest.raises(ModelUnavailable, match=r"^unknown model 'step-9'.*; .* give --checkpoint FOLDER$"):
        reloading._model(report, Found(ROW, "s", "clean", 0, None), "cpu", NOTHING)


def test_recorded_replies_and_a_judges_folder_are_found_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "reports" / "run"
    run.mkdir(parents=True)
    (tmp_path / "said.jsonl").write_text(json.dumps({"prompt": "Is it right?", "reply": "yes"}))
    monkeypatch.chdir(run)
    _, single = _from(run, monkeypatch, models=["m"], judge="replay:said.jsonl")
    assert single.grading.judge.ask("Is it right?") == "yes"


@pytest.mark.parametrize("seed", ["0", None, 1.5])
def test_a_seed_that_is_no_number_makes_no_trial(monkeypatch: pytest.MonkeyPatch, seed: object) -> None:
    monkeypatch.setattr(reloading, "load", lambda *_, **__: SimpleNamespace(fingerprint="ab"))
    report: Any
    report, found = _found(PLANTED.samples[0].id, seed=seed)
    with pytest.raises(UsageError, match="setting 'seed' is not a whole number"):
        reloading.reload(report, found, Path("nowhere"), "cpu", NOTHING)


def test_other_weights_answer_where_that_is_asked_for_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reloading, "load", lambda *_, **__: SimpleNamespace(fingerprint="cd" * 32))
    report: Any
    report, found = _found(PLANTED.samples[0].id)
    with pytest.raises(UsageError, match=r"m is cdcdcdcdcdcd here, ab in the report: give --checkpoint"):
        reloading._model(report, found, "cpu", NOTHING)
    reloading._model(report, found, "cpu", Allowed(any_model=True))
    assert capsys.readouterr().out == "another model: m is cdcdcdcdcdcd here, ab in the report\n"


def test_a_checkpoint_of_ones_own_is_read_in_ones_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the report was told of its folder says nothing of another one."""
    ((name, how),) = _loading(monkeypatch, Allowed(checkpoint="mine"), trust_remote_code=True)
    assert name == "mine" and how.trust_remote_code is False


def test_a_perturbation_that_is_nobodys_points_to_property_files() -> None:
    report, found = _found(PLANTED.samples[0].id)
    unknown: Any = replace(found, perturbation="mirrored()")
    with pytest.raises(UsageError, match=r"mirrored.*give --property-file FILE, whose code is then run"):
        reloading.reload(cast(Any, report), unknown, Path("nowhere"), "cpu", NOTHING)
