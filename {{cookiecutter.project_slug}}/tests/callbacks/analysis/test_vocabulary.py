import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from adaptive_moe.callbacks.analysis.vocabulary import Vocabulary, visible

from .made import BPE, BYTES


@given(st.text())
def test_the_pieces_of_any_text_make_it_up_and_hold_each_token_once(text: str) -> None:
    ids = BYTES.encode(text).ids
    pieces = BPE.pieces(ids)
    assert "".join(piece.text for piece in pieces) == text
    assert [number for piece in pieces for number in range(piece.start, piece.stop)] == list(range(len(ids)))


def test_a_token_is_a_piece_but_where_several_make_a_character() -> None:
    ids = BYTES.encode("the é 日").ids
    assert [(piece.text, piece.stop - piece.start) for piece in BPE.pieces(ids)] == [
        *[(BYTES.decode([number]), 1) for number in ids[: -len("é".encode()) - 1 - len("日".encode())]],
        ("é", 2),
        (" ", 1),
        ("日", 3),
    ]


def test_a_text_cut_inside_a_character_is_read_all_the_same() -> None:
    ids = BYTES.encode("日the日").ids
    pieces = BPE.pieces(ids[1:-1])
    assert "the" in "".join(piece.text for piece in pieces)
    assert pieces[-1].stop == len(ids) - 2


def test_a_token_without_text_has_its_name() -> None:
    ids = [0, *BYTES.encode("they").ids, 0]
    assert [piece.text for piece in BPE.pieces(ids)][:: len(ids) - 1] == ["<|endoftext|>"] * 2
    assert BPE.word(0) == "<|endoftext|>"


def test_tokens_of_a_vocabulary_that_joins_them_read_as_in_their_text() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "play": 1, "##ing": 2, "on": 3}, unk_token="[UNK]"))
    tokenizer.decoder = decoders.WordPiece()
    pieces = Vocabulary(tokenizer.decode, str).pieces([1, 2, 3])
    assert [piece.text for piece in pieces] == ["play", "ing", " on"]


def test_words_are_read_without_spaces_and_told_apart_where_they_are_parts_of_a_character() -> None:
    ids = BYTES.encode("the the日").ids
    words, place = BPE.words(torch.tensor(ids))
    assert len(set(words)) == len(words)
    parts = [words[number] for number in place.tolist()[-3:]]
    assert len(set(parts)) == 3
    assert all(part.startswith("\ufffd") for part in parts)
    the = [BPE.word(number) for number in BYTES.encode(" the the").ids]
    assert the == ["the", "the"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        (" ", "␣"),
        ("\n  ", "⏎␣␣"),
        (".\n", ".⏎"),
        ("\t", "⇥"),
        ("\x00\x1b", "␀␛"),
        ("\xa0", "␣"),
        ("", ""),
    ],
)
def test_white_space_alone_and_control_characters_can_be_seen(text: str, shown: str) -> None:
    assert visible(text) == shown
