"""Load an original LLaVA checkpoint into transformers' own classes, with nothing converted or written.

Its keys are renamed, its projector is put in place, its tower comes from the checkpoint or from its own
folder, and rows of the head that its tokenizer has no token for are left out, as the authors' loader does.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import transformers
from jaxtyping import Float
from torch import Tensor, nn
from transformers import GenerationConfig

from ipllvm.errors import ModelUnavailable
from ipllvm.models.json_files import read_json
from ipllvm.models.originals import tower
from ipllvm.models.originals.inspecting import HEAD, Original
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.models.weights import from_tensors, require_finite, require_numbers, unusable

CLASSES = {
    "llava": "LlavaForConditionalGeneration", "llava_next": "LlavaNextForConditionalGeneration",
    "llava_onevision": "LlavaOnevisionForConditionalGeneration",
}  # fmt: skip
NEWLINE, PROJECTOR, INNER = "model.image_newline", "model.mm_projector.", "model.vision_tower."
DECODER = re.compile(r"^model\.(?=(embed_tokens|layers|norm)\b)")


def described(original: Original) -> Any:
    """Transformers' model as the config describes it, without memory; raises ModelUnavailable."""
    kind = getattr(transformers, CLASSES[original.settings.family])
    try:
        with torch.device("meta"):
            return kind(original.config)
    except Exception as error:
        raise unusable(original.settings.folder, "config.json describes no model", error) from error


def load(original: Original, dtype: torch.dtype) -> Any:
    """Transformers' model with the checkpoint's weights, on the CPU; raises ModelUnavailable in one line."""
    settings, tensors = original.settings, original.tensors
    shapes = described(original)
    named = dict(_named(original, set(shapes.state_dict())))
    absent = ["multi_modal_projector", "post_layernorm"]
    if settings.merge != "spatial_unpad":
        absent.append("image_newline")
    projector = _projector(settings, tensors, dtype)
    require_finite(settings.folder, projector.state_dict(prefix=PROJECTOR))
    model = from_tensors(settings.folder, shapes, named, dtype, absent=absent)
    _require_width(settings, model, projector)
    model.model.multi_modal_projector = projector
    words = len(original.processor.tokenizer)
    if words < model.lm_head.weight.shape[0]:
        model.lm_head = _first_rows(model.lm_head, words)
    model.generation_config = _generation(original)
    return model.eval().requires_grad_(False)


def _named(original: Original, wanted: set[str]) -> Iterator[tuple[str, Tensor]]:
    """The tensors by the names of transformers' class, but for those that nothing takes."""
    unread = {NEWLINE} - wanted
    if original.config.tie_word_embeddings:
        unread.add(HEAD)  # as in the authors' code, which ties it when all is loaded
    nested = any(name.startswith(f"{INNER}vision_model.") for name in wanted)  # releases before 5.4
    for name, value in original.tensors.items():
        own = tower.names(name)
        if own is not None and not tower.left_out(own, original.tower.config):
            yield f"{INNER}{'vision_model.' * nested}{own}", value
        elif own is None and not name.startswith(PROJECTOR) and name not in unread:
            yield DECODER.sub("model.language_model.", name), value


def _projector(
    settings: OriginalSettings, tensors: Mapping[str, Tensor], dtype: torch.dtype
) -> nn.Sequential:
    """The projector: linear layers with exact GELU between them; raises ModelUnavailable."""
    held = {name.removeprefix(PROJECTOR): t for name, t in tensors.items() if name.startswith(PROJECTOR)}
    places = [""] if settings.plain_linear else [f"{2 * number}." for number in range(settings.linears)]
    wanted = {place + part for place in places for part in ("weight", "bias")}
    if wanted != held.keys() or any(held[f"{place}weight"].ndim != 2 for place in places):
        found = ", ".join(sorted(held)[:6]) or "no weights"
        raise ModelUnavailable(
            f"{settings.folder}: the projector in the files has {found}, "
            f"and config.json says {settings.raw.get('mm_projector_type') or 'linear'}"
        )
    require_numbers(settings.folder, {f"{PROJECTOR}{name}": tensor for name, tensor in held.items()})
    layers: list[nn.Module] = []
    for place in places:
        outputs, bias = len(held[f"{place}weight"]), list(held[f"{place}bias"].shape)
        if bias != [outputs]:
            raise ModelUnavailable(
                f"{settings.folder}: {PROJECTOR}{place}bias has another shape than its layer: {bias} stored, "
                f"{[outputs]} wanted"
            )
        layers += [nn.GELU()] * bool(layers) + [linear(held[f"{place}weight"], held[f"{place}bias"])]
    return nn.Sequential(*layers).to(dtype)


def linear(
    weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, " outputs"] | None = None
) -> nn.Linear:
    """A linear layer of these weights, which are not copied."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer


def _first_rows(head: nn.Linear, words: int) -> nn.Linear:
    """The head for the tokens that there are."""
    return linear(head.weight[:words])


def _require_width(settings: OriginalSettings, model: Any, projector: nn.Sequential) -> None:
    """Raises ModelUnavailable where tower, projector and decoder do not fit each other."""
    layers, hidden = model.config.vision_feature_layer, model.config.text_config.hidden_size
    width = model.config.vision_config.hidden_size * (len(layers) if isinstance(layers, list) else 1)
    ends = [width]
    for layer in projector:
        if isinstance(layer, nn.Linear):
            ends += [layer.in_features, layer.out_features]
    ends.append(hidden)
    if any(given != taken for given, taken in zip(ends[::2], ends[1::2], strict=True)):
        raise ModelUnavailable(
            f"{settings.folder}: its projector does not lead from a tower of width {width} "
            f"({settings.tower}) to a decoder of width {hidden}"
        )


def _generation(original: Original) -> Any:
    """The generation config beside the decoder, with all tokens that end an answer."""
    path = original.files.base / "generation_config.json"
    kind: Any = GenerationConfig
    try:
        generation = kind.from_dict(read_json(path)) if path.is_file() else kind()
    except (TypeError, ValueError, AttributeError) as error:
        raise unusable(path, "can't be used", error) from error
    words, stop = original.processor.tokenizer, original.processor.template.stop
    configs = (generation.eos_token_id, original.config.text_config.eos_token_id, words.eos_token_id)
    ends: Any = next((each for each in configs if each is not None), [])
    found = {ends} if isinstance(ends, int) else {*ends}
    generation.eos_token_id = sorted(
        found | {words.get_vocab()[stop]} if stop in words.get_vocab() else found
    )
    return generation
