"""The authors' own code beside ours on the same weights, for kinds that no vectors stand for.

Runs where the package `llava` can be imported, which its wheel `llava-torch` brings: `make originals` unpacks
it without what it asks for, and runs this.
"""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load
from ipllvm.models.originals.tokenizer import load as tokenizer
from ipllvm.tests.models.originals.test_kinds import changed, linear, projected, rewritten, wider
from ipllvm.tests.models.originals.vectors import NAMES, logits, whole
from ipllvm.tests.tiny.contract import Shown

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llava") is None, reason="the wheel llava-torch is not here"),
    pytest.mark.filterwarnings("ignore"),
]
V15, V16 = NAMES[:2]
MISTRAL = {
    "architectures": ["LlavaMistralForCausalLM"],
    "model_type": "llava_mistral",
    "sliding_window": None,
}
QUESTION = "What is the colour of the large circle?"
SIZES = ((70, 40), (33, 64), (50, 50), (150, 61))
THREE = {name: value for n in range(3) for name, value in linear(f"{2 * n}.", n).items()}
KINDS: Mapping[str, tuple[str, dict[str, Any], Any]] = {
    "1.5": (V15, {}, None),
    "v1, linear, between marks": (
        V15,
        {"mm_projector_type": None, "mm_use_im_start_end": True, "image_aspect_ratio": None,
         "mm_use_im_patch_token": True, "vocab_size": 443},
        lambda held: projected(linear("", 0))(wider(held)),
    ),
    "three layers, class token, last state": (
        V15,
        {"mm_projector_type": "mlp3x_gelu", "mm_vision_select_feature": "cls_patch",
         "mm_vision_select_layer": -1},
        projected(THREE),
    ),
    "1.6": (V16, {}, None),
    "1.6 flat": (V16, {"mm_patch_merge_type": "flat"}, None),
    "1.6 spatial": (V16, {"mm_patch_merge_type": "spatial"}, None),
    "1.6 Mistral": (V16, MISTRAL, None),
}  # fmt: skip


def authors(folder: Path) -> Any:
    """The model of the authors' code, in float32."""
    from llava.model import LlavaLlamaForCausalLM, LlavaMistralForCausalLM

    raw = json.loads((folder / "config.json").read_text("utf-8"))
    kind = LlavaMistralForCausalLM if "Mistral" in raw["architectures"][0] else LlavaLlamaForCausalLM
    raw["mm_vision_tower"] = str(folder.parent / raw["mm_vision_tower"])
    raw.pop("torch_dtype", None)
    raw.pop("model_type", None)
    model = kind(kind.config_class(**raw)).float()
    tower = model.get_vision_tower()
    if not tower.is_loaded:
        tower.load_model()
    held = {name.replace(".vision_tower.vision_model.", ".vision_tower."): value
            for name, value in load_file(folder / "model.safetensors").items()}  # fmt: skip
    wanted = model.state_dict()
    nested = {name: value for name, value in held.items() if name in wanted}
    assert {n for n in held if n not in wanted} <= {"model.image_newline"}
    model.load_state_dict(nested, strict=False)
    return model.float().eval()


@torch.inference_mode()
def theirs(model: Any, plain: Any, picture: Image.Image, prompt: str) -> Tensor:
    """The logits at every position, by the authors' code."""
    from llava.constants import IMAGE_TOKEN_INDEX
    from llava.mm_utils import process_images, tokenizer_image_token

    ids = tokenizer_image_token(prompt, plain, IMAGE_TOKEN_INDEX, return_tensors="pt")[None]
    pixels = process_images([picture], model.get_vision_tower().image_processor, model.config)
    pixels = [each.float() for each in pixels] if isinstance(pixels, list) else pixels.float()
    found: Tensor = model(input_ids=ids, images=pixels, image_sizes=[picture.size]).logits[0]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_the_authors_code(kind: str, tmp_path: Path) -> None:
    name, fields, weights = KINDS[kind]
    folder = changed(whole(name, tmp_path), **fields)
    if weights is not None:
        rewritten(folder, weights)
    ours = load(str(folder), device="cpu", how=LoadOptions(prompt_template="llava_v1"))
    template = ours._processor.template  # type: ignore[attr-defined]
    marks = bool(fields.get("mm_use_im_start_end"))
    model, plain = (
        authors(folder),
        tokenizer(folder, ("<im_patch>", "<im_start>", "<im_end>") if marks else ()),
    )
    for width, height in SIZES:
        picture = Shown(width, height).load()
        expected = theirs(model, plain, picture, template.render(QUESTION, 1, marks))
        found = logits(ours, picture, QUESTION)  # type: ignore[arg-type]
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, rtol=0, atol=1e-5), f"{width} x {height}"
