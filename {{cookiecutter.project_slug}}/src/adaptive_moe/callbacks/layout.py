"""Which curves stand together in TensorBoard's custom scalars."""

from typing import Any

from .timing import PARTS

Layout = dict[str, dict[str, list[Any]]]


def layout(layers: list[str], monitors: list[str], has_budget: bool, has_difficulty: bool, has_ranks: bool) -> Layout:
    """Charts by category, for layers of these names; only those that something fills.

    Lines of one run have one colour, so that experts are a band from the least to the most loaded, and each layer has a
    chart of its own.
    """
    routing: dict[str, list[Any]] = {}
    if layers and has_budget:
        routing["experts per token and goal"] = lines("routing/experts_per_token", "routing/target_experts_per_token")
        routing["threshold"] = lines("routing/threshold")
    for layer in reversed(layers):  # TensorBoard shows the last band first
        tag = f"routing/{layer}/tokens_per_expert"
        routing[f"{layer}: tokens per expert in a step"] = band(f"{tag}_mean", f"{tag}_min", f"{tag}_max")
    if layers:
        mean = "routing/experts_per_token"
        routing["experts per token: mean, least and most of the layers"] = band(mean, f"{mean}_min", f"{mean}_max")
    time = {
        "milliseconds of a step": lines("time/step_ms", *(f"time/{part}_ms" for part in PARTS)),
        "tokens per second": lines("time/tokens_per_second"),
    }
    if layers:
        time["share of the experts' layers"] = lines("time/moe_share")
    if has_ranks:
        time["milliseconds that the slowest rank costs"] = lines("time/slowest_rank_ms")
    data = {
        "share of padding": lines("data/padding_share"),
        "epoch, and how much of it is done": lines("epoch", "data/epoch_fraction"),
    }
    if has_difficulty:
        data["difficulty: share of tokens on two experts, as the order knew it"] = lines("data/difficulty")
    return {
        "Quality": {
            "loss": lines("train/loss", "val/loss"),
            **{monitor: lines(monitor) for monitor in monitors},
            "auxiliary loss": lines("train/aux_loss"),
        },
        "Routing": routing,
        "Time": time,
        "Data": data,
    }


def lines(*tags: str) -> list[Any]:
    """One chart."""
    return ["Multiline", [f"^{tag}$" for tag in tags]]


def band(middle: str, low: str, high: str) -> list[Any]:
    """One chart."""
    return ["Margin", [middle, low, high]]
