"""Analyses of real training, through the command line."""

import errno
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adaptive_moe.callbacks import RoutingAnalysis
from adaptive_moe.callbacks.analysis.counts import Counts
from adaptive_moe.callbacks.analysis.routed import Routed
from adaptive_moe.callbacks.analysis.vocabulary import Vocabulary
from adaptive_moe.data import Batch
from adaptive_moe.data.plan import Piece

from ...conftest import Run, called
from .made import markdown_to_safe_html

RUN = Path("runs/text_completion/version_0")
TWICE = ["--trainer.max_steps=4", "--trainer.val_check_interval=2"]
TRANSLATION = [f"--config={Path(__file__).parents[3]}/configs/tasks/translation.yaml", "--data.batch_size=4"]


class Oracle(Callback):
    """Tokens of the last validation, and their experts, one by one."""

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.tokens: dict[str, list[tuple[int, int]]] = {}

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *_: int
    ) -> None:
        for name, routing in outputs["routings"].items():
            assert not routing.logits.requires_grad
            source = batch.source is not None and name.startswith("encoder")
            ids, samples = (batch.source or batch)[:2] if source else (batch.ids, batch.samples)
            rows = zip(ids.flatten(), samples.flatten(), routing.selected, strict=True)
            self.tokens.setdefault(name, []).extend(
                (int(token), int(chosen.sum())) for token, sample, chosen in rows if sample >= 0
            )


ORACLE = f"--trainer.callbacks+={Oracle.__module__}.Oracle"


def text(tag: str, folder: Path = RUN) -> list[tuple[int, str]]:
    events = EventAccumulator(str(folder)).Reload().Tensors(f"{tag}/text_summary")
    return [(event.step, event.tensor_proto.string_val[0].decode()) for event in events]


def share(experts: list[int]) -> str:
    return f"{sum(number > 1 for number in experts) / len(experts):.1%}"


def test_each_validation_leaves_tables_texts_pictures_and_a_page(run: Run) -> None:
    cli = run("fit", *TWICE, ORACLE)
    (oracle,) = called(cli, "Oracle")
    events = EventAccumulator(str(RUN)).Reload()
    tags = events.Tags()
    assert {f"routing/layer_{layer}/margin" for layer in (0, 1)} <= set(tags["histograms"])
    assert {f"routing/layer_{layer}/margin_histogram" for layer in (0, 1)} <= set(tags["images"])
    (first, _), (second, tables) = text("routing/analysis")  # none of the sanity check
    assert (first, second) == (2, 4)
    layers = [[experts for _, experts in oracle.tokens[name]] for name in ("layer_0", "layer_1")]
    assert f"## {len(layers[0]):,} tokens" in tables
    for number, experts in enumerate(layers):
        expected = f"| layer {number} | {share(experts)} | {sum(experts) / len(experts):.2f} |"
        assert expected in tables
    assert {each for experts in layers for each in experts} == {1, 2}
    histogram = events.Histograms("routing/layer_0/margin")[-1].histogram_value
    assert histogram.num == len(layers[0])
    page = (RUN / "routing.html").read_text()
    assert "Routing after 4 steps" in page
    assert share(layers[1]) in page
    assert sorted(path.name for path in RUN.iterdir() if "routing" in path.name) == ["routing.html"]


def test_the_texts_are_those_of_the_split(run: Run) -> None:
    cli = run("fit", *TWICE, "--trainer.val_check_interval=4", "--data.packing=false")
    html = markdown_to_safe_html(text("routing/texts")[-1][1])
    rows = re.findall(r"<td[^>]*>(\d+)</td>\n<td>layer (\d)</td>\n<td>(.*?)</td>", html)
    assert [(sample, layer) for sample, layer, _ in rows] == [(n, i) for n in ("0", "4", "8") for i in ("0", "1")]
    samples = cli.datamodule.samples["validation"]
    for sample, _, row in rows:
        piece = Piece(int(sample), 0, int(samples.lengths[int(sample)]))
        (tokens,) = samples.numbered([piece], [0])
        expected = cli.datamodule.decode(tokens.ids.tolist())
        shown = unescape(re.sub("<[^>]*>", "", row))
        assert re.sub("[ ␣²]", "", shown) == re.sub("[ ]", "", expected.replace("\n", "⏎"))


