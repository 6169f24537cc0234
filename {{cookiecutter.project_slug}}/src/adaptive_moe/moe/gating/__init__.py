"""Gating policies, one a file: from ranked scores to the ranks that a token keeps."""

from .gating import Gating as Gating
from .gating import MarginGating as MarginGating
from .probabilistic_top_two import ProbabilisticTopTwo as ProbabilisticTopTwo
from .random_top_two import RandomTopTwo as RandomTopTwo
from .sequence_budget import SequenceBudget as SequenceBudget
from .threshold import Threshold as Threshold
from .top_k import TopK as TopK
from .top_p import TopP as TopP
