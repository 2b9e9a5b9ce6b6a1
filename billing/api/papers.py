"""Doors of documents: what can be made, what was made, make one, open one by its ticket."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from csp.decorators import csp_exempt
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from billing import acts, deal_card, document_card, document_letters, papers, tickets
from billing.api import idempotency
from billing.api.doors import Door, Visit, body
from billing.api.serializers import DocumentSerializer, SendDocumentSerializer
from documents import opening
from documents.models import Document


class Templates(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        self.caller(request)
        found = [asdict(one) for one in papers.templates()]
        return Response({"results": found})


class Documents(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        return Response({"results": document_card.documents(visit.deal, at=visit.at)})

    @extend_schema(request=DocumentSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        given = body(DocumentSerializer, request).validated_data

        def act() -> idempotency.Answer:
            return 201, _line(_made(visit, **given), visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class OneDocument(Door):
    """A document with a fresh ticket: a card that has stood open for long asks here at the click."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, document_id: int) -> Response:
        account = self.caller(request).caller.account
        found = Document.objects.filter(pk=document_id, deal__account=account).select_related("deal").first()
        if found is None:
            raise Http404
        return Response(_line(found, self.visit(request, found.deal.external_id)))


class SendDocument(Door):
    """The document's mail to the payer, with the PDF; 202: it leaves by the queue."""

    @extend_schema(request=SendDocumentSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, document_id: int) -> Response:
        account = self.caller(request).caller.account
        found = Document.objects.filter(pk=document_id, deal__account=account).select_related("deal").first()
        if found is None:
            raise Http404
        visit = self.visit(request, found.deal.external_id)
        to = body(SendDocumentSerializer, request).validated_data["to"]

        def act() -> idempotency.Answer:
            message = document_letters.send(document=found, to=to, at=visit.at)
            at = deal_card.moment(message.created_at, visit.deal)
            return 202, {"channel": message.channel, "to": message.to, "state": message.state, "at": at}

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


@csp_exempt()  # the browser's own viewer is a plugin, which our policy forbids
@require_GET
def open_ticket(request: HttpRequest, ticket: str = "") -> HttpResponse:
    """The file of a ticket; the ticket is used up."""
    with translation.override("ru"):
        try:
            return opening.shown(tickets.redeem(ticket, at=timezone.now()))
        except tickets.Invalid:
            words = _("This address opens a document once and within a minute. Open it from the deal again.")
            return opening.words(words, status=410)
        except RedisError:
            words = _("The document cannot be opened right now. Try again in a minute.")
            return opening.words(words, status=503)


def _made(visit: Visit, *, template: str, on: date | None = None, amount: Decimal | None = None) -> Document:
    if template == papers.ACT:
        return acts.make(deal=visit.deal, on=on, amount=amount, author=visit.author, at=visit.at).document
    return papers.make(deal=visit.deal, template=template, author=visit.author, at=visit.at)


def _line(document: Document, visit: Visit) -> dict[str, Any]:
    return document_card.document(document, visit.deal, at=visit.at)
