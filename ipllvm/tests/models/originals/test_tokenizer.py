"""Texts around a picture are tokenised apart, from a sentencepiece model that is read without its package."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from ipllvm.errors import ModelUnavailable
from ipllvm.models.originals import tokenizer
from ipllvm.models.originals.pieces import NORMAL, read_pieces
from ipllvm.models.originals.tokenizer import ChunkedTokenizer
from ipllvm.tests.models.originals.vectors import DATA, NAMES

MODEL = DATA / NAMES[0] / "tokenizer.model"


def test_pieces_are_those_of_the_model() -> None:
    pieces = read_pieces(MODEL).pieces
    assert [piece.text for piece in pieces[:4]] == ["<unk>", "<s>", "</s>", "<0x00>"]
    assert len(pieces) == 440
    assert {piece.kind for piece in pieces[3:259]} == {6}
    normal = [piece for piece in pieces if piece.kind == NORMAL]
    assert normal == sorted(normal, key=lambda piece: -piece.score)


@pytest.mark.parametrize("content", [b"", b"\x0a", b"\x0a\xff", b"\xff" * 12, b"\x0b", b"hello", bytes(40)])
def test_a_damaged_model_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.model: no sentencepiece model"):
        tokenizer.load(tmp_path, ())


def test_a_unigram_model_is_refused(tmp_path: Path) -> None:
    piece = b"\x0a\x01a\x15" + struct.pack("<f", -1.0)
    (tmp_path / "tokenizer.model").write_bytes(b"\x0a" + bytes([len(piece)]) + piece + b"\x12\x02\x18\x01")
    with pytest.raises(ModelUnavailable, match="no sentencepiece model of byte pairs"):
        tokenizer.load(tmp_path, ())


def test_text_behind_a_picture_begins_with_a_space_and_without_a_beginning() -> None:
    plain = tokenizer.load(MODEL.parent, ())
    chunked = ChunkedTokenizer(plain, 0)
    before, behind = plain("USER:")["input_ids"], plain("\nWhat?")["input_ids"]
    assert before[0] == behind[0] == plain.bos_token_id
    ids = chunked("USER:<image><image>\nWhat?")["input_ids"][0].tolist()
    assert ids == [*before, 0, 0, *behind[1:]]
    assert plain.convert_ids_to_tokens(behind[1]) == "▁"


def test_a_placeholder_is_no_word() -> None:
    plain = tokenizer.load(MODEL.parent, ())
    assert tokenizer.placeholder(MODEL.parent, plain, 440) == 0, "bytes stand for what it does not know"
    assert tokenizer.placeholder(MODEL.parent, plain, 448) == 440
    qwen = tokenizer.load(DATA / NAMES[3], ())
    assert tokenizer.placeholder(MODEL.parent, qwen, 416) == 403
    with pytest.raises(ModelUnavailable, match="all 403 rows of its embeddings are words"):
        tokenizer.placeholder(MODEL.parent, qwen, 403)
    qwen.add_tokens(["<|reserved_special_token_0|>"], special_tokens=True)
    assert tokenizer.placeholder(MODEL.parent, qwen, 404) == 403


def test_added_tokens_follow_the_pieces(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(MODEL.read_bytes())
    (tmp_path / "added_tokens.json").write_text('{"<im_end>": 441, "<im_start>": 440}')
    plain = tokenizer.load(tmp_path, ("<im_patch>", "<im_start>", "<im_end>"))
    assert plain.convert_tokens_to_ids(["<im_start>", "<im_end>", "<im_patch>"]) == [440, 441, 442]


SLOW = json.loads((DATA / "slow_tokenizer.json").read_text("utf-8"))
"""What Llama's slow tokenizer of transformers 4.37.2 made of texts, on the tiny model with bytes appended."""


@pytest.mark.parametrize(
    "case", SLOW["cases"], ids=lambda c: f"{c['model']}-{c['legacy']}-{len(c['added'])} added"
)
def test_a_text_is_tokenised_as_by_the_slow_tokenizer(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(MODEL.read_bytes() + bytes.fromhex(case["appended"]))
    config = json.loads((MODEL.parent / "tokenizer_config.json").read_text("utf-8"))
    legacy = {} if case["legacy"] is None else {"legacy": case["legacy"]}
    kept = {name: value for name, value in config.items() if name != "legacy"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(kept | legacy))
    plain = tokenizer.load(tmp_path, case["added"])
    found = {text: plain(text)["input_ids"] for text in SLOW["texts"]}
    bare = {text: [1, *plain.encode(text, add_special_tokens=False)] for text in SLOW["texts"]}
    assert found == bare, "a beginning is all that is added"
    assert found == dict(zip(SLOW["texts"], case["ids"], strict=True))


def test_a_token_without_a_text_is_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(MODEL.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"unk_token": "", "pad_token": ""}')
    plain = tokenizer.load(tmp_path, ())
    assert (plain.unk_token, plain.unk_token_id, plain.pad_token) == ("<unk>", 0, None)
