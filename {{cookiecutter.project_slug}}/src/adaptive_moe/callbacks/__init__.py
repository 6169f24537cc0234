"""Routings to scalars, and a run to words."""

from .compute_budget import ComputeBudget as ComputeBudget
from .expert_load_balancer import ExpertLoadBalancer as ExpertLoadBalancer
from .last_checkpoint import LastCheckpoint as LastCheckpoint
from .print_predictions import PrintPredictions as PrintPredictions
from .progress_bar import MoEProgressBar as MoEProgressBar
from .routing_monitor import RoutingMonitor as RoutingMonitor
from .steering import Steering as Steering
from .summary import Summary as Summary
