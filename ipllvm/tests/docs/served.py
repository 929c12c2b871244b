"""`ipllvm` as a program for shells, each command of which is a fork of what has imported all it needs."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread

from ipllvm.tests.forks import Command

ASKING = """
import json, os, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    server.sendall(json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode() + b"\\n")
    status, printed = json.load(server.makefile())
sys.stdout.buffer.write(printed.encode("utf-8", "surrogateescape"))
sys.exit(status)
"""


class _Asked(StreamRequestHandler):
    """One command: its words, folder and environment in a line, its status and output back."""

    def handle(self) -> None:
        words, folder, environment = json.loads(self.rfile.readline())
        ended = Command("ipllvm", words, Path(folder), environment, drawn=True).end()
        self.wfile.write(json.dumps(ended).encode())


@contextmanager
def program(folder: Path) -> Iterator[Path]:
    """A program `ipllvm` in a folder, for as long as the context is open."""
    short = Path(tempfile.mkdtemp())  # a socket's name has to be
    place, made = short / "ipllvm", folder / "ipllvm"
    (short / "asking.py").write_text(ASKING)
    made.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{short}/asking.py" "{place}" "$@"\n')
    made.chmod(0o755)
    with ThreadingUnixStreamServer(str(place), _Asked) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()
            shutil.rmtree(short)
