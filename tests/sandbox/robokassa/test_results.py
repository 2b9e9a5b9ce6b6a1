"""Paying: what ResultURL, ResultUrl2 and the payer's redirect carry, how often, and what buttons spoil."""

import hashlib
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from cryptography import x509

from tests.sandbox.robokassa.conftest import LOGIN, Site, World, md5


def test_the_bytes_of_a_notice_are_those_of_a_captured_one(world: World, site: Site) -> None:
    link = world.link(Shp_booking="b-20261", Shp_kind="prepay", Email="guest@example.com")
    answer = world.pay(link)
    world.sandbox.jobs.run_due()
    signature = md5("3500.000000:70001:z3Kd-Beta_02:Shp_booking=b-20261:Shp_kind=prepay").upper()
    assert [(heard.method, heard.raw) for heard in site.heard] == [
        (
            "POST",
            "out_summ=3500.000000&OutSum=3500.000000&inv_id=70001&InvId=70001"
            f"&crc={signature}&SignatureValue={signature}&PaymentMethod=BankCard&IncSum=3500.000000"
            "&IncCurrLabel=BankCardPSR&Fee=136.50&EMail=guest%40example.com"
            "&Shp_booking=b-20261&Shp_kind=prepay",
        )
    ]
    assert site.heard[0].content_type == "application/x-www-form-urlencoded"
    assert (answer["State"], answer["InvId"], answer["OutSum"]) == (100, "70001", "3500.00")
    assert [row["state"] for row in world.rows("notices")] == ["delivered"]


def test_a_shop_may_have_its_notices_by_get(world: World, site: Site) -> None:
    world.change_shop(result_method="GET", algorithm="sha256")
    world.pay(world.link(algorithm="sha256"))
    world.sandbox.jobs.run_due()
    heard = site.heard[0]
    expected = hashlib.sha256(b"3500.000000:70001:z3Kd-Beta_02").hexdigest().upper()
    assert (heard.method, heard.path, heard.fields["SignatureValue"]) == ("GET", "/result/", expected)


def test_own_fields_come_back_in_the_letter_case_they_were_sent(world: World, site: Site) -> None:
    link = world.link(SignatureValue=md5(f"{LOGIN}:3500.00:70001:q7Lw-Alpha_01:SHP_B=2:shp_a=1"))
    world.pay(link | {"SHP_B": "2", "shp_a": "1"})
    world.sandbox.jobs.run_due()
    fields = site.heard[0].fields
    assert (fields["SHP_B"], fields["shp_a"]) == ("2", "1")
    assert fields["SignatureValue"] == md5("3500.000000:70001:z3Kd-Beta_02:SHP_B=2:shp_a=1").upper()


@pytest.mark.parametrize(
    "answer",
    [(200, "OK"), (200, "OK70002"), (200, "ok70001"), (200, "OK70001\n"), (500, "OK70001"), (302, "OK70001")],
)
def test_anything_but_ok_and_the_number_is_repeated_each_minute(
    world: World, site: Site, answer: tuple[int, str]
) -> None:
    site.answers = [answer] * 4
    world.pay()
    world.sandbox.jobs.run_due()
    for _ in range(4):
        assert world.later(seconds=55) == 0
        assert world.later(seconds=6) == 1
    assert world.later(minutes=5) == 0
    assert len(site.heard) == 5
    assert len({heard.raw for heard in site.heard}) == 1


def test_repeats_end_after_a_hundred(world: World, site: Site) -> None:
    site.answers = [(500, "")] * 200
    world.pay()
    world.sandbox.jobs.run_due()
    while world.sandbox.jobs.waiting():
        world.later(seconds=61)
    assert len(site.heard) == 100
    assert [row["state"] for row in world.rows("notices")] == ["gave up"]


def test_a_test_payment_is_told_by_the_test_password_and_marked(world: World, site: Site) -> None:
    link = world.link(password="tst1-Delta", IsTest="1", Email="a@example.org", ResultUrl2=f"{site.url}/jws/")
    world.pay(link)
    world.sandbox.jobs.run_due()
    fields = site.heard[0].fields
    assert (fields["IsTest"], fields["OutSum"], fields["Fee"], fields["EMail"]) == ("1", "3500.00", "0.0", "")
    assert fields["SignatureValue"] == md5("3500.00:70001:tst2-Eps").upper()
    assert site.of("/jws/") == []
    assert world.rows("receipts") == []


