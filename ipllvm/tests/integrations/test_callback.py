"""The callback: in transformers' own loop of callbacks on planted models, and in a real Trainer."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from transformers.trainer_callback import CallbackHandler, DefaultFlowCallback, TrainerControl, TrainerState

import ipllvm
from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.integrations.transformers import PropertyCallback
from ipllvm.models.planted.model import PlantedModel
from ipllvm.tests.docs.commands import DOCS

ASKED: dict[str, Any] = {"properties": "image_use", "benchmarks": "planted", "samples": 30}
PROCESSOR = SimpleNamespace(image_processor=True)


def planted(kind: str) -> Any:
    return PlantedModel(f"planted:{kind}", kind, torch.device("cpu"), torch.float32)


def train(callback: PropertyCallback, kinds: list[str], folder: Path, **args: Any) -> TrainerState:
    """A training in which the model is one planted kind after the other, a step each."""
    given: Any = SimpleNamespace(
        **{"world_size": 1, "report_to": [], "eval_strategy": "no", "output_dir": str(folder)} | args
    )
    state, control = TrainerState(max_steps=len(kinds) - 1), TrainerControl()
    handler: Any = CallbackHandler
    loop = handler([DefaultFlowCallback, callback], planted(kinds[0]), PROCESSOR, None, None)
    callback.options["report_dir"] = folder
    loop.call_event("on_train_begin", given, state, control)
    given.logging_strategy = given.save_strategy = "no"
    for kind in kinds[1:]:
        state.global_step, loop.model = state.global_step + 1, planted(kind)
        loop.callbacks[1].on_step_end(given, state, control, model=loop.model, processing_class=PROCESSOR)
        if control.should_training_stop:
            break
    return state


@pytest.mark.slow
def test_a_model_that_goes_blind_stops_its_training(tmp_path: Path) -> None:
    callback = PropertyCallback(every=1, against="start", stop_on="image_use", **ASKED)
    state = train(callback, ["invariant", "invariant", "blind", "blind"], tmp_path)
    assert state.global_step == 2 and list(callback.reports) == [1, 2]
    assert callback.alarms == {2: ("regression:image_use/planted", "regression:clean_score/planted")}
    first, second = state.log_history
    assert (first["step"], second["step"]) == (1, 2)
    assert first["ipllvm/regression_image_use/planted/violated"] == 0.0
    assert second["ipllvm/regression_image_use/planted/violated"] == 1.0
    assert second["ipllvm/image_use/planted/clean"] < first["ipllvm/image_use/planted/clean"]


@pytest.mark.slow
def test_without_a_baseline_the_own_claims_count_and_nothing_stops_unasked(tmp_path: Path) -> None:
    asked = ASKED | {"properties": "permutation", "samples": 80, "draws": 1}
    callback = PropertyCallback(every=2, **asked)
    train(callback, ["positional", "positional", "positional", "invariant", "invariant"], tmp_path)
    assert callback.planned == 2 and list(callback.reports) == [2, 4]
    assert callback.alarms == {2: ("permutation_invariance/planted",)}


def test_alpha_is_shared_by_the_looks() -> None:
    """What one look would call violated is no alarm where a thousand were planned."""
    row = {
        "claim": {"kind": "requirement", "name": "image_use"},
        "partial": False,
        "verdict": {"p_violated": 0.004},
    }
    report: Any = SimpleNamespace(data={"results": [row]})
    for looks, alarms in ((1, 1), (12, 1), (13, 0), (1000, 0)):
        callback = PropertyCallback(every=1)
        callback.planned = looks
        assert len(list(callback._alarms(report))) == alarms


@pytest.mark.parametrize(("p", "others", "alarms"), [(0.01, 4, 1), (0.01, 5, 0), (0.3, 9, 0)])
def test_requirements_of_one_look_share_its_level_primary_or_not(p: float, others: int, alarms: int) -> None:
    """Holm's correction counts those that are no primary claims too, and no observation."""

    def row(p: float | None, kind: str = "requirement", partial: bool = False) -> dict[str, Any]:
        claim = {"kind": kind, "name": "image_use", "primary": False}
        return {"claim": claim, "partial": partial, "standing": None, "verdict": {"p_violated": p}}

    rows = [row(p), *[row(0.9)] * others, row(1e-9, "observation"), row(1e-9, partial=True)][: others + 2]
    report: Any = SimpleNamespace(data={"results": rows})
    callback = PropertyCallback(every=1)
    callback.planned = 1
    assert len(list(callback._alarms(report))) == alarms
    lost: Any = SimpleNamespace(data={"results": [row(1e-9, partial=True), row(None)]})
    assert list(callback._alarms(lost)) == []


