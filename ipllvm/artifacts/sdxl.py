"""SDXL-Lightning through diffusers (Lin et al. 2024, arXiv 2402.13929): the paper's generator.

The recipe is its model card's: the distilled U-Net in SDXL's pipeline, Euler steps with trailing
timesteps, no guidance. The paper does not state steps and seed: 4 steps here, a seed of the caption's.
Both text encoders read the first 77 tokens of a caption.
"""

import hashlib
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from ipllvm.errors import ModelUnavailable, UsageError

BASE = "stabilityai/stable-diffusion-xl-base-1.0"
LIGHTNING = "ByteDance/SDXL-Lightning"
STEPS = (2, 4, 8)


class SdxlLightning:
    """Draws with SDXL-Lightning's full U-Net of `steps` steps; the weights are read at the first picture.

    `base` is a folder or hub id of SDXL, `unet` a file of the distilled U-Net (None: of the hub's
    LIGHTNING). Raises UsageError where diffusers is not installed or there is no U-Net of so many steps.
    """

    def __init__(
        self,
        *,
        steps: int = 4,
        base: str = BASE,
        unet: str | None = None,
        device: str = "cpu",
        offline: bool = False,
    ) -> None:
        if steps not in STEPS:
            raise UsageError(f"SDXL-Lightning has U-Nets of {STEPS} steps, not of {steps}")
        self._diffusers = _diffusers()
        self._steps, self._base, self._unet = steps, base, unet
        self._device, self._offline = device, offline
        self.identity = f"{LIGHTNING} {steps} steps"

    def draw(self, caption: str) -> np.ndarray:
        """RGB pixels, (height, width, 3), uint8; raises ModelUnavailable where weights can't be had."""
        import torch

        noise = torch.Generator("cpu").manual_seed(_seed(caption))
        found = self._pipeline(
            caption, num_inference_steps=self._steps, guidance_scale=0, generator=noise, output_type="np"
        )
        return np.asarray((found.images[0] * 255).round().astype(np.uint8))

    @cached_property
    def _pipeline(self) -> Any:
        try:
            return self._loaded()
        except Exception as error:  # the hub and damaged files raise whatever they happen to
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelUnavailable(f"{self.identity} can't be loaded: {reason}") from error

    def _loaded(self) -> Any:
        import torch
        from huggingface_hub import hf_hub_download
        from safetensors.torch import load_file

        from ipllvm.models.devices import choose_device

        device = choose_device(self._device)
        on_cpu = device.type == "cpu"
        dtype = torch.float32 if on_cpu else torch.float16
        name = f"sdxl_lightning_{self._steps}step_unet.safetensors"
        path = self._unet or hf_hub_download(LIGHTNING, name, local_files_only=self._offline)
        settings = self._diffusers.UNet2DConditionModel.load_config(
            self._base, subfolder="unet", local_files_only=self._offline
        )
        unet = self._diffusers.UNet2DConditionModel.from_config(settings)
        unet.load_state_dict(load_file(path))
        pipeline = self._diffusers.StableDiffusionXLPipeline.from_pretrained(
            self._base,
            unet=unet if on_cpu else unet.to(dtype),
            dtype=dtype,
            variant=None if on_cpu or self._base != BASE else "fp16",
            add_watermarker=False,
            local_files_only=self._offline,
        )
        pipeline.scheduler = self._diffusers.EulerDiscreteScheduler.from_config(
            pipeline.scheduler.config, timestep_spacing="trailing"
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(device)


def _diffusers() -> Any:
    """The package, which is optional and not typed throughout."""
    try:
        return import_module("diffusers")
    except ImportError as error:
        raise UsageError(
            "the generator sdxl-lightning needs diffusers: pip install ipllvm[synthetic]"
        ) from error


def _seed(caption: str) -> int:
    return int.from_bytes(hashlib.sha256(caption.encode()).digest()[:4], "big")
