"""An emulator of CloudPayments and CloudKassir, written from their documentation.

Owns sites, orders, transactions, tokens, receipts and notices in the store. Shares no code with the product:
the signature here is computed from the documentation's words, so two equal mistakes are unlikely.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from sandbox.cloudpayments import history, receipts, sites
from sandbox.cloudpayments.notices import Notices
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.app import Sandbox

__all__ = ["Service", "create_blueprint", "seed"]


@dataclass(frozen=True)
class Service:
    """The emulator at work: the sandbox it lives in and its notices."""

    sandbox: "Sandbox"
    notices: Notices


def create_blueprint(sandbox: "Sandbox") -> Blueprint:
    """The API, the payment page and the receipt page."""
    from sandbox.cloudpayments import api, pages

    service = Service(sandbox, Notices(sandbox))
    sandbox.jobs.register(receipts.JOB, lambda payload: receipts.process(service, payload))
    blueprint = Blueprint("cloudpayments", __name__)
    api.add_routes(blueprint, service)
    pages.add_routes(blueprint, service)
    return blueprint


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add the sites and the past operations that are not there yet."""
    sites.seed(store, data)
    history.seed(store, data)
