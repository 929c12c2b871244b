"""Numbers into the trackers that a Trainer has opened in this process, without the Trainer."""

import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.errors import first_line
from ipllvm.reporting.trackers import summary_writer
from ipllvm.safety.printing import visible

if TYPE_CHECKING:
    from transformers import TrainerState, TrainingArguments


def log_live(numbers: Mapping[str, float], args: "TrainingArguments", state: "TrainerState") -> None:
    """Append the numbers to the log history, and send them to each open tracker of `args.report_to`.

    A tracker that fails is warned of: no training ends for it.
    """
    state.log_history.append({**numbers, "epoch": state.epoch, "step": state.global_step})
    wanted = args.report_to or ()
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name in OPEN and (name == "tensorboard" or name in sys.modules):
            try:
                OPEN[name](numbers, args, state.global_step)
            except Exception as error:  # whatever a tracker has of its own
                warnings.warn(
                    f"ipllvm: {name} took no numbers, they are in log_history: {visible(first_line(error))}",
                    stacklevel=2,
                )


def _wandb(numbers: Mapping[str, float], _: "TrainingArguments", step: int) -> None:
    if sys.modules["wandb"].run is not None:
        _named_step("wandb", numbers, step)


def _trackio(numbers: Mapping[str, float], _: "TrainingArguments", step: int) -> None:
    _named_step("trackio", numbers, step)


def _named_step(package: str, numbers: Mapping[str, float], step: int) -> None:
    """As the Trainer's own callbacks do: the step is one of the numbers."""
    sys.modules[package].log({**numbers, "train/global_step": step})


def _mlflow(numbers: Mapping[str, float], _: "TrainingArguments", step: int) -> None:
    if sys.modules["mlflow"].active_run() is not None:
        sys.modules["mlflow"].log_metrics(dict(numbers), step=step)


def _tensorboard(numbers: Mapping[str, float], args: "TrainingArguments", step: int) -> None:
    """A run of its own beside the Trainer's, which TensorBoard shows in the same chart."""
    writer: Any = summary_writer(Path(args.output_dir or ".") / "runs" / "ipllvm")
    for name, value in numbers.items():
        writer.add_scalar(name, value, step)
    writer.close()


OPEN: Final[Mapping[str, Callable[[Mapping[str, float], "TrainingArguments", int], None]]] = {
    "wandb": _wandb,
    "trackio": _trackio,
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
}
"""What is done for each name of `report_to`; others get the log history."""
