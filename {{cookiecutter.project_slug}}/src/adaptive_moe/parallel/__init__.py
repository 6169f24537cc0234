"""Experts beyond one device; imported by the config that asks for it, and by nothing else."""

from .expert_parallel import ExpertParallel as ExpertParallel
