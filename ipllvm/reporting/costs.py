"""What the engine costs by draws, samples and groups, as a picture: seconds beside those of `generate`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ipllvm.reporting.canvas import ROLES, SIZE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES = ("draws", "samples", "groups")
LINES = {"generate": ("generate, batched", "s2"), "engine": ("engine", "s1")}


def costs(rows: Sequence[Mapping[str, Any]]) -> "Figure":
    """One panel an axis; `rows` have axis, at, engine and generate (seconds)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    panels = figure.subplots(1, len(AXES))
    for panel, axis in zip(panels, AXES, strict=True):
        own = sorted((row for row in rows if row["axis"] == axis), key=lambda row: row["at"])
        for key, (label, role) in LINES.items():
            panel.plot(
                [row["at"] for row in own],
                [row[key] for row in own],
                marker="o",
                markersize=4,
                color=ROLES[role],
                label=label,
            )
        panel.set_xlabel(axis)
        panel.set_xticks([row["at"] for row in own])
        panel.set_ylim(bottom=0)
        panel.grid(axis="y")
    panels[0].set_ylabel("seconds")
    panels[0].legend(frameon=False, fontsize=SIZE - 1)
    return figure
