"""The tables of docs/results.md and README.md: the paper's beside ours, a row for each task."""

from collections.abc import Sequence
from statistics import geometric_mean

from paper import PAPER, THRESHOLDS

from adaptive_moe.report.compared import Against, against, finished, pairs
from adaptive_moe.report.estimate import Estimate, difference, ratio
from adaptive_moe.report.markdown import change, cost, grid, over, quality, words
from adaptive_moe.report.results import Results
from adaptive_moe.report.schemes import REFERENCE

STEPS = {  # whose step takes how long, against top-2's in random order
    "adaptive": "adaptive",
    "top-2, by length": "top_2_length",
    "adaptive, by length": "adaptive_length",
}
OWN_THRESHOLD = 0.1  # of table 2, and of the config's own gating
LOSSES = {"loss", "perplexity", "bits_per_byte"}  # that say the same


def answers(results: Results) -> dict[str, tuple[Against, str]]:
    """What is asked of a task: a scheme against another, and in which cost."""
    alone, by_length = against(results, "adaptive", "top_2"), against(results, "adaptive_length", "top_2_length")
    reached = [told for told in (alone, by_length) if "seconds" in told.ratios]
    return {
        "adaptive": (alone, "seconds"),
        "by length, same order": (by_length, "seconds"),
        "the better of the two": (min(reached, key=lambda told: told.ratios["seconds"].mean), "seconds"),
        "by length, against `top_2`": (against(results, "adaptive_length", "top_2"), "seconds"),
        "the paper's order, against `top_2`": (against(results, "adaptive_paper", "top_2"), "seconds"),
        "adaptive, steps": (alone, "steps"),
        "gap against chance, steps": (against(results, "adaptive", "random_share"), "steps"),
    }


def summary(each: dict[str, Results]) -> str:
    """The paper's time to the same loss, and ours to the same quality."""
    told = [answers(results) for results in each.values()]
    rows = []
    for (task, results), answer in zip(each.items(), told, strict=True):
        paper = [f"{figure:.2f}" for figure in PAPER[task][:2]]
        ours = [cost(*one) or ("not reached" if one[0].seeds else "") for one in answer.values()]
        rows.append([title(task), *paper, str(len(finished(results, REFERENCE))), *ours])
    papers = map(plain, zip(*(PAPER[task][:2] for task in each), strict=True))
    means = [cost_over_tasks([answer[name][0] for answer in told], told[0][name][1]) for name in told[0]]
    return grid(["task", "paper", "paper, gating alone", "seeds", *told[0]], [*rows, ["mean", *papers, "", *means]])


def title(task: str) -> str:
    """As one writes it."""
    return task.replace("_", " ")


def plain(known: Sequence[float]) -> str:
    """A geometric mean."""
    return f"{geometric_mean(known):.2f}"


def over_tasks(known: Sequence[Estimate], seeds: int) -> str:
    """A geometric mean of the tasks' ratios, its interval over the tasks, and how many seeds and tasks it lacks."""
    estimate, has = ratio([(each.mean, 1.0) for each in known]), sum(each.values for each in known)
    if has == seeds and len(known) == len(PAPER):
        return words(estimate, -estimate.beyond(1), "{:.2f}")
    tasks = f", {len(known)} of {len(PAPER)} tasks" if len(known) < len(PAPER) else ""
    return words(estimate, 0, "{:.2f}") + f" ({has} of {seeds} seeds{tasks})"


def cost_over_tasks(told: Sequence[Against], key: str) -> str:
    """Of one cost."""
    return over_tasks([each.ratios[key] for each in told if key in each.ratios], sum(each.seeds for each in told))


def compute(each: dict[str, Results]) -> str:
    """What gating alone saves in a step."""
    rows, flops = [], []
    all_told = [against(results, "adaptive", REFERENCE) for results in each.values()]
    for (task, results), told in zip(each.items(), all_told, strict=True):
        paper = PAPER[task]
        runs, others = finished(results, "adaptive"), finished(results, REFERENCE)
        saved = ratio([(one.moments[-1].flops, other.moments[-1].flops) for one, other in pairs(runs, others)])
        on_two = over([(run.mean_experts or 1) - 1 for run in runs.values()], "{:.0%}")
        layers = over([run.moe_share for run in others.values()], "{:.2f}")
        row = [f"{paper.on_two:.0%}", on_two, f"{paper.flops:.2f}", words(saved, 0, "{:.2f}"), layers]
        rows.append([title(task), *row, cost(told, "step_ms"), f"{told.floor:.2f}"])
        flops.append(saved)
    papers = plain([PAPER[task].flops for task in each])
    means = [over_tasks(flops, sum(saved.values for saved in flops)), "", cost_over_tasks(all_told, "step_ms")]
    mean = ["mean", "", "", papers, *means, plain([told.floor for told in all_told if told.floor])]
    head = ["task", "paper, tokens on two", "tokens on two", "paper, FLOPs", "FLOPs", "f", "step time", "its floor"]
    return grid(head, [*rows, mean])


