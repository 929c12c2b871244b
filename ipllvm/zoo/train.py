"""Train one recipe: build or stitch the model, run its phases, save it in the hub's format."""

from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from ipllvm.zoo import classifiers, pretraining, save, tokenizer, trainer, tuning
from ipllvm.zoo.recipes import RECIPES, SISTERS, Recipe


def train(name: str, out: Path, runs: Path) -> Path:
    """Train `name` into `out/name`, keeping what is needed to go on in `runs/name`."""
    recipe = (RECIPES | SISTERS)[name]
    folder = runs / name
    words = _tokenizer(recipe, out, runs)
    torch.manual_seed(recipe.seed)
    model, make_loss = _trainable(recipe, words, out)
    model.to(trainer.device())
    for phase in recipe.phases:
        trainer.fit(model, make_loss(phase), phase, folder)
    return save.checkpoint(model, recipe, words, out / name)


def _trainable(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> trainer.Trainable:
    match recipe.kind:
        case "vit":
            return classifiers.vit(recipe)
        case "resnet":
            return classifiers.resnet(recipe)
        case "clip":
            return pretraining.clip(recipe, words)
        case "language":
            return pretraining.language(recipe, words)
    return tuning.instructed(recipe, words, out)


def _tokenizer(recipe: Recipe, out: Path, runs: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a part, else the one that all recipes without parts share."""
    for role in ("tokenizer", "language", "model"):
        if role in recipe.parts:
            return tokenizer.load(out / recipe.parts[role])
    folder = runs / "tokenizer"
    if not folder.exists():
        tokenizer.train(recipe.seed).save_pretrained(folder)
    return tokenizer.load(folder)
