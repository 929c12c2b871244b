"""Families that cut a picture of any size into one grid of patches, several of which make a token."""

from collections.abc import Sequence

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View


class Pixtral(TransformersModel):
    """Mistral 3 and LightOnOCR on a Pixtral tower; what stands between its rows is words."""

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        config = self._model.config
        side = config.vision_config.patch_size * config.spatial_merge_size
        sizes = prepared.fields["image_sizes"].tolist()
        return [View(h // side, w // side, picture=number) for number, (h, w) in enumerate(sizes)]


class LightOnOcr(Pixtral):
    """Adapter of LightOnOcrForConditionalGeneration."""

    PROJECTOR = "vision_projection"


class VideoLlama3(TransformersModel):
    """Adapter of VideoLlama3ForConditionalGeneration: merged by as many as the processor tells."""

    PROJECTOR = "projector"

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        grids = zip(
            prepared.fields["image_grid_thw"].tolist(),
            prepared.fields["image_merge_sizes"].tolist(),
            strict=True,
        )
        return [View(h // m, w // m, picture=number) for number, ((_, h, w), m) in enumerate(grids)]
