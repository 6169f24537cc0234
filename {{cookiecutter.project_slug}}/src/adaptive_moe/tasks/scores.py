"""Scores of one text against what it should be; shares between 0 and 1."""

from torchmetrics.functional.text import rouge_score, squad

ROUGE = ("rouge1", "rouge2", "rougeL")  # rougeLsum needs nltk


def exact_match_and_f1(text: str, references: list[str]) -> tuple[float, float]:
    """Against the best of the references, in lower case, without punctuation and articles (Rajpurkar et al. 2016)."""
    answers: dict[str, list[str] | list[int]] = {"text": references, "answer_start": [0] * len(references)}
    scores = squad({"prediction_text": text, "id": "0"}, {"answers": answers, "id": "0"})
    return float(scores["exact_match"]) / 100, float(scores["f1"]) / 100


def rouge(text: str, reference: str) -> dict[str, float]:
    """F-measures (Lin 2004)."""
    scores = rouge_score(text, reference, rouge_keys=ROUGE)
    return {name: float(scores[f"{name}_fmeasure"]) for name in ROUGE}
