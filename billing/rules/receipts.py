"""Which fiscal receipt a payment needs and what stands in it (54-FZ; facts: domain 2-3).

Two questions, both pure. `maker`: is the receipt ours to make, another register's, nobody's, or still open?
`prepayment` and `returned`: the content in provider-neutral words, kept with the receipt and sent by the
adapter.

Money that comes before the service is a prepayment: full when it covers all that is sold, else partial, with
the calculated VAT rate (22/122 for 22); an advance while nobody knows for what it is. When the service is
rendered a settlement closes it with the straight rate: by earlier money, by money of now, on credit. A
receipt of a refund repeats the attributes of what it takes back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any, TypedDict

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


# The subject of money of which nobody knows yet what it is for: an advance, a gift certificate.
UNKNOWN_YET = "payment"
# Methods of lines whose service is rendered; the others wait for it.
SETTLED = ("full_payment", "partial_payment", "credit", "credit_payment")


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


@dataclass(frozen=True, kw_only=True)
class CreditTerms:
    """What the accountant decided of the line of a credit payment: subject payment | service, rate none |
    calculated | straight.
    """

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
    for cash too. `rode`: the provider got the receipt with the order; `rode_elsewhere`: the shop prints so,
    but the order was another program's.
    """

    tax_system: str
    method: str
    payer_is_organisation: bool
    cloud: bool
    cloud_cash: bool
    desk: bool | None
    rode: bool = False
    rode_elsewhere: bool = False


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
    if given.rode_elsewhere:
        # What that program told the shop to print only the shop knows.
        return Decision(Maker.OPEN, "other_order")
    if not given.cloud:
        return Decision(Maker.OPEN, "no_register")
    if given.method == "cash" and not given.cloud_cash:
        return Decision(Maker.OPEN, "no_register_for_cash")
    return Decision(Maker.US)


def prepayment(
    *, seller: Seller, buyer: Buyer, item: Item, amount: Decimal, whole: bool, cash: bool = False
) -> Content:
    """The income receipt of money that came before the service; `whole` when it pays for all of the item."""
    line = Line(
        name=item.name,
        amount=_text(amount),
        vat=CALCULATED[item.vat],
        method="full_prepayment" if whole else "prepayment",
        subject=item.subject,
    )
    return _income(seller, buyer, line, {_way(cash): amount})


def advance(
    *, seller: Seller, buyer: Buyer, name: str, vat: str, amount: Decimal, cash: bool = False
) -> Content:
    """Money of which nobody knows yet what it is for: tag 1214 = 3 goes with the subject "payment"."""
    line = Line(name=name, amount=_text(amount), vat=CALCULATED[vat], method="advance", subject=UNKNOWN_YET)
    return _income(seller, buyer, line, {_way(cash): amount})


def settlement(*, seller: Seller, buyer: Buyer, item: Item, paid: Mapping[str, Decimal]) -> Content:
    """The service is rendered for the sum of `paid`: {advance: came before, electronic | cash: comes now,
    credit: comes later}.

    Full payment when nothing is left to come, credit when nothing came, else partial payment. The rate is the
    straight one.
    """
    total = sum(paid.values(), Decimal(0))
    credit = paid.get("credit", Decimal(0))
    method = "full_payment" if not credit else "credit" if credit == total else "partial_payment"
    line = Line(name=item.name, amount=_text(total), vat=item.vat, method=method, subject=item.subject)
    return _income(seller, buyer, line, paid)


def credit_payment(
    *, seller: Seller, buyer: Buyer, item: Item, terms: CreditTerms, amount: Decimal, cash: bool = False
) -> Content:
    """A later payment of a service that was rendered on credit; subject and rate are the accountant's."""
    rates = {"none": "none", "calculated": CALCULATED[item.vat], "straight": item.vat}
    line = Line(
        name=item.name,
        amount=_text(amount),
        vat=rates[terms.vat],
        method="credit_payment",
        subject="payment" if terms.subject == "payment" else item.subject,
    )
    return _income(seller, buyer, line, {_way(cash): amount})


def together(first: Content, second: Content) -> Content:
    """One receipt with the lines and sums of two of the same kind, seller and buyer."""
    paid = {
        way: _text(Decimal(first["paid"].get(way, "0")) + Decimal(second["paid"].get(way, "0")))
        for way in (*first["paid"], *second["paid"])
    }
    return {**first, "lines": [*first["lines"], *second["lines"]], "paid": paid}


