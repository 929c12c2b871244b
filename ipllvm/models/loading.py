"""Load a model by name: checks and estimates first, then the weights."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

from ipllvm.errors import FAULTS, ModelUnavailable, UnknownName, UsageError
from ipllvm.models import (
    adapter_base,
    adapting,
    checkpoint,
    lora,
    outlines,
    processors,
    prompting,
    sources,
)
from ipllvm.models.adapting import adapted
from ipllvm.models.allocation import keep_freed
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.capacity import free_memory
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.classifier import Classifier
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.forecast import forecast
from ipllvm.models.load_options import USUAL, LoadOptions
from ipllvm.models.originals import converted
from ipllvm.models.outlines import OUTLINES
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.planted import naming
from ipllvm.models.planted.model import PlantedModel
from ipllvm.models.prompting import PromptStyle
from ipllvm.models.surroundings import restored
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.weights import read_weights, unusable
from ipllvm.models.zero_shot import ZeroShot
from ipllvm.registry import FAMILIES

if TYPE_CHECKING:
    from ipllvm.models.authored import Authored

PROMPTS = ("checkpoint", "original")
STATES_TAKEN = ("llava", "llava_next", "llava_onevision", "vipllava")
"""Families whose projector takes states of single layers of the tower, by config.json, not its output."""
TRIED = ((96, 64), (64, 192), (192, 64))
"""Widths and heights of pictures whose tokens are counted before weights are read."""
MOST_DESCRIBED = 2
"""How many times the parameters of the files a config may describe; a head is tied to the embeddings."""


@restored()
def load(
    name: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    prompt: str = "checkpoint",
    offline: bool = False,
    rehash: bool = False,
    label: str | None = None,
    how: LoadOptions = USUAL,
    announce: Callable[[str], None] = lambda line: None,
) -> VisionLanguageModel:
    """The model behind an alias, a hub id, a folder or a planted name, ready to answer.

    `device` is auto, cpu, cuda or cuda:i; `dtype` auto means float32 on a CPU, bfloat16 on a GPU. `label` is
    what reports call it, `how` how it is read; `announce` is told size and speed before that. Raises
    UsageError, UnknownName and ModelUnavailable in one line, before weights are read where that is possible.
    """
    if sources.is_endpoint(name):
        how.require_none(name, "is served, and read by its server")
        return _served(name, label, offline, prompt)
    style, place = choose_prompt(name, prompt), choose_device(device)
    numbers, called = choose_dtype(dtype, place), label or sources.display_name(name)
    if naming.is_planted(name):
        how.require_none(name, "is planted, and has no files")
        return PlantedModel(sources.check_name(name), label or name, place, numbers)
    how.require()
    tuned = lora.check(Path(how.adapter)) if how.adapter else None
    folder = _folder(name, how, offline)
    family = checkpoint.family_of(folder, remote_code=how.trust_remote_code)
    if family in checkpoint.AUTHORED:
        own = _authored(family, folder, how, offline)
        check_memory(own.checkpoint, place, numbers)
        announce(forecast(own.checkpoint, place, numbers))
        keep_freed(place)
        return own.adapter(own.model(numbers).to(place), called, own.files.fingerprint(rehash=rehash))
    found = checkpoint.inspect(folder, remote_code=how.trust_remote_code)
    check_memory(found, place, numbers, spread=bool(how.device_map))
    if found.family == checkpoint.CLASSIFIER:
        return Classifier(found, found.fingerprint(rehash=rehash), place, numbers, called)
    if found.family == checkpoint.ENCODER:
        return _zero_shot(found, called, device, dtype, offline, rehash)
    parts = _outlined(found, called, style)
    announce(forecast(found, place, numbers, parts.parameters))
    keep_freed(place)
    model = _weights(found, parts.model.config, numbers, how.device_map or str(place) * bool(found.quantiser))
    digest, notes = found.fingerprint(rehash=rehash), list(found.notes)
    if tuned:
        model, digest = lora.merged(model, tuned), lora.fingerprint(digest, tuned)
        notes += _of_adapter(tuned, name, found, announce)
    if not (how.device_map or found.quantiser):
        model = model.to(place)
    adapter = _adapter(found, replace(parts, model=model, fingerprint=digest))
    notes += converted.notes(sources.hub_id(name) or name, found.family, parts.processor, style.square)
    notes += prompting.dated(parts.processor)
    about = [*sources.origin(name, found.folder), *notes, *adapting.notes(model)]
    adapter.notes = (*about, *adapter.MEANING)
    return adapter


def _of_adapter(folder: Path, name: str, found: Checkpoint, announce: Callable[[str], None]) -> Iterator[str]:
    """What a report says of an adapter on the checkpoint of a name; that it is another's is announced."""
    yield lora.described(folder)
    if unlike := adapter_base.of_another(folder, (name, sources.hub_id(name), str(found.folder.resolve()))):
        announce(unlike)
        yield unlike


