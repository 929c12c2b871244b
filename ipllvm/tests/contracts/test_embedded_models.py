"""Every checkpoint of the repository is in the table of embedded models, as what it is."""

import json
from pathlib import Path

import pytest

from ipllvm.models import parts, sources
from ipllvm.models.checkpoint import CLASSIFIER, ENCODER, family_of
from ipllvm.models.embedded import EMBEDDED_MODELS, EmbeddedModel
from ipllvm.registry import FAMILIES
from ipllvm.zoo.recipes import RECIPES

ROOT = Path(sources.__file__).parents[2]
NAMES = [each.name for each in EMBEDDED_MODELS]
TABLE = pytest.mark.parametrize("model", EMBEDDED_MODELS, ids=lambda model: model.name)


def test_folders_recipes_and_the_table_name_the_same_models() -> None:
    folders = [path.name for path in (ROOT / "fixtures" / "checkpoints").iterdir() if path.is_dir()]
    assert sorted(folders) == sorted(NAMES), "name it in ipllvm/models/embedded.py"
    assert sorted(RECIPES) == sorted(NAMES)


def test_the_readme_names_all_of_them() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in NAMES if name not in text] == []


@TABLE
def test_its_kind_is_that_of_its_weights(model: EmbeddedModel) -> None:
    config = json.loads((sources.embedded_folder(model.name) / "config.json").read_text("utf-8"))
    if config["architectures"][0].endswith("ForCausalLM"):
        assert model.kind == "language model"
    else:
        kinds = {CLASSIFIER: "classifier", ENCODER: "encoder"} | dict.fromkeys(
            FAMILIES, "vision-language model"
        )
        assert model.kind == kinds[family_of(sources.embedded_folder(model.name))]


@TABLE
def test_its_encoder_is_the_tower_that_its_recipe_begins_with(model: EmbeddedModel) -> None:
    recipe = RECIPES[model.name]
    while "model" in recipe.parts:
        recipe = RECIPES[recipe.parts["model"]]
    assert model.encoder == recipe.parts.get("tower")
    if model.kind in ("encoder", "vision-language model"):
        assert parts.own_encoder(model.name) == (model.encoder or model.name)


@TABLE
def test_what_takes_a_model_of_its_kind_takes_its_name(model: EmbeddedModel) -> None:
    if model.kind != "language model":
        assert sources.resolve(model.name) == sources.embedded_folder(model.name)
    assert sources.names_classes(model.name) == (model.kind in ("classifier", "encoder"))
    assert (model.name in sources.EMBEDDED_ENCODERS) == (model.kind == "encoder")
    assert (model.name in sources.EMBEDDED_LANGUAGE_MODELS) == model.kind.endswith("language model")
