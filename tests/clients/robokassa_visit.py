"""Signs, checks and asks by robokassa, a client that others wrote; runs in an environment of its own.

Reads {"cases": [vectors], "notices": [fields], "shop": {login, password1, password2, algorithm},
"pages", "services", "paid", "invoice"} on stdin and prints what it makes of them. It knows nothing of ours.
"""

import asyncio
import json
import sys
from typing import Any

from robokassa import HashAlgorithm, Robokassa
from robokassa.connection import Http
from robokassa.hash import Hash
from robokassa.jwt import JWT
from robokassa.merchant import OperationStateChecker
from robokassa.payment import LinkGenerator
from robokassa.signature import SignatureChecker
from robokassa.types import InvoiceType, RobokassaParams, Signature


def signature(case: dict[str, Any]) -> str:
    given = case["inputs"]
    links = LinkGenerator(Hash(HashAlgorithm(case["algo"])), given["Password1"])
    signed = links._create_signature(
        merchant_login=given["MerchantLogin"],
        out_sum=given["OutSum"],
        inv_id=given.get("InvId"),
        receipt=given.get("Receipt_as_hashed"),
        result_url2=given.get("ResultUrl2"),
        success_url2=given.get("SuccessUrl2"),
        success_url2_method=given.get("SuccessUrl2Method"),
        fail_url2=given.get("FailUrl2"),
        fail_url2_method=given.get("FailUrl2Method"),
        additional_params=given.get("Shp"),
    )
    return str(signed.value)


def state(case: dict[str, Any]) -> str:
    given = case["inputs"]
    signed = Signature(
        merchant_login=given["MerchantLogin"],
        inv_id=given["InvoiceID"],
        password=given["Password2"],
        hash_=Hash(HashAlgorithm(case["algo"])),
    )
    return str(signed.value)


def token(case: dict[str, Any]) -> str:
    given = case["inputs"]
    algorithm = HashAlgorithm(case["algo"].removeprefix("hmac-"))
    return str(JWT(given["header"], given["payload"], given["key"], Hash(algorithm)).create())


MAKE = {"payment": signature, "opstate": state, "invoice_jwt": token}


def made(case: dict[str, Any]) -> str:
    try:
        return MAKE[case["kind"]](case)
    except Exception as error:  # what a client cannot do is an answer, too
        return f"{type(error).__name__}"


def checks(notice: dict[str, Any]) -> bool:
    checker = SignatureChecker(
        Hash(HashAlgorithm(notice["algo"])), notice.get("password1", ""), notice.get("password2", "")
    )
    by_result = "password2" in notice
    check = (
        checker.result_url_signature_is_valid if by_result else checker.success_or_fail_url_signature_is_valid
    )
    return bool(check(notice["signature"], notice["sum"], notice["number"], **notice["own"]))


async def asked(told: dict[str, Any]) -> dict[str, Any]:
    shop = told["shop"]
    hash_ = Hash(HashAlgorithm(shop["algorithm"]))
    links = LinkGenerator(hash_, shop["password1"])
    params = RobokassaParams(
        is_test=False,
        merchant_login=shop["login"],
        out_sum=told["invoice"]["sum"],
        inv_id=told["invoice"]["number"],
        description="Invoice of another client",
        invoice_type=InvoiceType.ONE_TIME,
        merchant_comments="",
        default_prefix="shp",
        additional_params={},
        _serialize_receipt=False,
    )
    invoice = await links.generate_protected_payment_link(http=Http(told["services"]), params=params)
    checker = OperationStateChecker(shop["login"], hash_, shop["password2"])
    paid = await checker.get_state(Http(told["pages"]), told["paid"])
    return {"invoice": invoice.url, "paid": [paid.state.value, paid.out_sum, bool(paid.op_key)]}


def link(told: dict[str, Any]) -> str:
    shop = told["shop"]
    client = Robokassa(shop["login"], shop["password1"], shop["password2"], HashAlgorithm(shop["algorithm"]))
    made = client.generate_open_payment_link(out_sum=told["link"]["sum"], inv_id=told["link"]["number"])
    return str(made.url)


told = json.load(sys.stdin)
found: dict[str, Any] = {
    "made": [made(case) for case in told.get("cases", [])],
    "checked": [checks(notice) for notice in told.get("notices", [])],
}
if "link" in told:
    found["link"] = link(told)
if "paid" in told:
    found |= asyncio.run(asked(told))
print(json.dumps(found))
