"""What the workers of a session wrote down (haunted.py): who loaded and ran what."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries of all workers, each worker's in order."""

    entries: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """The journal in `folder`."""
        lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
        return cls([json.loads(line) for line in lines])

    def loads(self) -> list[tuple[str, str]]:
        """(worker, model) of every load."""
        return [(found["worker"], found["model"]) for found in self.entries if found["event"] == "loaded"]

    def ran(self) -> list[tuple[str, str]]:
        """(worker, test) of every test."""
        return [(found["worker"], found["test"]) for found in self.entries if found["event"] == "ran"]

    def threads(self) -> set[int]:
        """On how many threads tests ran."""
        return {found["threads"] for found in self.entries if found["event"] == "ran"}

    def workers_of(self, model: str) -> set[str]:
        """Who ran the tests of that model."""
        return {worker for worker, test in self.ran() if f"[{model}-" in test or f"[{model}]" in test}
