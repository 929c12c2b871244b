"""How many numbers a run holds at once, weights not counted: from prompts and a decoder's shape alone.

All the time it holds the pictures in flight, processed and projected, and the keys and values of the answers
that go on. Beside them it runs the tower on a batch of pictures, or the decoder on a batch of prompts.
"""

from typing import TYPE_CHECKING

from ipllvm.engine import batch_policy
from ipllvm.engine.echo import MOST as DRAFTED
from ipllvm.engine.plan import Plan
from ipllvm.models.capacity import ITEMSIZE
from ipllvm.records import Stage

if TYPE_CHECKING:
    from ipllvm.engine.forecast import PromptSizes
    from ipllvm.models.capacity import Footprint

COPIES = 2
"""Of a batch's pictures while the tower has them: joined, and as it cuts or casts them."""


def held(
    footprint: "Footprint | None", prompts: "PromptSizes", plan: Plan, layers: int, size: int, pictures: int
) -> int:
    """The numbers, in batches of `size` prompts with trials that enter `layers` layers; `pictures` go through
    the tower in all.
    """
    if footprint is None:
        return 0
    one, samples = prompts.cost, min(size, len(plan.samples))
    tower = samples * prompts.anew * (COPIES * one.numbers + one.tower)
    clean = samples * prompts.longest * footprint.kept(layers)
    decoder = clean + _prompted(footprint, prompts, min(size, len(plan)))
    lasting = _in_flight(footprint, prompts, plan, size, pictures) + _going_on(footprint, prompts, plan, size)
    return round(lasting + max(tower, decoder))


def _prompted(footprint: "Footprint", prompts: "PromptSizes", trials: int) -> float:
    """Of a batch of prompts in the decoder: keys and values, what a layer works with, and what is added to
    attention's scores for each pair of positions, where rows are longer by what they share.
    """
    width = prompts.longest * (batch_policy.LONGEST_SHARED_ROW if prompts.shares else 1)
    return trials * prompts.longest * (footprint.prompt + prompts.masks * width)


def _in_flight(footprint: "Footprint", prompts: "PromptSizes", plan: Plan, size: int, pictures: int) -> float:
    """Samples with their clean pictures, a batch of perturbed ones, and the projected ones that are kept.

    Questions about one picture share it as it was processed, where they need the processor no more.
    """
    perturbed = sum(plan.draws_of(p) for p in plan.perturbations[1:] if p.stage is Stage.PIXELS)
    flying: float = min(batch_policy.BATCHES_IN_FLIGHT * size, len(plan.samples))
    flying += min(_together(prompts, plan, size), len(plan.samples) * perturbed)
    projected = prompts.visual * footprint.state
    room = batch_policy.ENCODED_BYTES / ITEMSIZE
    own = prompts.anew if prompts.worded else 1.0
    return flying * (own * prompts.cost.numbers + projected) + min(pictures * projected, room)


def _together(prompts: "PromptSizes", plan: Plan, size: int) -> float:
    """How many trials a batch has room for: more than `size` where they share positions."""
    return min(len(plan), size * prompts.positions / prompts.run())


def _going_on(footprint: "Footprint", prompts: "PromptSizes", plan: Plan, size: int) -> float:
    """Keys and values of the answers of a batch and of those that wait for it, in slots for the longest of
    them and what is drafted.
    """
    one = (prompts.longest + plan.max_new_tokens + DRAFTED) * footprint.cache
    waiting = min(size - 1, batch_policy.small_rows(ITEMSIZE * one))
    return min(len(plan), _together(prompts, plan, size) + waiting) * one
