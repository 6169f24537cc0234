"""What is compared: each scheme is a line of options for `train.py fit`."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import RunError

CONFIGS = Path(__file__).parents[3] / "configs"
REFERENCE = "top_2"
"""Whose quality is the target, and whom the others are held against."""


@dataclass(frozen=True)
class Scheme:
    """One way to train.

    Args:
        text: What it is, in a few words.
        options: For `train.py fit`; `{k}` and `{share}` stand for what the adaptive run of the same seed has measured:
            the mean experts per token, and the share of tokens on two.
        control: What it is held against besides the reference: the scheme that differs from it in as little as can be.
    """

    text: str
    options: tuple[str, ...] = ()
    control: str = REFERENCE

    @property
    def needs_adaptive(self) -> bool:
        """Whether it comes after the adaptive run of its seed."""
        return any(name in option for option in self.options for name in ("{k}", "{share}"))

    def filled(self, experts_per_token: float) -> list[str]:
        """The options, with what the adaptive run has measured."""
        k, share = f"{experts_per_token:.4f}", f"{min(experts_per_token, 2) - 1:.4f}"
        return [option.replace("{k}", k).replace("{share}", share) for option in self.options]


def config(name: str) -> str:
    """One of the project's own."""
    return f"--config={CONFIGS / name}.yaml"


TOP_2 = (config("gating/top_k"), "--model.gating.k=2")
BY_LENGTH = ("--data.order=LengthBucketed",)


def budget(experts_per_token: float | str) -> tuple[str, ...]:
    """Held by moving the threshold."""
    return "--trainer.callbacks+=ComputeBudget", f"--trainer.callbacks.experts_per_token={experts_per_token}"


SCHEMES = {
    "dense": Scheme("no experts, one expert's width", (config("dense"),)),
    "dense_matched": Scheme("no experts, the adaptive run's compute", (config("dense"), "--model.moe.dense_width={k}")),
    "top_1": Scheme("one expert for each token", (config("gating/top_k"), "--model.gating.k=1")),
    "top_2": Scheme("two experts for each token", TOP_2),
    "top_2_length": Scheme("two experts, samples of like length together", (*TOP_2, *BY_LENGTH)),
    "adaptive": Scheme("the config's own gating and order"),
    "adaptive_length": Scheme("adaptive, samples of like length together", BY_LENGTH, "top_2_length"),
    "adaptive_paper": Scheme("adaptive, the paper's order", (config("order/complexity_paper"),), "adaptive"),
    "adaptive_magnitude": Scheme("adaptive, easy to hard", (config("order/complexity_magnitude"),), "adaptive"),
    "random_share": Scheme(
        "a second expert by chance, as often as in the adaptive run, and alike in all layers",
        (config("gating/random_top_two"), "--model.gating.share={share}"),
        "adaptive",
    ),
    "top_p": Scheme("top-p, held at the adaptive run's compute", (config("gating/top_p"), *budget("{k}")), "adaptive"),
    "budget": Scheme("adaptive, the threshold moved to hold its mean", budget("{k}"), "adaptive"),
}
STANDARD = ("top_2", "top_2_length", "adaptive", "adaptive_length", "random_share")
GROUPS = {"standard": STANDARD, "all": tuple(SCHEMES)}
"""Names for several schemes."""


def ablation(name: str, values: dict[str, tuple[str, ...]]) -> None:
    """Schemes that differ from the adaptive one in one thing, and their group."""
    schemes = {f"{name}_{value}": Scheme(f"adaptive, {name} {value}", values[value], "adaptive") for value in values}
    SCHEMES.update(schemes)
    GROUPS[f"{name}s"] = tuple(schemes)


ablation("threshold", {str(t): (f"--model.gating.threshold={t}",) for t in (0.05, 0.1, 0.2, 0.3, 0.4)})
ablation("gap", {gap: (f"--model.gating.gap={gap}",) for gap in ("raw", "renormalised")})
ablation("budget", {str(k): budget(k) for k in (1.1, 1.2, 1.4, 1.6)})
GROUPS["orders"] = ("top_2", "top_2_length", "adaptive", "adaptive_length", "adaptive_paper", "adaptive_magnitude")


def chosen(names: list[str]) -> dict[str, Scheme]:
    """The schemes of these names and groups, with what they are held against.

    Raises:
        RunError: A name is unknown.
    """
    each = [scheme for name in names for scheme in GROUPS.get(name, (name,))]
    if unknown := [name for name in each if name not in SCHEMES]:
        raise RunError(
            f"schemes is {unknown[0]}, which is none; choose from {', '.join(SCHEMES)}, or groups of them: "
            f"{', '.join(GROUPS)}"
        )
    needed = [SCHEMES[name].control for name in each]
    needed += ["adaptive"] if any(SCHEMES[name].needs_adaptive for name in each) else []
    return {name: SCHEMES[name] for name in SCHEMES if name in {*each, *needed, REFERENCE}}
