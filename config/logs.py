"""Logs: one JSON object a line in production, readable lines while developing.

Nothing personal is logged: events carry ids, kinds and counts. `scrub` is the last guard: it masks values
under names that could hold a secret, a token, a phone or an address, whoever logged them.
"""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

HIDDEN = re.compile(r"token|secret|password|authorization|card|email|phone|body|cookie|key$", re.IGNORECASE)
IN_TEXT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+7\d{10}|eyJ[\w-]+\.[\w-]+\.[\w-]+|/pay/[\w-]{22,}")


def scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what must not be read in a log: by the name of the value, and by its shape in free text."""
    for name, value in event.items():
        if HIDDEN.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = IN_TEXT.sub("***", value)
    return event


def configure(options: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG hook: everything, ours and the libraries', goes through one formatter to
    stderr.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        scrub,
    ]
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if options["json"]
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, scrub, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("urllib3", "fontTools", "weasyprint", "axes", "celery.app.trace"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
