"""A run that was started from Python: reports show the call of `ipllvm.check` as its command."""

from collections.abc import Sequence
from typing import Any

from ipllvm.reporting import calls


class PythonCall:
    """A pytest plugin that holds the call, as the option `words` it stands for.

    A model given by name is among them as `--model=...`; `in_memory` is the name of one that was passed as an
    object. `files` are property files of the user's own.
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
