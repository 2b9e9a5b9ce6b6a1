"""Workbooks: typed cells, nothing that runs, the sums of the page, one ticket for one opening."""

import csv
import json
import re
import shutil
import subprocess
import zipfile
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from pytest_django import Settings

from analytics import exports, tasks, workbook
from analytics.api import workbooks
from analytics.models import Export
from billing import ledger, write_offs
from billing.models import Location, Payment
from crm.models import Account, Deal
from tests.analytics import asking
from tests.analytics.asking import column, get, listed, moscow, pay, pay_at_the_desk, post, refund, summary
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "domain.json").read_text())
MONEY, DAY, TEXT = "#,##0.00", "dd.mm.yyyy", "@"


@pytest.fixture(autouse=True)
def _today(time_machine: Any, settings: Settings, tmp_path: Path) -> None:
    time_machine.move_to(NOW, tick=False)
    settings.DATA_DIR = tmp_path


@pytest.fixture
def account() -> Account:
    account = make_account()
    deal = make_deal(account, contact_name="Анна Смирнова", contact_phone="+79161234501")
    make_schedule(deal, total="400", count=4, first_due_on=date(2026, 9, 10))
    refund(pay(deal, 100, moscow("2026-09-09 10:00:00")), "30.50", moscow("2026-10-01 10:00:00"))
    return account


def totals(book: Any) -> dict[str, Any]:
    return dict(book.worksheets[1].iter_rows(values_only=True))


def test_cells_have_types_and_the_header_stands_still(account: Account) -> None:
    book = asking.workbook(account, report="payments")
    sheet = book.worksheets[0]
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Получено", "A2", "A1:N3")
    assert [cell.value.date() for cell in sheet["A"][1:]] == [date(2026, 10, 1), date(2026, 9, 9)]
    assert column(book, "Сумма") == [-30.5, 100]
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert (formats["Дата"], formats["Сумма"], formats["Клиент"]) == (DAY, MONEY, TEXT)
    assert totals(book)["Получено"] == 69.5
    assert totals(book)["Строк"] == 2
    assert column(book, "Операция") == ["Возврат", "Оплата"]
    assert column(book, "Менеджер") == ["Пользователь 8100002"] * 2


def test_the_workbook_says_what_was_asked_as_the_page_does(account: Account) -> None:
    entity = account.policy.legal_entity
    assert entity is not None
    Location.objects.create(account=account, key="baumana", name="Баумана, 44 (Казань)", crm_value="Баумана")
    Location.objects.create(account=make_account(), key="baumana", name="Чужая", crm_value="Баумана")
    said = totals(asking.workbook(account, report="payments", location="baumana", legal_entity=entity.key))
    assert (said["Локация"], said["Юрлицо"]) == ("Баумана, 44 (Казань)", entity.name)


def test_the_schedule_adds_up_although_a_debt_was_written_off(account: Account) -> None:
    given: dict[str, Any] = {"reason": "выехал", "written_on": None, "author": "user:1", "at": NOW}
    write_offs.write_off(deal=Deal.objects.get(), amount=rub("130.50"), **given)
    book = asking.workbook(account, report="schedule")
    names = ("Сумма", "Оплачено", "Списано", "Остаток")
    cells = {name: [rub(str(cell)) for cell in column(book, name)] for name in names}
    for amount, paid, given_up, rest in zip(*cells.values(), strict=True):
        assert amount == paid + given_up + rest
    assert {name: rub(str(totals(book)[name])) for name in names} == {
        name: sum(cells[name]) for name in names
    }
    assert sum(cells["Списано"]) == rub("130.50")


