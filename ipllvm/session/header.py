"""Before anything is collected: the session's header, and whether the workers have a GPU each."""

from pathlib import Path

import pytest

from ipllvm.errors import UsageError
from ipllvm.models import gpus
from ipllvm.session.options import Options


def lines(config: pytest.Config, options: Options) -> list[str]:
    """The session's header; a line more where the rootdir is not that of the properties.

    pytest takes the folder of `--model FOLDER`, with a space, for a path of tests and looks there.
    """
    root, here = config.rootpath, config.invocation_params.dir
    folders = [Path(name).expanduser().resolve() for name in options.models if Path(name).is_dir()]
    misled = not here.is_relative_to(root) and any(folder.is_relative_to(root) for folder in folders)
    advice = f"ipllvm: rootdir {root} was taken from --model; write --model=FOLDER, with an equals sign"
    lacking = f"ipllvm: rootdir {root} holds no properties/: ipllvm check MODEL runs the shipped ones"
    if misled or (root / "properties").is_dir():
        return [options.describe(), *([advice] if misled else [])]
    return [options.describe(), lacking]


def check_workers(workers: int | None, options: Options) -> None:
    """Raises UsageError for more xdist workers than GPUs: each holds a model of its own."""
    if workers and (count := gpus.count()) and workers > count and not options.device.startswith("cpu"):
        raise UsageError(f"-n {workers}: a worker holds a model and there are {count} GPU(s): use -n {count}")
