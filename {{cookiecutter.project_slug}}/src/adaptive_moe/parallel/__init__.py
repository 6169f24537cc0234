"""Models beyond one device; imported by the configs that ask for it, and by nothing else."""

from .expert_parallel import ExpertParallel as ExpertParallel
from .fully_sharded import ExpertFullySharded as ExpertFullySharded
from .fully_sharded import FullySharded as FullySharded