@pytest.mark.parametrize(
    "sample", [*VECTORS["formula_injection"]["samples"], "=1+1", "http://evil.example/x"]
)
def test_what_a_client_wrote_is_text_and_nothing_else(account: Account, sample: str) -> None:
    Deal.objects.update(contact_name=sample, name=f"{sample}\x07", programme=sample)
    content = get(account, "export.xlsx", report="schedule").content
    book = openpyxl.load_workbook(BytesIO(content))
    names = [cell for cell in book.worksheets[0]["A"]][1:]
    assert {(cell.value, cell.data_type, cell.quotePrefix) for cell in names} == {(sample, "s", True)}
    assert set(column(book, "Договор")) == {sample}
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode(errors="replace")
            assert "<f>" not in text
            assert "<f " not in text
            assert "<hyperlink" not in text
            assert not re.search(r'TargetMode="External"', text)


def test_inn_account_and_phone_keep_their_noughts_as_text(account: Account) -> None:
    deal = Deal.objects.select_related("account").get()
    pay_at_the_desk(deal, "10", NOW, kind="company", name="ООО «Заказчик»", inn="0123456789")
    entity = account.policy.legal_entity
    assert entity is not None
    entity.bank = {"account": "00702810900000000025"}
    entity.save()
    book = asking.workbook(account, report="registry")
    assert column(book, "ИНН плательщика") == [None, None, "0123456789"]
    assert column(book, "Расчётный счёт") == ["00702810900000000025"] * 3
    assert column(book, "Плательщик") == ["Анна Смирнова", "Анна Смирнова", "ООО «Заказчик»"]
    assert sum(column(book, "Сумма")) == 79.5
    assert column(asking.workbook(account, report="aging"), "Телефон") == ["+79161234501"]


def test_receipts_stand_beside_their_money(account: Account) -> None:
    [receipt] = Payment.objects.get().receipts.filter(kind="income")
    receipt.state, receipt.registered_at = "registered", NOW
    receipt.fiscal = {"fn": "9999078900001234", "fd": "42", "fpd": "0123456789"}
    receipt.content["lines"][0]["vat"] = "vat122"
    receipt.save()
    book = asking.workbook(account, report="registry")
    at = column(book, "Операция").index("Оплата")
    shown = {
        name: column(book, name)[at]
        for name in ("ФН", "№ чека (ФД)", "ФПД", "Чек", "Ставка НДС", "Сумма НДС")
    }
    assert shown == {
        "ФН": "9999078900001234",
        "№ чека (ФД)": "42",
        "ФПД": "0123456789",
        "Чек": "Пробит",
        "Ставка НДС": "22/122",
        "Сумма НДС": 18.03,
    }


def test_the_registry_says_why_money_has_no_receipt_of_ours(account: Account) -> None:
    """A receipt of another register has numbers: without its reason "not required" looks like a mistake."""
    deal = Deal.objects.select_related("account").get()
    pay_at_the_desk(deal, "10", NOW)
    paid = Payment.objects.latest("id")
    paid.receipts.filter(kind="income").update(
        state="not_required", reason="other_register", fiscal={"fn": "1", "fd": "2", "fpd": "3"}
    )
    book = asking.workbook(account, report="registry")
    at = column(book, "№ платежа").index(paid.pk)
    shown = [column(book, name)[at] for name in ("Чек", "Почему без чека", "№ чека (ФД)")]
    assert shown == ["Не требуется", "другая касса", "2"]


def test_debtors_are_split_by_days(account: Account) -> None:
    book = asking.workbook(account, report="aging")
    row = dict(zip(*book.worksheets[0].iter_rows(values_only=True), strict=True))
    # 10.09 holds what was not refunded; 10.10 is a Saturday and moves to Monday, the 12th.
    assert (row["Всего по договору"], row["Оплачено"], row["Не наступил срок"]) == (400, 69.5, 100)
    assert (row["1–30 дней"], row["31–60 дней"], row["61–90 дней"]) == (100, 100, 30.5)
    assert (row["Итого просрочено"], row["Дней просрочки (макс.)"]) == (230.5, 73)
    assert row["Последний платёж"].date() == date(2026, 9, 9)
    assert f"{totals(book)['Итого просрочено']:.2f}" == summary(account)["overdue"]


