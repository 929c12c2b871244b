"""Families whose visual tokens are queries: each looks at the whole picture, and none has a place in it."""

from collections.abc import Sequence

from ipllvm.models.base import Prepared
from ipllvm.models.families.tiles import runs
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View


class Queries(TransformersModel):
    """Idefics 2 and Aria: as many queries for each picture or part of one, in a row."""

    placed = False

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        found = runs(prepared, self._processor.tokenizer)
        return [View(1, length, picture=number) for number, (_, _, length) in enumerate(found)]


class Idefics2(Queries):
    """Adapter of Idefics2ForConditionalGeneration."""

    PROJECTOR = "connector"
