from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from adaptive_moe.data import PythonDocs, TextDataModule
from adaptive_moe.data.unigram import unigram_perplexity


@pytest.fixture
def data(cache_dir: Path) -> TextDataModule:
    module = TextDataModule(PythonDocs(), vocab_size=300, cache_dir=str(cache_dir), prompt="Return the")
    module.prepare_data()
    module.setup("fit")
    return module


def test_validation_tokens_are_the_text_of_the_validation_split(data: TextDataModule, cache_dir: Path) -> None:
    ids = torch.cat([batch.ids[batch.mask] for batch in data.val_dataloader()])
    texts = PythonDocs().load(cache_dir)["validation"]["text"]
    assert data.decode(ids.tolist()) == "".join(texts)


def test_ranks_share_the_rows_and_the_seed_orders_them(data: TextDataModule) -> None:
    ranks = []
    for rank in range(2):
        data.trainer = SimpleNamespace(global_rank=rank, world_size=2)  # type: ignore[assignment]
        ranks.append({row for batch in data.order("train", shuffle=True) for row in batch} - {-1})
    assert ranks[0].isdisjoint(ranks[1])
    assert ranks[0] | ranks[1] == set(range(len(data.rows["train"])))
    before = list(data.order("train", shuffle=True))
    data.seed += 1
    assert before != list(data.order("train", shuffle=True))


def test_the_prompt_is_one_row(data: TextDataModule) -> None:
    data.setup("predict")
    (batch,) = data.predict_dataloader()
    assert data.decode(batch.ids[0].tolist()) == "Return the"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": " "}, "prompt is empty"),
        ({"vocab_size": 256}, "vocab_size is 256"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"context_length": -1}, "context_length is -1"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_read(arguments: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TextDataModule(PythonDocs(), **arguments)  # type: ignore[arg-type]


def test_unigram_perplexity_of_an_even_and_of_a_known_distribution() -> None:
    assert unigram_perplexity(torch.arange(4), torch.arange(4), 4) == pytest.approx(4)
    train, validation = torch.tensor([0, 0, 1, -100]), torch.tensor([0, -100])
    assert unigram_perplexity(train, validation, 2) == pytest.approx(5 / 3)
