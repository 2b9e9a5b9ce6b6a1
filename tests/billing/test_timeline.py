"""Every event that the verbs record has words for people."""

import ast
from pathlib import Path

import pytest

from billing import history, versions
from billing.api import timeline
from billing.api.timeline import WORDS
from tests.factories import NOW, make_deal

ROOT = Path(__file__).resolve().parents[2] / "billing"


def kinds_in(source: str) -> set[str]:
    """Texts given as `kind` to history.record, or chosen for it by a helper _record or _remember."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name == "history.record":
            values = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
        elif name in ("_record", "_remember"):
            values = list(node.args)
        else:
            continue
        for value in values:
            inside = (one.value for one in ast.walk(value) if isinstance(one, ast.Constant))
            found |= {one for one in inside if isinstance(one, str) and one.islower() and "_" in one}
    return found


def test_every_recorded_kind_has_words() -> None:
    used = set().union(*(kinds_in(path.read_text()) for path in ROOT.rglob("*.py")))
    assert {"payment_received", "invoice_sent", "receipt_registered"} <= used
    assert used | set(versions.EVENTS.values()) <= set(WORDS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"of": "income"}, "Чек"),
        ({}, "Чек"),
        ({"of": "refund"}, "Чек возврата"),
        ({"of": "offset"}, "Чек зачёта предоплаты"),
    ],
)
def test_the_history_says_what_kind_of_receipt_was_made(of: dict[str, str], words: str) -> None:
    deal = make_deal()
    for kind, data in [
        ("receipt_registered", {}),
        ("receipt_failed", {"reason": "нет связи"}),
        ("receipt_settled", {"reason": "пробит на кассе"}),
        ("receipt_retried", {}),
    ]:
        given = {"amount": "100.00", **of, **data}
        history.record(deal=deal, kind=kind, at=NOW, recorded_at=NOW, author="system", data=given)
    sum_of = f"{words} на 100\N{NO-BREAK SPACE}₽"
    assert [one["text"] for one in timeline.of(deal, names={})] == [
        f"{sum_of} пробит",
        f"{sum_of} не пробит: нет связи",
        f"{sum_of} закрыт вручную. пробит на кассе",
        f"{sum_of} отправлен на кассу снова",
    ]
