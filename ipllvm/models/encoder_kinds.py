"""Which model types of encoders and classifiers are vision transformers, and which are convolutional."""

from typing import Final

VITS: Final = (
    "vit", "deit", "beit", "clip", "dinov2", "dinov2_with_registers", "swin", "vit_mae", "siglip", "siglip2",
)  # fmt: skip
CNNS: Final = ("resnet", "convnext", "convnextv2", "regnet", "efficientnet", "mobilenet_v2")
