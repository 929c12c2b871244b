"""`ipllvm doctor`: versions, devices, memory, caches; what is missing and how to get it."""

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from ipllvm.commands.listing import show
from ipllvm.models.sources import EMBEDDED

OPTIONAL = {
    "easy-vqa": "benchmark easyvqa: pip install easy-vqa",
    "pyarrow": "benchmarks from the hub: pip install ipllvm[hub]",
    "diffusers": "generator sdxl-lightning: pip install ipllvm[synthetic]",
}
Row = tuple[str, str, str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm doctor`."""
    parser.description = (
        "What this machine has for a run. Exit status 1 where something that is needed is missing."
    )


def main(args: argparse.Namespace) -> int:
    """Print what is here; 1 where something needed is missing, else 0."""
    needed = [*_packages(), *_checkpoints()]
    show([("python", platform.python_version(), platform.platform()), *needed, *_optional(), *_machine()])
    missing = [name for name, state, _ in needed if state == "missing"]
    if missing:
        print(f"missing: {', '.join(missing)}")
    return 1 if missing else 0


def _packages() -> Iterator[Row]:
    """The package itself and what it requires."""
    wanted = [line for line in requires("ipllvm") or [] if "extra ==" not in line]
    yield "ipllvm", *_version("ipllvm", "pip install ipllvm")
    for line in wanted:
        name = next(word for word in line.replace(">", " ").replace("=", " ").replace("<", " ").split())
        yield name, *_version(name, f"pip install '{line}'")


def _optional() -> Iterator[Row]:
    for name, purpose in OPTIONAL.items():
        state, _ = _version(name, purpose)
        yield name, "not installed" if state == "missing" else state, purpose.partition(":")[0]


def _version(name: str, cure: str) -> tuple[str, str]:
    try:
        return version(name), ""
    except PackageNotFoundError:
        return "missing", cure


def _checkpoints() -> Iterator[Row]:
    from ipllvm.errors import ModelUnavailable
    from ipllvm.models.sources import resolve

    for name in EMBEDDED:
        try:
            yield name, "embedded", str(resolve(name, offline=True))
        except ModelUnavailable as error:
            yield name, "missing", str(error)


def _machine() -> Iterator[Row]:
    """Devices as torch sees them, memory and folders."""
    import torch
    from huggingface_hub.constants import HF_HUB_CACHE

    from ipllvm.models.capacity import free_memory

    cpu = torch.device("cpu")
    yield "cpu", f"{os.cpu_count()} cores", f"{free_memory(cpu) / 1e9:.1f} GB free, float32"
    for index in range(torch.cuda.device_count()):
        free = free_memory(torch.device("cuda", index))
        name = torch.cuda.get_device_name(index)
        yield f"cuda:{index}", name, f"{free / 1e9:.1f} GB free, bfloat16"
    if not torch.cuda.is_available():
        yield "cuda", "none", f"torch {torch.__version__} finds no GPU: properties run on the CPU"
    cache = Path(HF_HUB_CACHE)
    yield "hub cache", "there" if cache.is_dir() else "empty", f"{cache}; HF_HOME moves it"
    disk = shutil.disk_usage(Path.cwd())
    yield "disk", f"{disk.free / 1e9:.0f} GB free", f"{Path.cwd()}, where reports/ is written"