def test_what_debtors_owe_adds_up_with_what_was_written_off(account: Account) -> None:
    """The figures of a line are those of the deal's ledger: paid + written off + owed = the contract."""
    other = make_deal(account, contact_name="Борис Щукин")
    make_schedule(other, total="900", count=3, first_due_on=date(2026, 10, 15))
    for deal, amount in ((Deal.objects.exclude(pk=other.pk).get(), "130.50"), (other, "400")):
        given: dict[str, Any] = {"reason": "выехал", "written_on": None, "author": "user:1", "at": NOW}
        write_offs.write_off(deal=deal, amount=rub(amount), **given)
    book = asking.workbook(account, report="aging")
    names = ("Всего по договору", "Оплачено", "Списано", "Не наступил срок", "Итого просрочено")
    cells = {name: [rub(str(cell or 0)) for cell in column(book, name)] for name in names}
    lines = dict(zip(column(book, "Клиент"), zip(*cells.values(), strict=True), strict=True))
    for deal in Deal.objects.all():
        standing = ledger.standing(deal, on=TODAY)
        total, paid, given_up, not_due, overdue = lines[deal.contact_name]
        assert total == paid + given_up + not_due + overdue
        assert (total, paid, given_up) == (standing.total, standing.paid, standing.written_off)
        assert (overdue, not_due) == (standing.overdue, standing.debt - standing.overdue)
    assert sum(cells["Списано"]) == rub("530.50")
    assert {name: rub(str(totals(book)[name])) for name in names} == {
        name: sum(cells[name]) for name in names
    }


@pytest.mark.parametrize("report", ["payments", "schedule", "overdue", "aging", "registry"])
def test_an_empty_report_is_a_workbook_too(report: str) -> None:
    book = asking.workbook(make_account(), report=report)
    assert len(list(book.worksheets[0].iter_rows())) == 1
    assert totals(book)["Строк"] == 0


def test_the_workbook_says_what_was_asked(account: Account) -> None:
    book = asking.workbook(account, report="overdue", cohort="Поток 12", from_="2026-09-01")
    said = totals(book)
    assert said["Поток"] == "Поток 12"
    assert (said["С"].date(), said["На дату"].date()) == (date(2026, 9, 1), TODAY)


def test_a_big_one_is_refused_with_the_way_out(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "ROWS_AT_ONCE", 1)
    answer = get(account, "export.xlsx", report="payments")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    assert "analytics/exports/" in answer.json()["detail"]


def test_a_browser_that_wants_a_workbook_gets_one(account: Account) -> None:
    headers = {"X-Auth-Token": asking.token(account), "Accept": workbooks.CONTENT_TYPE}
    answer = Client().get("/api/v1/analytics/export.xlsx?report=aging", headers=headers)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]


def test_a_worker_makes_what_the_screen_showed(account: Account) -> None:
    asked = post(account, "exports/", {"report": "payments", "state": "overdue", "to": "2026-10-31"})
    assert asked.status_code == 202
    assert (asked.json()["state"], asked.json()["url"]) == ("waiting", None)
    rows = listed(account, "overdue", to="2026-10-31")
    tasks.build_exports()
    done = get(account, f"exports/{asked.json()['id']}/").json()
    assert (done["state"], done["progress"]) == ("done", 100)
    opened = Client().get(done["url"].removeprefix("http://127.0.0.1:8000"))
    book = openpyxl.load_workbook(BytesIO(opened.getvalue()))
    assert [f"{cell:.2f}" for cell in column(book, "Остаток")] == [row["amount"] for row in rows]
    # The same ticket again, and a second run, do nothing.
    assert Client().get(done["url"].removeprefix("http://127.0.0.1:8000")).status_code == 410
    tasks.build_exports()
    assert Export.objects.get().attempts == 1


def test_a_ticket_lives_a_minute(account: Account, time_machine: Any) -> None:
    key = post(account, "exports/", {"report": "aging"}).json()["id"]
    tasks.build_exports()
    url = get(account, f"exports/{key}/").json()["url"].removeprefix("http://127.0.0.1:8000")
    time_machine.move_to(NOW + timedelta(seconds=61), tick=False)
    assert Client().get(url).status_code == 410
    assert Client().get(f"{url[:-3]}x/").status_code == 410


