"""An emulator of Robokassa, written from its documentation: payment page, notices, state, refunds, receipts.

Owns shops, visits (opened links), operations, refunds, receipts, invoices and notices in the store. Shares no
code with the product: every signature here is computed from the documentation's words, so two equal mistakes
are unlikely. The product's three addresses (page and XML, services, receipts) all hang below `/robokassa`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from sandbox.robokassa import history, shops
from sandbox.robokassa.notices import Notices
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.app import Sandbox

__all__ = ["Service", "create_blueprint", "is_api", "seed"]

API = ("Merchant/WebService", "RefundService", "RoboFiscal", "InvoiceServiceWebApi")


@dataclass(frozen=True)
class Service:
    """The emulator at work: the sandbox it lives in and its notices."""

    sandbox: "Sandbox"
    notices: Notices


def create_blueprint(sandbox: "Sandbox") -> Blueprint:
    """The payment page and the calls of programs."""
    from sandbox.robokassa import fiscal, invoices, pages, payments, refunds, states

    service = Service(sandbox, Notices(sandbox))
    sandbox.jobs.register(payments.CREDIT_JOB, lambda payload: payments.credit(service, payload))
    sandbox.jobs.register(refunds.JOB, lambda payload: refunds.finish(service, payload))
    blueprint = Blueprint("robokassa", __name__)
    for part in (pages, states, refunds, fiscal, invoices):
        part.add_routes(blueprint, service)
    return blueprint


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add the shops and the past payments that are not there yet."""
    shops.seed(store, data)
    history.seed(store, data)


def is_api(path: str) -> bool:
    """Is this path (below `/robokassa/`) called by programs? The others are pages for people."""
    return path.startswith(API)
