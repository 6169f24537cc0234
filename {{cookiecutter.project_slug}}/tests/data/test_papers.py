"""The paper's datasets, in small: the files, columns and types that they have on the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from datasets import ClassLabel, Dataset, Features, List, Translation, Value

from adaptive_moe.data import SODA, SST2, WMT19, CNNDailyMail, SQuAD, WikiText
from adaptive_moe.data.batch import Batch
from adaptive_moe.data.corpora.files import Files
from adaptive_moe.data.datamodule import TextDataModule
from adaptive_moe.data.orders import Random
from adaptive_moe.errors import RunError

from ..conftest import ROOT, Run

Row = dict[str, Any]
TEXT, NUMBER, SIZE = Value("string"), Value("int32"), 60
PART = "-00000-of-00001"
THREE = {"train": f"train{PART}", "validation": f"validation{PART}", "test": f"test{PART}"}
TWO = {"train": f"train{PART}", "validation": f"validation{PART}"}


class Paper(NamedTuple):
    """Where its files lie, what is in them, what a row is here, and which of its texts a model sees."""

    task: str
    folder: str
    files: dict[str, str]
    features: dict[str, Any]
    row: Callable[[str, int], Row]
    ours: Callable[[Row], Row]
    shown: Callable[[Row], list[str]]


def review(split: str, i: int) -> Row:
    return {"idx": i, "sentence": f"the {split} film {i} is long ", "label": -1 if split == "test" else i % 2}


def translation(split: str, i: int) -> Row:
    return {"translation": {"de": f"Größe {i}: {split} „so“", "en": f"size {i}: {split} “so”"}}


def question(split: str, i: int) -> Row:
    context = f"Of {split} {i} it is said: it has {i + 7} wings."
    answers = {"text": [f"{i + 7} wings", f"{i + 7}"], "answer_start": [context.index(f"{i + 7} w")] * 2}
    return {"id": f"{i:x}", "title": split, "context": context, "question": f"What has {i}?", "answers": answers}


def news(split: str, i: int) -> Row:
    return {"article": f"(CNN) -- {split} {i} was long. " * 3, "highlights": f"{split} {i} .\nIt was .", "id": f"{i:x}"}


def line(split: str, i: int) -> Row:
    return {"text": ["", f" = {split} {i} = \n", f" A line of {split} that is {i} @-@ fold . \n"][i % 3]}


def talk(split: str, i: int) -> Row:
    turns = [f"Hi, I am {split}.", f"I have {i}.", "Really?", f"Yes, {i}.", "Bye."][: 4 + i % 2]
    names: Row = {name: f"{name} {i}" for name in ("head", "relation", "tail", "literal", "narrative")}
    persons = {"speakers": ["Ann", "Bo"] * 2, "PersonX": "Ann", "PersonY": "Bo", "PersonZ": ""}
    numbers = {
        "head_answer": "yes",
        "pmi_head_answer": 0.5,
        "relation_tail_answer": "y",
        "pmi_relation_tail_answer": None,
    }
    return {**names, "dialogue": turns, **persons, "original_index": i, "split": split, **numbers}


SODA_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("head", "relation", "tail", "literal", "narrative"), TEXT),
    "dialogue": List(TEXT),
    "speakers": List(TEXT),
    **dict.fromkeys(("PersonX", "PersonY", "PersonZ"), TEXT),
    "original_index": Value("int64"),
    **dict.fromkeys(("split", "head_answer", "relation_tail_answer"), TEXT),
    **dict.fromkeys(("pmi_head_answer", "pmi_relation_tail_answer"), Value("float64")),
}
SST2_COLUMNS = {"idx": NUMBER, "sentence": TEXT, "label": ClassLabel(names=["negative", "positive"])}
SQUAD_COLUMNS = {**dict.fromkeys(("id", "title", "context", "question"), TEXT)}
SQUAD_COLUMNS |= {"answers": {"text": List(TEXT), "answer_start": List(NUMBER)}}
PAPERS: dict[type[Files], Paper] = {
    SST2: Paper(
        *("sentiment", "data", THREE, SST2_COLUMNS, review),
        lambda row: {"text": row["sentence"], "label": row["label"]},
        lambda row: [row["text"]],
    ),
    WMT19: Paper(
        *("translation", "de-en", TWO, {"translation": Translation(languages=["de", "en"])}, translation),
        lambda row: {"source": row["translation"]["de"], "target": row["translation"]["en"]},
        lambda row: [row["source"], row["target"]],
    ),
    SQuAD: Paper(
        *("question_answering", "plain_text", TWO, SQUAD_COLUMNS, question),
        lambda row: {
            "question": row["question"],
            "context": row["context"],
            "answers": row["answers"]["text"],
            "starts": row["answers"]["answer_start"],
        },
        lambda row: [row["question"] + row["context"]],
    ),
    CNNDailyMail: Paper(
        *("summarisation", "3.0.0", THREE, dict.fromkeys(("article", "highlights", "id"), TEXT), news),
        lambda row: {"source": row["article"], "target": row["highlights"]},
        lambda row: [row["source"], row["target"]],
    ),
    WikiText: Paper(
        *("text_completion", "wikitext-103-raw-v1", THREE, {"text": TEXT}, line),
        lambda row: row,
        lambda row: [row["text"]] if row["text"] else [],
    ),
    SODA: Paper(
        *("dialogue", ".", {"train": "train", "validation": "valid", "test": "test"}, SODA_COLUMNS, talk),
        lambda row: {"turns": row["dialogue"]},
        lambda row: ["".join(row["turns"])],
    ),
}


def rows(paper: Paper, split: str) -> list[Row]:
    return [paper.row(split, i) for i in range(SIZE)]


@pytest.fixture(params=PAPERS, ids=lambda corpus: corpus.__name__)
def kind(request: pytest.FixtureRequest) -> type[Files]:
    chosen: type[Files] = request.param
    return chosen


@pytest.fixture
def folder(kind: type[Files], tmp_path: Path) -> Path:
    paper = PAPERS[kind]
    for split, name in paper.files.items():
        path = tmp_path / "hub" / paper.folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        Dataset.from_list(rows(paper, split), features=Features(paper.features)).to_parquet(path)
    return tmp_path / "hub"


def loaded(corpus: Files, cache: Path) -> dict[str, list[Row]]:
    return {name: list(split) for name, split in corpus.load(cache).items()}


@pytest.mark.parametrize("streaming", [False, True])
def test_its_rows_are_read_and_what_it_lacks_is_taken_out_of_train(
    kind: type[Files], streaming: bool, folder: Path, tmp_path: Path
) -> None:
    corpus: Any = kind
    splits = loaded(corpus(path=str(folder), streaming=streaming), tmp_path / "cache")
    paper = PAPERS[kind]
    files = TWO if kind is SST2 else paper.files  # whose test split has no classes
    expected = {split: [paper.ours(row) for row in rows(paper, split)] for split in files}
    train = [row for name in splits if name == "train" or name not in files for row in splits[name]]
    assert sorted(train, key=str) == sorted(expected.pop("train"), key=str)
    assert {name: splits[name] for name in expected} == expected
    assert 0 < len(splits["test"]) <= SIZE


def test_the_classes_of_the_test_split_of_sst2_are_refused_where_it_is_asked_for(tmp_path: Path) -> None:
    for split in THREE:
        Dataset.from_list(rows(PAPERS[SST2], split)).to_parquet(tmp_path / f"{split}.parquet")
    with pytest.raises(RunError, match="label is -1 at 'the test film 0 is long ', and the classes are 0 to 1, or neg"):
        SST2(str(tmp_path), splits=None).load(tmp_path / "cache")


def texts(data: TextDataModule, batch: Batch) -> list[list[str]]:
    """What each row of a batch reads, and then what it writes."""
    sides = [batch.source.ids] if batch.source else []
    return [[data.decode(ids.tolist()) for ids in row] for row in zip(*sides, batch.ids, strict=True)]


def test_batches_hold_its_texts_whole(kind: type[Files], folder: Path, tmp_path: Path) -> None:
    corpus: Any = kind
    options: Any = {"packing": False, "long_texts": "cut", "vocab_size": 300, "cache_dir": str(tmp_path / "cache")}
    data = TextDataModule(corpus(path=str(folder)), Random(), **options)
    data.setup("fit")
    paper = PAPERS[kind]
    given = [paper.shown(paper.ours(row)) for row in rows(paper, "validation")]
    found = [row for batch in data.val_dataloader() for row in texts(data, batch)]
    assert found == [row for row in given if row]
    batch = next(iter(data.train_dataloader()))
    read = [paper.shown(data.row("train", int(sample))) for sample in batch.samples[:, 0]]
    assert texts(data, batch) == read
    assert ("left out" in data.facts().get("texts", "")) == (kind is WikiText)  # its empty lines


def test_its_task_trains_on_it(kind: type[Files], folder: Path, run: Run) -> None:
    options = [f"--config={ROOT}/configs/tasks/{PAPERS[kind].task}.yaml", f"--data.corpus={kind.__name__}"]
    options += [f"--data.corpus.path={folder}", "--data.corpus.max_samples=59", "--data.cache_dir=cache"]
    options += ["--data.batch_size=4", "--data.token_budget=null", "--trainer.max_steps=1"]
    options += ["--trainer.limit_val_batches=0", "--trainer.log_every_n_steps=1"]
    made = run("fit", *options)
    assert made.trainer.global_step == 1
    assert type(made.datamodule.corpus) is kind
    assert len(made.datamodule.rows["validation"]) == 59
