"""JSON only, and only sane JSON: no NaN, no duplicate keys, no NUL characters."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooBig(APIException):
    """A body beyond every body of this API."""

    status_code = 413
    default_code = "too_big"


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooBig
        try:
            text = stream.read().decode()
            if "\x00" in text or "\\u0000" in text:
                raise ValueError("NUL")
            body = json.loads(text or "{}", object_pairs_hook=_once, parse_constant=_refuse, parse_float=str)
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        if not isinstance(body, dict):
            raise ParseError
        return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
