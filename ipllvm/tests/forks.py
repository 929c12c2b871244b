"""Commands in processes of their own, each a fork of one that has imported what they all need.

A command starts as `python -m MODULE ARGUMENTS` does, with its own folder, environment and output, but
without the seconds that importing torch and transformers takes each time.
"""

import gc
import os
import resource
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from ipllvm.reporting import inlining

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["ipllvm.tests.preloaded"])
LIMIT = 300


class Command:
    """A command that runs; what it prints, on both outputs, goes into a file."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        limit: float = LIMIT,
        memory: int = 0,
        drawn: bool = False,
    ) -> None:
        """`limit` is in seconds, `memory` in bytes more than the fork begins with, 0 for any.

        A page has its words; its drawings, a quarter of a short session's time, only if it is `drawn`.
        """
        self._limit = limit
        handle, name = tempfile.mkstemp()
        os.close(handle)
        self._printed = Path(name)
        told = (module, list(arguments), folder, dict(environment), self._printed, memory, drawn)
        self._process: ForkServerProcess = SERVER.Process(target=_main, args=told)
        self._process.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit status and what was printed. Raises TimeoutError after the limit."""
        self._process.join(self._limit)
        text = self._printed.read_bytes().decode("utf-8", "surrogateescape")
        self._printed.unlink()
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"not done after {self._limit} s\n{text}")
        return self._process.exitcode, text


def _main(
    module: str,
    arguments: list[str],
    folder: Path,
    environment: dict[str, str],
    printed: Path,
    memory: int,
    drawn: bool,
) -> None:
    gc.freeze()
    if not drawn:
        vars(inlining)["svg"] = lambda draw, name: '<svg viewBox="0 0 1 1"></svg>'
    if memory:
        most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts without it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # one under nohup too
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = [str(folder), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    sys.argv[1:] = arguments
    with printed.open("w", encoding="utf-8") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
