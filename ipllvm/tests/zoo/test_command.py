"""`python -m ipllvm.zoo`: what it trains, in which order, on which parts, and what it saves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ipllvm.zoo import __main__ as command
from ipllvm.zoo import classifiers, save, tokenizer, train, trainer
from ipllvm.zoo.recipes import RECIPES, SISTERS, Phase, Recipe

Calls = list[tuple[Any, ...]]


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> Calls:
    """What the command calls for these words."""
    calls: Calls = []

    def run(verb: str) -> Any:
        def made(*given: Any) -> Path:
            calls.append((verb, *given))
            return Path("made")

        return made

    monkeypatch.setattr("sys.argv", ["zoo", *words])
    monkeypatch.setattr(command, "_run", run)
    command.main()
    return calls


@pytest.mark.parametrize("verb", ["train", "card"])
@pytest.mark.parametrize("name", ["vit-tiny", *sorted(SISTERS)[:1]])
def test_a_verb_is_called_with_the_name_and_the_usual_folders(
    verb: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, verb, name) == [(verb, name, command.CHECKPOINTS, Path("zoo-runs"))]
    assert capsys.readouterr().out == "made\n"


def test_folders_are_those_that_were_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = typed(monkeypatch, "train", "vit-tiny", "--out", "a b", "--runs", "ü")
    assert calls == [("train", "vit-tiny", Path("a b"), Path("ü"))]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "required: verb"),
        (("train",), "required: name"),
        (("train", "vit"), "invalid choice: 'vit'"),
        (("measure", "vit-tiny"), "invalid choice: 'measure'"),
        (("card", "vit-tiny", "--steps", "3"), "unrecognized arguments: --steps 3"),
    ],
)
def test_other_words_are_refused(
    words: tuple[str, ...], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(monkeypatch, *words)
    assert ended.value.code == 2
    assert line in capsys.readouterr().err


def test_verbs_lead_to_what_trains_and_what_measures() -> None:
    from ipllvm.zoo import card

    assert (command._run("train"), command._run("card")) == (train.train, card.write)


PHASES = (Phase("one", 1, 1, 1.0, {}), Phase("two", 1, 1, 1.0, {}))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What a training does, in order."""
    found: Calls = []
    model = SimpleNamespace(to=lambda device: found.append(("to", device)))

    def made(recipe: Recipe, words: Any, out: Path) -> Any:
        found.append(("made", recipe.name, float(torch.rand(()))))
        return model, lambda phase: f"loss of {phase.name}"

    monkeypatch.setattr(train, "_tokenizer", lambda recipe, out, runs: "words")
    monkeypatch.setattr(train, "_trainable", made)
    monkeypatch.setattr(trainer, "fit", lambda *given: found.append(("fit", *given[1:])))

    def saved(*given: Any) -> Any:
        found.append(("save", *given[1:]))
        return given[-1]

    monkeypatch.setattr(save, "checkpoint", saved)
    return found


