"""The body of the services' calls: a JWT as a JSON string, in quotes; sums are JSON numbers."""

import json
from decimal import Decimal
from typing import Any

from flask import Request

from sandbox.robokassa import signing


def read_token(request: Request) -> str:
    """Raises BadSignature for anything but a JSON string."""
    try:
        token = json.loads(request.get_data(as_text=True))
    except ValueError:
        token = None
    if not isinstance(token, str):
        raise signing.BadSignature("the body must be a JSON string with a JWT")
    return token


def sum_of(value: Any) -> Decimal | None:
    """Roubles from a JSON number with at most two decimals; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    amount = Decimal(str(value))
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        return None
    return amount.quantize(Decimal("0.01"))
