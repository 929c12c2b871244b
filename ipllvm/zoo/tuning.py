"""Visual instruction tuning: packed turns behind the visual tokens of their picture."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.sampling import generator
from ipllvm.zoo import anchoring, batches, processing, recipes, stitching, trainer
from ipllvm.zoo.pretraining import next_token, worked
from ipllvm.zoo.recipes import Phase, Recipe

STITCH: dict[str, Callable[..., Any]] = {
    "llava": stitching.llava,
    "llava_next": stitching.llava_next,
    "llava_onevision": stitching.llava_onevision,
}


def instructed(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> trainer.Trainable:
    """A vision-language model of any family, and its loss: questions on pictures, and word problems."""
    model = STITCH[recipe.kind](recipe, words, out)
    model.set_attn_implementation({"text_config": "eager"})  # with a mask, faster than sdpa on a CPU
    encoder = batches.TokenIds(words)
    front = torch.tensor([words.bos_token_id, *encoder.ids("USER: ")])
    prepare = processing.images(recipe)

    def for_phase(phase: Phase) -> trainer.Loss:
        if phase.imitate:
            return partial(_imitation, model, _teacher(recipe, out), phase, recipe.seed)
        if phase.anchor:
            packed = partial(_packed, model, partial(_features, model), prepare)
            return anchoring.loss(model, _hidden, packed, (encoder, front), phase, recipe.seed)
        hidden = trainer.compiled(partial(_hidden, model))
        see = trainer.compiled(partial(_features, model))

        def loss(step: int) -> Tensor:
            where = trainer.device()
            items = batches.pictures(phase, recipe.seed, step)
            rng = generator(phase.name, "damage", recipe.seed, step)
            images = [_dropped(item.load(), phase.dropped, rng) for item in items]
            visual = _packed(model, see, prepare, images)
            if phase.shuffled:
                visual = _shuffled(visual, rng)
            prefix = len(front) + visual.shape[1]
            turns = batches.blocks(encoder, items, phase, recipe.seed, step)
            fields = {key: value.to(where) for key, value in batches.pack(turns, prefix).items()}
            labels = fields.pop("labels")
            states = hidden(front.to(where), visual, **fields)
            value = next_token(model, states[:, prefix - 1 :], _shifted(labels))
            return value + worked(model, encoder, phase, recipe.seed, step)

        return loss

    return model, for_phase


def _packed(
    model: Any,
    see: Callable[[Tensor], Tensor],
    prepare: Callable[[Sequence[Image.Image]], dict[str, Tensor]],
    images: Sequence[Image.Image],
) -> Tensor:
    """Visual tokens of pictures of one size, as the family lays them out, (batch, tokens, hidden)."""
    fields = prepare(images)
    pixels = fields["pixel_values"].to(trainer.device())
    if pixels.ndim == 4:
        return see(pixels)
    seen = see(pixels.flatten(0, 1))
    tiles = seen.view(*pixels.shape[:2], *seen.shape[1:])
    one_of = ("vision_aspect_ratio", "vision_feature_select_strategy")
    name = next(name for name in one_of if hasattr(model.config, name))
    packed, lengths = model.model.pack_image_features(
        list(tiles),
        fields["image_sizes"],
        image_newline=model.model.image_newline,
        **{name: getattr(model.config, name)},
    )
    rows = packed if isinstance(packed, Tensor) else torch.cat(list(packed))
    return rows.view(len(lengths), -1, rows.shape[-1])


def _dropped(image: Image.Image, most: float, rng: np.random.Generator) -> Image.Image:
    """The picture with a share of its patches in black, the share uniform up to `most`."""
    if not most:
        return image
    return RandomDrop(float(rng.uniform(0, most)), recipes.IMAGE_SIZE // recipes.PATCH).apply(
        image, None, rng
    )


def _shuffled(visual: Tensor, rng: np.random.Generator) -> Tensor:
    """The tokens of each picture in an order of its own."""
    orders = torch.from_numpy(np.stack([rng.permutation(visual.shape[1]) for _ in visual]))
    return torch.stack([tokens[order] for tokens, order in zip(visual, orders, strict=True)])


def _features(model: Any, pixels: Tensor) -> Tensor:
    """Projected patches of squares, (batch, 64, hidden)."""
    inner = model.model
    states = inner.vision_tower(pixels, output_hidden_states=True).hidden_states
    chosen = states[model.config.vision_feature_layer]
    if model.config.vision_feature_select_strategy == "default":
        chosen = chosen[:, 1:]
    projected: Tensor = inner.multi_modal_projector(chosen)
    return projected


def _hidden(
    model: Any, front: Tensor, visual: Tensor, *, input_ids: Tensor, position_ids: Tensor, attend: Tensor
) -> Tensor:
    """Last hidden states of packed turns behind the front and their pictures' visual tokens."""
    embed = model.get_input_embeddings()
    parts = [embed(front).expand(len(visual), -1, -1), visual, embed(input_ids)]
    states: Tensor = model.model.language_model(
        inputs_embeds=torch.cat(parts, 1),
        attention_mask=torch.where(attend, 0.0, -1e4).to(torch.bfloat16),
        position_ids=position_ids,
        use_cache=False,
    ).last_hidden_state
    return states


def _shifted(labels: Tensor) -> Tensor:
    """Labels with one unlabelled position in front, for the last visual token."""
    return functional.pad(labels, (1, 0), value=batches.IGNORE)


def _teacher(recipe: Recipe, out: Path) -> Any:
    teacher, _ = stitching.teacher(recipe, out)
    return teacher.to(trainer.device()).eval().requires_grad_(False)


def _imitation(model: Any, teacher: Any, phase: Phase, seed: int, step: int) -> Tensor:
    """How far the projected patches are from those of the model that this one starts from."""
    pixels = batches.pixels(batches.pictures(phase, seed, step)).to(trainer.device())
    with torch.no_grad():
        wanted = _features(teacher, pixels).float()
    off = _features(model, pixels).float() - wanted
    return off.square().mean() / wanted.square().mean()
