"""The lock of the CPU image from that of the CUDA image: without the GPU's packages, with torch for a CPU.

python docs/docker/cpu_lock.py TORCH_WHEEL: its version and its hash are those of the file.
"""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
GPU = ("nvidia-", "cuda-", "triton")


def entries(lock: str) -> list[str]:
    """Each package with its hashes."""
    return lock.replace("\n    ", "\0    ").split("\n")


def cpu(lock: str, wheel: Path) -> str:
    """The lock with the wheel in place of torch and what that brings along."""
    version = wheel.name.split("-")[1]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    kept = []
    for entry in entries(lock):
        if entry.startswith("torch=="):
            kept.append(f"torch=={version} \\\n    --hash=sha256:{digest}")
        elif not entry.startswith(GPU):
            kept.append(entry)
    return "\n".join(kept).replace("\0", "\n")


if __name__ == "__main__":
    text = cpu((HERE / "lock-cuda.txt").read_text(encoding="utf-8"), Path(sys.argv[1]))
    (HERE / "lock-cpu.txt").write_text(text, encoding="utf-8")
