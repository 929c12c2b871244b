"""Language models alone: the mean over a text's own tokens of every hidden state."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer

from ipllvm.errors import ModelUnavailable, NotMeasured, UnknownName
from ipllvm.models import sources
from ipllvm.models.text import BATCH, LanguageModel
from ipllvm.tests.tiny import KINDS
from ipllvm.tests.tiny.parts import tokenizer

TEXTS = ["a red circle.", "2 objects: a blue star in row 1 column 2, a teal cross in row 3 column 1.", "yes"]


@pytest.fixture(scope="module")
def tiny() -> LanguageModel:
    return LanguageModel("lm-tiny", device="cpu")


def test_features_are_those_of_each_text_alone(tiny: LanguageModel) -> None:
    folder = sources.language_model("lm-tiny", ())
    causal: Any = AutoModelForCausalLM
    model = causal.from_pretrained(folder, dtype=torch.float32).eval()
    words = AutoTokenizer.from_pretrained(folder)
    found = tiny.features(TEXTS)
    for row, text in enumerate(TEXTS):
        with torch.inference_mode():
            states = model(**_ids(words, text), output_hidden_states=True).hidden_states
        expected = torch.stack([state[0].mean(0) for state in states]).numpy()
        assert found[row].shape == expected.shape
        assert np.allclose(found[row], expected, atol=1e-4)


def _ids(words: Any, text: str) -> Any:
    return {"input_ids": torch.tensor([words(text)["input_ids"]])}


def test_batches_change_nothing(tiny: LanguageModel) -> None:
    many = TEXTS * (BATCH // len(TEXTS) + 1)
    assert len(many) > BATCH
    assert np.allclose(tiny.features(many)[-3:], tiny.features(TEXTS), atol=1e-4)


def test_the_language_side_of_an_embedded_model_will_do() -> None:
    found = LanguageModel("llava-tiny", device="cpu").features(TEXTS)
    assert found.shape[0] == 3 and np.isfinite(found).all()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="unknown language model 'lm-tny': did you mean 'lm-tiny'"):
        LanguageModel("lm-tny", device="cpu")
    with pytest.raises(ModelUnavailable, match="not in the hub cache and --offline is set"):
        LanguageModel("no-such-owner/no-such-model", device="cpu", offline=True)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(sources.language_model("lm-tiny", ()), tmp_path / "damaged")
    model = LanguageModel(str(folder), device="cpu")
    assert model.name == "damaged"
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="not a whole safetensors file"):
        model.features(TEXTS)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="its tokenizer can't be loaded"):
        LanguageModel(str(folder), device="cpu").features(TEXTS)


def test_its_identity_is_its_name_and_what_is_read_of_its_folder(tmp_path: Path, tiny: LanguageModel) -> None:
    folder = shutil.copytree(sources.language_model("lm-tiny", ()), tmp_path / "lm-tiny")
    copied = LanguageModel(str(folder), device="cpu")
    assert copied.identity == tiny.identity
    assert tiny.identity.startswith("lm-tiny@") and len(tiny.identity) == len("lm-tiny@") + 12
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05'))
    assert LanguageModel(str(folder), device="cpu").identity != tiny.identity


DECODERS = {
    "bloom": {"hidden_size": 64, "n_layer": 3, "n_head": 4},
    "olmo": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4},
    "gemma": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
              "num_key_value_heads": 2, "head_dim": 16},
    "gpt2": {"n_embd": 64, "n_layer": 3, "n_head": 4},
    "opt": {"hidden_size": 64, "ffn_dim": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
            "word_embed_proj_dim": 64},
}  # fmt: skip
"""Small configurations of causal language models; Vicuna is a Llama, as lm-tiny is."""


@pytest.mark.parametrize("kind", DECODERS)
def test_any_causal_model_has_the_features_of_its_own_class(kind: str, tmp_path: Path) -> None:
    made: Any = CONFIG_MAPPING[kind]
    auto: Any = AutoModelForCausalLM
    config = made(vocab_size=512, bos_token_id=0, eos_token_id=1, pad_token_id=2, **DECODERS[kind])
    torch.manual_seed(0)
    model = auto.from_config(config).float().eval()
    model.save_pretrained(tmp_path)
    words = tokenizer(KINDS["llava-llama"])
    words.save_pretrained(tmp_path)
    found = LanguageModel(str(tmp_path), device="cpu").features(TEXTS)
    for row, text in enumerate(TEXTS):
        with torch.inference_mode():
            states = model(**_ids(words, text), output_hidden_states=True).hidden_states
        expected = torch.stack([state[0].mean(0) for state in states]).numpy()
        assert np.allclose(found[row], expected, atol=1e-4)


NAMES = ("bigscience/bloom-560m", "allenai/OLMo-7B-hf", "google/gemma-2b", "lmsys/vicuna-7b-v1.5")


@pytest.mark.parametrize("name", NAMES)
def test_a_published_model_that_is_not_here_is_one_line(name: str) -> None:
    with pytest.raises(ModelUnavailable, match=f"{name} is not in the hub cache and --offline") as told:
        LanguageModel(name, device="cpu", offline=True)
    assert f"hf download {name}" in str(told.value) and "\n" not in str(told.value)


class Words:
    """A tokenizer of words, of which some are special."""

    all_special_tokens = ("<think>", "</think>", "<end>")
    chat_template = ""

    def decode(self, ids: list[str], skip_special_tokens: bool) -> str:
        return " ".join(
            word for word in ids if not skip_special_tokens or word not in self.all_special_tokens
        )


@pytest.mark.parametrize(
    ("prompt", "reply", "answer"),
    [
        ("Is it?", "No <end>", "No"),
        ("Is it?", "<think> No, wait. </think> Yes <end>", "Yes"),
        ("Is it?", "<think> No, wait.", ""),
        ("Is it? <think>\n", "No, wait. </think> Yes <end>", "Yes"),
        ("Is it? <think>\n", "No, wait.", ""),
        ("Is it? <think>\n\n</think>\n\n", "Yes <end>", "Yes"),
        ("Is it?", "<|channel|>analysis No <|channel|>final<|message|> Yes <end>", "Yes"),
    ],
)
def test_what_is_thought_is_no_answer(prompt: str, reply: str, answer: str) -> None:
    model = LanguageModel("lm-tiny", device="cpu")
    model._tokenizer = Words()
    assert model._answer(prompt, reply.split()) == answer  # type: ignore[arg-type]


def test_a_prompt_that_leaves_no_position_for_an_answer_has_none(tiny: LanguageModel) -> None:
    limit = tiny._config.max_position_embeddings
    with pytest.raises(NotMeasured, match=f"tokens and lm-tiny has positions for {limit:,}"):
        tiny.reply("red star " * limit, 3)
    assert tiny._room(limit - 1) == 1
