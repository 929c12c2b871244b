"""planted:aligned and its parts: neighbours are a group, all of it or none of it."""

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.benchmarks import planted
from ipllvm.benchmarks.captions import caption
from ipllvm.engine.features import projected
from ipllvm.errors import NotTested, UsageError
from ipllvm.models import loading_encoder, loading_text, parts
from ipllvm.models.loading import load
from ipllvm.models.planted import meaning, naming
from ipllvm.models.planted.kinds import AlignmentLoss
from ipllvm.planted_grid import ALIKE
from ipllvm.tests import planted_truth as truth
from ipllvm.tests.metrics.test_alignment import mutual_knn

NAME = "planted:aligned,a=0.3,b=0.6"
SAMPLES = planted.captions().samples


def features(sides: str) -> np.ndarray:
    """What one of the sides makes of every caption or picture of the benchmark."""
    if sides == "words":
        return loading_text.load(NAME).features([caption(sample) for sample in SAMPLES])[:, 0]
    if sides == "encoder":
        return loading_encoder.load(NAME).states(sample.images[0].load() for sample in SAMPLES)[0][:, 0]
    return projected(load(NAME, device="cpu"), SAMPLES, 64)[1][:, 0]


@pytest.mark.parametrize(("side", "share"), [("encoder", 0.6), ("projector", 0.3)])
def test_a_picture_has_all_of_its_neighbours_or_none(side: str, share: float) -> None:
    law = naming.law(NAME)
    assert isinstance(law, AlignmentLoss)
    groups = mutual_knn(features(side), features("words")).reshape(-1, ALIKE)
    kept = [law.uniform("together", group) < share for group in range(len(groups))]
    assert np.array_equal(groups, np.repeat(np.array(kept, float)[:, None], ALIKE, 1))
    assert 0 < sum(kept) < len(kept)


def test_the_truth_is_the_mean_over_seeds() -> None:
    lost = [
        (law.uniform("together", group) < law.b) - float(law.uniform("together", group) < law.a)
        for seed in range(20)
        for law in [AlignmentLoss(0.3, seed, 0.6)]
        for group in range(50)
    ]
    assert np.mean(lost) == pytest.approx(truth.loss(AlignmentLoss(0.3, 0, 0.6)), abs=3 * 0.46 / 1000**0.5)


def test_what_it_means_does_not_hide_what_it_shows() -> None:
    """Cells are read as ever, so that it answers like any planted model."""
    model = load("planted:aligned,a=1", device="cpu")
    prepared = model.prepare([SAMPLES[5].images[0].load()], SAMPLES[5].prompt)
    with torch.inference_mode():
        visual = model.pack(model.projected([prepared])[0], prepared)
        hidden, _ = model.decoder(model.embed(prepared, visual)[None])
        said = model.logits(hidden[0, -1]).argmax()
    assert model.text([int(said)]) == SAMPLES[5].answer
    assert visual.shape[1] == model.embed_tokens(prepared.input_ids).shape[1] > meaning.WIDTH


def test_other_pictures_and_texts_are_not_tested() -> None:
    encoder = loading_encoder.load(NAME)
    with pytest.raises(NotTested, match="knows planted pictures only: measure it on"):
        encoder.states([Image.new("RGB", (64, 64))])
    with pytest.raises(NotTested, match="names no classes"):
        encoder.scores([SAMPLES[0].images[0].load()], ["a"], ["{}"])
    with pytest.raises(NotTested, match="knows planted captions only"):
        loading_text.load(NAME).features([caption(SAMPLES[0]), "a red circle"])


def test_other_kinds_have_no_such_parts() -> None:
    assert parts.own_encoder(NAME) == NAME
    assert parts.own_encoder("planted:invariant") is None
    with pytest.raises(UsageError, match="planted:blind has no encoder: only planted:aligned has"):
        loading_encoder.load("planted:blind")
    with pytest.raises(UsageError, match="planted:blind has no language model"):
        loading_text.load("planted:blind")
