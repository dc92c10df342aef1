"""The engine that runs an integer program in hardware: its sizes, and what fits them."""

from vit2rtl.golden.engine.check import check, check_ops, fitting
from vit2rtl.golden.engine.configuration import CONFIGURATIONS, Configuration

__all__ = ["CONFIGURATIONS", "Configuration", "check", "check_ops", "fitting"]
