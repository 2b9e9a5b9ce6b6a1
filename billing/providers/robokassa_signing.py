"""How Robokassa signs: a plain hash of parts joined by colons, the password among them, own fields behind it.

The hashed text is what Robokassa holds after one layer of transport encoding was taken off: addresses bare, a
receipt percent-encoded once (facts, "The encoding rule"). Optional parts that are not sent leave no trace;
only an absent InvId leaves its slot empty. Own fields (`Shp_…`) are sorted by name, capitals first.
"""

import hashlib
import hmac
from collections.abc import Mapping

ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512", "ripemd160")
OWN_PREFIXES = ("Shp_", "SHP_", "shp_")
# Between InvId and the password, in this order. UserIp and OutSumCurrency are legacy, yet still understood.
OPTIONAL = (
    "OutSumCurrency",
    "UserIp",
    "Receipt",
    "StepByStep",
    "ResultUrl2",
    "SuccessUrl2",
    "SuccessUrl2Method",
    "FailUrl2",
    "FailUrl2Method",
    "Token",
)


def payment(fields: Mapping[str, str], *, password: str) -> str:
    """The text of a payment link, by Password#1: `fields` as they are sent, before the address is encoded."""
    parts = [fields["MerchantLogin"], fields["OutSum"], fields.get("InvId", "")]
    parts += [fields[name] for name in OPTIONAL if fields.get(name)]
    return ":".join([*parts, password, *own(fields)])


def notice(fields: Mapping[str, str], *, password: str) -> str:
    """The text of ResultURL (Password#2) and SuccessURL (Password#1); the sum exactly as it was received."""
    return notices(fields, password=password)[0]


def notices(fields: Mapping[str, str], *, password: str) -> list[str]:
    """Every text that a genuine notice may be signed over; the first one is ours.

    More than one only where the own fields of another program can be sorted in several ways: by name, by
    `name=value`, without letter case (facts, 1.3). Robokassa says just "alphabetically", its own modules
    disagree, and none of the orders lets anybody sign without the password.
    """
    parts = [fields["OutSum"], fields["InvId"], password]
    others = (sorted(own(fields)), sorted(own(fields), key=lambda told: told.partition("=")[0].lower()))
    return list(dict.fromkeys(":".join([*parts, *order]) for order in (own(fields), *others)))


def state(*, login: str, number: str, password: str) -> str:
    """The text of a state query, by Password#2."""
    return f"{login}:{number}:{password}"


def own(fields: Mapping[str, str]) -> list[str]:
    """`name=value` of the own fields in the letter case they have."""
    return [f"{name}={fields[name]}" for name in sorted(fields) if name.startswith(OWN_PREFIXES)]


def digest(algorithm: str, text: str) -> str:
    """Lower-case hex of the UTF-8 text; the shop's cabinet names the algorithm."""
    if algorithm not in ALGORITHMS:
        raise ValueError("an algorithm that Robokassa does not have")
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def fits(given: str, *, algorithm: str, text: str) -> bool:
    """Compare in constant time and without the letter case, which differs between Robokassa's own calls."""
    offered = given.strip().lower().encode("utf-8", "replace")
    return hmac.compare_digest(offered, digest(algorithm, text).encode())
