"""What everything is compared with: transformers' own `generate` on what the processor makes, and hooks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText

from ipllvm.engine.plan import PlannedTrial
from ipllvm.models import processors
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Layout, Stage, Target

GREEDY: dict[str, Any] = {
    "do_sample": False, "num_beams": 1, "repetition_penalty": 1.0, "no_repeat_ngram_size": 0,
}  # fmt: skip
Fields = Mapping[str, Tensor]


@dataclass(frozen=True)
class Reference:
    """Transformers' model and processor of a folder, apart from ours."""

    model: Any
    processor: Any

    @classmethod
    def of(cls, folder: Path, family: str) -> "Reference":
        auto: Any = AutoModelForImageTextToText
        model = auto.from_pretrained(folder, dtype=torch.float32).eval()
        return cls(model, processors.load(folder, family))

    def fields(self, pictures: Sequence[Image.Image], question: str) -> Fields:
        """What the processor makes of pictures and a question in the chat template."""
        content = [*({"type": "image"} for _ in pictures), {"type": "text", "text": question}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        try:  # pictures of one prompt, as the processor's own conversations put them
            nested = [list(pictures)] if pictures else None
            made = self.processor(images=nested, text=text, return_tensors="pt")
        except ValueError:  # GOT-OCR takes no lists of lists
            made = self.processor(images=list(pictures) or None, text=text, return_tensors="pt")
        cast = {n: v.to(self.model.dtype) for n, v in made.items() if v.is_floating_point()}
        return {name: value for name, value in {**made, **cast}.items() if name != "labels"}

    @torch.inference_mode()
    def answer(self, fields: Fields, limit: int, *hooks: Any) -> tuple[int, ...]:
        """The greedy answer to processor's fields, stop token included; `hooks` are context managers."""
        with ExitStack() as stack:
            for hook in hooks:
                stack.enter_context(hook)
            out = self.model.generate(
                **fields, max_new_tokens=limit, eos_token_id=1, pad_token_id=2, **GREEDY
            )
        said = out[0, fields["input_ids"].shape[1] :].tolist()
        end = next((i for i, token in enumerate(said) if token == 1), len(said))
        return tuple(said[: end + 1])

    def trial(
        self,
        trial: PlannedTrial,
        fields: Fields,
        visual: Tensor,
        layout: Layout | None,
        limit: int,
        shape: tuple[int, int],
        projector: str = "",
    ) -> tuple[int, ...]:
        """The answer in a trial of layer noise or of a permutation, which hooks make of `generate`."""
        what, rng = trial.perturbation, trial.rng()
        if isinstance(what, Permutation) and what.stage is Stage.PROJECTED and projector:
            hooks = [permuted_tiles(each, what, trial.rng()) for each in self.projectors(projector)]
            return self.answer(fields, limit, *hooks)
        if isinstance(what, Permutation) and what.stage is Stage.PROJECTED:
            tiles = torch.arange(int(visual.sum())).view(*shape, 1)
            order = what.apply(tiles, None, rng).flatten()
            return self.answer(fields, limit, permuted(self.decoder, visual, order))
        if isinstance(what, LayerNoise):
            return self.answer(fields, limit, noisy_layer(self.decoder, what, visual, rng))
        if isinstance(what, Permutation) and layout is not None:
            return self.answer(
                fields, limit, permuted(self.decoder, visual, torch.from_numpy(what.order(layout, rng)))
            )
        return self.answer(fields, limit)

    def projectors(self, pattern: str) -> list[Any]:
        """The modules of that name, or of names like it."""
        inner = getattr(self.model, "model", self.model)
        return [module for name, module in inner.named_modules() if fnmatch(name, pattern)]

    @property
    def decoder(self) -> Any:
        """The module that has the layers."""
        found = self.model.get_decoder()
        while not hasattr(found, "layers"):
            found = getattr(found, "decoder", None) or found.model
        return found


@contextmanager
def noisy_layer(decoder: Any, noise: LayerNoise, visual: Tensor, rng: Any) -> Iterator[None]:
    """While it lasts, the input of a layer is perturbed when it first runs.

    A layer that is given the last positions only has the noise of these.
    """
    targets = {Target.ALL: torch.ones_like(visual), Target.IMAGE: visual, Target.TEXT: ~visual}
    places = targets[noise.target].nonzero()[:, 0]
    calls: list[int] = []

    def shift(module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        calls.append(1)
        if len(calls) > 1:
            return args
        hidden = args[0]
        whole = hidden.new_zeros(len(visual), hidden.shape[-1])
        whole[-hidden.shape[1] :] = hidden[0]
        table = torch.from_numpy(noise.table(len(places), hidden.shape[-1], rng))
        whole[places] = noise.shift(whole[places], table)
        return whole[None, -hidden.shape[1] :], *args[1:]

    with decoder.layers[noise.layer].register_forward_pre_hook(shift):
        yield


@contextmanager
def permuted(decoder: Any, visual: Tensor, order: Tensor) -> Iterator[None]:
    """While it lasts, the visual tokens of the prompt, and what goes with them, reach the decoder in another
    order."""

    def shuffle(module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        embeds = named.get("inputs_embeds")
        if embeds is None or embeds.shape[1] != len(visual):
            return args, named
        changed = embeds.clone()
        changed[0, visual] = embeds[0, visual][order]
        more: dict[str, Any] = {"inputs_embeds": changed}
        if named.get("deepstack_visual_embeds") is not None:
            more["deepstack_visual_embeds"] = [each[order] for each in named["deepstack_visual_embeds"]]
        if named.get("deepstack_features") is not None:
            more["deepstack_features"] = {at: each[order] for at, each in named["deepstack_features"].items()}
        return args, {**named, **more}

    with decoder.register_forward_pre_hook(shuffle, with_kwargs=True):
        yield


@contextmanager
def permuted_tiles(projector: Any, what: Permutation, rng: Any) -> Iterator[None]:
    """While it lasts, what the projector puts out is permuted tile by tile, of one picture.

    It puts out [tiles, tokens, hidden], [tokens, hidden] of one, or a grid in place of the tokens.
    """

    def shuffle(module: Any, args: tuple[Any, ...], output: Tensor) -> Tensor:
        if args and not args[0].is_floating_point():
            return output  # embeddings of words
        tiles = output[None] if output.ndim == 2 else output.flatten(1, -2)
        return what.apply(tiles, None, rng).reshape(output.shape)

    with projector.register_forward_hook(shuffle):
        yield
