"""Every event that the verbs record has words for people."""

import ast
from pathlib import Path

from billing import versions
from billing.api.timeline import WORDS

ROOT = Path(__file__).resolve().parents[2] / "billing"


def kinds_in(source: str) -> set[str]:
    """Texts given as `kind` to history.record, or chosen for it by a helper _record or _remember."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name == "history.record":
            values = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
        elif name in ("_record", "_remember"):
            values = list(node.args)
        else:
            continue
        for value in values:
            inside = (one.value for one in ast.walk(value) if isinstance(one, ast.Constant))
            found |= {one for one in inside if isinstance(one, str) and one.islower() and "_" in one}
    return found


def test_every_recorded_kind_has_words() -> None:
    used = set().union(*(kinds_in(path.read_text()) for path in ROOT.rglob("*.py")))
    assert {"payment_received", "invoice_sent", "receipt_registered"} <= used
    assert used | set(versions.EVENTS.values()) <= set(WORDS)
