"""The locks of the images: all that is required, as constraints.txt pins it, each with hashes."""

import re
import tomllib

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
