from pathlib import Path

import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from adaptive_moe.data import RunningText
from adaptive_moe.data.tokenizer import (
    SMALLEST_VOCABULARY,
    bytes_of_tokens,
    end_of_text,
    learned_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

TOKENIZER = train_tokenizer(["the theory of the thing", "there they are"], 270)


@given(st.text())
def test_any_text_comes_back_exactly(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text).ids) == text


def test_the_vocabulary_is_as_asked_and_has_an_end_of_text() -> None:
    assert TOKENIZER.get_vocab_size() == 270
    assert TOKENIZER.token_to_id("<|endoftext|>") == end_of_text(TOKENIZER) == 0
    assert train_tokenizer([""], SMALLEST_VOCABULARY).get_vocab_size() == SMALLEST_VOCABULARY


def test_a_text_that_names_the_end_of_text_is_text_all_the_same(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": ["the theory"]})
    learned = learned_tokenizer(rows, RunningText.texts, 270, tmp_path)
    learned.save(str(tmp_path / "tokenizer.json"))
    for tokenizer in (learned, load_tokenizer(str(tmp_path / "tokenizer.json"))):
        ids = tokenizer.encode("the <|endoftext|>").ids
        assert end_of_text(tokenizer) not in ids
        assert tokenizer.decode(ids) == "the <|endoftext|>"


@given(st.text().filter(lambda text: "<|endoftext|>" not in text))
def test_the_bytes_of_its_tokens_are_those_of_the_text(text: str) -> None:
    ids = TOKENIZER.encode(text).ids
    assert int(bytes_of_tokens(TOKENIZER)[[*ids, end_of_text(TOKENIZER)]].sum()) == len(text.encode())


def test_bytes_of_tokens_of_another_kind_of_vocabulary() -> None:
    words = Tokenizer(models.WordLevel({"line": 0, "é": 1, "[SEP]": 2}, unk_token="line"))
    words.add_special_tokens(["[SEP]"])
    assert bytes_of_tokens(words).tolist() == [4, 2, 0]


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
    assert load_tokenizer(str(target)).to_str() == TOKENIZER.to_str()


def test_it_is_learned_once_of_texts_and_of_a_stream_which_stays_where_it_is(tmp_path: Path) -> None:
    texts = Dataset.from_dict({"text": ["the theory", "of the thing", None]})
    stream = texts.to_iterable_dataset()
    first = learned_tokenizer(texts, RunningText.texts, 260, tmp_path)
    assert learned_tokenizer(stream, RunningText.texts, 260, tmp_path).to_str() == first.to_str()
    assert len(list(stream)) == 3
    assert len(list(tmp_path.glob("tokenizer-*.json"))) == 1  # the same rows
    for path in tmp_path.glob("tokenizer-*.json"):
        TOKENIZER.save(str(path))
    assert learned_tokenizer(texts, RunningText.texts, 260, tmp_path).to_str() == TOKENIZER.to_str()


def test_what_is_no_tokenizer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for name in (str(broken), "nobody/nothing"):
        with pytest.raises(ValueError, match=f"tokenizer is {name}; it is neither a file"):
            load_tokenizer(name)
    endless = Tokenizer.from_str(TOKENIZER.to_str().replace("<|endoftext|>", "<stop>"))
    with pytest.raises(ValueError, match="no token that closes a text"):
        end_of_text(endless)
