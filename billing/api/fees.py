"""Doors of late fees: what each row was charged, and giving it up."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import late_fees
from billing.api import idempotency
from billing.api.correction_bodies import WaiveSerializer
from billing.api.deals import card_of
from billing.api.doors import Door, body
from billing.rules import money


class Fees(Door):
    """The fees by row, oldest due first; a deal that was never late has none."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        on = visit.deal.local_day(visit.at)
        return Response({"results": [_line(row) for row in late_fees.of_deal(visit.deal, on=on)]})


class Waive(Door):
    right = "write_off"

    @extend_schema(request=WaiveSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(WaiveSerializer, request).validated_data
            late_fees.waive(
                deal=visit.deal,
                amount=given.get("amount"),
                reason=given["reason"],
                author=visit.author,
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


def _line(row: late_fees.RowFees) -> dict[str, Any]:
    return {
        "number": row.installment.number,
        "due_on": row.installment.due_on.isoformat(),
        "charged": money.text(row.charged),
        "waived": money.text(row.waived),
        "paid": money.text(row.paid),
        "owed": money.text(row.owed),
    }
