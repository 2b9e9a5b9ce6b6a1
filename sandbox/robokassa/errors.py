"""What the payment page answers instead of itself: the documented codes. The shop is told nothing."""

WORDS = {
    23: "Магазин не настроил испытательные платежи",
    25: "Магазин не активирован",
    26: "Магазин не найден",
    29: "Неверная подпись запроса",
    30: "Неверный номер счёта",
    31: "Неверная сумма платежа",
    33: "Время, отведённое на оплату счёта, истекло",
    34: "Услуга рекуррентных платежей не разрешена магазину",
    40: "Этот счёт уже оплачен",
    41: "Не удалось начать операцию",
    51: "Срок оплаты счёта истёк",
    52: "Счёт уже оплачен",
    53: "Счёт не найден",
    64: "Холдирование не разрешено магазину",
}


class Refused(Exception):
    """The link cannot be paid: a code of WORDS, and for who builds the link, what exactly is wrong."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

    @property
    def words(self) -> str:
        return WORDS[self.code]
