"""OpStateExt, the faults of the API, the journal and the control page."""

import re

import pytest

from tests.sandbox.robokassa.conftest import World


def test_a_paid_operation_is_described(world: World) -> None:
    answer = world.pay(world.link(Shp_deal="7"))
    state = world.state()
    assert (state["Result/Code"], state["State/Code"]) == ("0", "100")
    assert (state["Info/OutSum"], state["Info/IncSum"]) == ("3500.00", "3500.00")
    assert (state["Info/PaymentMethod/Code"], state["Info/IncCurrLabel"]) == ("BankCard", "BankCardPSR")
    assert (state["Info/IncAccount"], state["Info/OpKey"]) == ("220000******0004", answer["OpKey"])
    assert (state["UserField/Field/Name"], state["UserField/Field/Value"]) == ("Shp_deal", "7")
    for name in ("State/StateDate", "State/RequestDate"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+03:00", state[name])


@pytest.mark.parametrize(
    ("trick", "code"), [("decline", "5"), ("cancel", "10"), ("processing", "50"), ("", "100")]
)
def test_every_state_is_shown_by_its_documented_code(world: World, trick: str, code: str) -> None:
    world.pay(trick=trick)
    state = world.state()
    assert state["State/Code"] == code
    assert ("Info/OpKey" in state) == (code in ("50", "100"))


def test_wrong_signatures_unknown_shops_and_numbers_have_codes(world: World) -> None:
    world.pay()
    assert world.state(password="q7Lw-Alpha_01")["Result/Code"] == "1"
    assert world.state(login="nobody")["Result/Code"] == "2"
    assert world.state("70002")["Result/Code"] == "3"
    assert world.state(login="franch-spb-08", password="other2")["Result/Code"] == "3"


def test_a_declined_second_try_does_not_hide_the_money(world: World) -> None:
    guid = world.client.post("/robokassa/Merchant/Indexjson.aspx", data=world.link()).get_json()["invoiceID"]
    world.pay()
    world.client.post(f"/robokassa/Merchant/Index/{guid}", data={"trick": "decline"})
    assert world.state()["State/Code"] == "100"


def test_test_operations_are_not_served_and_two_kinds_are_too_many(world: World) -> None:
    world.pay(world.link(password="tst1-Delta", IsTest="1"))
    assert world.state()["Result/Code"] == "3"
    world.pay()
    assert world.state()["Result/Code"] == "4"


def test_faults_spoil_what_programs_call_and_never_the_payers_page(world: World) -> None:
    world.sandbox.faults.switch("robokassa", "down")
    state = world.client.get("/robokassa/Merchant/WebService/Service.asmx/OpStateExt")
    refund = world.client.post("/robokassa/RefundService/Refund/Create")
    assert [state.status_code, refund.status_code] == [503, 503]
    assert world.open(world.link()).status_code == 200
    assert world.pay()["State"] == 100


def test_calls_and_notices_are_in_the_journal_without_passwords(world: World) -> None:
    world.pay()
    world.sandbox.jobs.run_due()
    world.state()
    lines = world.client.get("/_sandbox/journal?service=robokassa").get_json()
    assert [(line["direction"], line["method"], line["status"]) for line in lines] == [
        ("in", "POST", 200),
        ("out", "POST", 200),
        ("in", "GET", 200),
    ]
    assert "z3Kd-Beta_02" not in str(lines)
    assert "q7Lw-Alpha_01" not in str(lines)


def test_the_control_page_shows_what_happened(world: World) -> None:
    world.pay(world.link(Description="Квест «Бункер»"))
    world.sandbox.jobs.run_due()
    page = world.client.get("/").text
    for shown in (
        "Платежи Robokassa",
        "Квест «Бункер»",
        "franch-spb-07",
        "ResultURL",
        "OK70001",
        "Свободная продажа",
    ):
        assert shown in page
    world.client.post("/_sandbox/buttons/notice/robokassa/1")
    assert world.sandbox.jobs.run_due() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"algorithm": "crc32"}, {"result_method": "PUT"}, {"fail_method": "mail"}, {"test_algorithm": "x"}],
)
def test_a_bad_shop_is_refused_by_the_seed(world: World, wrong: dict[str, str]) -> None:
    shop = {"login": "new", "password1": "a", "password2": "b"}
    refused = world.client.post("/_sandbox/seed", json={"robokassa": {"shops": [shop | wrong]}})
    assert refused.status_code == 400
    assert world.sandbox.store.get("robokassa.shops", "new") is None
