"""Routings to scalars and to the curriculum, and a run to words."""

from .compute_budget import ComputeBudget as ComputeBudget
from .data_monitor import DataMonitor as DataMonitor
from .expert_load_balancer import ExpertLoadBalancer as ExpertLoadBalancer
from .last_checkpoint import LastCheckpoint as LastCheckpoint
from .print_predictions import PrintPredictions as PrintPredictions
from .progress_bar import MoEProgressBar as MoEProgressBar
from .routing_difficulty import RoutingDifficulty as RoutingDifficulty
from .routing_monitor import RoutingMonitor as RoutingMonitor
from .scoring_pass import ScoringPass as ScoringPass
from .steering import Steering as Steering
from .step_timer import StepTimer as StepTimer
from .summary import Summary as Summary
