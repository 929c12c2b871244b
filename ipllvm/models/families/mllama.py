"""Llama 3.2 Vision: its decoder looks at pictures through cross attention, which knows no order."""

from collections.abc import Sequence
from typing import ClassVar

from PIL import Image

from ipllvm.models.base import Prepared
from ipllvm.models.piped import Piped
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.preparing import Preparer


class Mllama(Piped):
    """Adapter of MllamaForConditionalGeneration, asked as a whole.

    Visual tokens are keys and values without positions: any order of them says the same by construction,
    which is no finding.
    """

    FURTHER: ClassVar[int] = 8
    """Tokens that are embedded beyond its vocabulary, the image's among them."""
    wording = ""
    sealed = "looks at pictures by cross attention, which can't tell the order of visual tokens"

    def __init__(self, parts: LoadedCheckpoint) -> None:
        super().__init__(parts)
        placeholder, mark = int(parts.model.config.image_token_index), str(parts.processor.image_token)
        self._preparer = Preparer(parts.processor, parts.prompt, parts.name, placeholder, mark, True, True)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface: one placeholder a picture."""
        return self._preparer.prepare(images, prompt)
