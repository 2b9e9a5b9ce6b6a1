"""The doors of workbooks: a small one at once, any one by a worker and a ticket."""

import tempfile
from pathlib import Path
from typing import Any

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import exports, reports, workbook
from analytics.api.doors import AnalyticsDoor
from analytics.api.questions import ReportSerializer, ask
from analytics.filters import Filter
from analytics.models import Export
from billing import tickets
from billing.api.problems import Problem
from crm import users

# About a second of a worker thread; what is larger is made by a worker.
ROWS_AT_ONCE = 5000
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow, noarchive"}
STATES = {Export.State.DONE: "done", Export.State.PARKED: "failed"}


def report_of(checked: Any, asked: Filter, at: Any) -> reports.Asked:
    """The checked query as what a report is made of; may ask amoCRM for names."""
    given = checked.validated_data
    names = users.names(account=asked.account, at=at)
    return reports.Asked(given["report"], given["state"], asked, names)


def question_of(export: Export) -> reports.Asked:
    """The question of a queue row, read by the same rules as the door read it."""
    at, checked = timezone.now(), ask(ReportSerializer, export.query)
    return report_of(checked, checked.filter(export.account, at), at)


class Workbook(AnalyticsDoor):
    """The workbook in the answer."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # Whatever is accepted: a workbook is answered, and an error as JSON.
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(parameters=[ReportSerializer], responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        at, checked = timezone.now(), ask(ReportSerializer, request.query_params)
        asked = report_of(checked, self.question(request, checked, at), at)
        if reports.count(asked) > ROWS_AT_ONCE:
            raise Problem(
                422,
                "too_many_rows",
                _("This workbook is too big to be made at once: ask for it by POST analytics/exports/."),
            )
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file, translation.override("ru"):
            workbook.write(reports.table(asked), Path(file.name))
            content = Path(file.name).read_bytes()
            name = _name(asked)
        headers = {**HEADERS, "Content-Disposition": str(content_disposition_header(True, name))}
        return HttpResponse(content, content_type=CONTENT_TYPE, headers=headers)


class Exports(AnalyticsDoor):
    @extend_schema(request=ReportSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        user, at = self.caller(request), timezone.now()
        account = user.caller.account
        query = {**request.query_params.dict(), **_fields(request.data)}
        query.pop("account", None)
        checked = ask(ReportSerializer, query)
        asked = report_of(checked, self.question(request, checked, at), at)
        fixed = {**query, "as_of": asked.filter.as_of.isoformat()}
        if asked.filter.manager is not None:
            fixed["manager"] = asked.filter.manager
        author = "staff" if user.staff else f"user:{user.caller.user_id}"
        try:
            with transaction.atomic():
                export = exports.ask(account=account, author=author, asked=asked, query=fixed, at=at)
        except exports.TooManyRows as error:
            words = _("A sheet does not hold so many rows: narrow the period.")
            raise Problem(422, "too_many_rows", words) from error
        except exports.TooManyWaiting as error:
            words = _("Too many workbooks are being made. Wait a little.")
            raise Problem(429, "too_many_exports", words, None, **{"Retry-After": "30"}) from error
        return Response(_line(export, at), 202)


class OneExport(AnalyticsDoor):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, export_id: int) -> Response:
        user, at = self.caller(request), timezone.now()
        export = Export.objects.filter(pk=export_id, account=user.caller.account).first()
        own = self.own_only(request, at)
        if export is None or (own is not None and export.author != f"user:{own}"):
            raise Http404
        return Response(_line(export, at))


@require_GET
def open_ticket(request: HttpRequest, ticket: str) -> HttpResponseBase:
    """The file of a ticket; the ticket is used up."""
    with translation.override("ru"):
        try:
            key = tickets.use(ticket, kind="export", at=timezone.now())
            export = Export.objects.select_related("account").get(pk=key)
            opened = exports.path(export).open("rb")
            name = _name(question_of(export))
            return FileResponse(
                opened, as_attachment=True, filename=name, content_type=CONTENT_TYPE, headers=HEADERS
            )
        except (tickets.Invalid, exports.NotReady, Export.DoesNotExist, FileNotFoundError):
            words = _("This address opens a workbook once and within a minute. Ask for it again.")
            return _plain(words, 410)
        except RedisError:
            return _plain(_("The workbook cannot be opened right now. Try again in a minute."), 503)


def _fields(data: Any) -> dict[str, Any]:
    """The body's fields; whatever is no object asks nothing."""
    return dict(data) if isinstance(data, dict) else {}


def _line(export: Export, at: Any) -> dict[str, Any]:
    state = STATES.get(Export.State(export.state), "running" if export.leased_until else "waiting")
    done = state == "done"
    share = export.rows / export.rows_expected if export.rows_expected else 0
    return {
        "id": export.pk,
        "state": state,
        "progress": 100 if done else min(99, int(share * 100)),
        "url": ticket_url(export, at) if done else None,
        "detail": export.last_error if state == "failed" else None,
    }


def ticket_url(export: Export, at: Any) -> str:
    """A fresh address of the workbook, for one use."""
    return tickets.address("analytics/exports/open", tickets.issue(export.pk, kind="export", at=at))


def _name(asked: reports.Asked) -> str:
    return f"{reports.title(asked)} {asked.filter.as_of:%d.%m.%Y}.xlsx"


def _plain(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8", headers=HEADERS)
