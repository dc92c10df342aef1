"""What takes longest goes first."""

from vit2rtl.farm.order import longest_first
from vit2rtl.farm.store import DONE, Trial
from vit2rtl.farm.task import Task


def task(function, **spec):
    return Task(f"module:{function}", 1, spec)


def taken(seconds, one):
    return Trial(one, DONE, {}, provenance={"cpu_seconds": seconds})


def test_what_shares_values_with_long_ones_goes_first():
    known = [taken(9.0, task("cell", model="big", bits=4)),
             taken(2.0, task("cell", model="small", bits=4)),
             taken(1.0, task("cell", model="small", bits=8)),
             taken(99.0, task("other", model="tiny"))]
    small, big, new = (task("cell", model=model, bits=6) for model in ("small", "big", "new"))
    assert longest_first([small, new, big], known) == [new, big, small]


def test_nothing_known_keeps_the_order():
    tasks = [task("cell", n=n) for n in range(9)]
    assert longest_first(tasks, []) == tasks
