from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from ipllvm.benchmarks import objects
from ipllvm.engine import self_check
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ModelUnavailable, NotTested
from ipllvm.models import checkpoint
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load, sketch
from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Trial

LABELS = dict(enumerate(objects.CLASSES))
SIDE = 28


def _make(kind: str) -> Any:
    torch.manual_seed(0)
    if kind == "vit":
        shape: Any = ViTConfig
        small = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
        return ViTForImageClassification(shape(**small, image_size=SIDE, patch_size=7, id2label=LABELS))
    shape = ResNetConfig
    return ResNetForImageClassification(
        shape(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=LABELS)
    )


@pytest.fixture(params=["vit", "resnet"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A random classifier of the 48 classes of `objects`."""
    model = _make(request.param)
    model.save_pretrained(tmp_path / "it")
    size: Any = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    CLIPImageProcessorPil(**size).save_pretrained(tmp_path / "it")
    return tmp_path / "it"


@pytest.fixture
def classifier(folder: Path) -> VisionLanguageModel:
    """The same behind the stage interface."""
    return load(str(folder), device="cpu")


def test_it_says_the_top_class_of_transformers_own_forward_pass(
    classifier: VisionLanguageModel, folder: Path
) -> None:
    samples = objects.load().samples[:6]
    plan = Plan(samples, (Clean(), RandomDrop(0.5)), 2, 0, 8)
    outcomes: Outcomes = {}
    run(classifier, plan, 4, outcomes, lambda done: None)
    assert all(response.error is None for response in outcomes.values())
    assert len(outcomes) == 6 * 3
    auto: Any = (
        ViTForImageClassification if classifier.info().family == "vit" else ResNetForImageClassification
    )
    plain = auto.from_pretrained(folder).eval()
    for sample in samples:
        pixels = classifier.prepare([sample.images[0].load()], sample.prompt).tiles
        with torch.inference_mode():
            top = int(plain(pixel_values=pixels).logits.argmax())
        assert outcomes[Trial(sample.id, str(Clean()), 0)].text == LABELS[top]


def test_the_self_check_passes(classifier: VisionLanguageModel) -> None:
    found = self_check.check(classifier, objects.load().samples[:8])
    assert found is not None
    found.require()


def test_it_has_nothing_behind_the_picture(classifier: VisionLanguageModel) -> None:
    sample = objects.load().samples[0]
    plan = Plan((sample,), (Clean(), Permutation()), 1, 0, 8)
    with pytest.raises(NotTested, match="has no visual tokens to perturb"):
        run(classifier, plan, 1, {}, lambda done: None)
    with pytest.raises(NotTested, match="has no decoder layers"):
        classifier.layers()
    with pytest.raises(ValueError, match="one picture a sample, got 2"):
        classifier.prepare([Image.new("RGB", (9, 9))] * 2, "what?")


def test_it_needs_no_tokenizer_and_is_complete_without(folder: Path) -> None:
    assert checkpoint.family_of(folder) == checkpoint.CLASSIFIER
    assert checkpoint.is_complete(folder)
    assert sketch(str(folder)).info().parameters > 0


def test_a_class_that_is_not_there_is_one_clear_line(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"model_type": "', '"model_type": "no-'), encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        load(str(folder), device="cpu")
