"""Why a payment is declined: the reason codes the emulator uses, and the documented test cards."""

from dataclasses import dataclass

APPROVED, INSUFFICIENT_FUNDS, EXPIRED_CARD, CROSS_TERMINAL = 0, 5051, 5054, 6025

# code: (name, what the payer is told)
REASONS = {
    0: ("Approved", "Оплата успешно проведена"),
    3001: ("InvalidInvoiceId", "Неверный номер заказа"),
    3002: ("InvalidAccountId", "Неверный плательщик"),
    3003: ("InvalidAmount", "Неверная сумма заказа"),
    3004: ("OutOfDate", "Срок оплаты заказа истёк"),
    3005: ("FormatError", "Платёж не может быть принят"),
    3006: ("Unavailable", "Магазин не отвечает, попробуйте позже"),
    3007: ("UnableToConnect", "Магазин не отвечает, попробуйте позже"),
    3008: ("NotAccepted", "Платёж не может быть принят"),
    5014: ("Invalid Card Number", "Проверьте номер карты"),
    5051: ("Insufficient Funds", "Недостаточно средств на карте"),
    5054: ("Expired Card", "Карта просрочена или неверно указан срок действия"),
    6025: ("CrossTerminalTokenRestriction", "Карта сохранена у другого продавца"),
}

# What the product answered to Check: the decline it becomes.
CHECK_REFUSALS = {10: 3001, 11: 3002, 12: 3003, 13: 3008, 20: 3004}
CHECK_FORMAT_ERROR, CHECK_UNABLE_TO_CONNECT = 3005, 3007


@dataclass(frozen=True)
class Card:
    number: str
    kind: str
    reason_code: int = APPROVED
    token_reason_code: int = APPROVED

    @property
    def shown(self) -> str:
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


CARDS = {
    card.number: card
    for card in (
        Card("2200000000000004", "МИР"),
        Card("4242424242424242", "Visa"),
        Card("5555555555554444", "Mastercard"),
        Card("2202202202202200", "МИР", INSUFFICIENT_FUNDS),
        Card("4012888888881881", "Visa", INSUFFICIENT_FUNDS),
        Card("5105105105105100", "Mastercard", INSUFFICIENT_FUNDS),
        Card("2202000000003055", "МИР"),
        Card("4000000000003055", "Visa"),
        Card("5205000000003055", "Mastercard"),
        Card("2200000022222222", "МИР", APPROVED, INSUFFICIENT_FUNDS),
        Card("4111111111111111", "Visa", APPROVED, INSUFFICIENT_FUNDS),
        Card("5200828282828210", "Mastercard", APPROVED, INSUFFICIENT_FUNDS),
        Card("2203000000000043", "МИР", INSUFFICIENT_FUNDS),
        Card("4000056655665556", "Visa", INSUFFICIENT_FUNDS),
        Card("5404000000000043", "Mastercard", INSUFFICIENT_FUNDS),
    )
}
