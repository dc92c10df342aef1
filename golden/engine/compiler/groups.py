"""Tokens in groups: what one group waits for, the other's products hide."""

from itertools import pairwise
from typing import NamedTuple

from vit2rtl.golden.engine.configuration import Configuration


class Part(NamedTuple):
    """Rows of one group."""

    group: int
    rows: range


def token_groups(tokens: int, groups: int, configuration: Configuration) -> list[Part]:
    """All tokens in at least so many groups, each within a bank.

    All but the last have whole tiles of queries, where there are enough tokens.
    """
    c = configuration
    while True:
        cuts = [max(tokens * n // groups // c.columns, n) * c.columns for n in range(groups)]
        bounds = [*(cut for cut in cuts if cut < tokens), tokens]
        parts = [range(*pair) for pair in pairwise(bounds)]
        if all(len(rows) <= c.bank_rows for rows in parts):
            return [Part(n, rows) for n, rows in enumerate(parts)]
        groups += 1


def even_parts(count: int, parts: int) -> list[Part]:
    """``0 .. count - 1`` in so many parts, the longer ones first."""
    parts = min(parts, count)
    bounds = [-(-count * n // parts) for n in range(parts + 1)]
    return [Part(n, range(*pair)) for n, pair in enumerate(pairwise(bounds))]


def common(part: Part, rows: range) -> Part:
    """The rows of a part that are among others."""
    return Part(part.group, range(max(part.rows.start, rows.start),
                                  min(part.rows.stop, rows.stop)))
