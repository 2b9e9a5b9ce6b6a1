"""Setting an account up: what amoCRM has, what is missing or does not fit, and making it.

`survey` asks everything once; `findings` compares it with our settings and says each thing in words;
`make_fields` and `choose_fields` bring the fields in order; `try_field` writes and reads one field of a deal
and puts the old value back. Web hooks are made by crm.hooks. A second call of anything makes nothing twice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm import connection, hooks, kick, setup_fields, stage_names
from crm.client import Client, Priority, Refused
from crm.models import Account, Connection
from crm.records import AccountInfo, CustomField, Hook, PipelineInfo, User
from crm.token_claims import claims_of

Found = TypeVar("Found")


class CannotTry(Exception):
    """The self-test found something; the text says what, in words."""


@dataclass(frozen=True)
class Survey:
    """What amoCRM shows to our grant; None stands for what it does not let us see."""

    info: AccountInfo
    pipelines: tuple[PipelineInfo, ...]
    fields: tuple[CustomField, ...] | None
    users: tuple[User, ...] | None
    hooks: tuple[Hook, ...] | None
    bots: tuple[tuple[int, str], ...] | None
    scopes: tuple[str, ...] | None


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what does not work stops something, a remark tells what is not there."""

    works: bool
    words: str
    is_remark: bool = False


def survey(*, account: Account, at: datetime) -> Survey:
    """Ask the account for all that set-up needs. Raises Unavailable, or Refused by the account itself.

    Where our web hooks are missing, the next look after the account (crm.upkeep) comes at once to make them.
    """
    found = connection.run(
        account=account, at=at, work=lambda amocrm: _survey(amocrm, account), priority=Priority.PERSON
    )
    stage_names.heard(account=account, pipelines=found.pipelines)
    if found.hooks is not None and not hooks.works(list(found.hooks), account):
        Connection.objects.filter(account=account).update(checked_at=None)
    return found


def findings(*, account: Account, found: Survey) -> list[Finding]:
    """Everything that was looked at, in the order in which a person would mend it."""
    return [
        *_rights(found),
        *_fields(account, found),
        *_stages(account, found),
        *_people(account, found),
        *_hooks(account, found),
    ]


def make_fields(*, account: Account, ours: Iterable[str], at: datetime) -> list[str]:
    """Make those of these fields that the account has not yet, and map them; returns what was made.

    A field that an earlier set-up made is found by its code. Raises Refused, Unavailable.
    """
    known = setup_fields.known_by_code(_ask_fields(account, at))
    wanted = [name for name in setup_fields.SPECS if name in set(ours)]
    missing = [name for name in wanted if name not in known]
    if missing:
        bodies = [setup_fields.to_make(name) for name in missing]
        made = connection.run(
            account=account, at=at, work=lambda amocrm: amocrm.add_fields(bodies), priority=Priority.PERSON
        )
        known |= setup_fields.known_by_code(made)
    choose_fields(account=account, chosen={name: known[name] for name in wanted if name in known})
    return missing


def choose_fields(*, account: Account, chosen: Mapping[str, int | None]) -> None:
    """Map ours -> a field of the account (None: none); what is not named stays.

    A field that was not filled before is filled for all deals (refill).
    """
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        before, kept = row.fields, {**row.fields, **chosen}
        row.fields = {name: field_id for name, field_id in kept.items() if field_id}
        row.save(update_fields=["fields"])
        refill(account=row, before=before)
    account.fields = row.fields


def refill(*, account: Account, before: Mapping[str, int]) -> None:
    """Have the figures of all deals written where the account maps a field that we did not fill `before`."""
    ours = [name for name, spec in setup_fields.SPECS.items() if spec.is_ours]
    if any(account.fields.get(name) not in (None, before.get(name)) for name in ours):
        Account.objects.filter(pk=account.pk).update(refill_after=0)
        kick.soon("billing.refill_fields")


def try_field(*, account: Account, lead_id: int, at: datetime) -> str:
    """Write and read one of our text or link fields of this deal, and put back what was there.

    Returns what was done in words. Raises CannotTry, Refused, Unavailable.
    """
    field = _field_to_try(account, _ask_fields(account, at))
    connection.run(
        account=account,
        at=at,
        work=lambda amocrm: _write_and_read(amocrm, lead_id, field, at),
        priority=Priority.PERSON,
    )
    return _("The field «%(field)s» of deal %(lead)s was written, read and put back.") % {
        "field": field.name,
        "lead": lead_id,
    }


def _survey(amocrm: Client, account: Account) -> Survey:
    claims = claims_of(Connection.objects.get(account=account).access_token)
    scopes = claims.get("scopes")
    return Survey(
        info=amocrm.account(),
        pipelines=tuple(amocrm.pipelines()),
        fields=_seen(amocrm.custom_fields),
        users=_seen(amocrm.users),
        hooks=_seen(amocrm.hooks),
        bots=_seen(amocrm.bots),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else None,
    )


def _seen(ask: Callable[[], list[Found]]) -> tuple[Found, ...] | None:
    try:
        return tuple(ask())
    except Refused:
        return None


