"""CLIP alone as a model: it answers with what its two towers say, among the classes it is told."""

from pathlib import Path

import pytest

from ipllvm.benchmarks import objects, scenes
from ipllvm.benchmarks.templates import OBJECTS
from ipllvm.engine import self_check
from ipllvm.engine.plan import Plan
from ipllvm.engine.recognition import fitted, recognise
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ModelUnavailable, NotTested
from ipllvm.models import checkpoint, loading_encoder, parts, sources
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load, sketch
from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Trial
from ipllvm.scorers import label

DATA = objects.load()


@pytest.fixture(scope="module")
def clip() -> VisionLanguageModel:
    """clip-tiny with the classes of `objects`."""
    return fitted(load("clip-tiny", device="cpu"), DATA)


def test_it_answers_as_zero_shot_recognition_does(clip: VisionLanguageModel) -> None:
    samples = DATA.samples[:12]
    outcomes: Outcomes = {}
    run(clip, Plan(samples, (Clean(), RandomDrop(0.5)), 1, 0, 32), 5, outcomes, lambda done: None)
    assert all(response.error is None for response in outcomes.values())
    said = [outcomes[Trial(sample.id, str(Clean()), 0)].text for sample in samples]
    alone = recognise(loading_encoder.load("clip-tiny", device="cpu"), samples, OBJECTS)
    scored = [label.score(text, sample).value for text, sample in zip(said, samples, strict=True)]
    assert scored == alone.values[:, 0].tolist()
    assert sum(scored) > 6


def test_the_self_check_passes(clip: VisionLanguageModel) -> None:
    found = self_check.check(clip, DATA.samples[:6])
    assert found is not None
    found.require()


def test_what_it_was_told_is_part_of_its_identity(clip: VisionLanguageModel) -> None:
    plain = load("clip-tiny", device="cpu")
    assert plain.fingerprint != clip.fingerprint == fitted(plain, DATA).fingerprint
    assert clip.info().family == "clip" and clip.patch_grid() == 8
    assert sketch("clip-tiny").info().parameters == clip.info().parameters > 0


def test_it_is_asked_for_classes_only(clip: VisionLanguageModel) -> None:
    with pytest.raises(NotTested, match="only names what a picture shows: measure it with --benchmark=obj"):
        fitted(clip, scenes.short())
    with pytest.raises(NotTested, match="clip-tiny has no visual tokens to perturb"):
        run(clip, Plan(DATA.samples[:1], (Clean(), Permutation()), 1, 0, 8), 1, {}, lambda done: None)
    with pytest.raises(NotTested, match="no decoder layers"):
        clip.layers()


def test_an_encoder_is_its_own() -> None:
    assert parts.own_encoder("clip-tiny") == "clip-tiny"
    assert parts.own_encoder(parts.CLIP_336) == parts.CLIP_336
    assert parts.own_encoder("vit-tiny") is None


def test_what_names_classes_is_known_by_name_or_folder(tmp_path: Path) -> None:
    known = {name: sources.names_classes(name) for name in ("llava-tiny", "vit-tiny", "org/other")}
    assert known == {"llava-tiny": False, "vit-tiny": True, "org/other": False}
    config = tmp_path / "config.json"
    for text, found in (('{"model_type": "clip"}', True), ('{"model_type": "llava"}', False), ("{", False)):
        config.write_text(text, encoding="utf-8")
        assert sources.names_classes(str(tmp_path)) is found


def test_timms_own_configs_are_classifiers_that_need_timm(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architecture": "resnet50", "pretrained_cfg": {}}')
    assert checkpoint.family_of(tmp_path) == checkpoint.CLASSIFIER
    with pytest.raises(ModelUnavailable, match=r"no model\.safetensors"):
        checkpoint.inspect(tmp_path)


def test_only_an_encoders_weights_may_be_a_pickle(tmp_path: Path) -> None:
    for name in ("preprocessor_config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"0" * 40)
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    assert checkpoint.inspect(tmp_path).parameters == 10
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    with pytest.raises(ModelUnavailable, match="only pickle weights"):
        checkpoint.inspect(tmp_path)
