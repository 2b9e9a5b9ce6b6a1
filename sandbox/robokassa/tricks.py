"""What a pressed button means: pay honestly, or spoil one link of the chain."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import abort

from sandbox.robokassa import operations, payments, shops
from sandbox.robokassa.errors import Refused
from sandbox.robokassa.notices import HONEST, LATE_SECONDS, Delivery
from sandbox.robokassa.payments import Attempt
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.robokassa import Service

GOOD_CARD, POOR_CARD = "2200000000000004", "2202202202202200"
CARDS = (
    {"number": "2200 0000 0000 0004", "label": "МИР ·· 0004", "note": "оплата пройдёт"},
    {"number": "2202 2022 0220 2200", "label": "МИР ·· 2200", "note": "мало денег"},
)
# A captured payment: the payer was back eight seconds before the shop knew.
EARLY_SECONDS = 8

# Ways to tell the shop about an otherwise honest payment.
DELIVERIES = {
    "": HONEST,
    "twice": HONEST,
    "wrong_amount": HONEST,
    "late": Delivery(delay_seconds=LATE_SECONDS),
    "notify_twice": Delivery(copies=2),
    "out_of_order": Delivery(delay_seconds=EARLY_SECONDS, early_jws=True),
    "lost": Delivery(lost=True),
    "bad_signature": Delivery(forged=True),
}
STATES = {
    "decline": operations.STARTED,
    "cancel": operations.CANCELLED,
    "processing": operations.CREDITING,
}
FORGERIES = ("forged", "forged_test")
GROUPS = {
    "Деньги": {
        "decline": "Отказ банка",
        "cancel": "Отменить оплату",
        "twice": "Оплатить дважды",
        "wrong_amount": "Списать половину",
        "processing": f"Зачислять {payments.CREDIT_SECONDS} с",
    },
    "Уведомление": {
        "late": f"Через {LATE_SECONDS} с",
        "out_of_order": "После возврата",
        "notify_twice": "Прислать дважды",
        "lost": "Потерять",
        "bad_signature": "Неверная подпись",
    },
    "Подделка": {
        "forged": "Чужая подпись",
        "forged_test": "Тестовый пароль",
    },
}


def shown(visit: Document, shop: Document) -> dict[str, dict[str, str]]:
    """The buttons of the block for trials: {heading: {name: label}}."""
    hidden = set() if shop["test_password2"] and not visit["test"] else {"forged_test"}
    return {
        heading: {name: label for name, label in labels.items() if name not in hidden}
        for heading, labels in GROUPS.items()
    }


def play(service: "Service", visit: Document, form: Mapping[str, str], term_is_over: bool) -> list[Document]:
    """Do what the form says; the operations it made, the decisive one last, none for a forgery.

    Raises Refused 33 when the term of the visit ran out meanwhile.
    """
    trick = form.get("trick", "")
    if trick in FORGERIES:
        _forge(service, visit, by_test=trick == "forged_test")
        return []
    if trick not in DELIVERIES and trick not in STATES:
        abort(400)
    if term_is_over:
        raise Refused(33, "ExpirationDate")
    attempt = _attempt(visit, form, trick)
    done = [payments.pay(service, visit, attempt)]
    if trick == "twice":
        done.append(payments.pay(service, visit, attempt))
    return done


def _attempt(visit: Document, form: Mapping[str, str], trick: str) -> Attempt:
    card = "" if form.get("method") == "sbp" else _digits(form.get("card", "")) or GOOD_CARD
    declined = card == POOR_CARD or (card and not 16 <= len(card) <= 19)
    half = (Decimal(visit["out_sum"]) / 2).quantize(Decimal("0.01"))
    return Attempt(
        card=card,
        email=form.get("email", "").strip()[:100],
        state=operations.STARTED if declined else STATES.get(trick, operations.DONE),
        amount=half if trick == "wrong_amount" and half else None,
        delivery=DELIVERIES.get(trick, HONEST),
    )


def _forge(service: "Service", visit: Document, *, by_test: bool) -> None:
    """Claim money that never was: by a stranger's password, or by the weaker test password."""
    shop = shops.get(service.sandbox.store, visit["login"])
    claimed = operations.unpaid(visit)
    if by_test:
        claimed["test"] = True
    password = shop["test_password2"] if by_test else f"not-{shop['password2']}"
    service.notices.forge(shop, claimed, password=password)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
