"""A lock with the hashes of the files that Python 3.11 on x86-64 Linux can install, and of no others.

python docs/docker/linux_hashes.py LOCK [INDEX]: rewrites the lock; INDEX as in PEP 503, PyPI without it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

PYTHON = (3, 11)
PLATFORMS = [f"manylinux_2_{n}_x86_64" for n in range(28, 4, -1)] + [
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
    "linux_x86_64",
]
TAGS = {*cpython_tags(PYTHON, platforms=PLATFORMS), *compatible_tags(PYTHON, "cp311", PLATFORMS)}
ENTRY = re.compile(r"^([\w.-]+)==([^\s\\]+).*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def tags(file: str) -> frozenset[Tag]:
    """What a wheel is made for; nothing for another file."""
    try:
        return parse_wheel_filename(file)[3]
    except InvalidWheelFilename:
        return frozenset()


def digests(name: str, index: str) -> dict[str, str]:
    """The file of each sha256 that an index has of a package."""
    page = Request(f"{index}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(page) as reply:
        return {file["hashes"]["sha256"]: file["filename"] for file in json.load(reply)["files"]}


def slimmed(lock: str, index: str) -> Iterator[str]:
    """Each entry with the hashes of its wheels for this platform, or all where it has no such wheel."""
    for entry in ENTRY.finditer(lock):
        files = digests(entry[1], index)
        hashes = re.findall(r"sha256:([0-9a-f]{64})", entry[0])
        kept = [each for each in hashes if tags(files[each]) & TAGS] or hashes
        head = entry[0].split("\n")[0].removesuffix("\\").rstrip()
        yield " \\\n    ".join([head, *(f"--hash=sha256:{each}" for each in kept)]) + "\n"


if __name__ == "__main__":
    path, *index = sys.argv[1:]
    lock = Path(path).read_text(encoding="utf-8")
    text = "".join(slimmed(lock, index[0] if index else "https://pypi.org/simple"))
    Path(path).write_text(text, encoding="utf-8")
