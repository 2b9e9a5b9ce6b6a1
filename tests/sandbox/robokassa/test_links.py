"""Opening a payment link: what is shown, what is refused and by which code."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.robokassa.conftest import LOGIN, World

LINE = {"name": "Квест «Бункер»", "quantity": 1, "sum": 3500, "tax": "none"}
LINE |= {"payment_method": "full_prepayment", "payment_object": "service"}


def receipt(*lines: dict[str, Any], **more: Any) -> str:
    """Encoded once, as it is signed; the test client's query adds the second layer."""
    return quote(
        json.dumps({"sno": "usn_income", "items": lines or [LINE]} | more, ensure_ascii=False), safe=""
    )


def error(world: World, **given: str) -> int:
    response = world.open(world.link(**given))
    assert response.status_code == 400
    assert 'data-testid="error"' in response.text
    return int(response.text.partition("Код ошибки ")[2].partition("<")[0])


def test_a_right_link_shows_who_is_paid_for_what_and_how_much(world: World) -> None:
    page = world.open(world.link(Description="Квест «Бункер», 12 мая", Email="anna@example.org")).text
    for shown in ("Квесты", "ИП Орлов П. А.", "Квест «Бункер», 12 мая", "3\u00a0500\u00a0₽", "№ 70001"):
        assert shown in page
    assert 'value="anna@example.org"' in page


def test_opening_a_link_makes_no_operation(world: World) -> None:
    world.open(world.link())
    assert world.rows("operations") == []
    assert world.state() == {
        "Result": "",
        "Result/Code": "3",
        "Result/Description": "Информация об операции с таким InvoiceID не найдена",
    }


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512", "ripemd160"])
def test_every_hash_method_of_a_shop_is_checked(world: World, algorithm: str) -> None:
    world.change_shop(algorithm=algorithm)
    right = world.link(algorithm=algorithm)
    assert world.open(right).status_code == 200
    assert world.open(right | {"SignatureValue": right["SignatureValue"].upper()}).status_code == 200
    other = "sha1" if algorithm == "md5" else "md5"
    assert world.open(world.link(algorithm=other)).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"OutSum": "1.00"},
        {"InvId": "70002"},
        {"Receipt": receipt()},
        {"Shp_deal": "2"},
        {"SignatureValue": ""},
        {"UserIp": "203.0.113.9"},
        {"ResultUrl2": "https://evil.example.org/"},
        {"SuccessUrl2": "https://evil.example.org/", "SuccessUrl2Method": "GET"},
    ],
)
def test_nothing_signed_can_be_changed(world: World, changed: dict[str, str]) -> None:
    response = world.open(world.link(Shp_deal="1") | changed)
    assert "Код ошибки 29" in response.text


def test_what_is_not_signed_can_be_changed(world: World) -> None:
    changed = world.link() | {"Description": "Другое", "Email": "b@example.org", "IncCurrLabel": "BankCard"}
    assert world.open(changed).status_code == 200


def test_addresses_are_signed_bare_and_not_encoded(world: World) -> None:
    bare = {"SuccessUrl2": "https://shop.example.org/ok?b=1", "SuccessUrl2Method": "GET"}
    assert world.open(world.link(**bare)).status_code == 200
    encoded = bare | {"SuccessUrl2": quote(bare["SuccessUrl2"], safe="")}
    signature = world.link(**encoded)["SignatureValue"]
    assert error(world, **bare, SignatureValue=signature) == 29


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"MerchantLogin": "nobody"}, 26),
        ({"OutSum": "0"}, 31),
        ({"OutSum": "3500,00"}, 31),
        ({"OutSum": "-1.00"}, 31),
        ({"OutSum": "1.001"}, 31),
        ({"InvId": "A-1"}, 30),
        ({"InvId": "9223372036854775808"}, 30),
        ({"ExpirationDate": "2020-01-01T00:00:00.0000000+03:00"}, 33),
        ({"ExpirationDate": "soon"}, 41),
        ({"Recurring": "true"}, 34),
        ({"SuccessUrl2": "https://shop.example.org/"}, 29),
    ],
)
def test_a_wrong_link_shows_its_documented_code(world: World, given: dict[str, str], code: int) -> None:
    assert error(world, **given) == code


