"""Which fiscal receipt a payment needs and what stands in it (54-FZ; facts: domain 2-3).

Two questions, both pure. `maker`: is the receipt ours to make, another register's, nobody's, or still open?
`prepayment` and `returned`: the content in provider-neutral words, kept with the receipt and sent by the
adapter.

Money that comes before the service is a prepayment: full when it covers all that is sold, else partial, with
the calculated VAT rate (22/122 for 22). A receipt of a refund repeats the attributes of the original.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TypedDict

KOPECK = Decimal("0.01")
# Tag 1199: the rate in the price becomes the rate of an advance. No VAT and 0 % stay what they are.
CALCULATED = {
    "none": "none",
    "vat0": "vat0",
    "vat5": "vat105",
    "vat7": "vat107",
    "vat10": "vat110",
    "vat20": "vat120",
    "vat22": "vat122",
}


class Line(TypedDict):
    """One position; `amount` is text like "20000.00", `vat`, `method` and `subject` are words, not codes."""

    name: str
    amount: str
    vat: str
    method: str
    subject: str


class Content(TypedDict):
    """A receipt in neutral words; `paid` says how: electronic, cash, advance or credit -> text amount."""

    type: str
    tax_system: str
    lines: list[Line]
    paid: dict[str, str]
    email: str
    phone: str
    inn: str
    site: str


@dataclass(frozen=True, kw_only=True)
class Seller:
    inn: str
    site: str
    tax_system: str


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Where the receipt goes; at least one should be known."""

    email: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is sold, with the rate in its price."""

    name: str
    subject: str
    vat: str


class Maker(StrEnum):
    US = "us"
    ORDER = "order"
    ELSEWHERE = "elsewhere"
    NOBODY = "nobody"
    OPEN = "open"


@dataclass(frozen=True)
class Decision:
    """Who makes the receipt, and in a word why not we. OPEN stays on the list "money without a receipt".

    ORDER: it rode on the order, so the provider made it with the payment.
    """

    maker: Maker
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """All that decides about the receipt of one payment.

    `method`: card and sbp come through a provider, the others are entered by hand. `desk` is None where no
    desk is known, else True when cash is rung there. `cloud` and `cloud_cash`: our shop makes receipts, and
    for cash too. `rode`: the provider got the receipt with the order.
    """

    tax_system: str
    method: str
    payer_is_organisation: bool
    cloud: bool
    cloud_cash: bool
    desk: bool | None
    rode: bool = False


def maker(given: Circumstances) -> Decision:
    """Who makes the receipt when nobody said otherwise."""
    if given.tax_system == "npd":
        return Decision(Maker.NOBODY, "npd")
    if given.method == "bank_transfer" and given.payer_is_organisation:
        return Decision(Maker.NOBODY, "organisation_transfer")
    if given.method == "card_terminal":
        # A terminal stands on a counter, and a counter has its own register.
        return Decision(Maker.ELSEWHERE, "other_register")
    if given.method == "cash" and given.desk:
        return Decision(Maker.ELSEWHERE, "other_register")
    if given.method == "other":
        return Decision(Maker.OPEN, "method_unknown")
    return by_us(given)


def by_us(given: Circumstances) -> Decision:
    """Ours, if our shop can make it; what we cannot make stays open for a person."""
    if given.tax_system == "npd":
        return Decision(Maker.NOBODY, "npd")
    if given.rode:
        return Decision(Maker.ORDER)
    if not given.cloud:
        return Decision(Maker.OPEN, "no_register")
    if given.method == "cash" and not given.cloud_cash:
        return Decision(Maker.OPEN, "no_register_for_cash")
    return Decision(Maker.US)


def prepayment(
    *, seller: Seller, buyer: Buyer, item: Item, amount: Decimal, whole: bool, cash: bool = False
) -> Content:
    """The income receipt of money that came before the service; `whole` when it pays for all of the item."""
    sum_text = str(amount.quantize(KOPECK))
    line = Line(
        name=item.name,
        amount=sum_text,
        vat=CALCULATED[item.vat],
        method="full_prepayment" if whole else "prepayment",
        subject=item.subject,
    )
    return Content(
        type="income",
        tax_system=seller.tax_system,
        lines=[line],
        paid={"cash" if cash else "electronic": sum_text},
        email=buyer.email,
        phone=buyer.phone,
        inn=seller.inn,
        site=seller.site,
    )


def returned(original: Mapping[str, object] | Content, *, amount: Decimal) -> Content:
    """The return of `amount` out of an income receipt: its attributes, only the part that goes back.

    Several lines give back in proportion, kopecks to the largest rests; raises ValueError for more than was
    received.
    """
    source: Content = original  # type: ignore[assignment]
    parts = _shares([Decimal(line["amount"]) for line in source["lines"]], amount)
    return Content(
        type="income_return",
        tax_system=source["tax_system"],
        lines=[
            Line(
                name=line["name"],
                amount=str(part),
                vat=line["vat"],
                method=line["method"],
                subject=line["subject"],
            )
            for line, part in zip(source["lines"], parts, strict=True)
            if part
        ],
        paid={next(iter(source["paid"])): str(amount.quantize(KOPECK))},
        email=source["email"],
        phone=source["phone"],
        inn=source["inn"],
        site=source["site"],
    )


def _shares(weights: list[Decimal], amount: Decimal) -> list[Decimal]:
    """Split `amount` in proportion to the weights, to the kopeck; no share is above its weight."""
    total = sum(weights, Decimal(0))
    if not 0 < amount <= total:
        raise ValueError("a return is above zero and at most what was received")
    exact = [weight * amount / total for weight in weights]
    shares = [share.quantize(KOPECK, ROUND_DOWN) for share in exact]
    rest = int((amount - sum(shares, Decimal(0))) / KOPECK)
    by_rest = sorted(range(len(weights)), key=lambda place: (shares[place] - exact[place], place))
    for place in by_rest[:rest]:
        shares[place] += KOPECK
    return shares
