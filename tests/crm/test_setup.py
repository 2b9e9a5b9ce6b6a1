"""Setting an account up against the emulator: what is missing is said, made once, and tried."""

import pytest
from django.utils.translation import override

from crm import hooks, setup, setup_fields, upkeep
from crm.client import Refused
from crm.models import Account, Pipeline
from tests.crm.school import DEBT, LEAD, LINK, NOW, PIPELINE, STATE, Amocrm

pytestmark = pytest.mark.django_db


def said(account: Account) -> list[tuple[bool, str]]:
    found = setup.survey(account=account, at=NOW)
    return [(one.works, one.words) for one in setup.findings(account=account, found=found)]


def wrong(account: Account) -> str:
    return "\n".join(words for works, words in said(account) if not works)


def test_a_school_in_order_has_nothing_to_mend(amocrm: Amocrm, account: Account) -> None:
    hooks.ensure(account=account, at=NOW)
    assert wrong(account) == ""


def test_what_is_not_there_yet_is_a_remark_and_gets_no_tick(amocrm: Amocrm, account: Account) -> None:
    def remarks() -> list[str]:
        found = setup.survey(account=account, at=NOW)
        return [one.words for one in setup.findings(account=account, found=found) if one.is_remark]

    missing = "The web hooks are missing or disabled: they will be made within a minute."
    with override("en"):
        assert missing in remarks()
        hooks.ensure(account=account, at=NOW)
        assert missing not in remarks()
        assert all("neither read nor written" in words or "No user" in words for words in remarks())


def test_web_hooks_that_set_up_misses_are_made_by_the_next_look(amocrm: Amocrm, account: Account) -> None:
    upkeep.check_due(at=NOW)
    for hook in amocrm.crm.rows("hooks"):
        amocrm.crm.drop("hooks", hook["id"])
    assert upkeep.check_due(at=NOW) == 0
    setup.survey(account=account, at=NOW)
    assert upkeep.check_due(at=NOW) == 1
    assert len(amocrm.crm.rows("hooks")) == 1


def test_missing_fields_are_made_with_their_code_once_and_mapped(amocrm: Amocrm, account: Account) -> None:
    kept = dict(account.fields)
    made = setup.make_fields(account=account, ours=["deposit_link", "full_link", "payment_state"], at=NOW)
    assert made == ["payment_state", "deposit_link", "full_link"]
    account.refresh_from_db()
    rows = {row["code"]: row for row in amocrm.crm.rows("fields") if row["code"]}
    link = rows["GRAFIK_DEPOSIT_LINK"]
    assert account.fields["deposit_link"] == link["id"]
    assert (link["type"], link["is_api_only"], link["owner"]) == ("url", True, "leads")
    labels = [enum["value"] for enum in rows["GRAFIK_PAYMENT_STATE"]["enums"]]
    assert labels == list(setup_fields.STATES)
    assert {name: account.fields[name] for name in kept if name != "payment_state"} == {
        name: number for name, number in kept.items() if name != "payment_state"
    }

    count = len(amocrm.crm.rows("fields"))
    setup.choose_fields(account=account, chosen={"deposit_link": None})
    assert setup.make_fields(account=account, ours=["deposit_link"], at=NOW) == []
    assert len(amocrm.crm.rows("fields")) == count
    account.refresh_from_db()
    assert account.fields["deposit_link"] == link["id"]


def test_a_field_that_was_deleted_or_does_not_fit_is_said_by_its_number(
    amocrm: Amocrm, account: Account
) -> None:
    amocrm.crm.drop("fields", DEBT)
    setup.choose_fields(account=account, chosen={"next_due_on": LINK})
    words = wrong(account)
    assert str(DEBT) in words
    assert "debt" in words
    assert str(LINK) in words
    assert "next_due_on" in words


def test_a_choice_that_a_person_removed_is_named(amocrm: Amocrm, account: Account) -> None:
    field = amocrm.crm.get("fields", STATE)
    assert field is not None
    enums = [enum for enum in field["enums"] if enum["value"] != "Просрочено"]
    amocrm.crm.put("fields", field | {"enums": enums})
    assert "Просрочено" in wrong(account)


def test_stages_and_pipelines_that_are_not_there_are_said(amocrm: Amocrm, account: Account) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(paid_status=1, gated_statuses=[2])
    Pipeline.objects.create(account=account, external_id=777)
    words = wrong(account)
    assert "1, 2" in words
    assert "777" in words


def test_a_managers_grant_is_said_and_the_rest_is_still_looked_at(amocrm: Amocrm, account: Account) -> None:
    user = amocrm.crm.get("users", 8100001)
    assert user is not None
    amocrm.crm.put("users", user | {"rights": user["rights"] | {"is_admin": False}})
    found = setup.survey(account=account, at=NOW)
    assert found.users is None
    assert found.hooks is None
    assert found.fields
    assert len(wrong(account).splitlines()) == 1
    with pytest.raises(Refused):
        setup.make_fields(account=account, ours=["deposit_link"], at=NOW)


def test_a_fallback_user_who_left_is_said(amocrm: Amocrm, account: Account) -> None:
    account.fallback_user = 5
    assert "5" in wrong(account)


def test_the_self_test_leaves_the_field_as_it_was(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(values={str(LINK): [{"value": "https://pay.example.ru/pay/x/"}]})
    assert str(LEAD) in setup.try_field(account=account, lead_id=LEAD, at=NOW)
    assert amocrm.value(LINK) == "https://pay.example.ru/pay/x/"
    assert amocrm.calls().count(f"PATCH api/v4/leads/{LEAD}") == 2
    assert amocrm.calls().count(f"GET api/v4/leads/{LEAD}") == 2


def test_the_self_test_empties_a_field_that_was_empty(amocrm: Amocrm, account: Account) -> None:
    setup.try_field(account=account, lead_id=LEAD, at=NOW)
    assert amocrm.value(LINK) is None


def test_the_self_test_says_why_it_cannot(amocrm: Amocrm, account: Account) -> None:
    with pytest.raises(setup.CannotTry, match="99"):
        setup.try_field(account=account, lead_id=99, at=NOW)
    setup.choose_fields(account=account, chosen=dict.fromkeys(account.fields))
    with pytest.raises(setup.CannotTry):
        setup.try_field(account=account, lead_id=LEAD, at=NOW)
