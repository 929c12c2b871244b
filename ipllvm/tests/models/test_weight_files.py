"""The files that are taken for the weights are those that transformers reads; doubt is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from ipllvm.errors import ModelUnavailable
from ipllvm.models import checkpoint
from ipllvm.models.weight_files import INDEX, WHOLE, header, weight_files
from ipllvm.tests.checkpoints import make

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava", tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copy")


def sharded(folder: Path, *, keep: bool = False, names: tuple[str, str] = (ONE, TWO)) -> None:
    """The weights in two shards with an index, the whole file kept beside them or not."""
    weights = load_file(folder / WHOLE)
    listed = {key: names[i % 2] for i, key in enumerate(sorted(weights))}
    for name in names:
        save_file({k: weights[k] for k in weights if listed[k] == name}, folder / name, {"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": listed}))
    if not keep:
        (folder / WHOLE).unlink()


def stale_index(folder: Path) -> None:
    sharded(folder, keep=True)
    (folder / ONE).unlink()
    (folder / TWO).unlink()


def damaged_index(folder: Path) -> None:
    (folder / INDEX).write_text("{" * 3)


def index_of_the_whole_file(folder: Path) -> None:
    names = dict.fromkeys(load_file(folder / WHOLE), WHOLE)
    (folder / INDEX).write_text(json.dumps({"weight_map": names}))


def pickle_beside(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"PK")


def other_names(folder: Path) -> None:
    sharded(folder, names=("part-a.safetensors", "part-b.safetensors"))


READABLE: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "one file": (lambda folder: None, (WHOLE,)),
    "shards": (sharded, (ONE, TWO)),
    "shards of other names": (other_names, ("part-a.safetensors", "part-b.safetensors")),
    "stale index": (stale_index, (WHOLE,)),
    "damaged index": (damaged_index, (WHOLE,)),
    "index of the whole file": (index_of_the_whole_file, (WHOLE,)),
    "pickle beside": (pickle_beside, (WHOLE,)),
}


@pytest.mark.parametrize("what", READABLE)
def test_what_is_read_is_what_transformers_reads(what: str, folder: Path) -> None:
    from transformers import modeling_utils

    prepare, expected = READABLE[what]
    prepare(folder)
    found = checkpoint.inspect(folder)
    resolve = vars(modeling_utils)["_get_resolved_checkpoint_files"]
    theirs, _ = resolve(str(folder), None, None, True, None, False)
    assert tuple(path.name for path in found.weights.read) == expected
    assert sorted(map(Path, theirs)) == sorted(found.weights.read)
    assert set(found.weights.read) < set(found.files)


def test_weights_that_are_not_read_are_named(folder: Path) -> None:
    pickle_beside(folder)
    (folder / "consolidated.safetensors").write_bytes(b"")
    assert weight_files(folder).unread == ("consolidated.safetensors", "pytorch_model.bin")


def left_over(folder: Path) -> None:
    sharded(folder, keep=True)


def left_over_without_index(folder: Path) -> None:
    sharded(folder, keep=True)
    (folder / INDEX).unlink()


def left_over_of_other_names(folder: Path) -> None:
    sharded(folder, keep=True, names=("part-a.safetensors", "part-b.safetensors"))


def unlisted_shard(folder: Path) -> None:
    sharded(folder)
    shutil.copy(folder / ONE, folder / "model-00001-of-00003.safetensors")


def twice(folder: Path) -> None:
    sharded(folder)
    save_file(load_file(folder / ONE) | load_file(folder / TWO), folder / TWO, {"format": "pt"})


def climbing(folder: Path) -> None:
    (folder / WHOLE).rename(folder.parent / WHOLE)
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": f"../{WHOLE}"}}))


def without_index(folder: Path) -> None:
    sharded(folder)
    (folder / INDEX).unlink()


def adapter(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")


def adapter_alone(folder: Path) -> None:
    (folder / WHOLE).rename(folder / "adapter_model.safetensors")


def adapter_without_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))


def distributed(folder: Path) -> None:
    shutil.copy(folder / WHOLE, folder / "shard-00001-model-00001-of-00001.safetensors")


def renamed(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "ema.safetensors"}))


def pickle_alone(folder: Path) -> None:
    (folder / WHOLE).rename(folder / "pytorch_model.bin")


DOUBTFUL: dict[str, tuple[Callable[[Path], None], str]] = {
    "two saves": (left_over, f"two sets of weights, {WHOLE} .* and 2 shards"),
    "two saves, no index": (left_over_without_index, "two sets of weights"),
    "two saves, other names": (left_over_of_other_names, "two sets of weights.*part-a"),
    "a shard of another save": (unlisted_shard, "00001-of-00003.safetensors is not listed"),
    "a weight twice": (twice, "is in another shard too"),
    "an index that climbs": (climbing, "no safetensors file of this folder"),
    "shards without an index": (without_index, f"without {INDEX}"),
    "an adapter beside": (adapter, "an adapter .* lies beside the weights.*merge_and_unload"),
    "an adapter alone": (adapter_alone, "an adapter alone .*: measure its base model with --adapter"),
    "an adapter without config": (adapter_without_config, "an adapter alone, of org/base: .* --adapter"),
    "a distributed checkpoint": (distributed, "a distributed checkpoint"),
    "other weights in the config": (renamed, "names 'ema.safetensors' as its weights"),
    "a pickle": (pickle_alone, "only pickle weights"),
}


@pytest.mark.parametrize("what", DOUBTFUL)
def test_doubt_gets_one_line(what: str, folder: Path) -> None:
    spoil, expected = DOUBTFUL[what]
    spoil(folder)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        checkpoint.inspect(folder)
    assert "\n" not in str(caught.value)


def test_size_and_content_are_of_the_files_that_are_read(folder: Path) -> None:
    before = checkpoint.inspect(folder)
    sharded(folder)
    after = checkpoint.inspect(folder)
    assert after.parameters == before.parameters
    assert after.weights.tensors == before.weights.tensors


def test_a_file_that_changes_while_it_is_read_is_refused(folder: Path) -> None:
    found = checkpoint.inspect(folder)
    found.require_unchanged()
    save_file(load_file(folder / WHOLE), folder / WHOLE, {"format": "pt"})
    with pytest.raises(ModelUnavailable, match="changed while it was read"):
        found.fingerprint()


def test_header_tells_dtype_and_shape(folder: Path) -> None:
    weights = load_file(folder / WHOLE)
    found = header(folder / WHOLE)
    assert {name: tensor.shape for name, tensor in found.items()} == {
        n: tuple(w.shape) for n, w in weights.items()
    }
    assert {tensor.dtype for tensor in found.values()} == {"F32"}
