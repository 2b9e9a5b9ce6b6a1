"""What must never be in the repository, and what the rules of the house say about imports."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

import _serve

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted([*ROOT.glob("requirements/*.lock"), ROOT / "widget_js" / "package-lock.json"])
RULES = sorted((ROOT / "billing" / "rules").glob("*.py"))


def test_there_are_lock_files_to_look_at() -> None:
    assert {lock.name for lock in LOCKS} == {
        "aioamocrm.lock",
        "aiocloudpayments.lock",
        "aiorobokassa.lock",
        "base.lock",
        "cloudpayments-sdk.lock",
        "cloudpayments.lock",
        "demo.lock",
        "dev.lock",
        "robokassa.lock",
        "uv.lock",
        "package-lock.json",
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_files_name_no_registry(lock: Path) -> None:
    found = [line for line in lock.read_text().splitlines() if "://" in line]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS[:-1] if LOCKS else [], ids=lambda path: path.name)
def test_every_pinned_package_has_a_hash(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,-]+\])?==\S+( \\)?", text, re.MULTILINE)
    assert pins
    assert all(pin == " \\" for pin in pins)


@pytest.mark.parametrize("module", RULES, ids=lambda path: path.name)
def test_rules_import_only_the_standard_library_and_each_other(module: Path) -> None:
    foreign = {
        name
        for name in _imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("billing.rules")
    }
    assert foreign == set()


def _imports(module: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module stands"
            found.add(
                f"{node.module}.{node.names[0].name}" if node.module == "billing" else node.module or ""
            )
    return found


def test_containers_start_the_parts_of_serve() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {
        name: service["command"][0] for name, service in services.items() if service.get("image") == "grafik"
    }
    assert ours == {"migrate": "migrate", "web": "web", "worker": "worker", "beat": "beat"}
    assert set(ours.values()) == set(_serve.PARTS)
