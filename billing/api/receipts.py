"""Doors of receipts: the service was rendered; a receipt is sent to its payer once more."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import messages, receipt_letters, receipts, rendered_card, service_rendered
from billing.api import idempotency
from billing.api.corrections import PaymentDoor
from billing.api.doors import Door, body
from billing.api.serializers import sum_field
from billing.deal_card import moment
from billing.models import Receipt, Rendering
from billing.rules import money


class RenderedSerializer(serializers.Serializer[Any]):
    """Without an amount all that is left of the service was rendered."""

    on = serializers.DateField()
    amount = sum_field(required=False, allow_null=True)


class SendReceiptSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField([messages.EMAIL, messages.SALESBOT])
    to = serializers.EmailField(required=False, allow_blank=True, allow_null=True)


class ServiceRendered(Door):
    """202: the receipts are made by the register in its own time."""

    @extend_schema(request=RenderedSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(RenderedSerializer, request).validated_data
            made = service_rendered.render(
                deal=visit.deal,
                on=given["on"],
                amount=given.get("amount"),
                author=visit.author,
                at=visit.at,
            )
            return 202, made_of(made)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class SendReceipt(PaymentDoor):
    @extend_schema(request=SendReceiptSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, payment_id: int) -> Response:
        visit, payment = self.find(request, payment_id)

        def act() -> idempotency.Answer:
            given = body(SendReceiptSerializer, request).validated_data
            message = receipt_letters.send(
                payment=payment, channel=given["channel"], to=given.get("to") or "", at=visit.at
            )
            at = moment(message.created_at, visit.deal)
            return 202, {"channel": message.channel, "to": message.to, "state": message.state, "at": at}

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


def made_of(rendering: Rendering) -> dict[str, Any]:
    """What was rendered, the receipts that were planned for it, and what has none yet, with the reason."""
    return {
        "amount": money.text(rendering.amount),
        "on": rendering.rendered_on.isoformat(),
        "receipts": [_line(receipt) for receipt in rendered_card.receipts_of(rendering)],
        "waiting": rendered_card.waiting_of(rendering),
    }


def _line(receipt: Receipt) -> dict[str, Any]:
    closed = sum((offset.amount for offset in receipt.offsets.all()), money.ZERO)
    return {
        "id": receipt.pk,
        "amount": money.text(receipts.total(receipt) if receipt.rendering_id else closed),
        "state": receipt.state,
        "reason": receipt.reason or None,
    }