def test_looks_beyond_the_planned_ones_a_step_seen_and_no_training_alarm_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    row = {
        "claim": {"kind": "requirement", "name": "image_use"},
        "property": "image_use",
        "benchmark": "planted",
        "partial": False,
        "standing": None,
        "verdict": {"p_violated": 1e-9},
    }
    report: Any = SimpleNamespace(data={"results": [row], "models": []})
    callback = PropertyCallback(every=1, measurements=2, **ASKED)
    monkeypatch.setattr(callback, "_measure", lambda *_: report)
    monkeypatch.setattr(
        "ipllvm.integrations.transformers.places", lambda rows: [row["property"] for row in rows]
    )
    given, state, control = SimpleNamespace(world_size=1, report_to=[]), TrainerState(), TrainerControl()
    callback._look(given, state, control, {})  # type: ignore[arg-type]
    assert callback.reports == {}, "no training yet"
    train(callback, ["invariant"] * 5, tmp_path)
    assert list(callback.reports) == [1, 2, 3, 4] and list(callback.alarms) == [1, 2]
    state.global_step = 4
    callback._look(given, state, control, {})  # type: ignore[arg-type]
    assert len(state.log_history) == 0, "step 4 was looked at"
    callback.on_train_end(given, state, control)  # type: ignore[arg-type]
    assert callback.planned is None


@pytest.mark.parametrize(
    ("args", "steps", "looks"),
    [
        ({"eval_strategy": "steps"}, 10, 3),
        ({"eval_strategy": "epoch"}, 10, 4),
        ({"eval_strategy": "steps"}, 2, 1),
    ],
)
def test_looks_are_counted_from_the_trainer(args: dict[str, Any], steps: int, looks: int) -> None:
    state = TrainerState(max_steps=steps, num_train_epochs=4, eval_steps=3)
    assert PropertyCallback()._planned(SimpleNamespace(**args), state) == looks  # type: ignore[arg-type]


def test_a_stream_and_a_training_that_goes_on_say_what_they_need() -> None:
    """Of so many epochs no look would have a level; the model of a crash is not that of the start."""
    given: Any = SimpleNamespace(world_size=1, eval_strategy="epoch")
    state = TrainerState(max_steps=10, num_train_epochs=sys.maxsize)
    with pytest.raises(UsageError, match="give measurements=N"):
        PropertyCallback()._planned(given, state)
    with pytest.raises(UsageError, match=r"goes on from step 500.*give against=REPORT"):
        PropertyCallback(against="start", measurements=2).on_train_begin(
            given, TrainerState(global_step=500), TrainerControl()
        )