def test_the_payer_comes_back_signed_with_the_first_password(world: World) -> None:
    link = world.link(SuccessUrl2="https://shop.example.org/ok?b=1", SuccessUrl2Method="GET", Shp_deal="7")
    way = urlsplit(world.pay(link)["Redirect"])
    assert (way.netloc, way.path) == ("shop.example.org", "/ok")
    assert dict(parse_qsl(way.query)) == {
        "b": "1",
        "OutSum": "3500.000000",
        "InvId": "70001",
        "SignatureValue": md5("3500.000000:70001:q7Lw-Alpha_01:Shp_deal=7"),
        "Culture": "ru",
        "Shp_deal": "7",
    }


def test_a_refused_payer_comes_back_unsigned(world: World) -> None:
    world.change_shop(fail_url="https://shop.example.org/fail/")
    way = urlsplit(world.pay(trick="decline")["Redirect"])
    assert way.path == "/fail/"
    assert sorted(parse_qs(way.query)) == ["Culture", "InvId", "OutSum"]


def test_the_result_page_sends_by_post_where_the_shop_wants_it(world: World) -> None:
    world.change_shop(success_url="https://shop.example.org/ok/", success_method="POST")
    guid = world.client.post("/robokassa/Merchant/Indexjson.aspx", data=world.link()).get_json()["invoiceID"]
    result = world.client.post(
        f"/robokassa/Merchant/Index/{guid}", data={"method": "sbp"}, follow_redirects=True
    )
    assert "Оплата прошла" in result.text
    assert 'method="post" action="https://shop.example.org/ok/"' in result.text
    signature = md5("3500.000000:70001:q7Lw-Alpha_01")
    assert f'name="SignatureValue" value="{signature}"' in result.text
    assert world.client.get(f"/robokassa/Merchant/Index/{guid}").status_code == 400


@pytest.mark.parametrize(
    ("trick", "state", "at_once", "in_the_end"),
    [
        ("", 100, 1, 1),
        ("decline", 5, 0, 0),
        ("cancel", 10, 0, 0),
        ("late", 100, 0, 1),
        ("out_of_order", 100, 0, 1),
        ("notify_twice", 100, 2, 2),
        ("lost", 100, 0, 0),
        ("bad_signature", 100, 1, 1),
        ("wrong_amount", 100, 1, 1),
        ("twice", 60, 1, 1),
        ("forged", None, 1, 1),
        ("forged_test", None, 1, 1),
    ],
)
def test_trial_buttons_spoil_the_chain_as_they_say(
    world: World, site: Site, trick: str, state: int | None, at_once: int, in_the_end: int
) -> None:
    assert world.pay(trick=trick)["State"] == state
    world.sandbox.jobs.run_due()
    assert len(site.heard) == at_once
    world.later(seconds=31)
    assert len(site.heard) == in_the_end


def test_processing_is_credited_and_told_a_minute_later(world: World, site: Site) -> None:
    assert world.pay(trick="processing")["State"] == 50
    world.later(seconds=55)
    assert (site.heard, world.state()["State/Code"]) == ([], "50")
    world.later(seconds=6)
    world.sandbox.jobs.run_due()
    assert (len(site.heard), world.state()["State/Code"]) == (1, "100")


def test_half_a_sum_is_told_and_found_as_half(world: World, site: Site) -> None:
    world.pay(trick="wrong_amount")
    world.sandbox.jobs.run_due()
    fields = site.heard[0].fields
    assert fields["OutSum"] == "1750.000000"
    assert fields["SignatureValue"] == md5("1750.000000:70001:z3Kd-Beta_02").upper()
    assert world.state()["Info/OutSum"] == "1750.00"


def test_the_second_of_two_open_pages_gets_its_money_back(world: World, site: Site) -> None:
    guids = [
        world.client.post("/robokassa/Merchant/Indexjson.aspx", data=world.link()).get_json()["invoiceID"]
        for _ in range(2)
    ]
    pages = [
        world.client.post(f"/robokassa/Merchant/Index/{guid}", data={}, follow_redirects=True).text
        for guid in guids
    ]
    world.sandbox.jobs.run_due()
    assert ["Оплата прошла" in pages[0], "Деньги вернутся" in pages[1]] == [True, True]
    assert sorted(row["state"] for row in world.rows("operations")) == [60, 100]
    assert (len(site.heard), world.state()["State/Code"]) == (1, "100")


def test_a_test_number_is_paid_and_told_twice(world: World, site: Site) -> None:
    world.pay(world.link(password="tst1-Delta", IsTest="1"), trick="twice")
    world.sandbox.jobs.run_due()
    assert len(site.heard) == 2


