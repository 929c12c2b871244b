"""All of an original LLaVA checkpoint but its model: what it is, how it is asked, and what is read of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import AutoConfig

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models import adapter_base, sources
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.originals import templates, tokenizer, tower
from ipllvm.models.originals.files import OriginalFiles
from ipllvm.models.originals.packing import Packing
from ipllvm.models.originals.processor import OriginalProcessor, image_processor, swapped
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.models.originals.slow import TOKENISATION
from ipllvm.models.originals.templates import Template
from ipllvm.models.originals.tower import Tower
from ipllvm.models.weight_files import StoredTensor, WeightFiles

EMBEDDINGS, HEAD, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"
SMALLEST = 0.05
"""Below this mean size the scales of a last norm are no model's, but what fine-tuning added to them."""
WANTED = ("*.json", "*.model", "*.txt", "*.safetensors")
PICKLES = ("*.bin",)


@dataclass(frozen=True, slots=True)
class Original:
    """An original checkpoint before its model is made: `config` is transformers', `tensors` are all, by the
    authors' names, with those of a tower that has its own folder.
    """

    settings: OriginalSettings
    files: OriginalFiles
    tower: Tower
    tower_files: tuple[Path, ...]
    processor: OriginalProcessor
    config: Any
    tensors: Mapping[str, Tensor] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def checkpoint(self) -> Checkpoint:
        """It as any other checkpoint: what is read, and how large it is."""
        stored = {
            name: StoredTensor(str(value.dtype).removeprefix("torch."), tuple(value.shape))
            for name, value in self.tensors.items()
        }
        files = WeightFiles((*self.files.read, *self.tower_files), stored)
        shape = {"image_size": self.tower.tile, "patch_size": self.tower.config.patch_size}
        return Checkpoint(self.settings.folder, self.settings.family, files, {"vision_config": shape})

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 of all that answers hang on: weights, configs, tokenizer, tower, template."""
        place = self.tower.folder
        named = ("config.json", "preprocessor_config.json") if place else ()
        beside = [path for name in named if place and (path := place / name).is_file()]
        read = repr((self.processor.template, f"token ids {TOKENISATION}"))
        return self.files.fingerprint([*self.tower_files, *beside], read, rehash=rehash)


def inspect(folder: Path, given: LoadOptions, offline: bool = False) -> Original:
    """An original checkpoint; raises ModelUnavailable and UnknownName, in one line."""
    named = templates.load(given.prompt_template) if given.prompt_template else None
    settings = OriginalSettings.of(folder)
    wanted = (*WANTED, *PICKLES) if given.allow_pickle else WANTED
    base = sources.language_model(given.base_model, wanted, offline) if given.base_model else None
    files = OriginalFiles.of(folder, base, given.allow_pickle)
    held = files.tensors()
    rows = _rows(files.base, held)
    _require_whole_numbers(files.base, held)
    vision, read, tensors, notes = tower.choose(settings, given.vision_tower, held, offline)
    plain = tokenizer.load(files.base, settings.added)
    template = named or templates.chosen(settings, rows, files.kind == "projector", plain.get_vocab())
    _require_marks(settings, plain, rows)
    place = tokenizer.placeholder(files.base, plain, rows)
    tied = bool(settings.raw.get("tie_word_embeddings"))
    processor = OriginalProcessor(
        tokenizer.ChunkedTokenizer(plain, place),
        image_processor(settings, vision),
        template,
        settings.marks,
        vision.side**2 + _class_token(settings, vision),
        _packing(settings, vision),
    )
    config = _config(settings, vision, place, rows, tied)
    if tied and HEAD in tensors:
        notes = (*notes, "the head in the files is not read: config.json ties it to the embeddings")
    described = (*_described(settings, files, template, bool(named)), *notes)
    if files.kind == "lora":
        unlike = adapter_base.of_another(folder, (given.base_model, str(files.base.resolve())))
        described = (*described, *filter(None, [unlike]))
    return Original(settings, files, vision, read, processor, config, tensors, described)


def _rows(folder: Path, tensors: Mapping[str, Tensor]) -> int:
    """How many tokens have an embedding."""
    found = tensors.get(EMBEDDINGS)
    if found is None or found.ndim != 2:
        raise ModelUnavailable(f"{folder}: no {EMBEDDINGS} in its weights: no language model of LLaVA's kind")
    return len(found)


def _require_whole_numbers(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raises ModelUnavailable for delta weights, which look like a model's and answer nonsense."""
    norm = tensors.get(NORM)
    if norm is not None and (mean := float(norm.float().abs().mean())) < SMALLEST:
        raise ModelUnavailable(
            f"{folder}: {NORM} has a mean size of {mean:.2g}: its weights are differences (delta weights), "
            "to be added to their base model by their authors' apply_delta"
        )


