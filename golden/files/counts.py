"""Numbers in sentences for people."""


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``: of nouns whose plural ends in s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
