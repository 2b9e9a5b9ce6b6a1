"""One deal's card read beside a million installments, against the same deal in an empty database."""

from collections.abc import Callable

from benches import large, school
from benches.measure import Benchmark, Figure, Size, measure


def run(name: str, size: Size) -> Figure:
    from django.db import connection

    from billing import deal_card
    from crm.models import Deal

    lead = large.make(size.installments)
    small = connection.settings_dict["NAME"]

    def read() -> None:
        deal = Deal.objects.select_related("account").get(external_id=lead)
        if deal_card.card(deal, at=school.AT)["paid"] != f"{school.PAID}":
            raise AssertionError("the card of another deal")

    def turn_to(database: str) -> Callable[[], None]:
        def turn() -> None:
            connection.close()
            connection.settings_dict["NAME"] = database
            read()

        return turn

    benchmark = Benchmark(
        "the same deal in an empty database",
        read,
        read,
        size.times(100),
        before_work=turn_to(large.NAME),
        before_least=turn_to(small),
        most_times=2,
    )
    return measure(name, benchmark, turns=size.turns)
