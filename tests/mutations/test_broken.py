"""Whoever breaks a rule is noticed: each mutation is made in a copy of the tree, and its tests must fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutations.broken import RULES, VERBS, Mutation

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".*", "var", "node_modules", "bench-results", "widget_js", "docs")
TESTS_FAILED = 1
# Pure rules need neither servers nor most of the plugins, which are six seconds of each start.
NO_SERVERS = ("--noconftest", "-p", "pytest_django.plugin", "-p", "pytest_socket")

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree, to be broken."""
    folder = tmp_path_factory.mktemp("mutations") / "tree"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("images"))
    return folder


@pytest.fixture
def broken(copy: Path, request: pytest.FixtureRequest) -> Iterator[Mutation]:
    mutation: Mutation = request.param
    file = copy / mutation.file
    sound = file.read_text(encoding="utf-8")
    assert sound.count(mutation.old) == 1, "the line to be broken has changed: bring the table up to date"
    file.write_text(sound.replace(mutation.old, mutation.new), encoding="utf-8")
    yield mutation
    file.write_text(sound, encoding="utf-8")


@pytest.mark.parametrize("broken", RULES, ids=lambda one: one.name, indirect=True)
def test_a_broken_rule_is_noticed(broken: Mutation, copy: Path) -> None:
    assert run(copy, broken.killer, *NO_SERVERS, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1") == TESTS_FAILED


@pytest.mark.exhaustive
@pytest.mark.parametrize("broken", VERBS, ids=lambda one: one.name, indirect=True)
def test_a_broken_promise_is_noticed(broken: Mutation, copy: Path) -> None:
    assert run(copy, broken.killer) == TESTS_FAILED


def test_every_line_to_be_broken_is_there() -> None:
    for mutation in (*RULES, *VERBS):
        found = (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.old)
        assert found == 1, f"{mutation.name}: {found} times in {mutation.file}"


def run(folder: Path, tests: str, *options: str, **environment: str) -> int:
    """The exit code of pytest in the copy; by itself it starts servers of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *options, *tests.split()]
    ours = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(command, cwd=folder, env=ours, capture_output=True, check=False).returncode
