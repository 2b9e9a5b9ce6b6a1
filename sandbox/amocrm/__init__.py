"""An emulator of amoCRM that behaves like its documentation: OAuth, API v4, drive, web hooks, pages, widgets.

One blueprint, mounted at /amocrm. The table of routes below is the whole surface of the API; what a person
sees stands in `pages`, what hosts a widget in `widgets`. Nothing is shared with the product: it meets this
only by HTTP.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from sandbox.amocrm import (
    automation,
    bots,
    companies,
    directory,
    drive,
    feed,
    hooks,
    lead_doors,
    oauth,
    pages,
    phone,
    site_button,
    subscriptions,
    widgets,
    wire,
)
from sandbox.amocrm.seeding import seed
from sandbox.amocrm.world import World
from sandbox.clock import Clock
from sandbox.jobs import Jobs
from sandbox.store import Store

__all__ = ["create_blueprint", "seed"]

OWNER = "<any(leads, contacts):owner>"
API: list[tuple[str, str, wire.Handler]] = [
    ("GET", "account", directory.account),
    ("GET", "users", directory.users),
    ("GET", "users/<int:user_id>", directory.user),
    ("GET", "leads/pipelines", directory.pipelines),
    ("GET", "leads/pipelines/<int:pipeline_id>", directory.pipeline),
    ("GET", "leads/pipelines/<int:pipeline_id>/statuses", directory.pipeline_statuses),
    ("GET", f"{OWNER}/custom_fields", directory.fields),
    ("POST", f"{OWNER}/custom_fields", directory.add_fields),
    ("GET", f"{OWNER}/custom_fields/<int:field_id>", directory.field),
    ("DELETE", f"{OWNER}/custom_fields/<int:field_id>", directory.delete_field),
    ("GET", "leads", lead_doors.get_list),
    ("POST", "leads", lead_doors.add),
    ("PATCH", "leads", lead_doors.patch_many),
    ("GET", "leads/<int:lead_id>", lead_doors.get_one),
    ("PATCH", "leads/<int:lead_id>", lead_doors.patch_one),
    ("GET", "leads/<int:lead_id>/files", drive.attached),
    ("PUT", "leads/<int:lead_id>/files", drive.attach),
    ("DELETE", "leads/<int:lead_id>/files", drive.detach),
    ("GET", "contacts", directory.contacts),
    ("POST", "contacts", directory.add_contacts),
    ("GET", "contacts/<int:contact_id>", directory.contact),
    ("PATCH", "contacts/<int:contact_id>", directory.patch_contact),
    ("GET", "companies", companies.listed),
    ("GET", "companies/<int:company_id>", companies.get_one),
    ("PATCH", "companies/<int:company_id>", companies.patch_one),
    ("GET", f"{OWNER}/notes", feed.notes),
    ("POST", f"{OWNER}/notes", feed.add_notes),
    ("PATCH", f"{OWNER}/notes", feed.patch_notes),
    ("GET", f"{OWNER}/<int:entity_id>/notes", feed.notes),
    ("POST", f"{OWNER}/<int:entity_id>/notes", feed.add_notes),
    ("PATCH", f"{OWNER}/<int:entity_id>/notes", feed.patch_notes),
    ("GET", f"{OWNER}/<int:entity_id>/notes/<int:note_id>", feed.note),
    ("PATCH", f"{OWNER}/<int:entity_id>/notes/<int:note_id>", feed.patch_notes),
    ("GET", "tasks", feed.tasks),
    ("POST", "tasks", feed.add_tasks),
    ("PATCH", "tasks", feed.patch_tasks),
    ("GET", "tasks/<int:task_id>", feed.task),
    ("PATCH", "tasks/<int:task_id>", feed.patch_task),
    ("GET", "events", feed.events),
    ("GET", "events/types", feed.event_types),
    ("GET", "bots", bots.bots),
    ("POST", "salesbot/<int:bot_id>/continue/<continue_id>", bots.go_on),
    ("GET", "webhooks", subscriptions.listed),
    ("POST", "webhooks", subscriptions.subscribe),
    ("DELETE", "webhooks", subscriptions.unsubscribe),
]
DRIVE: list[tuple[str, str, wire.Handler]] = [
    ("POST", "sessions", drive.open_session),
    ("POST", "sessions/upload/<ticket>", drive.upload),
    ("GET", "files/<file_uuid>", drive.show_file),
]


def create_blueprint(
    store: Store, clock: Clock, *, public_url: str, product_url: str, jobs: Jobs
) -> Blueprint:
    """The emulator as a blueprint for the prefix /amocrm; `public_url` is the sandbox's own address."""
    world = World(store, clock, jobs, public_url.rstrip("/"), product_url.rstrip("/"))
    blueprint = Blueprint(
        "amocrm", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    hooks.register(world)
    bots.register(world)
    automation.register(world)
    oauth.register(world)
    for method, path, handler in API:
        _add(blueprint, method, f"/<subdomain>/api/v4/{path}", wire.door(world, handler))
    _add(blueprint, "POST", "/<subdomain>/api/v2/salesbot/run", wire.door(world, bots.run_bots))
    for method, path, handler in DRIVE:
        _add(blueprint, method, f"/drive/v1.0/{path}", wire.drive_door(world, handler))
    _add(blueprint, "GET", "/drive/download/<subdomain>/<file_uuid>", _bound(world, drive.download))
    _add(blueprint, "GET", "/oauth", _bound(world, oauth.grant_page))
    _add(blueprint, "POST", "/oauth", _bound(world, oauth.grant))
    _add(blueprint, "GET", "/auth/button.min.js", _bound(world, site_button.script))
    _add(blueprint, "GET", "/oauth/external", _bound(world, site_button.page))
    _add(blueprint, "POST", "/oauth/external", _bound(world, site_button.grant))
    _add(blueprint, "POST", "/<subdomain>/oauth2/access_token", _bound(world, oauth.access_token))
    _add(blueprint, "GET", "/oauth2/account/current/subdomain", _bound(world, oauth.current_subdomain))
    for method, path, page in pages.ROUTES + widgets.ROUTES + phone.ROUTES:
        _add(blueprint, method, f"/<subdomain>/{path}", _bound(world, page))
    # The address for uploads stands outside the blueprint's prefix, beside the sandbox's other controls.
    blueprint.record_once(
        lambda made: made.app.add_url_rule(
            "/_sandbox/widget",
            endpoint="widget_upload",
            view_func=_bound(world, widgets.upload),
            methods=["POST"],
        )
    )
    return blueprint


def _add(blueprint: Blueprint, method: str, path: str, view: Any) -> None:
    endpoint = f"{method} {path}".replace(".", "-")
    blueprint.add_url_rule(path, endpoint=endpoint, view_func=view, methods=[method])


def _bound(world: World, page: Any) -> Any:
    def view(**parts: Any) -> Response:
        response: Response = page(world, **parts)
        return response

    return view
