"""A preview of twelve rows with working days, against twelve equal amounts on twelve dates."""

from datetime import date
from decimal import Decimal

from benches.measure import Benchmark, Figure, Size, measure


def run(name: str, size: Size) -> Figure:
    from billing import workdays
    from billing.rules import schedule

    terms = schedule.Terms(total=Decimal("160000"), first_due_on=date(2026, 1, 31), count=12)
    calendar = workdays.built_in()

    def work() -> None:
        schedule.plan(terms, kept=Decimal(0), on=date(2026, 1, 1), calendar=calendar)

    def least() -> None:
        each = terms.total / 12
        [(date(2026, month, 28), each.quantize(Decimal("0.01"))) for month in range(1, 13)]

    benchmark = Benchmark("twelve equal amounts", work, least, size.times(2000), most_seconds=0.001)
    return measure(name, benchmark, turns=size.turns)
