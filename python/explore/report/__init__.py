"""The report of an exploration: one page that stands alone, and a picture beside it."""

from vit2rtl.explore.report.output import write

__all__ = ["write"]
