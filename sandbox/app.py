"""Puts the sandbox together: one Flask application with every emulator, the mailbox and the control page."""

from dataclasses import dataclass

from flask import Flask

from sandbox import amocrm, cloudpayments, control, faults, journal, robokassa, smsc
from sandbox.clock import Clock
from sandbox.jobs import Jobs
from sandbox.mailbox import pages as mail_pages
from sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What the parts of the sandbox share."""

    store: Store
    clock: Clock
    jobs: Jobs
    faults: faults.Faults
    journal: journal.Journal
    product_url: str
    public_url: str


def create_app(*, store: Store, clock: Clock, product_url: str, public_url: str) -> Flask:
    """Build the application. `app.extensions["sandbox"].jobs.start()` begins background work."""
    sandbox = Sandbox(
        store=store,
        clock=clock,
        jobs=Jobs(store, clock),
        faults=faults.Faults(store),
        journal=journal.Journal(store),
        product_url=product_url.rstrip("/"),
        public_url=public_url.rstrip("/"),
    )
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 32 * 1024 * 1024
    app.extensions["sandbox"] = sandbox
    journal.install(app, sandbox.journal)
    faults.install(app, sandbox.faults, api_service)
    app.register_blueprint(cloudpayments.create_blueprint(sandbox), url_prefix="/cloudpayments")
    app.register_blueprint(robokassa.create_blueprint(sandbox), url_prefix="/robokassa")
    app.register_blueprint(mail_pages.create_blueprint(store), url_prefix="/mail")
    app.register_blueprint(smsc.create_blueprint(store), url_prefix="/smsc")
    app.register_blueprint(control.create_blueprint(sandbox))
    app.register_blueprint(
        amocrm.create_blueprint(
            store, clock, public_url=sandbox.public_url, product_url=sandbox.product_url, jobs=sandbox.jobs
        ),
        url_prefix="/amocrm",
    )
    return app


def api_service(path: str) -> str | None:
    """Which service's API a path belongs to; pages for people belong to none and are never spoilt."""
    parts = path.strip("/").split("/")
    if parts[0] == "cloudpayments" and parts[1:2] not in (["d"], ["r"]):
        return "cloudpayments"
    if parts[0] == "robokassa" and robokassa.is_api("/".join(parts[1:])):
        return "robokassa"
    if parts[0] == "amocrm" and (parts[2:3] in (["api"], ["oauth2"]) or parts[1:2] == ["oauth2"]):
        return "amocrm"
    return None
