"""Collecting in the panel: debtors to call, what goes out, claimed transfers, a rehearsal of reminders."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import debtors, issuing, rehearsal, transfer_claims
from billing.admin import ask
from billing.admin.words import CHANNELS
from billing.models import OverdueFlag, TransferClaim
from crm.models import Account
from crm.panel import ChoiceWords, ReadOnlyPage, name_tables

name_tables(
    {
        TransferClaim: (_("claimed transfer"), _("claimed transfers")),
        OverdueFlag: (_("debtor"), _("debtors")),
    },
    {
        "deal": _("deal"),
        "amount": _("Amount"),
        "paid_on": _("Paid on"),
        "held_until": _("Reminders wait until"),
        "comment": _("Comment"),
        "author": _("Author"),
        "recorded_at": _("Recorded"),
        "outcome": _("Outcome"),
        "closed_by": _("Closed by"),
        "closed_at": _("Closed"),
        "received_before": _("Received before"),
        "installment": _("installment"),
        "flagged_on": _("Flagged on"),
        "returned_to": _("Stage to return to"),
        "cured_at": _("Paid or closed"),
    },
    {},
)
PLANNED_MAX = 500


class NothingForm(forms.Form):
    """One press is enough."""


class RehearsalForm(forms.Form):
    since = ask.day(_("From"))
    until = ask.day(_("Till"))


@admin.register(TransferClaim)
class TransferClaimPage(ReadOnlyPage):
    """The accountant's list of what payers say they have transferred."""

    actions_detail = ("found", "missing")
    list_display = ("deal", "amount", "paid_on", "held_until", "comment", "recorded_at", "outcome")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), ("outcome", ChoiceWords), "deal__account")
    list_select_related = ("deal",)
    search_fields = ("=deal__external_id", "deal__contact_name")
    ordering = ("closed_at", "paid_on")
    # What the accountant pressed; the column's own word for it is a receipt's.
    stored_words: ClassVar = {
        "outcome": {
            transfer_claims.Outcome.FOUND: _("The money came"),
            transfer_claims.Outcome.MISSING: _("There is no such money"),
        }
    }

    def has_act_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    @action(description=_("The money came"), icon="check", url_path="found", permissions=["act"])
    def found(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._close(request, object_id, transfer_claims.Outcome.FOUND, gettext("The money came"))

    @action(description=_("There is no such money"), icon="close", url_path="missing", permissions=["act"])
    def missing(self, request: HttpRequest, object_id: int) -> HttpResponse:
        title = gettext("There is no such money")
        return self._close(request, object_id, transfer_claims.Outcome.MISSING, title)

    def _close(self, request: HttpRequest, object_id: int, outcome: str, title: str) -> HttpResponse:
        claim = get_object_or_404(TransferClaim.objects.select_related("deal"), pk=object_id)

        def act(_given: dict[str, Any]) -> str:
            author = ask.author_of(request)
            transfer_claims.close(claim=claim, outcome=outcome, author=author, at=timezone.now())
            return gettext("Written down.")

        return ask.ask(self, request, claim, title=title, form=NothingForm, act=act)


@admin.register(OverdueFlag)
class DebtorPage(ReadOnlyPage):
    """The work queue stands instead of the list of flags; beside it what goes out and a rehearsal."""

    list_display = ("installment",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("tomorrow/", view(self.tomorrow), name="billing_tomorrow"),
            path("rehearsal/", view(self.rehearsal), name="billing_rehearsal"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        account = self._account(request)
        found = debtors.queue(at=timezone.localtime(), account=account)
        return self._page(request, "debtors", gettext("Debtors"), account, debtors=found)

    def tomorrow(self, request: HttpRequest) -> HttpResponse:
        """What the next morning sends, and what stays and why."""
        account = self._account(request)
        on = timezone.localdate() + timedelta(days=1)
        planned = []
        for one in issuing.plan(on=on, account=account):
            planned.append(one)
            if len(planned) == PLANNED_MAX:
                break
        title = gettext("Goes out on %(day)s") % {"day": f"{on:%d.%m.%Y}"}
        return self._page(
            request,
            "tomorrow",
            title,
            account,
            planned=planned,
            full=len(planned) == PLANNED_MAX,
            letters=_reminders_on(on, account)[:PLANNED_MAX],
        )

    def rehearsal(self, request: HttpRequest) -> HttpResponse:
        """What the account's reminder policy would have said in a span of days."""
        account = self._account(request) or Account.objects.filter(policy__isnull=False).first()
        today = timezone.localdate()
        first: dict[str, date] = {"since": today - timedelta(days=30), "until": today}
        form = RehearsalForm(request.GET if "since" in request.GET else None, initial=first)
        span = form.cleaned_data if form.is_valid() else first
        letters: list[rehearsal.Letter] = []
        wrong = ""
        if account is not None:
            try:
                letters = rehearsal.run(account=account, since=span["since"], until=span["until"])
            except rehearsal.TooLong:
                wrong = gettext("Choose at most a year, the first day before the last.")
        title = gettext("What reminders would have said")
        shown = [(letter, CHANNELS.get(letter.channel, letter.channel)) for letter in letters]
        return self._page(request, "rehearsal", title, account, form=form, letters=shown, wrong=wrong)

    def _page(
        self, request: HttpRequest, name: str, title: str, account: Account | None, **words: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "accounts": Account.objects.filter(policy__isnull=False).order_by("key"),
            "account": account,
            "pages": [
                (reverse("admin:billing_overdueflag_changelist"), gettext("Debtors")),
                (reverse("admin:billing_tomorrow"), gettext("Goes out tomorrow")),
                (reverse("admin:billing_rehearsal"), gettext("Rehearsal of reminders")),
            ],
            **words,
        }
        return TemplateResponse(request, f"admin/billing/{name}.html", context)

    def _account(self, request: HttpRequest) -> Account | None:
        return Account.objects.filter(key=request.GET.get("account", "")).first()

    def get_queryset(self, request: HttpRequest) -> QuerySet[OverdueFlag]:
        found: QuerySet[OverdueFlag] = super().get_queryset(request)
        return found.filter(cured_at=None)


def _reminders_on(on: date, account: Account | None) -> list[tuple[rehearsal.Letter, Any]]:
    """What one account, or each, says on a day ahead; who is too large to rehearse is left out."""
    accounts = Account.objects.filter(policy__isnull=False).order_by("key")
    told = []
    for one in accounts.filter(pk=account.pk) if account else accounts:
        try:
            letters = rehearsal.coming(account=one, on=on)
        except rehearsal.TooLong:
            continue
        told += [(letter, CHANNELS.get(letter.channel, letter.channel)) for letter in letters]
    return told
