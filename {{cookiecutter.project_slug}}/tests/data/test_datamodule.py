import re
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer

from adaptive_moe.data import Complexity, PythonDocs, Random, TextDataModule, Texts
from adaptive_moe.data.unigram import unigram_perplexity
from adaptive_moe.errors import RunError

from ..conftest import TRAIN, Run, start
from .resume import traced
from .trace import read


def module(cache_dir: Path, **options: Any) -> TextDataModule:
    made = TextDataModule(
        **{"corpus": PythonDocs(), "order": Random(), "vocab_size": 300, "cache_dir": str(cache_dir), **options}
    )
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.mark.parametrize("options", [{}, {"packing": False, "batch_size": None, "token_budget": 1000}], ids=str)
def test_validation_tokens_are_the_text_of_the_validation_split(cache_dir: Path, options: dict[str, Any]) -> None:
    data = module(cache_dir, **options)
    ids = torch.cat([batch.ids[batch.mask] for batch in data.val_dataloader()])
    texts = PythonDocs().load(cache_dir)["validation"]["text"]
    assert data.decode(ids.tolist()) == "".join(texts)


def test_ranks_share_the_samples_in_one_order_that_the_seed_decides(cache_dir: Path, corpus: Path) -> None:
    def samples(rank: int, seed: int = 0) -> list[list[int]]:
        options = {"corpus": Texts(str(corpus)), "packing": False, "batch_size": 3}
        data = module(cache_dir, **options, seed=seed)
        data.place = lambda: (rank, 2)  # type: ignore[method-assign]
        return [batch.samples[:, 0].tolist() for batch in data.train_dataloader()]

    first, second = samples(0), samples(1)
    together = [row for pair in zip(first, second, strict=True) for batch in pair for row in batch]
    alone = [row for batch in module_alone(cache_dir, corpus) for row in batch]
    assert [row for row in together if row != -1] == alone
    assert sorted(alone) == list(range(len(alone)))
    assert samples(0, seed=1) != first


def module_alone(cache_dir: Path, corpus: Path) -> list[list[int]]:
    data = module(cache_dir, corpus=Texts(str(corpus)), packing=False, batch_size=3)
    return [batch.samples[:, 0].tolist() for batch in data.train_dataloader()]


def test_a_tokenizer_that_is_loaded_has_its_own_size(cache_dir: Path, tmp_path: Path) -> None:
    module(cache_dir, vocab_size=290).tokenizer.save(str(tmp_path / "mine.json"))
    assert module(cache_dir, tokenizer=str(tmp_path / "mine.json")).vocab_size == 290


def test_a_checkpoint_of_another_vocabulary_is_refused(cache_dir: Path) -> None:
    state = module(cache_dir, vocab_size=290).state_dict()
    with pytest.raises(RunError, match=r"another vocabulary; give its own: --data.tokenizer"):
        module(cache_dir).load_state_dict(state)


def test_long_and_empty_texts_are_counted(tmp_path: Path) -> None:
    texts = ["short", "", " ", None, *(f"a text of some length, the {i}th of {i + 1}" for i in range(90))]
    Dataset.from_dict({"text": texts}).to_json(tmp_path / "train.jsonl")
    for name in ("validation", "test"):
        Dataset.from_dict({"text": ["short"]}).to_json(tmp_path / f"{name}.jsonl")
    data = module(tmp_path / "cache", corpus=Texts(str(tmp_path)), context_length=8, long_texts="cut")
    assert data.facts()["texts"] == "94; 90 longer than 8 tokens, which were cut, 3 left out: empty"


def test_a_split_without_text_is_refused(tmp_path: Path) -> None:
    for name, text in (("train", "text"), ("validation", " "), ("test", "text")):
        Dataset.from_dict({"text": [text]}).to_json(tmp_path / f"{name}.jsonl")
    with pytest.raises(
        RunError, match="the validation split of the corpus has no text that can be used: 1 rows, each empty"
    ):
        module(tmp_path / "cache", corpus=Texts(str(tmp_path)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"context_length": 16}),
        ({"window": 9}, {"window": 9, "context_length": 64}),
        ({}, {"seed": 1}),
        ({}, {"packing": False}),
        ({}, {"order": Complexity()}),
    ],
)
def test_a_place_in_an_epoch_of_other_samples_is_refused(
    before: dict[str, Any], after: dict[str, Any], cache_dir: Path, corpus: Path
) -> None:
    first, second = (module(cache_dir, corpus=Texts(str(corpus)), **options) for options in (before, after))
    state = {**first.state_dict(), "world_size": 1, "epoch_of": first.epoch_of(), "curriculum": {}}
    with pytest.raises(RunError, match=r"the checkpoint lies in an epoch of .* and here it would be"):
        second.load_state_dict(state)


def test_a_split_without_a_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one text\nof two lines")
    with pytest.raises(RunError, match=r"split of the corpus has no row; give more, or files of their own"):
        module(tmp_path / "cache", corpus=Texts(str(tmp_path / "one.txt")))


def test_a_tokenizer_that_cuts_and_pads_does_neither_here(cache_dir: Path, tmp_path: Path, corpus: Path) -> None:
    plain = module(cache_dir, corpus=Texts(str(corpus)))
    cutting = Tokenizer.from_str(plain.tokenizer.to_str())
    cutting.enable_truncation(3)
    cutting.enable_padding(length=9)
    cutting.save(str(tmp_path / "cutting.json"))
    loaded = module(cache_dir, corpus=Texts(str(corpus)), tokenizer=str(tmp_path / "cutting.json"))
    assert torch.equal(loaded.samples["train"].lengths, plain.samples["train"].lengths)


def test_overfitting_takes_the_same_batches_every_time(run: Run, corpus: Path) -> None:
    options = ["--data.corpus=Texts", f"--data.corpus.path={corpus}", "--trainer.log_every_n_steps=1"]
    run("fit", *options, "--trainer.max_steps=4", "--trainer.overfit_batches=2", *traced("trace"))
    ids = [line["ids"] for line in read("trace") if "ids" in line]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


def test_unigram_perplexity_of_an_even_and_of_a_known_distribution() -> None:
    assert unigram_perplexity(torch.tensor([1] * 4), torch.tensor([1] * 4)) == pytest.approx(4)
    train, validation = torch.tensor([2, 1]), torch.tensor([1, 0])
    assert unigram_perplexity(train, validation) == pytest.approx(5 / 3)


FULL_DISK = """
import resource, sys, train
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # no file may be larger
train.main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_disk_that_is_full_is_told_and_no_half_written_cache_is_taken_for_whole(
    tiny: list[str], tmp_path: Path
) -> None:
    rows = [{"text": f"the {i}th line of many that are written down here"} for i in range(4000)]
    Dataset.from_list(rows).to_json(tmp_path / "texts.jsonl")
    options = [
        "--data.corpus=Texts",
        "--data.corpus.path=texts.jsonl",
        "--data.cache_dir=cache",
        "--trainer.max_steps=1",
    ]

    full = start(tmp_path, "-c", FULL_DISK, "fit", *tiny, *options)
    assert full.returncode == 2
    assert re.search(
        r"error: the corpus cannot be read, or cache_dir cache cannot be written: .*make room", full.stderr
    ), full.stderr
    assert "Traceback" not in full.stderr
    assert start(tmp_path, TRAIN, "fit", *tiny, *options).returncode == 0