def test_a_workbook_of_another_account_is_not_there(account: Account) -> None:
    key = post(account, "exports/", {"report": "aging"}).json()["id"]
    assert get(make_account(), f"exports/{key}/").status_code == 404


def test_the_day_of_view_is_that_of_the_click(account: Account, time_machine: Any) -> None:
    post(account, "exports/", {"report": "overdue"})
    time_machine.move_to(NOW + timedelta(days=30), tick=False)
    assert Export.objects.get().query["as_of"] == "2026-11-22"


def test_a_worker_that_dies_leaves_no_half_file_and_the_next_one_begins_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    post(account, "exports/", {"report": "payments"})

    def dies(*_given: Any, **_named: Any) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(workbook, "write", dies)
        exports.build(at=NOW, read=workbooks.question_of)
    assert list((tmp_path / "exports").iterdir()) == []
    assert Export.objects.get().state == "waiting"
    assert exports.build(at=NOW + timedelta(minutes=1), read=workbooks.question_of) == 1


def test_what_fails_again_and_again_waits_for_a_person(account: Account) -> None:
    key = post(account, "exports/", {"report": "payments"}).json()["id"]
    Export.objects.update(attempts=exports.ATTEMPTS_MAX)
    tasks.build_exports()
    failed = get(account, f"exports/{key}/").json()
    assert (failed["state"], failed["detail"]) == ("failed", "Файл слишком большой: сузьте период.")


def test_yesterdays_workbooks_are_forgotten_with_their_files(account: Account, tmp_path: Path) -> None:
    post(account, "exports/", {"report": "payments"})
    tasks.build_exports()
    assert len(list((tmp_path / "exports").iterdir())) == 1
    exports.build(at=NOW + timedelta(hours=25), read=workbooks.question_of)
    assert list((tmp_path / "exports").iterdir()) == []
    assert Export.objects.count() == 0


def test_an_account_cannot_fill_the_queue(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "WAITING_MAX", 1)
    post(account, "exports/", {"report": "payments"})
    refused = post(account, "exports/", {"report": "payments"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")


@pytest.mark.parametrize("body", [{"report": "salaries"}, {}, {"report": "aging", "from": "x"}])
def test_what_cannot_be_made_is_refused_at_once(account: Account, body: dict[str, str]) -> None:
    assert post(account, "exports/", body).status_code == 422
    assert Export.objects.count() == 0


def test_nobody_reads_without_a_token() -> None:
    for path in (
        "summary/",
        "payments/?state=received",
        "aging/",
        "filters/",
        "export.xlsx?report=aging",
        "exports/1/",
    ):
        assert Client().get(f"/api/v1/analytics/{path}").status_code == 401


def test_kopecks_survive(account: Account) -> None:
    pay(make_deal(account), "12345678.91", NOW)
    assert rub(max(column(asking.workbook(account, report="payments"), "Сумма"))) == rub("12345678.91")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_another_program_reads_the_same_sums(account: Account, tmp_path: Path) -> None:
    Deal.objects.update(contact_name='=HYPERLINK("http://x")')
    content = get(account, "export.xlsx", report="overdue").content
    (tmp_path / "report.xlsx").write_bytes(content)
    profile, source = f"-env:UserInstallation=file://{tmp_path}/profile", str(tmp_path / "report.xlsx")
    csv_of_values = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,1"
    command = [
        "soffice",
        "--headless",
        profile,
        "--convert-to",
        csv_of_values,
        "--outdir",
        str(tmp_path),
        source,
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, cwd=tmp_path)
    [made] = tmp_path.glob("*.csv")
    header, *rows = list(csv.reader(made.read_text().splitlines(), delimiter=";"))
    assert {row[header.index("Клиент")] for row in rows} == {'=HYPERLINK("http://x")'}, done.stderr
    rests = [row[header.index("Остаток")].replace(",", "") for row in rows]
    assert f"{sum(map(rub, rests)):.2f}" == summary(account)["overdue"]
