"""A figure and how it is measured: our work and the least that it needs, in turns.

So a slow minute of the machine is slow for both.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Size:
    """How much is measured: rows of the large database, turns, and the share of the usual repetitions."""

    installments: int
    turns: int
    share: float

    def times(self, usual: int) -> int:
        return max(1, round(usual * self.share))


@dataclass(frozen=True)
class Figure:
    """What one benchmark came to: both rates are medians per second, `ratio` is ours by the reference's.

    `goal` says in words what was promised, `met` whether it was kept; `more` holds what else was measured.
    """

    name: str
    reference: str
    rate: float
    reference_rate: float
    ratio: float
    goal: str = ""
    met: bool = True
    more: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """A piece of work, the least that it needs, and how often each is done in one turn.

    `before_work` and `before_least` are not measured. `most_times` is the promise: at most so many times the
    reference; `most_seconds`: at most so long.
    """

    reference: str
    work: Callable[[], None]
    least: Callable[[], None]
    times: int
    before_work: Callable[[], None] = lambda: None
    before_least: Callable[[], None] = lambda: None
    most_times: float | None = None
    most_seconds: float | None = None


def measure(name: str, benchmark: Benchmark, *, turns: int) -> Figure:
    """Do both in turns and compare the medians of each turn."""
    ours, theirs = [], []
    for _ in range(turns):
        benchmark.before_work()
        ours.append(_rate(benchmark.work, benchmark.times))
        benchmark.before_least()
        theirs.append(_rate(benchmark.least, benchmark.times))
    ratio = statistics.median(mine / reference for mine, reference in zip(ours, theirs, strict=True))
    rate = statistics.median(ours)
    goals, kept = [], True
    if benchmark.most_times is not None:
        goals.append(f"at most {benchmark.most_times:g} times the reference")
        kept = kept and 1 / ratio <= benchmark.most_times
    if benchmark.most_seconds is not None:
        goals.append(f"at most {benchmark.most_seconds * 1000:g} ms")
        kept = kept and 1 / rate <= benchmark.most_seconds
    return Figure(name, benchmark.reference, rate, statistics.median(theirs), ratio, ", ".join(goals), kept)


def _rate(do: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        do()
    return times / (time.perf_counter() - started)
