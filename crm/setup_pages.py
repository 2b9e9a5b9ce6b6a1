"""The set-up page of an account in the panel: what amoCRM shows, the choices, and three buttons.

One page, not a row of steps: each section says its state and is saved by itself, so a person may come back at
any time. The page asks amoCRM when it is opened; while amoCRM cannot be asked it says why and offers the
connect button.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm import gates, grants, hooks, outbox, setup, setup_choices, setup_fields, site_button
from crm.client import CrmError
from crm.models import Account, Connection, Integration, Pipeline
from crm.records import CustomField, PipelineInfo
from crm.setup import Survey

MAKE, NONE = "make", ""
STAGES = ("deposit_status", "paid_status", "completed_status", "overdue_status")


def show(request: HttpRequest, account: Account, frame: dict[str, Any], *, at: datetime) -> HttpResponse:
    """The page, and what its buttons do; `frame` is the panel's own context."""
    try:
        found, trouble = setup.survey(account=account, at=at), ""
    except CrmError as error:
        found, trouble = None, str(error)
    if request.method == "POST" and found is not None:
        _act(request, account, found, at)
        return HttpResponseRedirect(request.path)
    own = Integration.objects.filter(account=account, purpose=Integration.Purpose.API).first()
    connection = Connection.objects.filter(account=account).first()
    context = {
        **frame,
        "account": account,
        "trouble": trouble,
        "connection": connection,
        "connect_url": grants.authorize_url(integration=own) if own else "",
        "button": None if own else site_button.button(account),
        "findings": setup.findings(account=account, found=found) if found else [],
        "fields": _fields_form(account, found) if found else None,
        "stages": [_stages_form(account, info) for info in found.pipelines] if found else [],
        "people": _people_form(account, found) if found else None,
        "notes": _notes_form(account),
        "trial": _TrialForm(),
        "hooks_work": bool(found and found.hooks and hooks.works(list(found.hooks), account)),
        "hook_address": hooks.address(account.webhook_key) if account.webhook_key else "",
    }
    response = TemplateResponse(request, "admin/crm/setup.html", context)
    if own is None:
        # The button is a script of amoCRM's; no other page of the panel runs a foreign one.
        response.panel_scripts = [site_button.origin()]  # type: ignore[attr-defined]
    return response


def _act(request: HttpRequest, account: Account, found: Survey, at: datetime) -> None:
    """One button: its verb, and what came of it as a message."""
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        return
    try:
        messages.success(request, act(request, account, found, at))
    except (CrmError, setup.CannotTry, setup_choices.FieldTaken, forms.ValidationError) as error:
        text = "; ".join(error.messages) if isinstance(error, forms.ValidationError) else str(error)
        messages.error(request, text)


