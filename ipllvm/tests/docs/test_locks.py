"""The locks of the images: all that is required, as constraints.txt pins it, each with hashes."""

import importlib.util
import re
import tomllib
from types import ModuleType

import pytest

from ipllvm.tests.docs.commands import DOCS
from ipllvm.tests.test_sizes import ROOT

PINNED = re.compile(r"^([\w.-]+)==([^\s\\]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE)


def pins(text: str) -> dict[str, tuple[str, str]]:
    """Version and hashes by name."""
    return {name.lower().replace("_", "-"): (version, rest) for name, version, rest in PINNED.findall(text)}


@pytest.mark.parametrize("name", ["lock-cpu.txt", "lock-cuda.txt"])
def test_a_lock_holds_what_is_required_and_pinned(name: str) -> None:
    found = pins((DOCS / "docker" / name).read_text(encoding="utf-8"))
    assert all(hashes for _, hashes in found.values())
    known = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    differing = {
        each: (version, known[each][0])
        for each, (version, _) in found.items()
        if each in known and version.partition("+")[0] != known[each][0]
    }
    assert differing == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[<>=\[;]", line)[0].lower() for line in project["dependencies"]}
    assert required <= found.keys()
    assert ("+cpu" in found["torch"][0], any(each.startswith("nvidia-") for each in found)) == (
        name == "lock-cpu.txt",
        name == "lock-cuda.txt",
    )


@pytest.fixture
def linux_hashes() -> ModuleType:
    """The script that `make lock` runs, as a module."""
    found = importlib.util.spec_from_file_location("linux_hashes", DOCS / "docker" / "linux_hashes.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


FILES = {
    "a" * 64: "fast-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "b" * 64: "fast-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
    "c" * 64: "fast-1.0-cp311-cp311-macosx_11_0_arm64.whl",
    "d" * 64: "fast-1.0-cp39-abi3-manylinux_2_28_x86_64.whl",
    "e" * 64: "fast-1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
    "f" * 64: "fast-1.0.tar.gz",
    "0" * 64: "fast-1.0-py3-none-any.whl",
    "1" * 64: "fast-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
}


def entry(*digits: str) -> str:
    return " \\\n    ".join(["fast==1.0", *(f"--hash=sha256:{each * 64}" for each in digits)]) + "\n"


@pytest.mark.parametrize(
    ("resolved", "kept"),
    [
        ("abcdef01", "ad0"),
        ("bcf", "bcf"),  # built from source: nothing is known of the platform
        ("f", "f"),
    ],
)
def test_a_lock_keeps_the_hashes_of_its_platform(
    linux_hashes: ModuleType, monkeypatch: pytest.MonkeyPatch, resolved: str, kept: str
) -> None:
    monkeypatch.setattr(linux_hashes, "digests", lambda name, index: FILES)
    assert "".join(linux_hashes.slimmed(entry(*resolved) * 2, "https://index")) == entry(*kept) * 2
