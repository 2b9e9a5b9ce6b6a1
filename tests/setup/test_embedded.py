"""The private servers: started, found, survived, refused. Each test has a folder and servers of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from config import embedded
from config.embedded import postgres, processes
from config.embedded.ports import is_listening

pytestmark = [pytest.mark.processes]
ROOT = Path(__file__).resolve().parents[2]
_OWNER = """
import sys, time
from pathlib import Path
from config import embedded
print(embedded.start(Path(sys.argv[1]), durable=True).database_url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir(reachable_folder: Path) -> Iterator[Path]:
    yield reachable_folder
    embedded.stop(reachable_folder)


@pytest.fixture
def owner(data_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that owns the servers of `data_dir`."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline().startswith("postgres://")
    yield process
    process.kill()
    process.wait()


def test_both_servers_answer_and_are_gone_after_stop(data_dir: Path) -> None:
    running = embedded.start(data_dir, durable=False)
    _remember(running, "42")
    assert redis.Redis.from_url(running.redis_url).ping()
    ports = json.loads((data_dir / "engines.json").read_text())["ports"]
    embedded.stop(data_dir)
    assert len(ports) == 2
    assert not any(is_listening(port) for port in ports)
    with pytest.raises(embedded.NotRunning, match="start bin/serve"):
        embedded.addresses(data_dir)


def test_a_restart_continues_with_the_same_rows(data_dir: Path) -> None:
    _remember(embedded.start(data_dir, durable=False), "42")
    embedded.stop(data_dir)
    assert _remembered(embedded.start(data_dir, durable=False)) == "42"


def test_upper_and_lower_case_are_known_in_russian(data_dir: Path) -> None:
    url = embedded.start(data_dir, durable=False).database_url
    assert _ask(url, "SELECT 'ОЛЬГА' ILIKE 'ольга' AND upper('ё') = 'Ё'") == "True"


def test_nobody_enters_without_the_password(data_dir: Path) -> None:
    running = embedded.start(data_dir, durable=False)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(running.database_url.replace("postgres://grafik:", "postgres://grafik:wrong"))
    address = running.redis_url.rpartition("@")[2]
    with redis.Redis.from_url(f"redis://{address}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_secrets_are_readable_by_their_owner_only(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False)
    home = (data_dir / "postgres").resolve()
    for file in (data_dir / "engines.json", data_dir / "redis" / "redis.conf", home / "password"):
        assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops root")
def test_root_starts_postgresql_as_an_unprivileged_user(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False)
    pid = int((data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's user cannot reach")
def test_an_unreachable_folder_gets_a_home_elsewhere_and_erase_finds_it(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    try:
        _remember(embedded.start(hidden, durable=False), "42")
        home = (hidden / "postgres").resolve()
        assert not home.is_relative_to(tmp_path)
    finally:
        embedded.stop(hidden)
        embedded.erase(hidden)
    assert not home.exists()
    assert not (hidden / "postgres").is_symlink()


def test_a_second_starter_is_refused_and_harms_nothing(
    data_dir: Path, owner: "subprocess.Popen[str]"
) -> None:
    before = embedded.addresses(data_dir)
    with pytest.raises(embedded.EmbeddedError, match=rf"in use by process {owner.pid}"):
        embedded.start(data_dir, durable=False)
    with pytest.raises(embedded.EmbeddedError, match="in use"):
        embedded.erase(data_dir)
    assert embedded.addresses(data_dir) == before
    assert _ask(before.database_url, "SELECT 1") == "1"


def test_a_killed_owner_leaves_no_server_and_no_row_is_lost(
    data_dir: Path, owner: "subprocess.Popen[str]"
) -> None:
    running = embedded.addresses(data_dir)
    ports = json.loads((data_dir / "engines.json").read_text())["ports"]
    _remember(running, "42")
    owner.kill()
    owner.wait()
    _wait_until(lambda: not any(is_listening(port) for port in ports))
    with pytest.raises(embedded.NotRunning):
        embedded.addresses(data_dir)
    assert _remembered(embedded.start(data_dir, durable=False)) == "42"


def test_a_killed_postgresql_is_noticed_and_recovers(data_dir: Path) -> None:
    _remember(embedded.start(data_dir), "42")
    pid_file = data_dir / "postgres" / "cluster" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGKILL)
    _wait_until(lambda: embedded.ended(data_dir) == "postgres")
    embedded.stop(data_dir)
    assert pid_file.exists()
    assert _remembered(embedded.start(data_dir)) == "42"


def test_a_stale_pid_file_with_the_number_of_another_program_is_removed(data_dir: Path) -> None:
    _remember(embedded.start(data_dir, durable=False), "42")
    embedded.stop(data_dir)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (data_dir / "postgres" / "cluster" / "postmaster.pid").write_text(f"{bystander.pid}\n")
        (data_dir / "redis" / "pid").write_text(f"{bystander.pid} 6379")
        assert _remembered(embedded.start(data_dir, durable=False)) == "42"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_of_another_major_version_is_refused_with_one_sentence(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False)
    embedded.stop(data_dir)
    (data_dir / "postgres" / "cluster" / "PG_VERSION").write_text("11\n")
    with pytest.raises(embedded.EmbeddedError, match=r"made by PostgreSQL 11.*install PostgreSQL 11"):
        embedded.start(data_dir, durable=False)
    embedded.erase(data_dir)  # refused while locked: the failed start let go


def test_an_unreadable_redis_folder_is_set_aside(data_dir: Path) -> None:
    embedded.start(data_dir)
    embedded.stop(data_dir)
    for file in (data_dir / "redis").rglob("*.aof*"):
        if file.is_file():
            file.write_bytes(b"from another world" * 100)
    running = embedded.start(data_dir)
    assert redis.Redis.from_url(running.redis_url).ping()
    assert (data_dir / "redis.unreadable").exists()


def test_a_file_that_proves_unreadable_late_is_set_aside_too(data_dir: Path) -> None:
    """The server listens while it reads, and this one reads for a while before it finds the damage."""
    running = embedded.start(data_dir)
    with redis.Redis.from_url(running.redis_url) as client:
        client.eval("for i = 1, 300000 do redis.call('SET', 'key' .. i, i) end", 0)
    embedded.stop(data_dir)
    [file] = (data_dir / "redis").rglob("*.incr.aof")
    with file.open("ab") as kept:
        kept.write(b"from another world" * 100)
    running = embedded.start(data_dir)
    assert redis.Redis.from_url(running.redis_url).dbsize() == 0
    assert (data_dir / "redis.unreadable").exists()


def test_a_kill_in_the_middle_of_the_first_start_is_repaired_by_the_next(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False)
    embedded.stop(data_dir)
    home = data_dir / "postgres"
    (home / "cluster").rename(home / "cluster.unfinished")
    (home / "cluster.unfinished" / "PG_VERSION").unlink()
    assert _ask(embedded.start(data_dir, durable=False).database_url, "SELECT 1") == "1"


def test_a_given_address_is_used_and_its_server_not_started(data_dir: Path) -> None:
    given = "postgres://somebody@db.example.org:5432/grafik"
    running = embedded.start(data_dir, durable=False, database_url=given)
    assert running.database_url == given
    assert not (data_dir / "postgres").exists()
    assert redis.Redis.from_url(running.redis_url).ping()


def test_commands_beside_the_owner_learn_its_variables_only_while_it_runs(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False, environment={"AMOCRM_URL": "http://127.0.0.1:9/amocrm"})
    assert embedded.environment(data_dir) == {"AMOCRM_URL": "http://127.0.0.1:9/amocrm"}
    embedded.stop(data_dir)
    assert embedded.environment(data_dir) == {}


def test_the_wheels_serve_where_the_system_has_no_servers(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SYSTEM_VERSIONS", data_dir / "nothing-here")
    monkeypatch.setenv("PATH", "/nonexistent")
    url = embedded.start(data_dir, durable=False).database_url
    assert _ask(url, "SHOW server_version").startswith("18")
    assert _ask(url, "CREATE EXTENSION btree_gist; SELECT upper('ё')") == "Ё"
    pid = int((data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    assert "pginstall" in processes.command_line(pid)


def _ask(url: str, statement: str) -> str:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            assert row
            return str(row[0])
    finally:
        connection.close()


def _remember(running: embedded.Addresses, value: str) -> None:
    _ask(running.database_url, f"CREATE TABLE memory AS SELECT '{value}' AS value; SELECT 1")


def _remembered(running: embedded.Addresses) -> str:
    return _ask(running.database_url, "SELECT value FROM memory")


def _wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
