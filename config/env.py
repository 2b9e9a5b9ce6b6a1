"""The environment, read once and loudly.

Owns: the variables of the public interface, their defaults and their checks.
Promises: a missing or malformed value stops the start with one sentence that names the variable and an
example. Never: reads the environment anywhere else; secrets appear in no error text.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from cryptography.fernet import Fernet

from config import embedded

POSTGRES_EXAMPLE = "postgres://user:pass@host:5432/grafik"
REDIS_EXAMPLE = "redis://host:6379/0"
ROOT = Path(__file__).resolve().parent.parent


class Misconfigured(SystemExit):
    """Stops the process with one sentence."""


@dataclass(frozen=True)
class Environment:
    """Every value of the environment in its final form; URLs without a trailing slash."""

    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: str
    field_keys: tuple[str, ...]
    public_url: str
    time_zone: str
    email_url: str
    amocrm_url: str
    amocrm_auth_url: str
    cloudpayments_url: str
    smsc_url: str
    robokassa_auth_url: str
    robokassa_services_url: str
    robokassa_fiscal_url: str
    debug: bool


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Return the checked environment.

    Without DATABASE_URL and REDIS_URL the private servers of DATA_DIR are used, and only then may SECRET_KEY
    and FIELD_KEYS be made here (and kept in DATA_DIR): a production database never depends on a file made by
    chance.
    """
    data_dir = Path(environ.get("DATA_DIR") or ROOT / "var").resolve()
    if not environ.get("DATABASE_URL"):
        # A command beside a running bin/demo calls the same sandbox, not the real amoCRM.
        environ = {**embedded.environment(data_dir), **environ}
    database_url, redis_url = _addresses(environ, data_dir)
    private = not environ.get("DATABASE_URL")
    return Environment(
        data_dir=data_dir,
        database_url=database_url,
        redis_url=redis_url,
        secret_key=_secret_key(environ, data_dir, private),
        field_keys=_field_keys(environ, data_dir, private),
        public_url=_url(environ, "PUBLIC_URL", "http://127.0.0.1:8000"),
        time_zone=_time_zone(environ),
        email_url=_url(environ, "EMAIL_URL", "smtp://127.0.0.1:25", ("smtp", "smtp+tls", "smtp+ssl")),
        amocrm_url=_url(environ, "AMOCRM_URL", "https://{subdomain}.amocrm.ru"),
        amocrm_auth_url=_url(environ, "AMOCRM_AUTH_URL", "https://www.amocrm.ru"),
        cloudpayments_url=_url(environ, "CLOUDPAYMENTS_URL", "https://api.cloudpayments.ru"),
        smsc_url=_url(environ, "SMSC_URL", "https://smsc.ru"),
        robokassa_auth_url=_url(environ, "ROBOKASSA_AUTH_URL", "https://auth.robokassa.ru"),
        robokassa_services_url=_url(environ, "ROBOKASSA_SERVICES_URL", "https://services.robokassa.ru"),
        robokassa_fiscal_url=_url(environ, "ROBOKASSA_FISCAL_URL", "https://ws.roboxchange.com"),
        debug=environ.get("DEBUG", "") == "1",
    )


def _addresses(environ: Mapping[str, str], data_dir: Path) -> tuple[str, str]:
    database_url, redis_url = environ.get("DATABASE_URL", ""), environ.get("REDIS_URL", "")
    if database_url and urlsplit(database_url).scheme not in ("postgres", "postgresql"):
        raise Misconfigured(
            "DATABASE_URL must be a PostgreSQL address, for example postgres://user:pass@host:5432/grafik"
        )
    if redis_url and urlsplit(redis_url).scheme not in ("redis", "rediss", "unix"):
        raise Misconfigured(f"REDIS_URL must be a Redis address, for example {REDIS_EXAMPLE}")
    if database_url and redis_url:
        return database_url, redis_url
    try:
        private = embedded.addresses(data_dir)
    except embedded.NotRunning as error:
        raise Misconfigured(str(error)) from error
    return database_url or private.database_url, redis_url or private.redis_url


def _secret_key(environ: Mapping[str, str], data_dir: Path, private: bool) -> str:
    given = environ.get("SECRET_KEY", "")
    if not given and private:
        return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(50))
    if len(given) < 32:
        raise Misconfigured(
            "SECRET_KEY must be a random text of at least 32 characters, for example "
            "SECRET_KEY=$(openssl rand -base64 48)"
        )
    return given


def _field_keys(environ: Mapping[str, str], data_dir: Path, private: bool) -> tuple[str, ...]:
    given = environ.get("FIELD_KEYS", "")
    if not given and private:
        given = _kept(data_dir / "field_keys", lambda: Fernet.generate_key().decode())
    keys = tuple(key.strip() for key in given.split(",") if key.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = ()
    if not keys:
        raise Misconfigured(
            "FIELD_KEYS must be Fernet keys (32 bytes in url-safe base64), separated by commas, "
            "for example FIELD_KEYS=$(openssl rand -base64 32 | tr '+/' '-_')"
        )
    return keys


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return the file's text; the first caller makes it, readable by its owner only."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        value = make()
        file.write(value)
    return value


def _url(
    environ: Mapping[str, str], name: str, default: str, schemes: tuple[str, ...] = ("http", "https")
) -> str:
    value = environ.get(name) or default
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.netloc:
        raise Misconfigured(f"{name} must be an address, for example {name}={default}")
    return value.rstrip("/")


def _time_zone(environ: Mapping[str, str]) -> str:
    value = environ.get("TIME_ZONE") or "Europe/Moscow"
    if value not in available_timezones():
        raise Misconfigured(
            "TIME_ZONE must be a name of the tz database, for example TIME_ZONE=Europe/Moscow"
        )
    return ZoneInfo(value).key
