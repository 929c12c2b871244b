"""`ipllvm doctor`: versions, devices, memory, caches; what is missing and how to get it."""

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from ipllvm.commands import suite
from ipllvm.commands.listing import Row, show
from ipllvm.errors import IpllvmError, first_line
from ipllvm.models import sources
from ipllvm.safety import places
from ipllvm.session.costs import size

MISSING, OLD, MISFIT = "missing", "too old", "does not fit"
OPTIONAL = {
    "easy-vqa": "benchmark easyvqa: pip install 'ipllvm[easyvqa]'",
    "pyarrow": "benchmarks of the hub that are in parquet: pip install 'ipllvm[hub]'",
    "diffusers": "generator sdxl-lightning: pip install 'ipllvm[synthetic]'",
    "peft": "adapters (--adapter): pip install 'ipllvm[lora]'",
    "timm": "encoders and classifiers of timm: pip install 'ipllvm[timm]'",
    "accelerate": "PropertyCallback in a Trainer, --device-map: pip install 'ipllvm[trainer]'",
    "cryptography": "signed audits: pip install 'ipllvm[sign]'",
    "shtab": "completion in a shell: pip install 'ipllvm[completion]'",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm doctor`."""
    parser.description = (
        "Check what this machine has for a run, and what it lacks. Exit status 1 if something required is "
        "missing or too old; what only some properties need does not count. Uses no network."
    )


def main(args: argparse.Namespace) -> int:
    """Print what is here; 1 where something needed is missing, else 0."""
    python = ("python", platform.python_version(), platform.platform())
    needed = [python, *_packages(), *_own(), *_torchvision()]
    show([*needed, *_optional(), *_machine(), *_places()])
    absent = [name for name, state, _ in needed if state.endswith((MISSING, OLD, MISFIT))]
    print(f"\nneeded and not here: {', '.join(absent)}" if absent else "\nall that is needed is here")
    elsewhere = [*_benchmarks(), *_models()]
    if elsewhere:
        print("not here, for those who want them:")
        show(elsewhere)
    return 1 if absent else 0


def _packages() -> Iterator[Row]:
    """The package itself and what it requires."""
    try:
        wanted = [line for line in requires("ipllvm") or [] if "extra ==" not in line]
    except PackageNotFoundError:
        yield "ipllvm", "not installed", f"runs from {suite.folder().parent}"
        return
    yield "ipllvm", version("ipllvm"), str(Path(suite.__file__).parents[1])
    yield from map(_package, wanted)


def _package(line: str) -> Row:
    from packaging.requirements import Requirement

    asked = Requirement(line)
    try:
        found = version(asked.name)
    except PackageNotFoundError:
        return asked.name, MISSING, f"pip install '{line}'"
    if not asked.specifier.contains(found, prereleases=True):
        return asked.name, f"{found}, {OLD}", f"pip install '{line}'"
    return asked.name, found, ""


def _own() -> Iterator[Row]:
    """The properties, and the checkpoints that come with them."""
    try:
        yield "properties", "here", str(suite.folder())
    except IpllvmError as error:
        yield "properties", MISSING, str(error)
    named = (*sources.EMBEDDED, *sources.EMBEDDED_ENCODERS, *sources.EMBEDDED_LANGUAGE_MODELS)
    places = set()
    for name in dict.fromkeys(named):
        try:
            places.add(str(sources.embedded_folder(name).parent))
        except IpllvmError as error:
            yield name, MISSING, str(error)
    if places:
        yield "embedded models", "here", ", ".join(sorted(places))


def _torchvision() -> Iterator[Row]:
    """Nobody needs it here, but transformers uses it for pictures wherever it is installed, fit or not."""
    if find_spec("torch") is None:
        return
    try:
        found = version("torchvision")
        import_module("torchvision")
    except PackageNotFoundError:
        return
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        cure = "install the build that belongs to this torch, or pip uninstall torchvision"
        yield "torchvision", f"{found}, {MISFIT}", f"{cure} ({first_line(error)})"
        return
    yield "torchvision", found, "pictures of processors that have a fast class"


def _optional() -> Iterator[Row]:
    for name, purpose in OPTIONAL.items():
        try:
            yield name, version(name), purpose.partition(":")[0]
        except PackageNotFoundError:
            yield name, "not installed", purpose


def _machine() -> Iterator[Row]:
    """Devices as torch sees them, and their memory."""
    from ipllvm.models import gpus

    try:
        import torch

        from ipllvm.models.capacity import free_memory
    except ImportError as error:
        yield "devices", "unknown", f"torch can't be imported: {error}"
        return
    free, threads = size(free_memory(torch.device("cpu"))), torch.get_num_threads()
    yield "cpu", f"{os.cpu_count()} cores", f"{free} free, float32, threads of torch: {threads}"
    for index in range(torch.cuda.device_count()):
        free = size(free_memory(torch.device("cuda", index)))
        yield f"cuda:{index}", torch.cuda.get_device_name(index), f"{free} free, bfloat16"
    if not torch.cuda.is_available():
        idle = gpus.count()
        cure = "install a torch that is built for it: https://pytorch.org/get-started/locally"
        why = f"{idle} GPU(s) that torch {torch.__version__} can't use: {cure}" if idle else "runs on the CPU"
        yield "cuda", "none", why


def _places() -> Iterator[Row]:
    """Where models, data and reports are kept."""
    from huggingface_hub.constants import HF_HUB_CACHE, HF_HUB_OFFLINE

    hub = Path(HF_HUB_CACHE)
    offline = "; HF_HUB_OFFLINE is set" if HF_HUB_OFFLINE else ""
    yield "hub cache", _kept(hub, "models--*/blobs/*"), f"{hub} (HF_HOME moves it){offline}"
    data = os.environ.get("IPLLVM_DATA")
    here = "here" if data and Path(data).is_dir() else "none"
    yield "own data", here, data or "$IPLLVM_DATA names its folder"
    outcomes = places.store(suite.REPORTS) / "outcomes"
    yield "store", _kept(outcomes, "*"), f"{outcomes.absolute()}: no trial that is there is run again"
    free, closed = size(shutil.disk_usage(Path.cwd()).free), not os.access(Path.cwd(), os.W_OK | os.X_OK)
    cure = ": --report-dir names another folder" if closed else ""
    yield (
        "disk",
        "not writable" if closed else f"{free} free",
        f"{Path.cwd()}, where reports are written{cure}",
    )


def _kept(folder: Path, pattern: str) -> str:
    sizes = [path.stat().st_size for path in folder.glob(pattern) if path.is_file()]
    return size(sum(sizes)) if sizes else "empty"


def _benchmarks() -> Iterator[Row]:
    """Published ones in one line, as there is one way to get them; each other with its own."""
    from ipllvm.benchmarks.definition import Definition
    from ipllvm.commands.benchmarks import row
    from ipllvm.registry import BENCHMARKS

    try:
        absent = [found for found in map(row, BENCHMARKS) if found[1] == "not here"]
    except ImportError as error:
        yield "benchmarks", "unknown", f"can't be read: {error}"
        return
    published = [name for name, *_ in absent if isinstance(BENCHMARKS.load(name), Definition)]
    if published:
        yield f"{len(published)} benchmarks", "not here", f"ipllvm data get NAME: {', '.join(published)}"
    yield from (found for found in absent if found[0] not in published)


def _models() -> Iterator[Row]:
    from ipllvm.commands.models import aliases

    yield from (found for found in aliases() if found[1] == "not here")