def test_without_every_it_looks_when_the_trainer_evaluates(monkeypatch: pytest.MonkeyPatch) -> None:
    callback, given, control = PropertyCallback(), SimpleNamespace(), TrainerControl()
    places: list[int] = []
    monkeypatch.setattr(callback, "_look", lambda args, state, *_: places.append(state.global_step))
    callback.on_step_end(given, TrainerState(global_step=1), control)  # type: ignore[arg-type]
    callback.on_evaluate(given, TrainerState(global_step=2), control)  # type: ignore[arg-type]
    assert places == [2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"every": 0}, "every=0: give a number of steps"),
        ({"alpha": 1.5}, "alpha=1.5: give a probability"),
        ({"measurements": 0}, "measurements=0: give a number"),
        ({"every": 1.5}, "every=1.5: give a number of steps"),
        ({"every": "10"}, "every='10': give a number of steps"),
        ({"every": True}, "every=True: give a number of steps"),
        ({"measurements": 2.5}, "measurements=2.5: give a number"),
        ({"alpha": "0.05"}, "alpha=0.05: give a probability"),
        ({"stop_on": 5}, "stop_on: 5 is not a name"),
        ({"stop_on": ["image_use", None]}, "stop_on: None is not a name"),
        ({"properties": [3]}, "property: 3 is not a name"),
        ({"benchmarks": [b"scenes"]}, "benchmark: b'scenes' is not a name"),
        ({"sampels": 9}, "unknown option 'sampels': did you mean 'samples'"),
        ({"name": "mine"}, "unknown option 'name'"),
    ],
)
def test_what_can_not_be_is_refused_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PropertyCallback(**given)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"world_size": 2}, "measures in one process"),
        ({"eval_strategy": "no"}, "give every=STEPS"),
    ],
)
def test_what_a_trainer_can_not_give_is_refused_as_training_begins(
    args: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        train(PropertyCallback(**ASKED), ["invariant"], tmp_path, **args)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"properties": "image_ues"}, "unknown property 'image_ues': did you mean 'image_use'"),
        ({"benchmarks": "scenez"}, "unknown benchmark 'scenez': did you mean 'scenes'"),
        ({"claims": "absent.toml"}, "absent.toml"),
    ],
)
def test_what_no_look_could_measure_is_refused_as_training_begins(
    given: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """A look may be hours away."""
    with pytest.raises(UsageError, match=words):
        train(PropertyCallback(every=1000, **given), ["invariant"], tmp_path)


def _looked(
    monkeypatch: pytest.MonkeyPatch, callback: PropertyCallback, missing: tuple[Any, ...] = ()
) -> Any:
    """A look that finds a requirement and an observation."""
    claims = {"image_use": "requirement", "patch_shuffle": "observation"}
    rows = [{"property": name, "claim": {"name": name, "kind": kind}} for name, kind in claims.items()]
    found = SimpleNamespace(data={"results": rows, "models": []}, missing=missing)
    monkeypatch.setattr(ipllvm, "check", lambda *_, **__: found)
    return callback._measure(TrainerState(), {"model": None, "processing_class": PROCESSOR})


@pytest.mark.parametrize("name", ["image_ues", "patch_shuffle", "occlusion"])
def test_an_alarm_that_can_never_come_is_told_at_the_first_look(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stops in ("any", "image_use", "regression:image_use"):
        _looked(monkeypatch, PropertyCallback(every=1, stop_on=stops))
    with pytest.raises(UsageError, match=f"^unknown stop_on '{name}': .*Known: image_use$"):
        _looked(monkeypatch, PropertyCallback(every=1, stop_on=["image_use", name]))


def test_a_model_that_can_not_be_measured_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose numbers are no numbers any more, say, which gives no p-value to alarm by."""
    lost = SimpleNamespace(property="occlusion", benchmark="scenes", reason="logits are not finite")
    with pytest.warns(
        UserWarning, match=r"^ipllvm: occlusion on scenes is not measured and can't alarm: logits"
    ):
        _looked(monkeypatch, PropertyCallback(every=1, stop_on="occlusion"), (lost,))


def test_a_tokenizer_alone_is_refused() -> None:
    callback = PropertyCallback(every=1, **ASKED)
    with pytest.raises(UsageError, match="give processor="):
        callback._measure(TrainerState(), {"model": planted("invariant"), "processing_class": object()})


def test_open_trackers_get_the_numbers_and_closed_ones_do_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ipllvm.integrations.live import log_live

    calls: list[tuple[str, dict[str, float], int]] = []
    modules: dict[str, Any] = {
        "wandb": {"run": None, "log": lambda given: calls.append(("wandb", given, -1))},
        "trackio": {"log": lambda given: calls.append(("trackio", given, -1))},
        "mlflow": {
            "active_run": lambda: True,
            "log_metrics": lambda given, step: calls.append(("mlflow", given, step)),
        },
    }
    for name, attributes in modules.items():
        made = ModuleType(name)
        made.__dict__.update(attributes)
        monkeypatch.setitem(sys.modules, name, made)
    state = TrainerState(global_step=7, epoch=0.5)
    args: Any = SimpleNamespace(
        report_to=["wandb", "trackio", "mlflow", "codecarbon"], output_dir=str(tmp_path)
    )
    log_live({"x": 1.0}, args, state)
    assert state.log_history == [{"x": 1.0, "epoch": 0.5, "step": 7}]
    assert calls == [("trackio", {"x": 1.0, "train/global_step": 7}, -1), ("mlflow", {"x": 1.0}, 7)]


def test_a_tracker_that_fails_ends_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    from ipllvm.integrations.live import log_live

    def fails(*_: Any) -> None:
        raise UsageError("no such package\x1b[2J")

    monkeypatch.setattr("ipllvm.integrations.live.OPEN", {"tensorboard": fails})
    state, args = TrainerState(global_step=7), SimpleNamespace(report_to="tensorboard")
    with pytest.warns(
        UserWarning, match="tensorboard took no numbers, they are in log_history: no such package(?!\x1b)"
    ):
        log_live({"x": 1.0}, args, state)  # type: ignore[arg-type]
    assert state.log_history[0]["x"] == 1.0


def test_a_trainer_that_is_set_does_the_logging(tmp_path: Path) -> None:
    logged: list[dict[str, float]] = []
    callback = PropertyCallback(every=1, **ASKED)
    callback.trainer = SimpleNamespace(log=logged.append)  # type: ignore[assignment]
    state = train(callback, ["invariant", "invariant"], tmp_path)
    assert state.log_history == []
    assert logged[0]["ipllvm/image_use/planted/gain"] > 2


class Darkening(DefaultFlowCallback):
    """A planted defect that creeps in: the projector loses most of what is left with each step."""

    def on_step_end(self, *given: Any, model: Any = None, **_: Any) -> None:
        with torch.no_grad():
            for weight in model.model.multi_modal_projector.parameters():
                weight.mul_(0.15)


@pytest.mark.slow
def test_a_real_trainer(tmp_path: Path) -> None:
    """Losses are those of a training without it; a projector that fades away stops the training."""
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs accelerate")
    plain, _ = real(tmp_path, [])
    looked_at, _ = real(tmp_path, [PropertyCallback(every=1, samples=12, **TINY)])
    assert looked_at == plain and len(plain) == 3
    callback = PropertyCallback(every=1, samples=60, against="start", stop_on="any", **TINY)
    _, trainer = real(tmp_path, [Darkening(), callback], steps=6)
    assert trainer.state.global_step < 6 and callback.alarms
    assert 1 not in callback.alarms or trainer.state.global_step == 1
    kept = [each for each in trainer.state.log_history if "ipllvm/image_use/scenes/gain" in each]
    assert [each["step"] for each in kept] == list(callback.reports)


@pytest.mark.slow
def test_the_example_of_the_page_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs accelerate")
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(page.partition("```python\n")[2].partition("```")[0], "train.py", "exec"), {})
    first, second = [line for line in capsys.readouterr().out.splitlines() if line[:3] in ("10 ", "20 ")]
    assert first.endswith(" no alarm") and "regression:image_use/scenes" in second
    assert cli.main(["history", "reports", "--by=step"]) == 0
    assert "worse at step-20" in capsys.readouterr().out


TINY: dict[str, Any] = {"properties": "image_use", "benchmarks": "scenes"}


def real(folder: Path, callbacks: list[Any], steps: int = 3) -> tuple[list[float], Any]:
    """llava-tiny trained for some steps on questions about scenes: its losses, and the Trainer."""
    from transformers import AutoModelForImageTextToText, AutoProcessor, Trainer, TrainingArguments

    from ipllvm.models.sources import embedded_folder
    from ipllvm.registry import BENCHMARKS

    place = embedded_folder("llava-tiny")
    model: Any = AutoModelForImageTextToText.from_pretrained(place)
    processor: Any = AutoProcessor.from_pretrained(place)  # type: ignore[no-untyped-call]
    rows = []
    for sample in BENCHMARKS.load("scenes")(seed=1).samples[: 2 * steps]:
        content = [{"type": "image"}, {"type": "text", "text": sample.prompt}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        row = processor(images=sample.images[0].load(), text=text + sample.answer, return_tensors="pt")
        rows.append({name: value[0] for name, value in row.items()} | {"labels": row["input_ids"][0]})
    for callback in callbacks:
        if isinstance(callback, PropertyCallback):
            callback.options["report_dir"] = folder
    args = TrainingArguments(
        str(folder / "out"), max_steps=steps, per_device_train_batch_size=1, logging_steps=1, report_to=[],
        save_strategy="no", use_cpu=True, seed=3, learning_rate=1e-5, disable_tqdm=True,
        remove_unused_columns=False,
    )  # fmt: skip
    given: Any = {"train_dataset": rows, "processing_class": processor, "callbacks": callbacks}
    trainer = Trainer(model, args, **given)
    trainer.train()
    return [each["loss"] for each in trainer.state.log_history if "loss" in each], trainer


def test_the_callback_is_no_part_of_importing_ipllvm() -> None:
    assert "PropertyCallback" not in dir(ipllvm)
