"""Table 2 of the paper (Li et al., EMNLP 2023), its ablation of the threshold, and its times of a layer."""

from typing import NamedTuple


class Paper(NamedTuple):
    """A row of table 2; what it does not print is computed from its other figures.

    Attributes:
        time: Adaptive gating's to the loss, over top-2's.
        alone: The same without the curriculum.
        metric: What quality is measured in; called perplexity, it can only be what it says if more is better.
        top_2: Quality.
        adaptive: Quality.
        flops: Adaptive gating's over top-2's.
        on_two: Share of the tokens that two experts read; of summarisation computed from the FLOPs.
        dense: Time over top-2's, and quality, of a network of one expert's width.
        top_1: The same with one expert for each token.
    """

    time: float
    alone: float
    metric: str
    top_2: float
    adaptive: float
    flops: float
    on_two: float
    dense: tuple[float, float]
    top_1: tuple[float, float]


PAPER = {
    "sentiment": Paper(0.77, 0.94, "accuracy", 0.918, 0.919, 2.30 / 3.28, 0.113, (0.88, 0.912), (0.99, 0.902)),
    "translation": Paper(0.79, 0.90, "bleu", 41.1, 41.1, 11.5 / 15.9, 0.256, (0.87, 40.9), (1.04, 39.5)),
    "question_answering": Paper(0.86, 0.94, "f1", 77.6, 77.4, 2.36 / 3.27, 0.164, (0.84, 75.7), (1.07, 75.5)),
    "summarisation": Paper(0.86, 0.98, "rouge1", 43.4, 43.3, 87 / 119, 0.20, (0.89, 42.3), (1.06, 40.8)),
    "text_completion": Paper(0.89, 1.00, "perplexity", 17.8, 17.5, 3.73 / 4.9, 0.218, (0.84, 16.3), (1.14, 16.5)),
    "dialogue": Paper(0.82, 0.91, "perplexity", 13.4, 13.3, 3.76 / 4.9, 0.234, (0.82, 12.5), (0.93, 12.6)),
}
THRESHOLDS = {
    "sentiment": {0.05: (1.02, 0.912), 0.2: (0.77, 0.918), 0.3: (0.92, 0.917), 0.4: (1.01, 0.918)},
    "translation": {0.05: (0.88, 40.2), 0.2: (0.83, 41.1), 0.3: (0.83, 40.8), 0.4: (0.88, 41.1)},
    "question_answering": {0.05: (0.92, 74.3), 0.2: (0.87, 77.6), 0.3: (0.93, 77.6), 0.4: (0.96, 77.6)},
    "summarisation": {0.05: (0.98, 40.8), 0.2: (1.02, 42.3), 0.3: (1.05, 43.1), 0.4: (1.04, 43.1)},
    "text_completion": {0.05: (0.95, 16.6), 0.2: (0.93, 17.2), 0.3: (0.99, 17.4), 0.4: (1.01, 17.4)},
    "dialogue": {0.05: (0.93, 12.2), 0.2: (0.91, 12.8), 0.3: (1.01, 13.2), 0.4: (1.01, 13.4)},
}
"""By task and T: time over top-2's, and quality; T = 0.1 is table 2's own."""
LAYER_TIMES = {100: (0.50, 0.67), 80: (0.60, 0.76), 50: (0.75, 0.92), 20: (0.90, 0.97)}
"""By the percentage of tokens on one expert: compute, and the layer's time, over top-2's."""