def test_phases_are_trained_in_order_and_then_saved(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = Recipe("mine", "vit", PHASES, seed=3)
    monkeypatch.setitem(RECIPES, "mine", recipe)
    assert train.train("mine", tmp_path / "out", tmp_path / "runs") == tmp_path / "out" / "mine"
    assert [call[0] for call in calls] == ["made", "to", "fit", "fit", "save"]
    assert calls[2:4] == [("fit", f"loss of {p.name}", p, tmp_path / "runs" / "mine") for p in PHASES]
    assert calls[4] == ("save", recipe, "words", tmp_path / "out" / "mine")


def test_a_seed_alone_decides_how_a_model_begins(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        monkeypatch.setitem(RECIPES, name, Recipe(name, "vit", (), seed=seed))
        torch.rand(7)
        train.train(name, tmp_path, tmp_path)
    drawn = {call[1]: call[2] for call in calls if call[0] == "made"}
    assert drawn["a"] == drawn["b"] != drawn["c"]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("vit", "classifiers.vit"),
        ("resnet", "classifiers.resnet"),
        ("clip", "pretraining.clip"),
        ("language", "pretraining.language"),
        ("llava", "tuning.instructed"),
        ("llava_next", "tuning.instructed"),
        ("llava_onevision", "tuning.instructed"),
    ],
)
def test_a_kind_is_made_by_its_own_module(kind: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, function = place.partition(".")
    monkeypatch.setattr(getattr(train, module), function, lambda *given: (place, given[0].kind))
    words: Any = None
    found: Any = train._trainable(Recipe("x", kind, ()), words, Path())
    assert found == (place, kind)


@pytest.mark.parametrize(
    ("parts", "role"),
    [
        ({"language": "lm", "tower": "clip"}, "lm"),
        ({"model": "llava"}, "llava"),
        ({"tokenizer": "own", "language": "lm", "model": "llava"}, "own"),
    ],
)
def test_a_tokenizer_is_that_of_a_part(
    parts: dict[str, str], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "load", lambda folder: folder)
    monkeypatch.setattr(tokenizer, "train", lambda seed: pytest.fail("a part has one"))
    found: Any = train._tokenizer(Recipe("x", "llava", (), parts=parts), Path("out"), Path("runs"))
    assert found == Path("out", role)


def test_a_tokenizer_without_a_part_is_trained_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seeds: list[int] = []

    def trained(seed: int) -> Any:
        seeds.append(seed)
        return SimpleNamespace(save_pretrained=lambda folder: folder.mkdir())

    monkeypatch.setattr(tokenizer, "train", trained)
    monkeypatch.setattr(tokenizer, "load", lambda folder: folder)
    recipe = Recipe("x", "clip", (), seed=5, parts={"tower": "clip"})
    found: list[Any] = [train._tokenizer(recipe, tmp_path, tmp_path) for _ in range(2)]
    assert (seeds, found) == ([5], [tmp_path / "tokenizer"] * 2)


HUB = {
    "vision_tower.encoder.x": "vision_tower.vision_model.encoder.x",
    "vision_tower.vision_model.encoder.x": "vision_tower.vision_model.encoder.x",
    "multi_modal_projector.linear_1.bias": "multi_modal_projector.linear_1.bias",
    "language_model.model.embed_tokens.weight": "language_model.model.embed_tokens.weight",
}


@pytest.mark.parametrize(("own", "other"), HUB.items())
def test_a_towers_weights_are_called_as_on_the_hub(own: str, other: str) -> None:
    assert save._hub_name(own) == other == save._hub_name(other)


def test_renaming_a_file_keeps_every_number(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({name: torch.full((2,), float(n)) for n, name in enumerate(HUB) if n != 1}, path)
    save._rename(path)
    assert {name: float(t[0]) for name, t in load_file(path).items()} == {
        other: float(n) for n, other in enumerate(HUB.values()) if n != 1
    }


def test_a_config_forgets_where_its_parts_were_loaded_from() -> None:
    text, vision = (
        SimpleNamespace(_name_or_path="/home/me/lm"),
        SimpleNamespace(_name_or_path="/home/me/clip"),
    )
    whole = SimpleNamespace(_name_or_path="/home/me", text_config=text, vision_config=vision)
    save._forget_paths(whole)
    assert [each._name_or_path for each in (whole, text, vision)] == ["", "", ""]
    alone = SimpleNamespace(_name_or_path="x")
    save._forget_paths(alone)
    assert alone._name_or_path == ""


@pytest.mark.parametrize("name", ["vit-tiny", "resnet-tiny"])
def test_a_saved_classifier_says_what_the_trained_one_did(name: str, tmp_path: Path) -> None:
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    recipe = RECIPES[name]
    torch.manual_seed(0)
    model, _ = getattr(classifiers, recipe.kind)(recipe)
    model.eval()
    pixels = torch.rand(1, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = model(pixel_values=pixels).logits
    words: Any = None
    folder = save.checkpoint(model, recipe, words, tmp_path / "deep" / name)
    auto: Any = AutoModelForImageClassification
    with torch.inference_mode():
        after = auto.from_pretrained(folder, dtype=torch.float32).eval()(pixel_values=pixels).logits
    assert torch.allclose(before, after, atol=2e-2), "16 bits a weight"
    images: Any = AutoImageProcessor
    assert images.from_pretrained(folder).crop_size["height"] == 112
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