def _served(name: str, label: str | None, offline: bool, prompt: str) -> VisionLanguageModel:
    """The model at an address; raises UsageError where it may not be asked, or not so."""
    if offline:
        raise UsageError(f"--model {name}: an endpoint can't be asked with --offline")
    if prompt != "checkpoint":
        raise UsageError(f"--prompt {prompt}: the server at {name} fills its own template")
    from ipllvm.models.served import Served  # and its client, where one is asked for

    return Served(name, label)


def _authored(family: str, folder: Path, how: LoadOptions, offline: bool) -> "Authored":
    """A checkpoint in its authors' format, whose code is imported where it is needed."""
    from ipllvm.models import authored

    return authored.inspect(family, folder, how, offline)


def _zero_shot(
    found: Checkpoint, called: str, device: str, dtype: str, offline: bool, rehash: bool
) -> ZeroShot:
    """A pair of towers; those of other kinds are imported with it."""
    from ipllvm.models import loading_encoder

    towers = loading_encoder.load(str(found.folder), device=device, dtype=dtype, offline=offline)
    return ZeroShot(towers, called, found.fingerprint(rehash=rehash))


@restored()
def sketch(
    name: str, *, prompt: str = "checkpoint", offline: bool = False, how: LoadOptions = USUAL
) -> VisionLanguageModel:
    """The model without weights: it prepares, lays out and counts, but can't answer. A model that names
    classes, which is small, has them.

    Raises as `load` does.
    """
    if naming.is_planted(name):
        return load(name, device="cpu", how=how)
    if sources.is_endpoint(name):
        from ipllvm.models.served import Served

        return Served(name, ask=False)
    try:
        folder = _folder(name, how, offline, weights=False)
    except ModelUnavailable:
        repository = sources.hub_id(name)
        if repository not in OUTLINES:
            raise
        return outlines.sketch(repository, sources.display_name(name))
    family = checkpoint.family_of(folder, remote_code=how.trust_remote_code)
    if family in checkpoint.AUTHORED:
        own = _authored(family, folder, how, offline)
        return own.adapter(own.sketched(), sources.display_name(name), "no weights")
    found = checkpoint.inspect(folder, remote_code=how.trust_remote_code, weightless=True)
    if found.family in (checkpoint.CLASSIFIER, checkpoint.ENCODER):
        return load(name, device="cpu", offline=offline)
    return _adapter(found, _outlined(found, sources.display_name(name), choose_prompt(name, prompt)))


def _outlined(found: Checkpoint, called: str, style: PromptStyle) -> LoadedCheckpoint:
    """Processor and model without memory for its weights; raises ModelUnavailable where files, config.json
    and processor don't fit each other.
    """
    processor, described = _processor(found), _described(found, _config(found))
    count = described_parameters(found, described)
    parts = LoadedCheckpoint(described, processor, called, "no weights", style, count)
    adapter = _adapter(found, parts)
    if not isinstance(adapter, TransformersModel):
        return parts
    for size in TRIED:
        prepared = adapter.prepare([Image.new("RGB", size)], processors.PROBE)
        try:
            adapter.layout(prepared)
            if size == TRIED[0]:  # of all that are squared to one size alike
                adapter.require_as_many(prepared)
        except ValueError as error:
            raise ModelUnavailable(
                f"{found.folder}: processor and config.json don't fit: of {size[0]} x {size[1]} pixels "
                f"{error}: patch_size, vision_feature_select_strategy, num_additional_image_tokens and "
                "image_grid_pinpoints of the one have to be those of the other"
            ) from error
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
            raise unusable(found.folder, "what it makes of a picture can't be laid out", error) from error
    return parts


def described_parameters(found: Checkpoint, described: Any) -> int:
    """How many parameters a checkpoint has by its config where its files can't tell, being quantised; 0
    elsewhere.
    """
    return 0 if found.quantiser is None else sum(each.numel() for each in described.parameters())


def _folder(name: str, how: LoadOptions, offline: bool, *, weights: bool = True) -> Path:
    """Where a model is; raises UsageError for options that this kind of checkpoint has no use for."""
    files = {"pickles": how.allow_pickle, "weights": weights, "code": how.trust_remote_code}
    folder = sources.resolve(name, offline, how.revision, **files)
    family = checkpoint.family_of(folder, remote_code=how.trust_remote_code)
    if family in checkpoint.AUTHORED and (how.adapter or how.device_map):
        unfit = "adapter" if how.adapter else "device-map"
        raise UsageError(f"--{unfit}: not for {name}, which is in its authors' format (see --base-model)")
    if family == checkpoint.ORIGINAL:
        return folder
    if how.device_map and family in (checkpoint.CLASSIFIER, checkpoint.ENCODER):
        raise UsageError(f"--device-map {how.device_map}: {name} names classes, and runs on one device")
    if how.adapter and family not in FAMILIES:
        raise UsageError(f"--adapter {how.adapter}: {name} has no language model to merge it into")
    given = {name: getattr(how, name) for name in ("prompt_template", "vision_tower", "base_model")}
    if option := next((option for option, value in given.items() if value), None):
        raise UsageError(
            f"--{option.replace('_', '-')}: {name} is no LLaVA checkpoint in its authors' format, whose "
            "config.json names an mm_vision_tower"
        )
    return folder


