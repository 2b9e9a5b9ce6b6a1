"""Bodies of the API: shapes and limits of every field; what they mean is checked by the verbs."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from billing import messages, papers, payments, requisites
from billing.invoices import Demand
from billing.payers import Payer
from billing.payments import Offline
from billing.receipts import InvalidChoice, ReceiptChoice
from billing.rules import money
from billing.rules.schedule import COUNT_MAX, Row, Terms

TEXT_MAX = 2000
TERMS = {field.name for field in fields(Terms)}


def sum_field(**options: Any) -> serializers.DecimalField:
    """Roubles with at most two decimals."""
    return serializers.DecimalField(max_digits=14, decimal_places=2, **options)


class EverySerializer(serializers.Serializer[Any]):
    months = serializers.IntegerField(required=False)
    days = serializers.IntegerField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Give either months or days."))
        return attrs


class RowSerializer(serializers.Serializer[Any]):
    due_on = serializers.DateField()
    amount = sum_field()


class TermsSerializer(serializers.Serializer[Any]):
    """The terms of a schedule; `terms()` gives the rules' value."""

    total = sum_field()
    count = serializers.IntegerField(required=False, allow_null=True)
    monthly_amount = sum_field(required=False, allow_null=True)
    first_due_on = serializers.DateField(required=False, allow_null=True)
    due_day = serializers.IntegerField(required=False, allow_null=True)
    every = EverySerializer(required=False, allow_null=True)
    down_payment = sum_field(required=False, allow_null=True)
    down_payment_on = serializers.DateField(required=False, allow_null=True)
    round_to = serializers.ChoiceField(
        ["0.01", "1", "100"],
        required=False,
        error_messages={"invalid_choice": _("Round to 0.01, 1 or 100 roubles.")},
    )
    remainder = serializers.ChoiceField(
        ["last", "first"],
        required=False,
        error_messages={"invalid_choice": _("Choose the first or the last row.")},
    )
    shift_weekends = serializers.BooleanField(required=False)
    rows = serializers.ListField(child=RowSerializer(), required=False, allow_null=True, max_length=COUNT_MAX)

    def terms(self) -> Terms:
        return read_terms(self.validated_data)


def read_terms(checked: Mapping[str, Any]) -> Terms:
    """The rules' value of checked terms; what is null is left to its default."""
    given = {name: value for name, value in checked.items() if value is not None}
    every = given.pop("every", {})
    if "days" in every:
        given["every_days"] = every["days"]
    if "months" in every:
        given["every_months"] = every["months"]
    if "round_to" in given:
        given["round_to"] = Decimal(given["round_to"])
    if "rows" in given:
        given["rows"] = tuple(Row(**row) for row in given["rows"])
    return Terms(**{name: value for name, value in given.items() if name in TERMS})


def write_terms(terms: Terms) -> dict[str, Any]:
    """The same terms as a body."""
    return {
        "total": money.text(terms.total),
        "count": terms.count,
        "monthly_amount": money.text(terms.monthly_amount) if terms.monthly_amount else None,
        "first_due_on": terms.first_due_on.isoformat() if terms.first_due_on else None,
        "due_day": terms.due_day,
        "every": {"days": terms.every_days} if terms.every_days else {"months": terms.every_months},
        "down_payment": money.text(terms.down_payment) if terms.down_payment else None,
        "down_payment_on": terms.down_payment_on.isoformat() if terms.down_payment_on else None,
        "round_to": str(terms.round_to),
        "remainder": terms.remainder,
        "shift_weekends": terms.shift_weekends,
    }


class ScheduleSerializer(TermsSerializer):
    version = serializers.IntegerField(allow_null=True, min_value=1)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")


class PayerSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["person", "company", "third_party"])
    name = serializers.CharField(max_length=255)
    inn = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=12)
    kpp = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=9)
    address = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=500)
    email = serializers.EmailField(required=False, allow_null=True, allow_blank=True)
    phone = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=32)

    def validate_inn(self, inn: str | None) -> str | None:
        problem = requisites.inn_problem(inn) if inn else ""
        if problem:
            raise serializers.ValidationError(problem)
        return inn

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What a payer cannot have; what he need not tell is asked where requisites are needed."""
        problem = requisites.payer_problem(
            kind=attrs["kind"], inn=attrs.get("inn") or "", kpp=attrs.get("kpp") or ""
        )
        if problem:
            raise serializers.ValidationError(problem)
        return attrs

    def payer(self) -> Payer:
        given: dict[str, Any] = {name: value or "" for name, value in self.validated_data.items()}
        return Payer(**given)


class ReceiptField(serializers.Field[Any, Any, Any, Any]):
    """true, false, {fn, fd, fpd} or {none: reason}; null or absent leaves the default."""

    def to_internal_value(self, data: Any) -> ReceiptChoice:
        try:
            choice = ReceiptChoice.read(data)
        except InvalidChoice as error:
            words = _("Choose whether a receipt is made, give its numbers, or say why not.")
            raise serializers.ValidationError(words) from error
        if choice is None:
            raise serializers.ValidationError(_("This field may not be empty."))
        return choice

    def to_representation(self, value: Any) -> Any:
        return value


class OfflineSerializer(serializers.Serializer[Any]):
    paid_on = serializers.DateField()
    method = serializers.ChoiceField(payments.METHODS)
    payer = PayerSerializer(required=False, allow_null=True)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")
    receipt = ReceiptField(required=False, allow_null=True)

    def offline(self) -> Offline:
        given = self.validated_data
        return Offline(
            paid_on=given["paid_on"],
            method=given["method"],
            payer=dict(given.get("payer") or {}),
            comment=given["comment"],
            receipt=given.get("receipt"),
            covers=given.get("covers", ""),
        )


class PaymentSerializer(OfflineSerializer):
    """`covers`: what the money is for first; by default the schedule, then late fees."""

    amount = sum_field()
    covers = serializers.ChoiceField([payments.FEES], required=False, allow_blank=True, default="")


class FullPaymentSerializer(OfflineSerializer):
    expected = sum_field(required=False, allow_null=True)


# By what an invoice is sent at a click.
INVOICED_BY = [messages.EMAIL, messages.SALESBOT]


class InvoiceSerializer(serializers.Serializer[Any]):
    installment = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    amount = sum_field(required=False, allow_null=True, min_value=Decimal("0.01"))
    payer = PayerSerializer(required=False, allow_null=True)
    send = serializers.ListField(child=serializers.ChoiceField(INVOICED_BY), required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("installment") is not None and attrs.get("amount") is not None:
            raise serializers.ValidationError(
                {"amount": _("Give either a payment of the schedule or a sum.")}
            )
        return attrs

    def demand(self) -> Demand:
        given = self.validated_data
        return Demand(given.get("installment"), given.get("amount"), dict(given.get("payer") or {}))


class SendSerializer(serializers.Serializer[Any]):
    channels = serializers.ListField(child=serializers.ChoiceField(INVOICED_BY), min_length=1)


class DocumentSerializer(serializers.Serializer[Any]):
    """An act may say its day and sum; else it is of today and of all that no act says yet."""

    template = serializers.CharField(max_length=40)
    on = serializers.DateField(required=False, allow_null=True)
    amount = sum_field(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        own = [name for name in ("on", "amount") if attrs.get(name) is not None]
        if own and attrs["template"] != papers.ACT:
            raise serializers.ValidationError(
                {name: _("Only an act has a day and a sum of its own.") for name in own}
            )
        return attrs


class SendDocumentSerializer(serializers.Serializer[Any]):
    """Without an address it goes to the deal's payer."""

    to = serializers.EmailField(required=False, allow_blank=True, default="")


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=TEXT_MAX)


class EmptySerializer(serializers.Serializer[Any]):
    """No fields."""
