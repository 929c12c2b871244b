"""Which files of an original checkpoint are read, and how an adapter is put into what it stands on."""

import errno
import json
import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from ipllvm.errors import ModelUnavailable
from ipllvm.models.originals.files import OriginalFiles, allowed, kind_of, read_file

LORA: dict[str, Any] = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
NAME = "model.layers.0.mlp.up_proj"


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def base(folder: Path, **more: Tensor) -> Path:
    """A language model of one linear layer."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    save_file({f"{NAME}.weight": random(3, 5), **more}, folder / "model.safetensors")
    return folder


def product(low: Tensor, high: Tensor) -> dict[str, Tensor]:
    stem = f"base_model.model.{NAME}"
    return {f"{stem}.lora_A.weight": low, f"{stem}.lora_B.weight": high}


def adapter(folder: Path, tensors: Mapping[str, Tensor], beside: Mapping[str, Any], **stated: Any) -> Path:
    """A LoRA adapter with what was trained beside it."""
    folder.mkdir(exist_ok=True)
    save_file(dict(tensors), folder / "adapter_model.safetensors")
    torch.save(dict(beside), folder / "non_lora_trainables.bin")
    (folder / "adapter_config.json").write_text(json.dumps(LORA | stated), encoding="utf-8")
    return folder


def merged(folder: Path, tensors: Mapping[str, Tensor], **stated: Any) -> dict[str, Tensor]:
    place = adapter(folder / "lora", tensors, {}, **stated)
    return OriginalFiles.of(place, base(folder / "base"), True).tensors()


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ((), "full"),
        (("model.safetensors",), "full"),
        (("mm_projector.bin",), "projector"),
        (("mm_projector.bin", "model.safetensors"), "full"),
        (("mm_projector.bin", "pytorch_model-00001-of-00002.bin"), "full"),
        (("adapter_config.json", "model.safetensors"), "lora"),
        (("adapter_config.json", "mm_projector.bin"), "lora"),
    ],
)
def test_a_folder_is_of_the_kind_that_its_files_tell(
    files: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert kind_of(tmp_path) == kind


def test_a_full_checkpoint_stands_alone(tmp_path: Path) -> None:
    folder = base(tmp_path / "full")
    found = OriginalFiles.of(folder, base(tmp_path / "other"), False)
    assert (found.kind, found.base, found.read) == ("full", folder, (folder / "model.safetensors",))
    assert torch.equal(found.tensors()[f"{NAME}.weight"], random(3, 5))


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ({"base_model_name_or_path": "lmsys/vicuna-7b-v1.5"}, "lmsys/vicuna-7b-v1.5"),
        ({"base_model_name_or_path": ""}, "the language model that it was trained on"),
        ({}, "the language model that it was trained on"),
    ],
)
def test_an_adapter_alone_asks_for_what_it_stands_on(
    named: dict[str, str], asked: str, tmp_path: Path
) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(named), encoding="utf-8")
    line = refusal(lambda: OriginalFiles.of(tmp_path, None, True))
    assert line == f"{tmp_path}: a LoRA adapter: give {asked} as --base-model=FOLDER"


def test_a_projector_alone_asks_too(tmp_path: Path) -> None:
    (tmp_path / "mm_projector.bin").touch()
    line = refusal(lambda: OriginalFiles.of(tmp_path, None, True))
    asked = "give the language model that it was trained on as --base-model=FOLDER"
    assert line == f"{tmp_path}: a projector alone: {asked}"


@pytest.mark.parametrize("missing", ["adapter_model.safetensors", "non_lora_trainables.bin"])
def test_a_part_of_an_adapter_that_is_missing_is_named(missing: str, tmp_path: Path) -> None:
    place = adapter(tmp_path / "lora", {}, {})
    (place / missing).unlink()
    line = refusal(lambda: OriginalFiles.of(place, base(tmp_path / "base"), True))
    assert line.startswith(f"{place}: no ") and missing in line


@pytest.mark.parametrize("name", ["a.bin", "a.pt"])
def test_a_pickle_is_read_where_that_is_allowed(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert refusal(lambda: allowed(path, True)).startswith(f"{tmp_path}: no {name}, which holds")
    path.touch()
    assert allowed(path, True) == path
    assert refusal(lambda: allowed(path, False)) == (
        f"{path}: a pickle, a format that can run code when loaded; --allow-pickle reads it as weights alone"
    )


def test_only_pickles_name_the_option(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    assert "--allow-pickle" in refusal(lambda: OriginalFiles.of(tmp_path, None, False))
    assert set(OriginalFiles.of(tmp_path, None, True).tensors()) == {"a"}
    (tmp_path / "pytorch_model.bin").unlink()
    assert refusal(lambda: OriginalFiles.of(tmp_path, None, False)) == f"{tmp_path}: no model.safetensors"


@settings(max_examples=12)
@given(
    st.integers(1, 4), st.sampled_from([0.5, 1, 16, -3]), st.booleans(), st.integers(0, 9)
)  # fmt: skip
def test_a_merged_layer_answers_as_the_layer_and_its_product_do(
    rank: int, alpha: float, stabilised: bool, seed: int
) -> None:
    from tempfile import TemporaryDirectory

    low, high, inputs = random(rank, 5, seed=seed), random(3, rank, seed=seed + 10), random(4, 5)
    scale = alpha / (math.sqrt(rank) if stabilised else rank)
    with TemporaryDirectory() as place:
        found = merged(Path(place), product(low, high), r=rank, lora_alpha=alpha, use_rslora=stabilised)
    apart = inputs @ random(3, 5).T + scale * (inputs @ low.T @ high.T)
    assert torch.allclose(inputs @ found[f"{NAME}.weight"].T, apart, atol=1e-4)


@pytest.mark.parametrize("broken", ["adapter_model.safetensors", "non_lora_trainables.bin"])
def test_what_is_put_on_a_base_is_finite(broken: str, tmp_path: Path) -> None:
    tensors, beside = product(random(2, 5), random(3, 2)), {"model.mm_projector.weight": random(4, 4)}
    held = tensors if broken.startswith("adapter") else beside
    name = [*held][-1]
    held[name][0, 0] = torch.inf
    files = OriginalFiles.of(adapter(tmp_path / "lora", tensors, beside), base(tmp_path / "base"), True)
    assert refusal(files.tensors).startswith(
        f"{tmp_path / 'lora' / broken}: the weight {name} is not finite: it holds infinity as float32"
    )


def test_an_adapter_of_zeros_changes_nothing(tmp_path: Path) -> None:
    found = merged(tmp_path, product(random(2, 5), torch.zeros(3, 2)))
    assert torch.equal(found[f"{NAME}.weight"], random(3, 5))


def test_a_half_of_numbers_is_merged_in_whole_ones(tmp_path: Path) -> None:
    low, high = random(2, 5).half(), random(3, 2, seed=1).half()
    found = merged(tmp_path, product(low, high))[f"{NAME}.weight"]
    assert found.dtype == torch.float32
    assert torch.equal(found, random(3, 5) + 2.0 * (high.float() @ low.float()))


ODD: list[tuple[dict[str, Any], str]] = [
    ({"r": 0}, "r '0'"),
    ({"r": -1}, "r '-1'"),
    ({"r": True}, "r 'True'"),
    ({"r": 2.0}, "r '2.0'"),
    ({"r": None}, "r 'None'"),
    ({"lora_alpha": 0}, "lora_alpha '0'"),
    ({"lora_alpha": None}, "lora_alpha 'None'"),
    ({"peft_type": "lora"}, "peft_type 'lora'"),
    ({"peft_type": None}, "peft_type 'None'"),
    ({"init_lora_weights": "olora"}, "init_lora_weights 'olora'"),
    ({"layer_replication": [[0, 4]]}, "layer_replication '[[0, 4]]'"),
    ({"use_dora": True, "r": 0}, "use_dora 'True', r '0'"),
    ({"rank_pattern": {"x" * 90: 1}}, f"rank_pattern {str({'x' * 90: 1})[:40]!r}"),
]


@pytest.mark.parametrize(("stated", "named"), ODD, ids=[named[:24] for _, named in ODD])
def test_an_adapter_that_merges_otherwise_is_refused_by_its_settings(
    stated: dict[str, Any], named: str, tmp_path: Path
) -> None:
    line = refusal(lambda: merged(tmp_path, product(random(2, 5), random(3, 2)), **stated))
    assert line == f"{tmp_path / 'lora'}: an adapter of another kind than LoRA of one rank: {named}"


@pytest.mark.parametrize("begins", [True, False, None, "gaussian", "orthogonal", "eva"])
def test_beginnings_that_leave_the_base_as_it_is(begins: Any, tmp_path: Path) -> None:
    assert merged(tmp_path, product(random(2, 5), random(3, 2)), init_lora_weights=begins)


@pytest.mark.parametrize(
    ("tensors", "number", "first"),
    [
        ({f"base_model.model.{NAME}.lora_A.weight": random(2, 5)}, 1, f"{NAME}.weight"),
        ({f"base_model.model.{NAME}.lora_B.weight": random(3, 2)}, 1, f"{NAME}.weight"),
        ({"base_model.model.lm_head.weight": random(2, 5)}, 1, "base_model.model.lm_head.weight"),
        ({**product(random(2, 5), random(3, 2)), "x.lora_magnitude_vector": random(3)}, 1, "x.lora_magn"),
        ({"q.lora_A.weight": random(2, 5), "q.lora_B.weight": random(3, 2)}, 1, "q.weight"),
        ({}, 0, ""),
    ],
)  # fmt: skip
def test_every_tensor_of_an_adapter_has_its_place_and_its_other_half(
    tensors: dict[str, Tensor], number: int, first: str, tmp_path: Path
) -> None:
    if not number:
        assert torch.equal(merged(tmp_path, tensors)[f"{NAME}.weight"], random(3, 5))
        return
    line = refusal(lambda: merged(tmp_path, tensors))
    assert f"{number} of its tensors have no place in the base model, the first is {first}" in line
    assert line.endswith(": it was trained on another")


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ((2, 5), (4, 2)),
        ((2, 4), (3, 2)),
        ((1, 5), (3, 1)),
        ((2, 5), (3, 2, 1)),
        ((5,), (3,)),
        ((2, 5, 1), (3, 2)),
    ],
)
def test_a_product_of_another_shape_is_told_with_both(
    low: tuple[int, ...], high: tuple[int, ...], tmp_path: Path
) -> None:
    line = refusal(lambda: merged(tmp_path, product(random(*low), random(*high))))
    shapes = f"{list(high)} x {list(low)} of rank 2"
    assert line.endswith(f"adapter_model.safetensors: adds {shapes} to {NAME}.weight of [3, 5]")


@pytest.mark.parametrize("shape", [(), (3,), (3, 3, 1)])
def test_what_is_no_matrix_takes_no_product(shape: tuple[int, ...], tmp_path: Path) -> None:
    place = adapter(tmp_path / "lora", product(random(2, 3), random(3, 2)), {})
    stands = base(tmp_path / "base", **{f"{NAME}.weight": random(*shape)})
    line = refusal(lambda: OriginalFiles.of(place, stands, True).tensors())
    assert line.endswith(f"to {NAME}.weight of {list(shape)}")


@pytest.mark.parametrize("prefix", ["", "base_model.", "base_model.model."])
def test_what_was_trained_beside_takes_the_place_of_the_bases_whole_part(prefix: str, tmp_path: Path) -> None:
    brought = {f"{prefix}model.mm_projector.weight": torch.ones(2, 2)}
    place = adapter(tmp_path / "lora", product(random(2, 5), random(3, 2)), brought)
    more = {f"model.mm_projector.{n}.weight": torch.zeros(2, 2) for n in (0, 2)}
    more["model.vision_tower.x"] = torch.zeros(1)
    found = OriginalFiles.of(place, base(tmp_path / "base", **more), True).tensors()
    assert sorted(found) == [f"{NAME}.weight", "model.mm_projector.weight", "model.vision_tower.x"]


@pytest.mark.parametrize(
    "held", [[torch.ones(1)], {"a": 1}, {"a": {"b": torch.ones(1)}}, torch.ones(1), None, {"a": None}]
)
def test_a_pickle_of_other_things_is_refused(held: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    torch.save(held, path)
    line = refusal(lambda: dict(read_file(path)))
    assert line == f"{path}: holds other things than tensors by name"


def test_an_older_format_of_pickles_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    torch.save({"a": torch.arange(3)}, path, _use_new_zipfile_serialization=False)
    assert dict(read_file(path))["a"].tolist() == [0, 1, 2]


DAMAGED = {
    "empty": b"",
    "text": b"weights",
    "zip": b"PK\x03\x04",
    "zeros": bytes(64),
    "pickle": pickle.dumps({"a": [1]}),
    "truncated": pickle.dumps(list(range(50)))[:40],
    "proto": b"\x80\x05",
    "stack": b"\x80\x02.",
    "get": b"\x80\x02h\x07.",
}


NO_ROOM = "DefaultCPUAllocator: can't allocate memory: you tried to allocate {} bytes. Error code 12"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory ran out while it was read"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory ran out while it was read"),
        (RuntimeError("unable to mmap 9 bytes: Cannot allocate memory (12)"), "memory ran out"),
        (RuntimeError(f"[enforce fail at alloc_cpu.cpp:121] {NO_ROOM.format(400)}"), "memory ran out"),
        (RuntimeError(NO_ROOM.format(2**50)), "can't be read as weights: DefaultCPUAllocator"),
        (RuntimeError("Invalid magic number"), "can't be read as weights: Invalid magic number"),
        (OSError(errno.EIO, "Input/output error"), "can't be read as weights"),
    ],
)
def test_memory_that_runs_out_is_no_damage(
    error: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But where more is asked for than the file holds it is damaged."""
    path = tmp_path / "a.bin"
    torch.save({"a": torch.ones(100)}, path)

    def load(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(torch, "load", load)
    assert refusal(lambda: dict(read_file(path))).startswith(f"{path}: {said}")


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("ending", [".bin", ".pt", ".safetensors"])
def test_a_damaged_file_is_one_line(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(DAMAGED[name])
    assert refusal(lambda: dict(read_file(path))).startswith(f"{path}: ")


@settings(max_examples=100)
@given(st.binary(max_size=60), st.booleans())
def test_no_bytes_at_all_are_more_than_one_line(content: bytes, framed: bool) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        path = Path(place) / "a.bin"
        path.write_bytes(b"\x80\x02" * framed + content)
        try:
            dict(read_file(path))
        except ModelUnavailable as error:
            assert "\n" not in str(error)


def test_a_fingerprint_hangs_on_each_file_and_on_what_is_given(tmp_path: Path) -> None:
    place = adapter(tmp_path / "lora", product(random(2, 5), random(3, 2)), {})
    found = OriginalFiles.of(place, base(tmp_path / "base"), True)
    seen = {found.fingerprint([], ""), found.fingerprint([], "template")}
    for path in [*found.read, place / "adapter_config.json"]:
        path.write_bytes(path.read_bytes() + b" ")
        seen.add(found.fingerprint([], "", rehash=True))
    (tmp_path / "tower").write_bytes(b"x")
    seen.add(found.fingerprint([tmp_path / "tower"], "", rehash=True))
    assert len(seen) == 2 + len(found.read) + 1 + 1


def test_a_fingerprint_does_not_hang_on_the_order_or_on_the_place(tmp_path: Path) -> None:
    def made(folder: Path) -> str:
        folder.mkdir()
        others = [folder / name for name in ("b", "a")]
        for path in others:
            path.write_text(path.name, encoding="utf-8")
        found = OriginalFiles.of(base(folder / "base"), None, False)
        assert found.fingerprint(others, "") == found.fingerprint(others[::-1], "")
        return found.fingerprint(others, "")

    assert made(tmp_path / "here") == made(tmp_path / "there")
