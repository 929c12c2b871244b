"""What can be known of a checkpoint folder without loading it: family, files, size, and what is wrong.

This is the one place that says which files are read: fingerprint, size, loading and report ask it.
Imports neither torch nor transformers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.models import code_files, fingerprint, quantisation
from ipllvm.models.json_files import read_json as read_json
from ipllvm.models.supported import not_supported
from ipllvm.models.weight_files import WeightFiles, weight_files
from ipllvm.registry import FAMILIES

PROCESSORS = ("preprocessor_config.json", "processor_config.json")
GENERATION = "generation_config.json"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
SETTINGS = (
    "config.json", GENERATION, "preprocessor_config.json", "processor_config.json",
    "video_preprocessor_config.json", "chat_template.jinja", "chat_template.json", "tokenizer.json",
    "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tekken.json",
)  # fmt: skip
FURTHER = ("additional_chat_templates/*.jinja", "qformer_tokenizer/*.json", "qformer_tokenizer/*.txt")
"""Patterns of more such files; InstructBLIP has a tokenizer for its queries."""
RAN_CODE = "RAN CODE OF ITS OWN (--trust-remote-code)"
"""How a note begins that no reader should overlook."""
CLASSIFIER = "classifier"
"""The family of whatever transformers loads as an image classifier."""
ENCODER = "clip"
"""The family of CLIP's two towers alone."""
ORIGINAL = "original LLaVA"
"""The family of LLaVA checkpoints in their authors' format, which become others when they are loaded."""
TROL, TROL_GATES = "trol", "trol_gating.pt"
"""The family of TroL, and the file that only its checkpoints have."""
METEOR = "meteor"
"""The family of Meteor's MLM, which stands on a Mamba in a folder of its own."""
BUILT_ON_LLAVA = {
    "mm_image_tower": "Video-LLaVA or MoE-LLaVA", "mm_video_tower": "Video-LLaVA",
    "vision_tower_cfg": "VILA", "llm_cfg": "VILA",
}  # fmt: skip
"""Fields of config.json that only formats of authors have that nothing here reads, and whose they are."""
AUTHORED = (ORIGINAL, TROL, METEOR)
"""Families whose checkpoints are in their authors' format (models/authored.py)."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder in the hub's format: its family, the files that loading it reads, and its config.

    `quantiser` is what the config says of one, None where the weights are plain numbers. `runs_code` says
    that code of its own is trusted, which no family here has.
    """

    folder: Path
    family: str
    weights: WeightFiles
    config: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    stamps: Mapping[Path, str] = field(default_factory=dict, repr=False, compare=False)
    runs_code: bool = False

    @classmethod
    def of(
        cls,
        folder: Path,
        family: str,
        *,
        pickled: bool = False,
        runs_code: bool = False,
        weightless: bool = False,
    ) -> "Checkpoint":
        """The folder of a model of that family; raises ModelUnavailable as `weight_files` does."""
        config = read_json(folder / "config.json")
        if (folder / GENERATION).is_file():
            read_json(folder / GENERATION)  # transformers takes a damaged one for none
        bare = weightless and not any(folder.glob("*.safetensors*"))
        weights = WeightFiles((), {}) if bare else weight_files(folder, pickled=pickled)
        _require_weights_not_renamed(folder, config, weights)
        code = sorted(folder.rglob("*.py")) if runs_code else []
        stamps = {path: fingerprint.stamp(path) for path in (*settings(folder), *code, *weights.read)}
        return cls(folder, family, weights, config, stamps, runs_code)

    @property
    def parameters(self) -> int:
        """Numbers in its weights."""
        return self.weights.parameters

    @property
    def pickled(self) -> bool:
        """Whether its weights are a PyTorch pickle."""
        return any(path.suffix == ".bin" for path in self.weights.read)

    @property
    def quantiser(self) -> dict[str, Any] | None:
        """What config.json says of a quantiser, of the model or of its decoder."""
        return quantisation.settings_of(self.config)

    @property
    def quantisation(self) -> str:
        """The quantiser in a few words, such as "gptq, 4 bits"; empty where there is none.

        >>> Checkpoint(Path(), "llava", WeightFiles((), {}), {"quantization": {"bits": 4}}).quantisation
        'unnamed, 4 bits'
        """
        return "" if self.quantiser is None else quantisation.described(self.quantiser)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a report would not expect of the folder."""
        notes = list(quantisation.note(self.quantiser) or self.weights.coarse)
        if self.weights.unread:
            notes.append(f"weights that are not read lie beside: {', '.join(self.weights.unread)}")
        if self.runs_code:
            notes.append(f"{RAN_CODE}: {', '.join(sorted(map(str, self.config['auto_map'].values())))}")
        elif "auto_map" in self.config:
            notes.append("config.json names code of its own (auto_map), which is not run")
        return tuple(notes)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that decides an answer, by name."""
        return tuple(sorted(self.stamps))

    def size(self, bytes_per_parameter: int) -> int:
        """Bytes that the weights take in memory: what they take on the disk where they are quantised."""
        if self.quantiser is not None:
            return sum(path.stat().st_size for path in self.weights.read)
        return self.parameters * bytes_per_parameter

    def require_unchanged(self) -> None:
        """Raises ModelUnavailable where a file is another than when the folder was inspected."""
        for path, before in self.stamps.items():
            if not path.is_file() or fingerprint.stamp(path) != before:
                raise ModelUnavailable(f"{path}: changed while it was read: run again when it is complete")

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 (64 hex digits) of the content of `files`, the same wherever the folder lies.

        `rehash` reads every byte again, whatever is remembered. Raises as `require_unchanged` does.
        """
        found = fingerprint.fingerprint(self.folder, self.files, rehash=rehash)
        self.require_unchanged()
        return found


def settings(folder: Path) -> tuple[Path, ...]:
    """The files beside the weights that decide an answer."""
    named = (folder / name for name in SETTINGS)
    further = sorted(path for pattern in FURTHER for path in folder.glob(pattern))
    return (*(path for path in named if path.is_file()), *further)


def inspect(folder: Path, *, remote_code: bool = False, weightless: bool = False) -> Checkpoint:
    """Check a folder; raises ModelUnavailable with one line on the first thing that is wrong.

    With `remote_code` a model type that no family has may bring code of its own; `weightless` it may come
    without weights, for a plan.

    Only of an encoder the weights may be a pickle, which is read as weights alone: OpenAI's own has no
    others. Original LLaVA checkpoints are inspected elsewhere (originals/inspecting.py).
    """
    family = family_of(folder, remote_code=remote_code)
    runs_code = is_by_own_code(family)
    pickled, weightless = family in (ENCODER, *AUTHORED), weightless and family in FAMILIES
    found = Checkpoint.of(folder, family, pickled=pickled, runs_code=runs_code, weightless=weightless)
    _require_the_rest(folder, family)
    if runs_code:
        code_files.require_here(folder)
    return found


def is_by_own_code(family: str) -> bool:
    """Whether no family here knows the type, so that a checkpoint of it runs by the code that it brings."""
    return family not in {*FAMILIES, ENCODER, CLASSIFIER, *AUTHORED}


def is_complete(folder: Path, *, weights: bool = True, code: bool = False) -> bool:
    """Whether a cached snapshot holds config, all weight files where wanted, processor and tokenizer; with
    `code` the files of its own that config.json names too.
    """
    try:
        inspect(folder, remote_code=code, weightless=not weights)
    except ModelUnavailable:
        return False
    return True


def family_of(folder: Path, *, remote_code: bool = False) -> str:
    """The model family of a folder with a config.json, or ORIGINAL; raises ModelUnavailable in one line.

    With `remote_code` it may be a type that nobody here knows, if the folder brings the code for it.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelUnavailable(f"{folder}: {_why_no_config(folder)}")
    config = read_json(path)
    if authored := _authored(folder, config):
        return authored
    names = config.get("architectures") or []
    if not isinstance(names, list):
        raise ModelUnavailable(f"{path}: architectures is not a list of names, but {names!r}")
    if any(str(name).endswith("ForImageClassification") for name in names) or is_timms(config):
        return CLASSIFIER
    family, brings = config.get("model_type"), isinstance(config.get("auto_map"), dict)
    built = next((name for name in BUILT_ON_LLAVA if config.get(name)), "")
    if built and not (brings and remote_code):
        raise ModelUnavailable(
            f"{folder}: its config.json has {built}, which is {BUILT_ON_LLAVA[built]}'s own format, of "
            f"{names or family}: nothing here runs it as its authors do"
        )
    if isinstance(family, str) and (family in {*FAMILIES, ENCODER} or (brings and remote_code)):
        return family
    brought = brings and isinstance(family, str)
    hint = "; it brings code of its own, which --trust-remote-code runs" if brought else ""
    raise not_supported(folder, family, hint)