def _config(found: Checkpoint) -> Any:
    """Transformers' reading of config.json; raises ModelUnavailable."""
    try:
        return AutoConfig.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=found.runs_code
        )
    except FAULTS as error:
        raise unusable(found.folder, "its config.json can't be used", error) from error


def _described(found: Checkpoint, config: Any) -> Any:
    """Transformers' model as the config describes it, without memory for its weights.

    Raises ModelUnavailable where it describes none, or far more than the files hold.
    """
    try:
        with torch.device("meta"):
            model = _auto(found).from_config(config, trust_remote_code=found.runs_code)
    except FAULTS as error:
        raise unusable(found.folder, "config.json describes no model", error) from error
    described = sum(parameter.numel() for parameter in model.parameters())
    if (
        found.quantiser is None
        and found.weights.read
        and described > MOST_DESCRIBED * max(found.parameters, 1)
    ):
        raise ModelUnavailable(
            f"{found.folder}: config.json describes {described:,} parameters and the files hold "
            f"{found.parameters:,}: it is of another model than the weights"
        )
    return model


def _processor(found: Checkpoint) -> Any:
    """The processor, tried on a picture before any weight is read."""
    _config(found)  # the processor's class reads it too: its faults are told as its own
    processor = processors.load(found.folder, found.family, remote_code=found.runs_code)
    processors.require_usable(processor, found.folder, found.config)
    return processor


def _adapter(found: Checkpoint, parts: LoadedCheckpoint) -> VisionLanguageModel:
    try:
        adapter = adapted(found.family, parts)
    except AttributeError as error:
        raise unusable(found.folder, "its decoder is of a kind that can't be taken apart", error) from error
    adapter.weights = tuple(path.name for path in found.weights.read)
    adapter.stored = 0 if found.quantiser is None else found.size(1)
    return adapter


def choose_prompt(name: str, prompt: str) -> PromptStyle:
    """How to ask: the checkpoint's template, or the authors' prompt of a named hub model.

    Raises UsageError where the authors' prompt of that model is not known.
    """
    if prompt not in PROMPTS:
        raise UnknownName("prompt", prompt, PROMPTS)
    if prompt == "checkpoint":
        return prompting.CHECKPOINT
    known = prompting.ORIGINAL.get(sources.hub_id(name) or "")
    if known is None:
        named = (alias for alias, place in sources.HUB_ALIASES.items() if place in prompting.ORIGINAL)
        raise UsageError(f"--prompt original is known only for {', '.join(named)}, not for {name}")
    return known


def check_memory(
    found: Checkpoint, device: torch.device, dtype: torch.dtype, *, spread: bool = False
) -> None:
    """Raises ModelUnavailable where the weights alone are more than the free memory, of all devices where
    they are spread.
    """
    needed = found.size(dtype.itemsize)
    devices = [torch.device("cuda", number) for number in range(torch.cuda.device_count())] if spread else []
    free = sum(map(free_memory, devices or [device]))
    if needed > free:
        raise ModelUnavailable(
            f"{found.folder}: its weights need {needed / 1e9:.1f} GB in {str(dtype).removeprefix('torch.')} "
            f"and {device} has {free / 1e9:.1f} GB free; use a smaller --dtype or a bigger machine"
        )


def _auto(found: Checkpoint) -> Any:
    """The auto class that makes the model; raises ModelUnavailable where its own code has none."""
    if not found.runs_code:
        return AutoModelForImageTextToText
    classes: dict[str, Any] = {
        each.__name__: each for each in (AutoModelForImageTextToText, AutoModelForCausalLM)
    }
    auto = next((classes[name] for name in classes if name in found.config["auto_map"]), None)
    if auto is None:
        raise ModelUnavailable(
            f"{found.folder}: its own code makes no model that answers: auto_map of config.json names none "
            f"of {', '.join(classes)}"
        )
    return auto


def _without_effect(family: str, config: Any) -> tuple[str, ...]:
    """Patterns of weights that no answer depends on: the norm behind the last layer of a tower whose states
    before it are taken.
    """
    named = (getattr(config, name, None) for name in ("vision_feature_layer", "vision_feature_layers"))
    chosen = next((layers for layers in named if layers is not None), -1)
    ends = {-1, getattr(getattr(config, "vision_config", None), "num_hidden_layers", -1)}
    behind = ends & {*(chosen if isinstance(chosen, list | tuple) else [chosen])}
    return () if behind or family not in STATES_TAKEN else ("post_layernorm",)


def _weights(found: Checkpoint, config: Any, dtype: torch.dtype, device_map: str) -> Any:
    """Transformers' model, on the CPU unless a map says where."""
    absent = _without_effect(found.family, config)
    attention = None if found.runs_code else "sdpa"
    return read_weights(found, _auto(found), dtype, attention=attention, absent=absent, device_map=device_map)
