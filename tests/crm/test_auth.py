"""The one-time token: every way in which it may be wrong is the same no, and deals are asked for."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from crm import auth, client
from crm.models import Account, Connection, Integration
from sandbox.amocrm import tokens
from tests.crm.school import CLIENT_ID, LEAD, MARIA, NOW, OTHER_LEAD, REDIRECT, SECRET, Amocrm, make_account

ISSUED = int(NOW.timestamp()) - 10
CLAIMS: dict[str, Any] = {
    "iss": "https://demoschool.amocrm.ru",
    "aud": "http://127.0.0.1:8000",
    "jti": "5b2c0b1e-7d0a-4f3e-9a51-0c7b6a1f22d3",
    "iat": ISSUED,
    "nbf": ISSUED,
    "exp": ISSUED + 1800,
    "account_id": 31000001,
    "user_id": MARIA,
    "client_uuid": CLIENT_ID,
    "is_admin": False,
}


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


def by_hand(header: dict[str, Any], secret: str = SECRET, digest: str = "sha256") -> str:
    """A token that a well-behaved library would not make."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, CLAIMS)]
    body = b".".join(parts)
    mac = base64.urlsafe_b64encode(hmac.digest(secret.encode(), body, digest)).rstrip(b"=")
    return (body + b"." + mac).decode()


def test_a_genuine_token_names_the_caller(account: Account) -> None:
    caller = auth.verify(signed(), at=NOW)
    assert (caller.account, caller.user_id, caller.is_admin) == (account, MARIA, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://127.0.0.1"},
        {"iss": "http://127.0.0.1:9"},
        {"iss": "https://renamed.amocrm.ru"},
        {"is_admin": None},
        {"exp": ISSUED - 49, "iat": ISSUED - 1800, "nbf": ISSUED - 1800},
        {"iat": ISSUED + 60, "nbf": ISSUED + 60, "exp": ISSUED + 1860},
        {"jti": None, "subdomain": "demoschool"},
    ],
)
def test_what_amocrm_may_send_is_accepted(account: Account, changes: dict[str, Any]) -> None:
    assert auth.verify(signed(**changes), at=NOW).user_id == MARIA


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ISSUED - 50, "iat": ISSUED - 1800, "nbf": ISSUED - 1800},
        {"exp": ISSUED + 1801},
        {"exp": ISSUED + 10**9},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"exp": 1e400},
        {"nbf": ISSUED + 71, "exp": ISSUED + 1800},
        {"nbf": None},
        {"iat": None},
        {"iat": ISSUED + 71, "nbf": ISSUED},
        {"nbf": ISSUED - 1000, "iat": ISSUED},
        {"aud": "https://127.0.0.1:8000"},
        {"aud": "http://127.0.0.1:8001"},
        {"aud": "http://127.0.0.1:8000/oauth/amocrm/callback/"},
        {"aud": "http://evil.example"},
        {"aud": ["http://127.0.0.1:8000"]},
        {"aud": None},
        {"account_id": 31000002},
        {"account_id": "31000001"},
        {"account_id": None},
        {"user_id": None},
        {"user_id": 0},
        {"user_id": -1},
        {"user_id": "8100002"},
        {"iss": "https://demoschool.amocrm.ru.evil.example"},
        {"iss": "http://demoschool.amocrm.ru"},
        {"iss": "https://evil.example"},
        {"iss": "https://[evil"},
        {"iss": None},
        {"client_uuid": "00000000-0000-4a11-9b11-aaaaaaaaaaaa"},
        {"client_uuid": CLIENT_ID + "\x00"},
        {"client_uuid": 7},
        {"client_uuid": None},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(account: Account, changes: dict[str, Any]) -> None:
    with pytest.raises(auth.InvalidToken):
        auth.verify(signed(**changes), at=NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "..",
        "Bearer " + signed(),
        signed()[:-2],
        signed()[:-1] + ("A" if signed()[-1] != "A" else "B") + "A",
        signed() + "A" * 4096,
        signed(secret="another secret of the same length and more"),
        by_hand({"alg": "HS256", "typ": "JWT"}, secret=""),
        signed(algorithm="HS512"),
        signed(algorithm="HS384"),
        by_hand({"alg": "none", "typ": "JWT"}),
        by_hand({"alg": "none"}).rpartition(".")[0] + ".",
        by_hand({"alg": "None"}),
        by_hand({"alg": "RS256", "typ": "JWT"}),
        by_hand({"alg": "HS256", "crit": ["exp"]}),
        by_hand({"alg": "HS256", "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, secret="secret"),
        by_hand({"alg": "HS256", "kid": "../../dev/null"}, secret=""),
        by_hand({"alg": "HS256"}, digest="sha1"),
        by_hand({"alg": "HS512", "typ": "JWT"}, digest="sha512"),
        by_hand({}),
        "[" * 2000 + "." + "[" * 2000 + ".x",
        base64.urlsafe_b64encode(b"[" * 1500).decode()
        + "."
        + base64.urlsafe_b64encode(b"[" * 1500).decode()
        + ".x",
        "é" * 50,
        "\x00.\x00.\x00",
    ],
    ids=lambda token: token[:30] if token.isascii() and "\x00" not in token else "odd",
)
def test_a_wrong_signature_is_refused(account: Account, token: str) -> None:
    with pytest.raises(auth.InvalidToken):
        auth.verify(token, at=NOW)


def test_claims_changed_under_a_right_signature_are_refused(account: Account) -> None:
    head, _, mac = signed().split(".")
    body = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"is_admin": True}).encode()).rstrip(b"=").decode()
    with pytest.raises(auth.InvalidToken):
        auth.verify(f"{head}.{body}.{mac}", at=NOW)


