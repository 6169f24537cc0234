"""Schemes to runs, runs to results, results to a report: what `compare.py` does."""

from .asked import TASKS as TASKS
from .asked import Asked as Asked
from .report import write_report as write_report
from .results import Failed as Failed
from .runs import compare as compare
from .schemes import GROUPS as GROUPS
from .schemes import SCHEMES as SCHEMES
from .schemes import chosen as chosen
