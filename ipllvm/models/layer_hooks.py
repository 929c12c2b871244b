"""Single layers of transformers' bare decoders, reached without changing the model.

Layers are found as `decoder.layers`; their first positional argument is the hidden states.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ipllvm.errors import UsageError
from ipllvm.models.base import Edit, Places
from ipllvm.models.capacity import steady_positions

POSITION_WISE = ("self_attn.q_proj", "self_attn.o_proj", "mlp")
"""What of the last layer works on each position by itself and is not kept in the cache."""


@contextmanager
def with_layer_inputs(decoder: Any, edits: Sequence[Edit]) -> Iterator[None]:
    """While it lasts, the input of each of some layers is replaced by what is made of it."""
    with ExitStack() as hooks:
        for layer, function in edits:

            def replace(
                module: nn.Module, args: tuple[Any, ...], change: Callable[[Tensor], Tensor] = function
            ) -> tuple[Any, ...]:
                return (change(args[0]), *args[1:])

            hooks.enter_context(decoder.layers[layer].register_forward_pre_hook(replace))
        yield


@contextmanager
def only_at(decoder: Any, wanted: Places | None) -> Iterator[None]:
    """While it lasts, the last layer works out only the places whose final states are wanted.

    Keys and values are made of all positions, so that the cache is whole; where nothing is wanted the
    queries are zeros and the output means nothing.
    """
    if wanted is None:
        yield
        return
    with ExitStack() as hooks:
        for name, module in decoder.layers[-1].named_modules():
            if name in POSITION_WISE:
                hooks.enter_context(_at(module, wanted))
        yield


@contextmanager
def _at(module: nn.Module, places: Places) -> Iterator[None]:
    """While it lasts, a module of one input sees these places only, and puts out zeros elsewhere.

    It is given one row of them: a mixture of experts wants rows.
    """
    shape: list[int] = []

    def gather(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        shape[:] = args[0].shape[:2]
        return (args[0][places][None],)  # [1, places, hidden], of [rows, columns, hidden]

    def scatter(module: nn.Module, args: tuple[Tensor], output: Any) -> Any:
        states, *more = output if isinstance(output, tuple) else (output,)  # a router tells more
        whole = states.new_zeros(*shape, states.shape[-1])  # [rows, columns, width]
        whole[places] = states[0]
        return (whole, *more) if more else whole

    with (
        module.register_forward_pre_hook(gather, prepend=True),
        module.register_forward_hook(scatter),
    ):
        yield


@contextmanager
def masked(decoder: Any, by_kind: Mapping[str, Tensor] | None) -> Iterator[None]:
    """While it lasts, each attending layer has the mask of its kind, whatever the decoder makes."""
    if by_kind is None:
        yield
        return
    with ExitStack() as hooks:
        for kind, layer in zip(kinds(decoder), decoder.layers, strict=True):
            if kind in by_kind:

                def give(
                    module: nn.Module, args: Any, named: dict[str, Any], mask: Tensor = by_kind[kind]
                ) -> tuple[Any, dict[str, Any]]:
                    return args, {**named, "attention_mask": mask}

                hooks.enter_context(layer.register_forward_pre_hook(give, with_kwargs=True))
        yield


def kinds(decoder: Any) -> Sequence[str]:
    """The kind of each layer."""
    told = getattr(decoder.config, "layer_types", None)
    if told:
        return list(told)
    window = getattr(decoder.config, "sliding_window", None)
    return ["sliding_attention" if window else "full_attention"] * len(decoder.layers)


def windows(decoder: Any) -> dict[str, int]:
    """How many positions each kind of layer sees, where that is not all before; chunks are no windows."""
    window = getattr(decoder.config, "sliding_window", None)
    return {"sliding_attention": int(window)} if window and "sliding_attention" in kinds(decoder) else {}


class _Final:
    """What a model puts out, as far as a head looks at it."""

    def __init__(self, hidden: Tensor) -> None:
        self.last_hidden_state = hidden

    def __getattr__(self, name: str) -> None:
        return None

    def __getitem__(self, at: int) -> Tensor:
        return self.last_hidden_state


def headed(model: Any, inner: Any, hidden: Float[Tensor, "rows hidden"]) -> Float[Tensor, "rows vocabulary"]:
    """The logits [rows, vocabulary] of final states [rows, hidden], by the forward of the whole model.

    Its inner model stands in, with what it would put out.
    """
    ids = torch.zeros(1, len(hidden), dtype=torch.long, device=hidden.device)
    with _standing_in([inner], lambda *args, **named: _Final(hidden[None])):
        logits: Tensor = model(input_ids=ids).logits[0]  # [rows, vocabulary]: the rows stood as one text
    return logits


@contextmanager
def _standing_in(modules: Sequence[Any], forward: Callable[..., Any]) -> Iterator[None]:
    """While it lasts, `forward` runs in place of theirs, which may be wrapped, as accelerate does."""
    usual = [vars(module).get("forward") for module in modules]
    for module in modules:
        module.forward = forward
    try:
        yield
    finally:
        for module, own in zip(modules, usual, strict=True):
            if own is None:
                del module.forward
            else:
                module.forward = own


@contextmanager
def visual_tokens_changed(
    decoder: Any, where: Bool[Tensor, "rows positions"], changes: Sequence[Callable[[Tensor], Tensor]]
) -> Iterator[None]:
    """While it lasts, the visual tokens of each prompt reach the decoder changed, when it is first called.

    `where` [rows, positions] says which positions are visual; what deeper layers add to a token is a part
    of it, behind its embedding, or all of it where nothing stands at its place.
    """
    if not changes:
        yield
        return
    counts = where.sum(1).tolist()

    def change(module: nn.Module, args: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        embeds = named.get("inputs_embeds")
        if embeds is None or embeds.shape[1] != where.shape[1]:
            return args, named
        behind, fed = named.get("deepstack_visual_embeds"), named.get("deepstack_features")
        parts = list(fed.values()) if fed else [embeds[where], *(behind or [])]
        rows = torch.split(torch.cat(parts, -1), counts)
        whole = torch.cat([each(own) for each, own in zip(changes, rows, strict=True)])
        parts = list(torch.split(whole, embeds.shape[-1], -1))
        if fed:
            return args, {**named, "deepstack_features": dict(zip(fed, parts, strict=True))}
        changed = embeds.clone()
        changed[where] = parts[0]
        more = {"deepstack_visual_embeds": parts[1:]} if behind else {}
        return args, {**named, "inputs_embeds": changed, **more}

    with decoder.register_forward_pre_hook(change, with_kwargs=True):
        yield


@contextmanager
def recorded_calls(module: nn.Module) -> Iterator[list[Float[Tensor, "..."]]]:
    """While it lasts, the features (no ids) that a module is given are put into the list that it yields."""
    given: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        value = args[0] if args else next(iter(named.values()))
        if value.is_floating_point():
            given.append(value)

    with module.register_forward_pre_hook(keep, with_kwargs=True):
        yield given


def with_layers(decoder: Any) -> Any:
    """The bare decoder in what a family calls its decoder."""
    while not hasattr(decoder, "layers"):
        decoder = getattr(decoder, "decoder", None) or decoder.model
    return decoder


@contextmanager
def recorded_inputs(
    decoder: Any, layers: Sequence[int]
) -> Iterator[dict[int, Float[Tensor, "batch positions hidden"]]]:
    """While it lasts, the inputs of some layers are put into the dict that it yields."""
    kept: dict[int, Tensor] = {}
    with ExitStack() as hooks:
        for layer in layers:

            def keep(module: nn.Module, args: tuple[Any, ...], layer: int = layer) -> None:
                kept[layer] = args[0]

            hooks.enter_context(decoder.layers[layer].register_forward_pre_hook(keep))
        yield kept


def require_within(decoder: Any, slots: int, positions: Int[Tensor, "..."] | None = None) -> None:
    """Raises UsageError where layers that see chunks of the positions only would have to begin another, or
    scale what they attend to by the slot in the cache, or where a prompt would turn the positions of others.
    """
    config = decoder.config
    limits = [chunk] if (chunk := getattr(config, "attention_chunk_size", None)) is not None else []
    if getattr(config, "attn_temperature_tuning", False):  # of Llama 4
        limits.append(config.floor_scale - 1)
    if limits and slots > min(limits):
        raise UsageError(
            f"the decoder attends otherwise beyond {min(limits)} positions and was given {slots}: "
            "prompts and answers together must be shorter"
        )
    steady = steady_positions(decoder.config)
    if steady is None:
        return
    last = slots if positions is None else int(positions.max()) + 1
    if last > steady:
        raise UsageError(
            f"the decoder's rotary embeddings are others beyond {steady} positions, for all prompts of a "
            f"batch, and it was given {last}: prompts and answers together must be shorter"
        )


@contextmanager
def entered_at(decoder: Any, layer: int, hidden: Float[Tensor, "batch positions hidden"]) -> Iterator[None]:
    """While it lasts, the layers below `layer` hand on their input, and `layer` is given `hidden`.

    The decoder is otherwise as it is: what it does to its embeddings is done and not used, its layers know
    their numbers and kinds.
    """

    def give(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (hidden, *args[1:])

    lower = list(decoder.layers[:layer])
    with decoder.layers[layer].register_forward_pre_hook(give), _standing_in(lower, _hand_on):
        yield


def _hand_on(hidden_states: Tensor, *args: Any, **named: Any) -> Tensor:
    return hidden_states
