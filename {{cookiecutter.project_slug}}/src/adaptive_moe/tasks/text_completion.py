"""Text completion: predict the next token of running text."""

from jaxtyping import Float, Int
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.nn import functional as F

from ..data import IGNORE, Batch, end_of_text
from ..model import Decoder, generate
from ..moe import AuxLoss, Gating, MoEConfig, Routing
from ..ranks import mean_over_ranks
from .perplexity import language_metrics
from .task import Task


class TextCompletion(Task):
    """A decoder-only language model, judged by perplexity.

    Args:
        gating: Decides which tokens get a second expert.
        optimizer: Called with the parameters.
        moe: What the layers are made of.
        aux_loss: What is added to the loss to steer the routers.
        vocab_size: Number of token ids; the data module's.
        dim: Width of the hidden states.
        num_layers: Blocks.
        num_heads: Attention heads; twice their number divides `dim`.
        warmup_steps: Steps over which the learning rate rises.
        compile: Train the model with torch.compile.
        max_new_tokens: How much `predict` adds to its prompt.
        temperature: Of `predict`'s choice; 0 takes the likeliest token.
    """

    def __init__(
        self,
        gating: Gating,
        optimizer: OptimizerCallable,
        moe: MoEConfig = MoEConfig(),  # noqa: B008 - frozen
        aux_loss: AuxLoss = AuxLoss(),  # noqa: B008 - frozen
        vocab_size: int = 2048,
        dim: int = 192,
        num_layers: int = 4,
        num_heads: int = 6,
        warmup_steps: int = 50,
        compile: bool = False,  # noqa: A002 - torch's name for it
        max_new_tokens: int = 64,
        temperature: float = 0.8,
    ) -> None:
        sizes = {"dim": dim, "num_layers": num_layers, "num_heads": num_heads}
        for name, value in {**sizes, "max_new_tokens": max_new_tokens}.items():
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        if temperature < 0:
            raise ValueError(f"temperature is {temperature}; choose 0 (the likeliest token) or more")
        decoder = Decoder(vocab_size, dim, num_heads, moe.build(dim, num_layers, gating))
        super().__init__(decoder, optimizer, aux_loss, warmup_steps, compile)
        self.max_new_tokens, self.temperature = max_new_tokens, temperature
        self.val_metrics, self.test_metrics = language_metrics("val"), language_metrics("test")

    def loss(self, batch: Batch, stage: str) -> tuple[Float[Tensor, ""], dict[str, Routing]]:
        """Mean cross-entropy over the real tokens; in training over those of all ranks, whose mean DDP takes."""
        hidden, routings = self.model(batch.ids, batch.samples)
        known = batch.labels != IGNORE
        logits = self.model.logits(hidden[known])
        nll = F.cross_entropy(logits.float(), batch.labels[known], reduction="sum")
        num_tokens = known.sum()
        self.report(nll.detach(), num_tokens, stage)
        tokens = mean_over_ranks(num_tokens) if stage == "train" else num_tokens
        return nll / tokens.where(tokens > 0, 1), routings

    def routings(self, batch: Batch) -> dict[str, Routing]:
        """Of each layer."""
        routings: dict[str, Routing] = self.model(batch.ids, batch.samples)[1]
        return routings

    def report(self, nll: Float[Tensor, ""], num_tokens: Int[Tensor, ""], stage: str) -> None:
        """Of this rank's batch in training, over all tokens of all ranks otherwise."""
        if stage == "train":
            loss = nll / num_tokens.clamp(min=1)
            self.log_dict({"train/loss": loss, "train/perplexity": loss.exp()})
            return
        metrics = self.val_metrics if stage == "val" else self.test_metrics
        metrics.update(nll, num_tokens)
        self.log_dict(metrics, batch_size=1)

    def predict_step(self, batch: Batch, batch_idx: int) -> list[list[int]]:
        """The prompt and its continuation, as ids."""
        end = end_of_text(self.trainer.datamodule.tokenizer)  # type: ignore[attr-defined]
        rows = generate(self.model, batch.ids, self.max_new_tokens, self.temperature, end)
        return [row.tolist() for row in rows]
