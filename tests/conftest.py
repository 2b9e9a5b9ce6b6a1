"""The world of the tests: a private PostgreSQL and Redis, their own environment, no way out but loopback.

Everything starts before Django reads its settings and is gone afterwards; no server that was already there
is touched. Children that tests start inherit this environment, so they find the same servers. Workers of a
run on several cores have a pair of servers each; tests of one module stay together, the dear ones begin.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from playwright.sync_api import expect
from xdist.scheduler import LoadScopeScheduling

from config import embedded
from tests import sessions

_DATA_DIR = pytest.StashKey[Path]()
# The discard port: whatever a test forgets to replace fails at once and reaches nobody.
_NOWHERE = "http://127.0.0.1:9"
_DEAR = ("browser", "processes", "long")
_DEMO = "tests/browser/"
_IDLE_SECONDS, _LEFT_SECONDS = 30, 5
# A page is given time on a busy machine; how fast it is, bin/bench measures.
_PAGE_MS = 30_000
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, then let Django read its settings, so that pytest-django sets it up."""
    expect.set_options(timeout=_PAGE_MS)
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        # This one only hands the tests out; its workers must not meet settings before their servers run.
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        return
    data_dir = Path(tempfile.mkdtemp(prefix="grafik-tests-"))
    # PostgreSQL runs as another user than root and must be able to pass.
    data_dir.chmod(0o711)
    config.stash[_DATA_DIR] = data_dir
    try:
        running = embedded.start(data_dir, durable=False)
    except embedded.EmbeddedError as error:
        pytest.exit(str(error), returncode=3)
    os.environ.update(_environment(data_dir, running))
    from django.conf import settings

    assert settings.DATABASES["default"]["PORT"]


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole groups. The mark xdist_group says the same, but pytest 9.2 does not pass it on."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes longest begin first: the shared demo, then the other dear modules."""
    dear = {_group(item.nodeid) for item in items if any(map(item.get_closest_marker, _DEAR))}
    items.sort(key=lambda item: (_group(item.nodeid) != _DEMO, _group(item.nodeid) not in dear))


def _group(nodeid: str) -> str:
    """All tests of tests/browser share one demo, the tests of another module its fixtures."""
    module = nodeid.partition("::")[0]
    return _DEMO if module.startswith(_DEMO) else module


def pytest_unconfigure(config: pytest.Config) -> None:
    data_dir = config.stash.get(_DATA_DIR, None)
    if data_dir is not None:
        embedded.stop(data_dir)
        embedded.erase(data_dir)
        shutil.rmtree(data_dir, ignore_errors=True)


def _environment(data_dir: Path, running: embedded.Addresses) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright keeps an event loop in the thread of the test
        "DATABASE_URL": running.database_url,
        "REDIS_URL": running.redis_url,
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for tests only, long enough for a signature",
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "TIME_ZONE": "Europe/Moscow",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "AMOCRM_URL": f"{_NOWHERE}/amocrm/{{subdomain}}",
        "AMOCRM_AUTH_URL": f"{_NOWHERE}/amocrm",
        "CLOUDPAYMENTS_URL": f"{_NOWHERE}/cloudpayments",
        "ROBOKASSA_AUTH_URL": f"{_NOWHERE}/robokassa",
        "ROBOKASSA_SERVICES_URL": f"{_NOWHERE}/robokassa",
        "ROBOKASSA_FISCAL_URL": f"{_NOWHERE}/robokassa",
        # For children, which pytest-socket does not see.
        "http_proxy": _NOWHERE,
        "https_proxy": _NOWHERE,
        "no_proxy": "127.0.0.1,localhost,::1",
    }


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    """No test sees another's cache, rate limits or kicks; tests with processes of their own keep theirs."""
    if not any(request.node.get_closest_marker(name) for name in ("processes", "browser")):
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            client.flushall()


@pytest.fixture
def live_server(live_server: Any, transactional_db: None) -> Iterator[Any]:
    """The product in a thread. It is closed, and in the middle of nothing, when the tables are emptied: an
    emulator may still be delivering.
    """
    server = live_server.thread.httpd
    server.set_app(vars(server).setdefault("product", server.get_app()))
    yield live_server
    server.set_app(_closed)
    _until_idle()


def _closed(_environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("503 Service Unavailable", [])
    return []


def _until_idle() -> None:
    if not sessions.are_idle(within=_IDLE_SECONDS):
        raise AssertionError("a request of the test has not ended")


@pytest.fixture(autouse=True)
def _nobody_holds_a_row(request: pytest.FixtureRequest, _django_db_helper: None) -> Iterator[None]:
    """A session that outlives its test would hold up every test behind it: it is ended, and told of."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        ended = sessions.end_busy(after=_LEFT_SECONDS)
        if ended:
            warnings.warn(f"{ended} sessions outlived {request.node.nodeid}", stacklevel=1)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, quiet and without a way to any other host."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    return {"executable_path": chromium, "args": _CHROMIUM_FLAGS, "headless": True}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"locale": "ru-RU", "timezone_id": "Europe/Moscow", "viewport": {"width": 1360, "height": 900}}


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A new folder that an unprivileged user can reach, which pytest's tmp_path is not under root."""
    folder = Path(tempfile.mkdtemp(prefix="grafik-folder-"))
    folder.chmod(0o711)
    yield folder
    embedded.erase(folder)
    shutil.rmtree(folder, ignore_errors=True)