def _require_marks(settings: OriginalSettings, plain: Any, rows: int) -> None:
    """Raises ModelUnavailable where the marks around a picture have no embedding."""
    for mark in ("<im_start>", "<im_end>") if settings.marks else ():
        if (index := plain.convert_tokens_to_ids(mark)) >= rows:
            raise ModelUnavailable(
                f"{settings.folder}: {mark} is token {index:,} and its weights embed {rows:,}: they are of a "
                "checkpoint without it"
            )


def _class_token(settings: OriginalSettings, vision: Tower) -> bool:
    """Whether the projector takes the tower's class token too."""
    return settings.features.endswith("cls_patch") and not vision.squeezes


def _packing(settings: OriginalSettings, vision: Tower) -> Packing | None:
    """How tiles become tokens; None where there is one view."""
    if settings.aspect != "anyres":
        return None
    resolutions = [(height, width) for height, width in swapped(settings, vision.tile)]
    return Packing(vision.side, vision.tile, resolutions, settings.merge, settings.most)


def _config(settings: OriginalSettings, vision: Tower, place: int, rows: int, tied: bool) -> Any:
    """Transformers' config of the same model; raises ModelUnavailable."""
    siglip, states = vision.squeezes, vision.config.num_hidden_layers + 1
    layer = -1 if siglip else settings.layers(states)
    whole = siglip or _class_token(settings, vision)
    more: dict[str, Any] = {}
    if settings.aspect == "anyres":
        more["image_grid_pinpoints"] = swapped(settings, vision.tile)
    if settings.most is not None:
        more["vision_aspect_ratio"] = f"anyres_max_{settings.most}"
    try:
        names = list(vars(AutoConfig.for_model(settings.text)))
        fields = settings.text_fields(names) | {"vocab_size": rows, "tie_word_embeddings": tied}
        return AutoConfig.for_model(
            settings.family,
            text_config=AutoConfig.for_model(settings.text, **fields),
            vision_config=vision.config,
            image_token_index=place,
            vision_feature_layer=layer,
            vision_feature_select_strategy="full" if whole else "default",
            tie_word_embeddings=tied,
            **more,
        )
    except Exception as error:
        path = settings.folder / "config.json"
        raise ModelUnavailable(f"{path}: describes no model: {first_line(error)}") from error


def _described(
    settings: OriginalSettings, files: OriginalFiles, template: Template, named: bool
) -> Iterator[str]:
    """What a report says of the checkpoint."""
    most = "" if settings.most is None else f", at most {settings.most} tiles' worth of tokens"
    merge = f", {settings.merge}{most}" if settings.aspect == "anyres" else ""
    yield f"in its authors' format, and asked as their code does: pictures {settings.aspect}{merge}"
    why = "as --prompt-template says" if named else "chosen by its decoder: --prompt-template names another"
    yield f"its prompt template is {template.name}, {why}"
    if files.kind == "lora":
        yield f"a LoRA adapter of rank {files.settings.get('r')}, merged into {files.base.name}"
    if files.kind == "projector":
        yield f"a projector alone, on {files.base.name}: it was never tuned to answer"