def test_encoder_and_decoder_are_apart(run: Run, tmp_path: Path) -> None:
    for split in ("train", "validation", "test"):
        rows = [{"source": f"it is {number} * 7", "target": f"{number} times seven"} for number in range(40)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = ["--data.corpus=TextPairs", f"--data.corpus.path={tmp_path}", "--model.max_new_tokens=2"]
    cli = run("fit", *TRANSLATION, *corpus, *TWICE, ORACLE, "--trainer.limit_val_batches=2")
    (oracle,) = called(cli, "Oracle")
    folder = Path("runs/translation/version_0")
    _, tables = text("routing/analysis", folder)[-1]
    encoder, decoder = re.split("^## (?=Decoder)", tables, flags=re.MULTILINE)
    for stack, part in (("encoder", encoder), ("decoder", decoder)):
        tokens = oracle.tokens[f"{stack}_layer_1"]
        assert f"{stack.capitalize()}, {len(tokens):,} tokens" in part
        assert f"| layer 1 | {share([experts for _, experts in tokens])} |" in part
    page = (folder / "routing.html").read_text()
    assert page.index("<h2>Encoder</h2>") < page.index("<h2>Decoder</h2>")
    images = set(EventAccumulator(str(folder)).Reload().Tags()["images"])
    assert images >= {f"routing/{stack}_layer_{i}/margin_histogram" for stack in ("encoder", "decoder") for i in (0, 1)}


def test_a_dense_model_is_trained_without(run: Run) -> None:
    assert run("fit", *TWICE, "--model.moe.layers=[]").trainer.global_step == 4
    assert not (RUN / "routing.html").exists()


def test_without_a_logger_the_page_is_where_the_checkpoints_are(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "routing.html"
    run("fit", *TWICE, "--trainer.fast_dev_run=true")
    assert not page.exists()
    run("fit", *TWICE, "--trainer.logger=false")
    assert (tmp_path / "checkpoints/last.ckpt").exists()
    assert "Routing after 4 steps" in page.read_text()
    page.unlink()
    run("validate", "--ckpt_path=checkpoints/last.ckpt")
    assert not page.exists()  # only training writes


def test_a_full_disk_is_told_once_and_training_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name.startswith("routing"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.warns(UserWarning, match=r"takes no routing.html \(No space left on device\); training") as warned:
        assert run("fit", *TWICE).trainer.global_step == 4
    assert len(warned) == 1
    assert not [path for path in RUN.iterdir() if "routing" in path.name]


def test_it_looks_at_so_many_tokens_all_over_the_split_and_not_at_every_validation(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, turns = Counts.of, []

    def count(routed: Routed, vocabulary: Vocabulary) -> Counts:
        turns.append(routed.turns.bincount().tolist())
        return counted(routed, vocabulary)

    monkeypatch.setattr(Counts, "of", count)
    options = ["--trainer.callbacks+=RoutingAnalysis", "--trainer.callbacks.max_tokens=250"]
    options += ["--trainer.callbacks.every_n_validations=2", "--trainer.callbacks.texts=0"]
    options += ["--trainer.val_check_interval=1", "--trainer.limit_val_batches=10"]
    Path("few.yaml").write_text("trainer: {callbacks: []}")
    run("fit", "--config=few.yaml", *TWICE, *options)
    assert [event for event, _ in text("routing/analysis")] == [2, 4]
    assert "routing/texts/text_summary" not in EventAccumulator(str(RUN)).Reload().Tags()["tensors"]
    assert turns == [[128, 0, 0, 0, 0, 122]] * 2  # a batch has 4 rows of 32 tokens


def test_more_than_two_experts_are_marked_as_such(run: Run) -> None:
    run("fit", *TWICE, "--model.gating=TopP", "--model.gating.p=0.6", "--trainer.val_check_interval=4")
    page = (RUN / "routing.html").read_text()
    assert re.search(r'<b class="n0 ', page)
    assert "the line is the threshold, 0.6" in page
    run("fit", *TWICE, "--model.gating=RandomTopTwo", "--trainer.val_check_interval=4")
    assert "threshold" not in (RUN.with_name("version_1") / "routing.html").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_tokens": 0}, "max_tokens is 0; it must be at least 1"),
        ({"every_n_validations": 0}, "every_n_validations is 0; it must be at least 1"),
        ({"texts": -1}, "texts is -1; choose 0"),
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RoutingAnalysis(**options)
