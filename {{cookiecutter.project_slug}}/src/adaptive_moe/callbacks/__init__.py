"""Routings to scalars, pictures and pages, and to the curriculum; a run to words."""

from .analysis import RoutingAnalysis as RoutingAnalysis
from .compute_budget import ComputeBudget as ComputeBudget
from .dashboard import Dashboard as Dashboard
from .data_monitor import DataMonitor as DataMonitor
from .expert_load_balancer import ExpertLoadBalancer as ExpertLoadBalancer
from .finite_guard import FiniteGuard as FiniteGuard
from .graceful_stop import GracefulStop as GracefulStop
from .last_checkpoint import LastCheckpoint as LastCheckpoint
from .print_predictions import PrintPredictions as PrintPredictions
from .progress_bar import MoEProgressBar as MoEProgressBar
from .routing_difficulty import RoutingDifficulty as RoutingDifficulty
from .run_logger import RunLogger as RunLogger
from .scoring_pass import ScoringPass as ScoringPass
from .steering import Steering as Steering
from .step_timer import StepTimer as StepTimer
from .summary import Summary as Summary
from .watchdog import Watchdog as Watchdog
