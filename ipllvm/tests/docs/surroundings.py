"""What the pages' commands find around them: copies of benchmarks, a hub, a server of models and judges."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from ipllvm.benchmarks.definition import published
from ipllvm.tests.benchmarks.copies import as_jsonl, as_parquet
from ipllvm.tests.benchmarks.test_mmvp import original
from ipllvm.tests.docs.hub import hub

PAPERS = ("qbench", "mme", "mmstar", "mmvet", "llavaw", "mathvista", "scienceqa", "chartqa", "ai2d")
"""The ten of Table 1 but for MMVP."""
HERE = ("mme", "chartqa", "mmvet")


class _Server(BaseHTTPRequestHandler):
    """Says `1` to every question, in OpenAI's chat protocol: a model's answer, and a judge's score."""

    def do_POST(self) -> None:
        """One reply."""
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = {
            "model": "stand-in",
            "choices": [{"message": {"content": "1"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1},
        }
        content = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def surroundings(folder: Path) -> Iterator[Mapping[str, str]]:
    """Variables of the shell by which the commands find them; `SERVED` is the server's address."""
    original(folder / "hub" / "MMVP" / "MMVP")
    for name in PAPERS:
        as_parquet(name, folder / "hub" / published(name).hub.repositories[0])
    as_parquet("chartqa", folder / "hub" / "ORG" / "NAME")
    for name in HERE:
        as_jsonl(name, folder / "copies" / name)
    with hub(folder / "hub") as address, ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield {
                "HUB": f"HF_ENDPOINT={address} HF_HOME={folder / 'cache'} HF_HUB_DISABLE_XET=1",
                "IPLLVM_DATA": str(folder / "copies"),
                "SERVED": f"http://127.0.0.1:{server.server_port}/v1",
            }
        finally:
            server.shutdown()
