"""Money and receipt lines as the pages of this emulator write them."""

from decimal import Decimal

from sandbox.store import Document

SETTLEMENT = {
    "full_prepayment": "Предоплата 100%",
    "prepayment": "Предоплата",
    "advance": "Аванс",
    "full_payment": "Полный расчёт",
    "partial_payment": "Частичный расчёт и кредит",
    "credit": "Передача в кредит",
    "credit_payment": "Оплата кредита",
}


def money(amount: str) -> str:
    """«3 500 ₽», kopecks only where there are some; no-break spaces."""
    whole, _, kopecks = f"{Decimal(amount):,.2f}".partition(".")
    spaced = whole.replace(",", "\u00a0")
    return f"{spaced}\u00a0₽" if kopecks == "00" else f"{spaced},{kopecks}\u00a0₽"


def receipt_lines(receipt: Document | None) -> list[Document]:
    lines = receipt["items"] if receipt else []
    return [
        {
            "name": line["name"],
            "quantity": line["quantity"],
            "sum": money(line["sum"]),
            "more": f"{SETTLEMENT[line['payment_method']]}, {vat(line['tax'])}",
        }
        for line in lines
    ]


def vat(tax: str) -> str:
    """«без НДС», «НДС 5%», «НДС 5/105» from none, vat5, vat105."""
    if tax == "none":
        return "без НДС"
    code = int(tax.removeprefix("vat"))
    return f"НДС {code - 100}/{code}" if code > 100 else f"НДС {code}%"
