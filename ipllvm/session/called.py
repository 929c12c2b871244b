"""What `ipllvm.check` from Python shows as the command of a run: the call, and calls like it."""

from collections.abc import Sequence
from typing import Any

from ipllvm.reporting import calls


class Called:
    """A plugin of a session that Python has asked for by these words, and `files` of properties.

    Words are options, `--model=...` for a model that is named; `in_memory` is what another one is called.
    """

    def __init__(self, words: Sequence[str], files: Sequence[str] = (), in_memory: str = "") -> None:
        self.files, self._in_memory = tuple(files), in_memory
        self.command = calls.call([calls.START, *words])

    def replay(self, about: dict[str, Any], model: str, options: Sequence[str]) -> str:
        """The call that measures a test again."""
        benchmark = about["benchmark"]
        words = [f"--name={self._in_memory}" if self._in_memory else f"--model={model}"]
        words += [f"--property={name}" for name in self.files or (about["property"],)]
        words += [f"--benchmark={benchmark}"] if benchmark else []
        others = [each for each in options if not each.startswith(("--model=", "--benchmark="))]
        return calls.call([calls.START, *words, *others])