def judged(each: dict[str, Results]) -> str:
    """The quality at the end in each metric, without samples of like length side by side."""
    head = ["task", "metric", "paper, top-2", "paper, adaptive", "`top_2`", "gap less `top_2`", "gap less chance"]
    rows = []
    for task, results in each.items():
        qualities = [run.trained.quality for run in finished(results, REFERENCE).values()]
        for metric in [results.metric, *sorted(qualities[0].keys() - LOSSES - {results.metric})]:
            paper = (
                [f"{PAPER[task].top_2:g}", f"{PAPER[task].adaptive:g}"] if metric == PAPER[task].metric else ["", ""]
            )
            told = [metric_change(results, metric, other) for other in (REFERENCE, "random_share")]
            rows.append([title(task), metric, *paper, over([each[metric] for each in qualities], "{:.3g}"), *told])
    return grid(head, rows)


def metric_change(results: Results, metric: str, other: str) -> str:
    """The gap's less another scheme's; more is better in all but a loss, which is the comparison's own metric."""
    both = pairs(finished(results, "adaptive"), finished(results, other))
    differences = difference([(one.trained.quality[metric], another.trained.quality[metric]) for one, another in both])
    seeds = against(results, "adaptive", other).seeds
    return change(differences, results.mode if metric == results.metric else "max", seeds)


def baselines(each: dict[str, Results]) -> str:
    """Networks with less compute than adaptive gating, where they were trained."""
    head = [
        "task",
        "scheme",
        "paper, time",
        "time to top-2's quality",
        "paper, quality less top-2's",
        "quality less `top_2`",
        "metric",
    ]
    rows = []
    for task, results in each.items():
        paper = PAPER[task]
        for name, (time, reached) in {"dense": paper.dense, "top_1": paper.top_1}.items():
            if finished(results, name):
                told = against(results, name, REFERENCE)
                ours = [
                    cost(told, "seconds"),
                    f"{reached - paper.top_2:+.3g}",
                    quality(told, results.mode),
                    results.metric,
                ]
                rows.append([title(task), f"`{name}`", f"{time:.2f}", *ours])
    return grid(head, rows)


def thresholds(each: dict[str, Results]) -> str:
    """The ablation of T, where it was made."""
    head = ["task", "T", "paper, time", "time to top-2's quality", "steps", "paper, quality less top-2's"]
    rows = []
    for task, results in each.items():
        papers = {OWN_THRESHOLD: (PAPER[task].time, PAPER[task].adaptive), **THRESHOLDS[task]}
        for threshold, (time, reached) in sorted(papers.items()):
            name = "adaptive" if threshold == OWN_THRESHOLD else f"threshold_{threshold}"
            told = against(results, name, REFERENCE)
            experts = over([run.mean_experts for run in finished(results, name).values()], "{:.2f}")
            ours = [
                cost(told, "seconds"),
                cost(told, "steps"),
                f"{reached - PAPER[task].top_2:+.3g}",
                quality(told, results.mode),
                experts,
                cost(told, "step_ms"),
            ]
            rows.append([title(task), f"{threshold:g}", f"{time:.2f}", *ours])
    return grid([*head, f"quality less `{REFERENCE}`", "experts per token", "step time"], rows)


def one_expert(each: dict[str, Results]) -> str:
    """Two rows for each task: what one expert for each token does to a trained model."""
    head = ["task", "scheme", "metric", "as trained", "one expert", "difference", "latency", "tokens per second"]
    rows = []
    for task, results in each.items():
        for name in (REFERENCE, "adaptive"):
            read = [(run.top_1, run.trained) for run in finished(results, name).values() if run.top_1]
            qualities = [(one.quality[results.metric], trained.quality[results.metric]) for one, trained in read]
            latency = ratio([(one.latency_ms, trained.latency_ms) for one, trained in read])
            speed = ratio([(one.tokens_per_second, trained.tokens_per_second) for one, trained in read])
            row = [
                over([trained for _, trained in qualities], "{:.3g}"),
                over([one for one, _ in qualities], "{:.3g}"),
                change(difference(qualities), results.mode, len(results.runs[name])),
                words(latency, -latency.beyond(1), "{:.2f}"),
                words(speed, speed.beyond(1), "{:.2f}"),
            ]
            rows.append([title(task), f"`{name}`", results.metric, *row])
    return grid(head, rows)


def brief(each: dict[str, Results]) -> str:
    """How long a step takes, and what quality comes of it."""
    rows = []
    for task, results in each.items():
        steps = [cost(against(results, name, REFERENCE), "step_ms") for name in STEPS.values()]
        told = quality(against(results, "adaptive", REFERENCE), results.mode)
        seeds = str(len(finished(results, REFERENCE)))
        rows.append([title(task), seeds, *steps, told, results.metric])
    return grid(["task", "seeds", *STEPS, "quality, adaptive", "metric"], rows)