def _authored(folder: Path, config: Mapping[str, Any]) -> str:
    """The family of a checkpoint in its authors' format; empty of another."""
    if "mm_vision_tower" in config:
        return ORIGINAL
    architectures = str(config.get("architectures")).lower()
    if (folder / TROL_GATES).is_file() or "trol" in architectures:
        return TROL
    return METEOR if "meteor" in architectures else ""


def _why_no_config(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
        return (
            f"an adapter alone, of {base}: measure that model with --adapter, or merge it (peft's "
            "merge_and_unload) and save the result with save_pretrained"
        )
    return "no config.json; not a checkpoint in the hub's format"


def is_timms(config: Mapping[str, Any]) -> bool:
    """Whether a config is timm's own: it names no class of transformers, and holds the preprocessing."""
    return "architecture" in config and "pretrained_cfg" in config


def _require_weights_not_renamed(folder: Path, config: Mapping[str, Any], weights: WeightFiles) -> None:
    """Raises where config.json names another file of weights, which transformers would read."""
    named = config.get("transformers_weights")
    if named is not None and named not in {path.name for path in weights.read}:
        raise ModelUnavailable(
            f"{folder}: config.json names {named!r} as its weights (transformers_weights) and "
            f"{weights.read[0].name} lies there too: keep one of them"
        )


def _require_the_rest(folder: Path, family: str) -> None:
    """Raises ModelUnavailable where the files beside the weights are missing."""
    if family not in AUTHORED and not is_timms(read_json(folder / "config.json")):
        _require(folder, PROCESSORS, "image processor")
    if family != CLASSIFIER:
        _require(folder, TOKENIZERS, "tokenizer")


def _require(folder: Path, names: tuple[str, ...], what: str) -> None:
    if not any((folder / name).is_file() for name in names):
        raise ModelUnavailable(f"{folder}: no {what} ({' or '.join(names)})")