def _save_fields(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    form = _checked(_fields_form(account, found, request.POST))
    chosen = {name: int(value) if value else None for name, value in form.items() if value != MAKE}
    setup_choices.check_fields(account.fields, chosen)
    setup.choose_fields(account=account, chosen=chosen)
    wanted = [name for name, value in form.items() if value == MAKE]
    made = setup.make_fields(account=account, ours=wanted, at=at) if wanted else []
    if made:
        names = ", ".join(setup_fields.SPECS[ours].name for ours in made)
        return _("The fields are saved; made in amoCRM: %(names)s.") % {"names": names}
    return _("The fields are saved.")


def _save_stages(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    wanted = request.POST.get("pipeline", "")
    info = next((one for one in found.pipelines if str(one.id) == wanted), None)
    if info is None:
        raise forms.ValidationError(_("There is no pipeline %(id)s in the account.") % {"id": wanted})
    form = _checked(_stages_form(account, info, request.POST))
    values: dict[str, Any] = {name: int(form[name]) if form[name] else None for name in STAGES}
    values["completed_status"] = values["completed_status"] or 142
    unfit = setup_choices.wrong_stages(values)
    if unfit:
        raise forms.ValidationError(list(unfit.values()))
    values |= {name: [int(stage) for stage in form[name]] for name in ("lost_statuses", "gated_statuses")}
    Pipeline.objects.update_or_create(account=account, external_id=info.id, defaults=values)
    return _("The stages of «%(name)s» are saved.") % {"name": info.name}


def _save_people(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    user = _checked(_people_form(account, found, request.POST))["fallback_user"]
    account.fallback_user = int(user) if user else None
    account.save(update_fields=["fallback_user"])
    return _("The user is saved.")


def _save_notes(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    written = _checked(_notes_form(account, request.POST))["written"]
    account.silent_notes = [kind for kind in outbox.NOTES if kind not in written]
    account.save(update_fields=["silent_notes"])
    return _("The kinds of notes are saved.")


def _make_hooks(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    made = hooks.ensure(account=account, at=at)
    return _("The web hooks are made.") if made else _("The web hooks are there.")


def _try(request: HttpRequest, account: Account, found: Survey, at: datetime) -> str:
    return setup.try_field(account=account, lead_id=_checked(_TrialForm(request.POST))["lead_id"], at=at)


_ACTS: dict[str, Callable[[HttpRequest, Account, Survey, datetime], str]] = {
    "fields": _save_fields,
    "stages": _save_stages,
    "people": _save_people,
    "notes": _save_notes,
    "hooks": _make_hooks,
    "try": _try,
}


class _TrialForm(forms.Form):
    lead_id = forms.IntegerField(
        min_value=1, max_value=2**62, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lead_id"].label = _("Deal's number")


def _checked(form: forms.Form) -> dict[str, Any]:
    if not form.is_valid():
        raise forms.ValidationError([text for texts in form.errors.values() for text in texts])
    return form.cleaned_data


def _fields_form(account: Account, found: Survey, data: Any = None) -> forms.Form:
    """For each of ours: a field of the account that fits, a new one, or none."""
    form = forms.Form(data)
    for ours, spec in setup_fields.SPECS.items():
        fitting = [field for field in found.fields or () if setup_fields.serves(ours, field)]
        choices = [(NONE, _("— not used —")), *((str(field.id), _name(field)) for field in fitting)]
        if not any(field.code == setup_fields.code_of(ours) for field in fitting):
            choices.append((MAKE, _("Make the field «%(name)s»") % {"name": spec.name}))
        form.fields[ours] = _choice(spec.name, choices, account.fields.get(ours))
    return form


def _name(field: CustomField) -> str:
    return f"{field.name} · {field.id}"


def _stages_form(account: Account, info: PipelineInfo, data: Any = None) -> forms.Form:
    known = Pipeline.objects.filter(account=account, external_id=info.id).first()
    row = known or Pipeline(lost_statuses=[143])
    # Several pipelines stand on one page: each label belongs to the field of its own.
    form = forms.Form(data, auto_id=f"id_{info.id}_%s")
    # Read by the template: which pipeline the form is of.
    form.pipeline = info  # type: ignore[attr-defined]
    named = [(str(stage.id), stage.name) for stage in info.stages]
    labels = {
        "deposit_status": _("Stage on deposit"),
        "paid_status": _("Stage of paid deals before the service"),
        "completed_status": _("Stage on full payment"),
        "overdue_status": _("Stage of overdue deals"),
    }
    for name in STAGES:
        choices = [(NONE, _("— not used —")), *named]
        form.fields[name] = _choice(labels[name], choices, getattr(row, name))
    many = {"lost_statuses": _("Stages of lost deals"), "gated_statuses": _("Stages that need the deposit")}
    open_stages = [(number, name) for number, name in named if int(number) not in gates.FINAL]
    for name, label in many.items():
        form.fields[name] = forms.MultipleChoiceField(
            label=label,
            choices=open_stages if name == "gated_statuses" else named,
            required=False,
            initial=[str(stage) for stage in getattr(row, name)],
            widget=forms.CheckboxSelectMultiple,
        )
    return form


def _people_form(account: Account, found: Survey, data: Any = None) -> forms.Form:
    form = forms.Form(data)
    users = [(str(user.id), user.name) for user in found.users or () if user.is_active]
    form.fields["fallback_user"] = _choice(
        _("User for tasks of inactive people"), [(NONE, _("— nobody —")), *users], account.fallback_user
    )
    return form


def _notes_form(account: Account, data: Any = None) -> forms.Form:
    """Ticked is what becomes a note in the deal's feed."""
    words = {
        "payment": _("Payments"),
        "refund": _("Refunds"),
        "move": _("Money moved to another deal"),
        "reversal": _("Payments taken back"),
        "write_off": _("Debts given up"),
        "late_fee": _("Late fees"),
        "schedule": _("Changes of the schedule"),
        "pause": _("Pauses"),
        "invoice": _("Invoices"),
        "message": _("Messages to the payer"),
        "overdue": _("Overdue payments"),
        "deal": _("Questions to the manager"),
    }
    form = forms.Form(data)
    form.fields["written"] = forms.MultipleChoiceField(
        label=_("What becomes a note in the deal"),
        choices=[(kind, words.get(kind, kind)) for kind in outbox.NOTES],
        required=False,
        initial=[kind for kind in outbox.NOTES if kind not in account.silent_notes],
        widget=forms.CheckboxSelectMultiple,
    )
    return form


def _choice(label: str, choices: list[tuple[str, str]], now: int | None) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=False,
        initial=str(now) if now else NONE,
        widget=UnfoldAdminSelectWidget,
    )
