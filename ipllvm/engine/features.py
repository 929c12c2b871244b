"""What a vision-language model makes of pictures before its language model reads them."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Sample


@torch.inference_mode()
def projected(
    model: VisionLanguageModel, samples: Sequence[Sample], batch_size: int
) -> tuple[Float[np.ndarray, "samples 1 width"], Float[np.ndarray, "samples 1 hidden"]]:
    """The projector's input, as its mean over patches, and its output, as its mean over visual tokens.

    Separators between the rows of a picture carry no picture and are left out.
    """
    inputs, outputs = [], []
    for start in range(0, len(samples), batch_size):
        chunk = samples[start : start + batch_size]
        batch = [model.prepare([image.load() for image in item.images], item.prompt) for item in chunk]
        encoded = model.encode(batch)
        inputs += [each.patches.float().flatten(0, 1).mean(0).cpu() for each in encoded]  # [width] each
        for prepared, each in zip(batch, encoded, strict=True):
            picture = torch.from_numpy(~model.layout(prepared).newline)
            packed = model.pack(each.projected, prepared).float().cpu()
            outputs.append(packed[picture].mean(0))  # [hidden]
    # [samples, 1, width] and [samples, 1, hidden]: one layer each, as `align` takes stacks of layers
    return torch.stack(inputs)[:, None].numpy(), torch.stack(outputs)[:, None].numpy()
