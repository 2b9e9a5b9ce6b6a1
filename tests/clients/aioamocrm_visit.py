"""A visit of the emulator by aioamocrm, a client that others wrote; runs in an environment of its own.

Reads {"base", "code", "client_id", "secret", "redirect", "lead", "hooks": [bodies]} on stdin and prints what
it understood. It knows nothing of ours.
"""

import asyncio
import json
import sys
from typing import Any

from aioamocrm import AmoCRMClient, OAuth2, parse_webhook


async def visit(told: dict[str, Any]) -> dict[str, Any]:
    auth = OAuth2(client_id=told["client_id"], client_secret=told["secret"], redirect_uri=told["redirect"])
    async with AmoCRMClient(base_url=told["base"], auth=auth) as client:
        await client.exchange_code(told["code"])
        lead = await client.leads.get(told["lead"], with_="contacts")
        await client.leads.update([{"id": told["lead"], "price": 777}])
        again = await client.leads.get(told["lead"])
        notes = await client.leads.notes.create(
            [{"entity_id": told["lead"], "note_type": "common", "params": {"text": "от другого клиента"}}]
        )
        tasks = await client.tasks.create(
            [
                {
                    "text": "Позвонить",
                    "complete_till": 1900000000,
                    "entity_id": told["lead"],
                    "entity_type": "leads",
                }
            ]
        )
        pipelines = await client.pipelines.list()
        account = await client.account.get()
        users = [user.name async for user in client.users.iterate()]
        fields = [field.name async for field in client.leads.custom_fields.iterate()]
    return {
        "account": account.id,
        "name": lead.name,
        "price": again.price,
        "notes": len(notes),
        "tasks": len(tasks),
        "stages": [status.name for status in pipelines[0].embedded.statuses],
        "users": users,
        "fields": len(fields),
        "hooks": [_events(body) for body in told["hooks"]],
    }


def _events(body: str) -> list[list[Any]]:
    return [
        [event.entity, event.action, event.payload.get("id"), event.payload.get("price")]
        for event in parse_webhook(body.encode()).events
    ]


print(json.dumps(asyncio.run(visit(json.load(sys.stdin))), ensure_ascii=False))
