"""Signs and checks by aiorobokassa, a client that others wrote; runs in an environment of its own.

Reads {"cases": [vectors], "notices": [fields]} on stdin and prints what it makes of them. It knows nothing of
ours.
"""

import json
import sys
from typing import Any

from aiorobokassa.utils.jwt import create_jwt_token
from aiorobokassa.utils.signature import (
    calculate_payment_signature,
    verify_result_url_signature,
    verify_success_url_signature,
)


def bare(own: dict[str, str]) -> dict[str, str]:
    """The client adds the prefix itself, always in its own spelling."""
    return {name[4:]: value for name, value in own.items()}


def signature(case: dict[str, Any]) -> str:
    given = case["inputs"]
    signed = calculate_payment_signature(
        given["MerchantLogin"],
        given["OutSum"],
        given.get("InvId"),
        given["Password1"],
        case["algo"],
        given.get("Receipt_as_hashed"),
        bare(given.get("Shp", {})),
    )
    return str(signed).lower()


def token(case: dict[str, Any]) -> str:
    given = case["inputs"]
    return str(create_jwt_token(given["payload"], given["key"], given["header"]["alg"]))


MAKE = {"payment": signature, "invoice_jwt": token}


def made(case: dict[str, Any]) -> str:
    try:
        return MAKE[case["kind"]](case)
    except Exception as error:  # what a client cannot do is an answer, too
        return f"{type(error).__name__}"


def checks(notice: dict[str, Any]) -> bool:
    by_result = "password2" in notice
    verify = verify_result_url_signature if by_result else verify_success_url_signature
    password = notice["password2"] if by_result else notice["password1"]
    accepted = verify(
        notice["sum"], notice["number"], password, notice["signature"], notice["algo"], bare(notice["own"])
    )
    return bool(accepted)


told = json.load(sys.stdin)
print(
    json.dumps(
        {
            "made": [made(case) for case in told.get("cases", [])],
            "checked": [checks(notice) for notice in told.get("notices", [])],
        }
    )
)
