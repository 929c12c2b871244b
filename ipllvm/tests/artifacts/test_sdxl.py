"""The paper's generator on a tiny pipeline of the real classes, saved as the hub saves SDXL."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
)

from ipllvm.artifacts.sdxl import SdxlLightning
from ipllvm.errors import ModelUnavailable, UsageError
from ipllvm.zoo.__main__ import CHECKPOINTS

diffusers = pytest.importorskip(
    "diffusers", reason="diffusers is not installed: pip install ipllvm[synthetic]"
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random SDXL of the real classes, 32 x 32 latents down to 16 x 16 pixels."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("sdxl")
    words: Any = PreTrainedTokenizerFast.from_pretrained(CHECKPOINTS / "clip-tiny")
    size: dict[str, Any] = {
        "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(words), "projection_dim": 32, "max_position_embeddings": 77,
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2,
    }  # fmt: skip
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(2, 4),
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1), projection_class_embeddings_input_dim=80,
        cross_attention_dim=64, norm_num_groups=1,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(
        block_out_channels=(32, 64), in_channels=3, out_channels=3, latent_channels=4, sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    encoders: Any = CLIPTextConfig
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=vae, unet=unet, scheduler=diffusers.EulerDiscreteScheduler(), tokenizer=words, tokenizer_2=words,
        text_encoder=CLIPTextModel(encoders(**size)),
        text_encoder_2=CLIPTextModelWithProjection(encoders(**size)), add_watermarker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    other = diffusers.UNet2DConditionModel.from_config(unet.config)
    save_file(other.state_dict(), folder / "lightning.safetensors")
    return folder


def test_a_caption_is_drawn_the_same_every_time(base: Path) -> None:
    artist = SdxlLightning(base=str(base), unet=str(base / "lightning.safetensors"), steps=2, offline=True)
    picture = artist.draw("a red circle.")
    assert picture.shape == (16, 16, 3)
    assert picture.dtype == np.uint8
    again = SdxlLightning(base=str(base), unet=str(base / "lightning.safetensors"), steps=2, offline=True)
    assert np.array_equal(again.draw("a red circle."), picture)
    assert not np.array_equal(artist.draw("two blue squares."), picture)
    assert artist.identity == "ByteDance/SDXL-Lightning 2 steps"


def test_it_draws_by_the_recipe_of_its_model_card(base: Path) -> None:
    artist = SdxlLightning(base=str(base), unet=str(base / "lightning.safetensors"), offline=True)
    pipeline = artist._pipeline
    assert pipeline.scheduler.config.timestep_spacing == "trailing"
    assert pipeline.watermark is None
    plain = diffusers.UNet2DConditionModel.from_pretrained(base / "unet")
    changed = [
        not torch.equal(a, b) for a, b in zip(pipeline.unet.parameters(), plain.parameters(), strict=True)
    ]
    assert sum(changed) > len(changed) / 2, "the distilled weights, not the base's"


def test_what_can_not_be_had_is_one_line(base: Path) -> None:
    with pytest.raises(ModelUnavailable, match="SDXL-Lightning 4 steps can't be loaded"):
        SdxlLightning(base=str(base), unet=str(base / "nowhere.safetensors"), offline=True).draw("a")
    with pytest.raises(UsageError, match="not of 3"):
        SdxlLightning(steps=3)
