"""What a token of amoCRM's says of itself; unverified, so good for hints only."""

import json
from base64 import urlsafe_b64decode


def claims_of(token: str) -> dict[str, object]:
    """The unverified words of a token; nothing where it is no JSON Web Token."""
    parts = token.split(".")
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