def test_either_integration_signs_by_its_own_secret_only(account: Account) -> None:
    Integration.objects.create(
        account=account,
        purpose="widget",
        client_id="widget-id",
        client_secret="w" * 64,
        redirect_uri=REDIRECT,
    )
    assert auth.verify(signed("w" * 64, client_uuid="widget-id"), at=NOW).account == account
    for secret, named in ((SECRET, "widget-id"), ("w" * 64, CLIENT_ID)):
        with pytest.raises(auth.InvalidToken):
            auth.verify(signed(secret, client_uuid=named), at=NOW)


def test_the_secret_of_one_account_opens_no_other(account: Account) -> None:
    other = make_account(subdomain="other", external_id=31000002, client_id="other-id")
    Integration.objects.filter(account=other).update(client_secret="o" * 64)
    with pytest.raises(auth.InvalidToken):
        auth.verify(signed("o" * 64, client_uuid="other-id", account_id=31000001), at=NOW)
    with pytest.raises(auth.InvalidToken):
        auth.verify(signed(client_uuid="other-id", account_id=31000002), at=NOW)


def test_an_uninstalled_account_is_refused(account: Account) -> None:
    Connection.objects.update(state=Connection.State.UNINSTALLED)
    with pytest.raises(auth.InvalidToken):
        auth.verify(signed(), at=NOW)


def test_the_emulators_token_is_accepted(amocrm: Amocrm, account: Account) -> None:
    owner, user = tokens.integration(amocrm.crm, CLIENT_ID), amocrm.crm.get("users", MARIA)
    assert owner is not None
    assert user is not None
    now = amocrm.sandbox.clock.now()
    assert auth.verify(tokens.disposable(amocrm.crm, owner, user), at=now).user_id == MARIA


def caller(account: Account) -> auth.Caller:
    return auth.Caller(account=account, user_id=MARIA, is_admin=False)


def deny(amocrm: Amocrm, *leads: int) -> None:
    user = amocrm.crm.get("users", MARIA)
    assert user is not None
    amocrm.crm.put("users", user | {"denied_leads": list(leads)})


def test_a_lead_that_amocrm_hides_from_the_user_is_hidden(amocrm: Amocrm, account: Account) -> None:
    deny(amocrm, OTHER_LEAD)
    assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)
    assert not auth.may_see(caller=caller(account), lead_id=OTHER_LEAD, at=NOW)
    assert not auth.may_see(caller=caller(account), lead_id=1, at=NOW)


def test_a_yes_is_remembered_for_a_quarter_of_an_hour_and_a_no_is_not(
    amocrm: Amocrm, account: Account
) -> None:
    for _ in range(3):
        assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)
    assert len(amocrm.calls()) == 1
    deny(amocrm, LEAD)
    assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW + timedelta(minutes=14))
    assert not auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW + timedelta(minutes=16))
    assert not auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)
    deny(amocrm)
    assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)


def test_the_yes_of_one_user_is_not_the_yes_of_another(amocrm: Amocrm, account: Account) -> None:
    assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)
    stranger = auth.Caller(account=account, user_id=999, is_admin=False)
    assert not auth.may_see(caller=stranger, lead_id=LEAD, at=NOW)


def test_while_amocrm_is_down_the_last_yes_serves_reading_for_a_day(amocrm: Amocrm, account: Account) -> None:
    assert auth.may_see(caller=caller(account), lead_id=LEAD, at=NOW)
    amocrm.spoil("down", count=None)
    hour, days = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
    assert auth.may_read(caller=caller(account), lead_id=LEAD, at=hour)
    with pytest.raises(client.Unavailable):
        auth.may_see(caller=caller(account), lead_id=LEAD, at=hour)
    with pytest.raises(client.Unavailable):
        auth.may_read(caller=caller(account), lead_id=LEAD, at=days)
    with pytest.raises(client.Unavailable):
        auth.may_read(caller=caller(account), lead_id=OTHER_LEAD, at=hour)