def _ask_fields(account: Account, at: datetime) -> list[CustomField]:
    return connection.run(
        account=account, at=at, work=lambda amocrm: amocrm.custom_fields(), priority=Priority.PERSON
    )


def _rights(found: Survey) -> Iterable[Finding]:
    if found.users is None or found.hooks is None:
        yield Finding(
            False,
            _(
                "The grant is not an administrator's: users, web hooks and new fields are closed to us. "
                "Connect the account by an administrator."
            ),
        )
    else:
        yield Finding(True, _("The grant is an administrator's."))
    if found.scopes is not None and "files" not in found.scopes:
        text = _("The integration may not store files: documents will not appear in the deals.")
        yield _remark(text)


def _fields(account: Account, found: Survey) -> Iterable[Finding]:
    if found.fields is None:
        yield Finding(False, _("amoCRM does not let us read the fields of deals."))
        return
    by_id = {field.id: field for field in found.fields}
    for ours in [name for name in setup_fields.SPECS if name in account.fields]:
        field_id = account.fields[ours]
        words = {"ours": _named(ours), "id": field_id}
        field = by_id.get(field_id)
        if field is None:
            yield Finding(False, _("There is no field %(id)s for %(ours)s: choose or make another.") % words)
        elif not setup_fields.serves(ours, field):
            words |= {"type": field.type, "name": field.name}
            text = _("The field «%(name)s» (%(id)s) of the type %(type)s does not fit %(ours)s.")
            yield Finding(False, text % words)
        elif labels := setup_fields.lacking_choices(ours, field):
            words |= {"labels": ", ".join(labels), "name": field.name}
            yield Finding(False, _("The field «%(name)s» (%(id)s) lacks the choices: %(labels)s.") % words)
    unset = [_named(ours) for ours in setup_fields.SPECS if ours not in account.fields]
    if unset:
        yield _remark(_("Not mapped, so neither read nor written: %(ours)s.") % {"ours": ", ".join(unset)})


def _named(ours: str) -> str:
    """As people call it, and as the network file does."""
    return f"{setup_fields.SPECS[ours].name} ({ours})"


def _stages(account: Account, found: Survey) -> Iterable[Finding]:
    known = {pipeline.id: {stage.id for stage in pipeline.stages} for pipeline in found.pipelines}
    for row in account.pipelines.order_by("external_id"):
        if row.external_id not in known:
            text = _("There is no pipeline %(id)s in the account.")
            yield Finding(False, text % {"id": row.external_id})
            continue
        named = {row.completed_status, row.paid_status, row.deposit_status, row.overdue_status}
        named |= {*row.lost_statuses, *row.gated_statuses}
        lacking = sorted(stage for stage in named if stage and stage not in known[row.external_id])
        words = {"pipeline": row.external_id, "stages": ", ".join(map(str, lacking))}
        if lacking:
            yield Finding(False, _("The pipeline %(pipeline)s has no stages %(stages)s.") % words)
        else:
            yield Finding(True, _("The stages of pipeline %(pipeline)s are there.") % words)


def _people(account: Account, found: Survey) -> Iterable[Finding]:
    if found.users is None:
        return
    if account.fallback_user is None:
        yield _remark(_("No user is named for the tasks of inactive people."))
    elif not any(user.id == account.fallback_user and user.is_active for user in found.users):
        text = _("The user %(id)s for tasks of inactive people is inactive or unknown.")
        yield Finding(False, text % {"id": account.fallback_user})


def _hooks(account: Account, found: Survey) -> Iterable[Finding]:
    if found.hooks is None:
        return
    if hooks.works(list(found.hooks), account):
        yield Finding(True, _("The web hooks are there."))
    else:
        yield _remark(_("The web hooks are missing or disabled: they will be made within a minute."))


def _remark(words: str) -> Finding:
    return Finding(works=True, words=words, is_remark=True)


def _field_to_try(account: Account, fields: list[CustomField]) -> CustomField:
    by_id = {field.id: field for field in fields}
    for ours in ("payment_link", "full_link", "deposit_link", "debt", "next_amount"):
        field = by_id.get(account.fields.get(ours, 0))
        if field is not None and field.type in ("text", "textarea", "url"):
            return field
    raise CannotTry(_("Map a text or link field that we fill first: there is none to try."))


def _write_and_read(amocrm: Client, lead_id: int, field: CustomField, at: datetime) -> None:
    lead = amocrm.lead(lead_id)
    if lead is None:
        raise CannotTry(_("There is no deal %(lead)s in this account.") % {"lead": lead_id})
    before = lead.fields.get(field.id)
    word = f"https://grafik.invalid/{int(at.timestamp())}"
    try:
        amocrm.patch_lead(lead_id, _value(field, word))
        again = amocrm.lead(lead_id)
    finally:
        amocrm.patch_lead(lead_id, _value(field, before))
    if again is None or again.fields.get(field.id) != word:
        raise CannotTry(_("The field «%(field)s» was written but reads otherwise.") % {"field": field.name})


def _value(field: CustomField, value: Any) -> dict[str, Any]:
    values = None if value in (None, "") else [{"value": value}]
    return {"custom_fields_values": [{"field_id": field.id, "values": values}]}
