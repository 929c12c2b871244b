"""Two classifiers of single objects, a transformer and a CNN: the subjects of the paper's Figure 6a."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from ipllvm.benchmarks import objects
from ipllvm.zoo import batches, trainer
from ipllvm.zoo.recipes import Phase, Recipe

NUMBERS = {name: number for number, name in enumerate(objects.CLASSES)}
NAMES = {"id2label": dict(enumerate(objects.CLASSES)), "label2id": NUMBERS}


def vit(recipe: Recipe) -> trainer.Trainable:
    """A vision transformer over the 48 classes of `objects`."""
    make: Any = ViTConfig
    model: Any = ViTForImageClassification(make(**recipe.shape, **NAMES))
    return model, _classes(model, recipe)


def resnet(recipe: Recipe) -> trainer.Trainable:
    """A residual network over the same classes."""
    make: Any = ResNetConfig
    model: Any = ResNetForImageClassification(make(**recipe.shape, **NAMES))
    return model, _classes(model, recipe)


def _classes(model: Any, recipe: Recipe) -> Any:
    def for_phase(phase: Phase) -> trainer.Loss:
        def loss(step: int) -> Tensor:
            items = batches.pictures(phase, recipe.seed, step)
            wanted = torch.tensor([NUMBERS[item.questions[0].answer] for item in items])
            where = trainer.device()
            logits = model(pixel_values=batches.pixels(items).to(where)).logits
            return functional.cross_entropy(logits.float(), wanted.to(where))

        return loss

    return for_phase
