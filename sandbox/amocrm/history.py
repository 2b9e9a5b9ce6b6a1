"""Notes and tasks of the past, from the seed: they stand in the feed and are told to nobody.

{"notes": [{"id", "lead", "text", "at"}], "tasks": [{"id", "lead", "text", "type", "responsible", "till",
"at"}]}; moments are Unix seconds.
"""

from sandbox.amocrm.world import Crm, Row


def seed(crm: Crm, given: Row) -> None:
    """Add what is not known yet."""
    robot = next(user["id"] for user in crm.rows("users") if user["rights"]["is_admin"])
    for note in given.get("notes", []):
        if crm.get("notes", note["id"]) is None:
            crm.put("notes", _common(note, robot) | {"note_type": "common", "params": {"text": note["text"]}})
    for task in given.get("tasks", []):
        if crm.get("tasks", task["id"]) is None:
            crm.put("tasks", _common(task, robot) | _task(task))


def _common(given: Row, robot: int) -> Row:
    return {
        "id": given["id"],
        "entity_id": given["lead"],
        "entity_type": "leads",
        "created_by": robot,
        "updated_by": robot,
        "created_at": given["at"],
        "updated_at": given["at"],
        "responsible_user_id": robot,
        "group_id": 0,
    }


def _task(given: Row) -> Row:
    return {
        "responsible_user_id": given["responsible"],
        "duration": 0,
        "is_completed": False,
        "task_type_id": given["type"],
        "text": given["text"],
        "result": [],
        "complete_till": given["till"],
    }
