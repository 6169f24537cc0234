from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from adaptive_moe.data import END_OF_TEXT
from adaptive_moe.data.tokenizer import SMALLEST_VOCABULARY, save_tokenizer, train_tokenizer

TOKENIZER = train_tokenizer(["the theory of the thing", "there they are"], 270)


@given(st.text())
def test_any_text_comes_back_exactly(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids) == text


def test_the_vocabulary_is_as_asked_and_end_of_text_is_where_it_is_expected() -> None:
    assert TOKENIZER.get_vocab_size() == 270
    assert TOKENIZER.token_to_id("<|endoftext|>") == END_OF_TEXT
    assert train_tokenizer([""], SMALLEST_VOCABULARY).get_vocab_size() == SMALLEST_VOCABULARY


def test_an_interrupted_write_leaves_no_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Path) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "tokenizer.json"
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_tokenizer(TOKENIZER, target)
    assert not target.exists()
    monkeypatch.undo()
    save_tokenizer(TOKENIZER, target)
    assert Tokenizer.from_file(str(target)).to_str() == TOKENIZER.to_str()