def test_the_sum_is_signed_as_it_is_written(world: World) -> None:
    signature = world.link(OutSum="3500")["SignatureValue"]
    assert world.open(world.link(OutSum="3500")).status_code == 200
    assert error(world, OutSum="3500.00", SignatureValue=signature) == 29


def test_a_link_without_a_number_gets_one(world: World) -> None:
    numbers = [world.pay(world.link(InvId=text))["InvId"] for text in ("", "0", "")]
    assert len(set(numbers)) == 3
    assert min(map(int, numbers)) > 0


def test_test_payments_take_the_test_passwords_and_no_others(world: World) -> None:
    right = world.link(password="tst1-Delta", IsTest="1")
    assert "Испытательный платёж" in world.open(right).text
    assert error(world, IsTest="1") == 29
    assert world.open({name: value for name, value in right.items() if name != "IsTest"}).status_code == 400
    world.change_shop(test_password1="", test_password2="")
    assert error(world, password="tst1-Delta", IsTest="1") == 23


def test_a_shop_that_is_not_activated_takes_only_tests(world: World) -> None:
    world.change_shop(active=False)
    assert error(world) == 25
    assert world.open(world.link(password="tst1-Delta", IsTest="1")).status_code == 200
    assert world.state()["Result/Code"] == "2"


def test_a_receipt_is_listed_on_the_page(world: World) -> None:
    page = world.open(world.link(Receipt=receipt())).text
    assert "Квест «Бункер»" in page
    assert "Предоплата 100%, без НДС" in page


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("%7Bnot", "не JSON"),
        (receipt(LINE | {"sum": 3499.99}), "не равна сумме платежа"),
        (receipt(LINE | {"tax": "vat18"}), "tax не из списка"),
        (receipt(LINE | {"payment_method": "later"}), "payment_method не из списка"),
        (receipt(LINE | {"quantity": 0}), "quantity не положительное"),
        (receipt(LINE | {"sum": 3500.001}), "sum точнее 2 знаков"),
        (receipt(LINE | {"name": " "}), "нет названия"),
        (receipt(*[LINE] * 101), "от 1 до 100 строк"),
        (receipt(sno="npd"), "sno"),
        (quote("[1]"), "не объект"),
    ],
)
def test_a_bad_receipt_is_refused_with_the_reason(world: World, bad: str, why: str) -> None:
    page = world.open(world.link(Receipt=bad)).text
    assert "Код ошибки 41" in page
    assert why in page


def test_a_paid_number_is_not_opened_again_but_another_shops_is(world: World) -> None:
    world.pay()
    assert error(world) == 40
    other = world.link(MerchantLogin="franch-spb-08", password="other1")
    assert world.open(other).status_code == 200


def test_a_form_posted_to_the_page_opens_it_too(world: World) -> None:
    page = world.client.post("/robokassa/Merchant/Index.aspx", data=world.link(Receipt=receipt()))
    assert page.status_code == 200
    assert 'data-testid="pay-card"' in page.text


def test_indexjson_answers_the_number_of_a_page(world: World) -> None:
    opened = world.client.post("/robokassa/Merchant/Indexjson.aspx", data=world.link()).get_json()
    assert world.client.get(f"/robokassa/Merchant/Index/{opened['invoiceID']}").status_code == 200
    assert world.client.get("/robokassa/Merchant/Index/nothing").status_code == 404


def test_programs_are_refused_in_json(world: World) -> None:
    answer = world.pay(world.link(SignatureValue="0"))
    assert (answer["Error"], answer["Message"]) == (29, "Неверная подпись запроса")
    assert "q7Lw-Alpha_01" not in answer["Detail"]
    assert answer["Detail"] == f"md5 от строки {LOGIN}:3500.00:70001:Пароль#1"
