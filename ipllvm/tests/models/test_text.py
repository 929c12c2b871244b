"""Language models alone: the mean over a text's own tokens of every hidden state."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ipllvm.errors import ModelUnavailable, UnknownName
from ipllvm.models import sources
from ipllvm.models.text import BATCH, LanguageModel

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
