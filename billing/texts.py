"""The account's own words for its messages: read for a letter, shown in a preview.

They are checked where they are saved (the network file and the panel share the check, billing.network_file).
A text stands instead of the built-in opening of a message; sums, days and the button stay what they are.
"""

from billing.models import AccountPolicy
from billing.rules import texts as rules


def of(account_id: int, event: str, values: dict[str, str]) -> dict[str, str]:
    """Return the account's own {subject, text} for an event, filled; what it does not say is missing."""
    stored = AccountPolicy.objects.filter(account=account_id).values_list("texts", flat=True).first()
    own = (stored or {}).get(event, {})
    return {part: rules.fill(text, values) for part, text in own.items() if text}


def preview(policy: AccountPolicy) -> list[tuple[str, str, str]]:
    """Return (event, subject, text) of the account's own texts as a payer of a sample reads them."""
    found = [(event, (policy.texts or {}).get(event, {})) for event in rules.EVENTS]
    return [
        (
            event,
            rules.fill(own.get("subject", ""), rules.SAMPLE),
            rules.fill(own.get("text", ""), rules.SAMPLE),
        )
        for event, own in found
        if own
    ]
