"""What the checkpoint's own pipeline refuses or answers otherwise is not measured; nor is a wrong restart."""

import json
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from ipllvm.engine.reference_check import entered_layers, first_of_each
from ipllvm.engine.self_check import check
from ipllvm.errors import NotMeasured
from ipllvm.models import loading
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.tests.checkpoints import make
from ipllvm.tests.engine.pictures import samples


def test_the_first_of_each_kind_is_asked() -> None:
    pictured, words = samples(2), [*samples(1)]
    bare = [type(s)(s.id, s.cluster, (), s.prompt, s.answer) for s in words]
    assert first_of_each([*pictured, *bare]) == [0, 2]
    assert first_of_each(bare) == [0]


def test_a_sound_model_says_what_its_pipeline_says_and_is_entered(tiny: VisionLanguageModel) -> None:
    found = check(tiny, samples(4))
    assert found is not None and found.reference == "" == found.refused
    assert found.layers == (1,) and found.restarted is not None and found.restarted.gap < 1e-3
    assert "restarted at layers 1" in str(found)
    found.require()


def test_another_answer_than_the_pipelines_is_a_fault(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = tiny.pipeline_answer

    def other(*asked: Any) -> tuple[int, ...]:
        expected = usual(*asked)
        assert expected is not None
        return (expected[0] ^ 1, *expected[1:])

    monkeypatch.setattr(tiny, "pipeline_answer", other)
    found = check(tiny, samples(4))
    assert found is not None
    with pytest.raises(NotMeasured, match="own generate answers s0 with"):
        found.require()


def test_a_wrong_restart_is_a_fault(tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a decoder that scales its embeddings, entered through its front door."""
    usual = tiny.decode_from_layer

    def scaled(layer: int, hidden: Tensor, *rest: Any, **named: Any) -> tuple[Tensor, Any]:
        return usual(layer, 12 * hidden, *rest, **named)

    monkeypatch.setattr(tiny, "decode_from_layer", scaled)
    found = check(tiny, samples(4))
    assert found is not None
    with pytest.raises(NotMeasured, match="perturb no hidden states"):
        found.require()


def test_a_layer_that_can_not_be_entered_is_told(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*asked: Any, **named: Any) -> Any:
        raise ValueError("no way in")

    monkeypatch.setattr(tiny, "decode_from_layer", refuse)
    found = check(tiny, samples(4))
    assert found is not None and "layers can't be entered: no way in" in str(found)
    found.require()


def test_every_kind_of_layer_is_entered_once(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kinds, expected in (("aaaa", [1]), ("abab", [1, 2]), ("aab", [1, 2]), ("a", [0]), ("", [])):
        monkeypatch.setattr(tiny, "layer_kinds", lambda kinds=kinds: tuple(kinds))
        assert entered_layers(tiny) == expected


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("generation_config.json", {"eos_token_id": ["</s>"]}, "own pipeline .* can't answer s0"),
        (
            "preprocessor_config.json",
            {"crop_size": {"height": 21, "width": 21}},
            "first 4 samples fail",
        ),
    ],
)
def test_what_plain_generate_refuses_is_not_measured(
    name: str, changes: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "TRIED", ())  # what loading tries first; a model in memory comes without
    folder = make("llava", tmp_path)
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(NotMeasured, match=expected):
        found = check(load(str(folder), device="cpu"), samples(4))
        assert found is not None
        found.require()


MORE = r"makes 16 visual tokens .* has places for 15: vision_feature_select_strategy"
FEWER = r"own pipeline .* can't answer s0: .*do not match"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"num_additional_image_tokens": 0}, MORE), ({"vision_feature_select_strategy": "full"}, FEWER)],
)
def test_another_number_of_visual_tokens_is_told(
    changes: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "TRIED", ())
    folder = make("llava", tmp_path)
    path = folder / "processor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(NotMeasured, match=expected):
        found = check(load(str(folder), device="cpu"), samples(4))
        assert found is not None
        found.require()


@pytest.mark.parametrize(
    ("changes", "noted"),
    [
        (
            {"repetition_penalty": 5.0, "do_sample": True, "temperature": 0.3, "suppress_tokens": [7]},
            "repetition_penalty=5.0, suppress_tokens=[7]",
        ),
        (
            {"encoder_repetition_penalty": 5.0, "encoder_no_repeat_ngram_size": 2},
            "encoder_repetition_penalty=5.0, encoder_no_repeat_ngram_size=2",
        ),
        (
            {"penalty_alpha": 0.6, "top_k": 4, "dola_layers": "low", "token_healing": True},
            "penalty_alpha=0.6, dola_layers=low, token_healing=True",
        ),
        (
            {"return_dict_in_generate": True, "cache_implementation": "static"},
            "cache_implementation=static",
        ),
    ],
)
def test_settings_of_generate_that_are_not_greedy_are_told_and_not_followed(
    tmp_path: Path, changes: dict[str, object], noted: str
) -> None:
    folder = make("llava", tmp_path)
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    model = load(str(folder), device="cpu")
    (note,) = model.info().notes
    assert note.startswith(f"answers are greedy: {noted} of generation")
    found = check(model, samples(4))
    assert found is not None
    found.require()


def test_a_prompt_beyond_the_positions_is_refused_with_both_numbers(tmp_path: Path) -> None:
    folder = make("llava", tmp_path)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["text_config"]["max_position_embeddings"] = 25
    path.write_text(json.dumps(config))
    model = load(str(folder), device="cpu")
    assert model.max_positions == 25
    with pytest.raises(NotMeasured, match=r"s\d+: the prompt has \d+ tokens and .* has 25 positions"):
        check(model, samples(4))