def test_a_declined_payer_tries_again_under_the_same_operation(world: World, site: Site) -> None:
    assert world.pay(card="2202 2022 0220 2200")["State"] == 5
    assert world.pay(card="1234")["State"] == 5
    assert world.pay(method="sbp")["State"] == 100
    world.sandbox.jobs.run_due()
    assert len(world.rows("operations")) == 1
    assert [heard.fields["PaymentMethod"] for heard in site.heard] == ["SBP"]


def test_forgeries_are_not_money_and_not_signed_by_the_shops_password(world: World, site: Site) -> None:
    world.pay(trick="forged")
    world.pay(trick="forged_test")
    by_stranger, by_test = (heard.fields for heard in site.heard)
    real = md5("3500.000000:70001:z3Kd-Beta_02").upper()
    assert by_stranger["SignatureValue"] != real
    assert (by_test["IsTest"], by_test["SignatureValue"]) == ("1", md5("3500.00:70001:tst2-Eps").upper())
    assert world.rows("operations") == []
    assert world.pay()["State"] == 100


def test_a_badly_signed_notice_is_repeated_rightly(world: World, site: Site) -> None:
    site.answers = [(403, "")]
    world.pay(trick="bad_signature")
    world.sandbox.jobs.run_due()
    world.later(seconds=61)
    right = md5("3500.000000:70001:z3Kd-Beta_02").upper()
    assert [heard.fields["crc"] == right for heard in site.heard] == [False, True]


@pytest.mark.parametrize(
    ("fault", "at_once", "in_the_end"),
    [("lose_notice", 0, 0), ("notice_twice", 2, 2), ("late_notice", 0, 1), ("forged_notice", 1, 1)],
)
def test_faults_spoil_the_next_notice(
    world: World, site: Site, fault: str, at_once: int, in_the_end: int
) -> None:
    switched = world.client.post(
        "/_sandbox/faults", json={"service": "robokassa", "fault": fault, "count": 1}
    )
    assert switched.status_code == 200
    world.pay()
    world.sandbox.jobs.run_due()
    assert len(site.heard) == at_once
    world.later(seconds=31)
    assert len(site.heard) == in_the_end
    world.pay(world.link(InvId="70002"))
    world.sandbox.jobs.run_due()
    assert len(site.heard) == in_the_end + 1


def test_result_url2_brings_a_word_signed_by_the_published_certificate(world: World, site: Site) -> None:
    answer = world.pay(world.link(ResultUrl2=f"{site.url}/jws/"), trick="out_of_order")
    world.sandbox.jobs.run_due()
    assert [heard.path for heard in site.heard] == ["/jws/"]
    heard = site.heard[0]
    der = world.client.get("/robokassa/media/files/jwtsign.cer").data
    certificate = x509.load_der_x509_certificate(der)
    data = jwt.decode(heard.raw, certificate.public_key(), algorithms=["RS256"])  # type: ignore[arg-type]
    assert (heard.method, heard.content_type) == ("POST", "application/json")
    assert data["header"]["type"] == "PaymentStateNotification"
    assert data["data"] == {
        "shop": LOGIN,
        "opKey": answer["OpKey"],
        "invId": "70001",
        "paymentMethod": "BankCard",
        "incSum": "3500.00",
        "state": "OK",
    }
    world.later(seconds=9)
    assert [heard.path for heard in site.heard] == ["/jws/", "/result/"]


def test_a_spoilt_word_is_not_signed_and_five_repeats_are_the_last(world: World, site: Site) -> None:
    world.change_shop(result_url="")
    site.answers = [(500, "")] * 20
    world.pay(world.link(ResultUrl2=f"{site.url}/jws/"), trick="bad_signature")
    world.sandbox.jobs.run_due()
    while world.sandbox.jobs.waiting():
        world.later(seconds=61)
    wrong, *right = (heard.raw for heard in site.heard)
    assert (len(right), len(set(right))) == (5, 1)
    certificate = x509.load_der_x509_certificate(world.client.get("/robokassa/media/files/jwtsign.cer").data)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(wrong, certificate.public_key(), algorithms=["RS256"])  # type: ignore[arg-type]


def test_a_remembered_notice_can_be_sent_again(world: World, site: Site) -> None:
    world.pay()
    world.sandbox.jobs.run_due()
    world.later(days=1)
    assert world.client.post("/_sandbox/robokassa/notices/1/send").status_code == 200
    world.sandbox.jobs.run_due()
    first, again = site.heard
    assert first.raw == again.raw
    assert world.client.post("/_sandbox/robokassa/notices/9/send").status_code == 404
