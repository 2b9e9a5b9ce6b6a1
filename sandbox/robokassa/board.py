"""What the control page and its JSON twins show of Robokassa."""

from sandbox.robokassa import fiscal, invoices, notices, operations, refunds, shops
from sandbox.robokassa.words import money
from sandbox.store import Document, Store

FAULTS = notices.FAULTS | refunds.FAULTS
DUMPS = {
    "operations": operations.COLLECTION,
    "receipts": fiscal.COLLECTION,
    "refunds": refunds.COLLECTION,
    "invoices": invoices.COLLECTION,
    "notices": notices.COLLECTION,
}
_STATES = {
    operations.STARTED: ("warn", "начат"),
    operations.CANCELLED: ("", "отменён"),
    operations.CREDITING: ("warn", "зачисляется"),
    operations.RETURNED: ("bad", "вернулся"),
    operations.DONE: ("good", "оплачен"),
}
_REFUND_STATES = {
    refunds.PROCESSING: ("warn", "в пути"),
    refunds.FINISHED: ("good", "возвращён"),
    refunds.CANCELED: ("bad", "отменён"),
}


def rows(store: Store, count: int) -> Document:
    """The newest `count` of everything, newest first."""

    def newest(collection: str) -> list[Document]:
        return store.all(collection)[: -count - 1 : -1]

    return {
        "shops": store.all(shops.COLLECTION),
        "operations": newest(operations.COLLECTION),
        "receipts": newest(fiscal.COLLECTION),
        "refunds": newest(refunds.COLLECTION),
        "notices": newest(notices.COLLECTION),
        "states": _STATES,
        "refund_states": _REFUND_STATES,
        "titles": fiscal.TITLES,
        "kinds": {"result": "ResultURL", "result2": "ResultUrl2"},
        "money": money,
    }
