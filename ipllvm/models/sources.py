"""Where a model's name leads: an embedded checkpoint, a local folder, or the hub's cache or network.

Imports neither torch nor transformers: names are needed while tests are collected.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import ipllvm
from ipllvm.endpoints import address as endpoint
from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.models import checkpoint, code_files, embedded
from ipllvm.models.planted import naming

HUB_ALIASES = {
    "llava-1.5": "llava-hf/llava-1.5-7b-hf",
    "llava-next": "llava-hf/llava-v1.6-vicuna-7b-hf",
    "llava-ov": "llava-hf/llava-onevision-qwen2-7b-ov-hf",
    "trol-1.8b": "BK-Lee/TroL-1.8B",
    "trol-3.8b": "BK-Lee/TroL-3.8B",
    "trol-7b": "BK-Lee/TroL-7B",
    "meteor": "BK-Lee/Meteor-MLM",
}
EMBEDDED_ENCODERS = embedded.named("encoder")
RECOGNISERS = embedded.named("classifier", "encoder")
EMBEDDED = embedded.named("vision-language model", "classifier", "encoder")
EMBEDDED_LANGUAGE_MODELS = embedded.named("language model", "vision-language model")
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
TENSORS = "*.safetensors"
WANTED = ("*.json", "*.jinja", "*.txt", "*.model", TENSORS)


def hub_id(name: str) -> str | None:
    """The hub's id behind an alias or id; None for embedded checkpoints and folders.

    >>> hub_id("llava-ov")
    'llava-hf/llava-onevision-qwen2-7b-ov-hf'
    """
    if name in HUB_ALIASES:
        return HUB_ALIASES[name]
    if name in EMBEDDED or local_folder(name) or not HUB_ID.fullmatch(name):
        return None
    return name


def is_endpoint(name: str) -> bool:
    """Whether a name is the address of a model that is served: `URL#NAME`, or `#NAME` at $OPENAI_BASE_URL.

    >>> is_endpoint("http://localhost:8000/v1#llava"), is_endpoint("llava-tiny")
    (True, False)
    """
    return "://" in name or name.startswith("#")


def local_folder(name: str) -> Path | None:
    """The folder that a name is the path of; None where it is none, or can't be a path at all.

    >>> local_folder("~nobody-of-that-name/x") is local_folder("x" * 5000) is local_folder("") is None
    True
    """
    try:
        folder = Path(name).expanduser()
        return folder if name and folder.is_dir() else None
    except (OSError, RuntimeError):  # too long for a name; no such user
        return None


def check_name(name: str) -> str:
    """`name`, if it can be a model at all; touches no network and loads nothing.

    Raises UnknownName for what is neither an alias, a folder, "org/name", URL#NAME nor a planted model,
    UsageError for an address that can't be one, and ModelUnavailable for a path that leads to no folder.
    """
    if naming.is_planted(name):
        naming.law(name)
        return name
    if is_endpoint(name):
        endpoint.parse(name, "model")
        return name
    if name in EMBEDDED or hub_id(name) or local_folder(name):
        return name
    if "/" in name or "\\" in name or name.startswith((".", "~")):
        raise ModelUnavailable(f"no such model folder: {name}")
    known = [*EMBEDDED, *HUB_ALIASES, "a local folder", "org/name on the hub", "URL#NAME", "planted:KIND"]
    raise UnknownName("model", name, known)


def names_classes(name: str) -> bool:
    """Whether a model is known, without the network, to name what a picture shows and nothing else.

    >>> names_classes("clip-tiny"), names_classes("llava-tiny"), names_classes("timm/resnet50.a1_in1k")
    (True, False, True)
    """
    if name in EMBEDDED:
        return name in RECOGNISERS
    folder = local_folder(name)
    if folder is None or not (folder / "config.json").is_file():
        return name.startswith(("timm/", "openai/clip-"))
    try:
        return checkpoint.family_of(folder) in (checkpoint.CLASSIFIER, checkpoint.ENCODER)
    except ModelUnavailable:
        return False


def resolve(
    name: str,
    offline: bool = False,
    revision: str = "",
    *,
    pickles: bool = False,
    weights: bool = True,
    code: bool = False,
) -> Path:
    """The local folder of a model, downloaded first where it must and may be; of a branch, tag or commit of
    its repository where one is asked for, with its `pickles` too, or without its `weights`, with the `code`
    that it brings where no family here knows its type.

    Raises UsageError, UnknownName and ModelUnavailable, in one line that says what to do.
    """
    check_name(name)
    repository = hub_id(name)
    if revision and repository is None:
        raise UsageError(f"--revision {revision}: {name} is not a repository on the hub")
    if name in EMBEDDED:
        return embedded_folder(name)
    if repository is None:
        return (local_folder(name) or Path(name)).resolve()
    cached = _cached(repository, revision)
    if cached is not None and checkpoint.is_complete(cached, weights=weights, code=code):
        return cached
    where = f"{repository} --revision {revision}" if revision else repository
    advice = f"pass --model=FOLDER, or on a machine with network run: hf download {where}"
    if offline:
        raise ModelUnavailable(
            f"{repository} is not complete in the hub cache and --offline is set; {advice}"
        )
    try:
        first = ("config.json", checkpoint.TROL_GATES)
        config = _snapshot(repository, local=False, wanted=first, revision=revision)
        family = checkpoint.family_of(
            config, remote_code=code
        )  # before gigabytes that can't be measured are fetched
        if code and checkpoint.is_by_own_code(family) and (config / "config.json").is_file():
            code_files.require_here(config, fetched=False)
        pickled = ("pytorch_model.bin",) * (family == checkpoint.ENCODER) + ("*.bin", "*.pt") * pickles
        pickled += ("*.py",) * code
        wanted = (*WANTED, *pickled) if weights else tuple(each for each in WANTED if each != TENSORS)
        return _snapshot(repository, local=False, wanted=wanted, revision=revision)
    except ModelUnavailable:
        raise
    except Exception as error:
        cause = type(error).__name__
        raise ModelUnavailable(
            f"{repository} is not complete in the hub cache and can't be downloaded ({cause}); {advice}"
        ) from error


def origin(name: str, folder: Path) -> tuple[str, ...]:
    """Where a name led, in words, if it is not a folder's: the hub's repository and the revision."""
    repository = hub_id(name)
    return (f"{repository} on the hub, revision {folder.name}",) if repository else ()


def encoder(name: str, wanted: Sequence[str], offline: bool = False) -> Path:
    """The local folder of a vision encoder: embedded, a folder, or a hub id with the files `wanted`.

    Raises UnknownName and ModelUnavailable, in one line that says what to do.
    """
    return _part("encoder", name, EMBEDDED_ENCODERS, wanted, offline)


def language_model(name: str, wanted: Sequence[str], offline: bool = False) -> Path:
    """The local folder of a language model, found as `encoder` finds an encoder."""
    return _part("language model", name, EMBEDDED_LANGUAGE_MODELS, wanted, offline)


def check_part(kind: str, name: str, offline: bool = False) -> None:
    """Whether `name` can be an encoder or a language model, as `kind` says, before anything is loaded.

    Raises UnknownName and ModelUnavailable, offline also where the hub's cache has nothing of it.
    """
    if naming.is_planted(name):
        naming.law(name)
        return
    folder = local_folder(name)
    if folder is not None and not (folder / "config.json").is_file():
        raise ModelUnavailable(f"{folder}: no config.json; not a checkpoint in the hub's format")
    if folder is None and ("\\" in name or name.startswith((".", "~", "/"))):
        raise ModelUnavailable(f"no such {kind} folder: {name}")
    known = {"encoder": EMBEDDED_ENCODERS, "language model": EMBEDDED_LANGUAGE_MODELS}[kind]
    if folder is None and name not in known and (offline or not HUB_ID.fullmatch(name)):
        _part(kind, name, known, ("config.json",), offline)


def _part(kind: str, name: str, known: Sequence[str], wanted: Sequence[str], offline: bool) -> Path:
    if name in known:
        return embedded_folder(name)
    if folder := local_folder(name):
        return folder.resolve()
    if not HUB_ID.fullmatch(name):
        raise UnknownName(kind, name, [*known, "a local folder", "org/name on the hub"])
    try:
        return _snapshot(name, local=offline, wanted=wanted)
    except Exception as error:
        raise ModelUnavailable(
            f"{name} is not in the hub cache{' and --offline is set' if offline else ''} "
            f"({type(error).__name__}); name a folder, or on a machine with network run: hf download {name}"
        ) from error


def display_names(names: Sequence[str]) -> list[str]:
    """Names fit for test ids: aliases as they are, else the last part of a folder or hub id.

    Folders of the same name get as many parents as tell them apart.

    >>> display_names(["llava-ov", "/a/run/ckpt", "/b/run/ckpt", "org/llava-x"])
    ['llava-ov', 'a-run-ckpt', 'b-run-ckpt', 'llava-x']
    """
    return [_shortest(name, names) for name in names]


def display_name(name: str) -> str:
    """The name of one model that stands alone.

    >>> display_name("/checkpoints/step-100/")
    'step-100'
    """
    return display_names([name])[0]


def _shortest(name: str, names: Sequence[str]) -> str:
    others = {other for other in names if _parts(other) != _parts(name)}
    parts = _parts(name)
    for count in range(1, len(parts) + 1):
        if all(_parts(other)[-count:] != parts[-count:] for other in others):
            return "-".join(parts[-count:])
    return "-".join(parts)


def _parts(name: str) -> tuple[str, ...]:
    if name in HUB_ALIASES or name in EMBEDDED:
        return (name,)
    if is_endpoint(name):
        return tuple(part for part in endpoint.parse(name, "model").model.split("/") if part)
    folder = local_folder(name)
    path = folder.resolve() if folder else Path(name)
    return tuple(part for part in path.parts if part != path.anchor) or (name,)


def _places() -> Iterator[Path]:
    """Where embedded checkpoints lie: in the repository, or inside an installed package."""
    package = Path(ipllvm.__file__).parent
    yield package.parent / "fixtures" / "checkpoints"
    yield package / "_suite" / "fixtures" / "checkpoints"


def embedded_folder(name: str) -> Path:
    """The folder of an embedded checkpoint; raises ModelUnavailable where it is not installed."""
    for place in _places():
        if (place / name).is_dir():
            return place / name
    raise ModelUnavailable(
        f"the embedded checkpoint {name} is not installed; train it: python -m ipllvm.zoo train {name}"
    )


def _cached(repository: str, revision: str) -> Path | None:
    """The snapshot in the hub's cache, None where there is none."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return _snapshot(repository, local=True, revision=revision)
    except LocalEntryNotFoundError:
        return None


def _snapshot(repository: str, *, local: bool, wanted: Sequence[str] = WANTED, revision: str = "") -> Path:
    """The snapshot folder of the hub's cache, with the files that are `wanted`."""
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            repository, revision=revision or None, local_files_only=local, allow_patterns=list(wanted)
        )
    )