def returned(
    original: Mapping[str, object] | Content, *, amount: Decimal, gone: Decimal = Decimal(0)
) -> Content:
    """The return of `amount` out of an income receipt: its attributes, only the part that goes back.

    An advance beside other lines is money above the price and goes back first; `gone` is what went back
    before. Other lines give back in proportion, kopecks to the largest rests. Raises ValueError for more than
    was received.
    """
    source: Content = original  # type: ignore[assignment]
    parts = _parts_back(source["lines"], amount, gone)
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
        paid={_came(source): str(amount.quantize(KOPECK))},
        email=source["email"],
        phone=source["phone"],
        inn=source["inn"],
        site=source["site"],
    )


def returned_settlement(
    original: Mapping[str, object] | Content, *, like: Line, amount: Decimal, way: str
) -> Content:
    """The return of money whose service was rendered: `like` the line of the receipt that closed it.

    `original` brought the money; `way` is how it goes back in the receipt: as it came, or as "advance".
    """
    source: Content = original  # type: ignore[assignment]
    line = Line(
        name=like["name"],
        amount=_text(amount),
        vat=like["vat"],
        method=like["method"],
        subject=like["subject"],
    )
    paid = {"advance" if way == "advance" else _came(source): _text(amount)}
    return {**source, "type": "income_return", "lines": [line], "paid": paid}


def credit_taken_back(original: Mapping[str, object] | Content, *, amount: Decimal) -> Content:
    """The return of what was handed over on credit and nobody will pay; no money moves by it."""
    source: Content = original  # type: ignore[assignment]
    like = next(line for line in source["lines"] if line["method"] in ("credit", "partial_payment"))
    line = Line(
        name=like["name"], amount=_text(amount), vat=like["vat"], method="credit", subject=like["subject"]
    )
    return {**source, "type": "income_return", "lines": [line], "paid": {"credit": _text(amount)}}


def still_open(content: Mapping[str, object] | Content) -> Content:
    """The receipt without the lines of a rendered service: what of it is a prepayment."""
    source: Content = content  # type: ignore[assignment]
    return {**source, "lines": [line for line in source["lines"] if line["method"] not in SETTLED]}


def settled(content: Mapping[str, Any] | Content) -> Decimal:
    """What of a receipt is for a rendered service."""
    return _sum(content, lambda line: line["method"] in SETTLED)


def waiting(content: Mapping[str, Any] | Content) -> Decimal:
    """What of a receipt is a prepayment."""
    return _sum(content, lambda line: line["method"] not in SETTLED)


def credit_given(content: Mapping[str, Any] | Content) -> Decimal:
    """What a receipt adds to the payer's credit; negative for what pays it or takes it back."""
    given = Decimal(content["paid"].get("credit", "0"))
    given -= _sum(content, lambda line: line["method"] == "credit_payment")
    return given if content["type"] == "income" else -given


def _sum(content: Mapping[str, Any] | Content, wanted: Callable[[Line], bool]) -> Decimal:
    return sum((Decimal(line["amount"]) for line in content["lines"] if wanted(line)), Decimal(0))


def _income(seller: Seller, buyer: Buyer, line: Line, paid: Mapping[str, Decimal]) -> Content:
    return Content(
        type="income",
        tax_system=seller.tax_system,
        lines=[line],
        paid={way: _text(amount) for way, amount in paid.items() if amount},
        email=buyer.email,
        phone=buyer.phone,
        inn=seller.inn,
        site=seller.site,
    )


def _way(cash: bool) -> str:
    return "cash" if cash else "electronic"


def _came(content: Content) -> str:
    """The way in which money came; what was given on credit beside it is none, and none of it goes back."""
    return _way("cash" in content["paid"])


def _text(amount: Decimal) -> str:
    return str(amount.quantize(KOPECK))


def _parts_back(lines: list[Line], amount: Decimal, gone: Decimal) -> list[Decimal]:
    whole = [Decimal(line["amount"]) for line in lines]
    above = [
        part if line["method"] == "advance" else Decimal(0) for line, part in zip(lines, whole, strict=True)
    ]
    if above == whole or not any(above) or amount <= 0:
        return _shares(whole, amount)
    first = min(amount, max(sum(above, Decimal(0)) - gone, Decimal(0)))
    priced = [part - more for part, more in zip(whole, above, strict=True)]
    spans = ((above, first), (priced, amount - first))
    shares = [_shares(weights, given) for weights, given in spans if given]
    return [sum(parts, Decimal(0)) for parts in zip(*shares, strict=True)]


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
