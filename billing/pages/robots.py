"""Who opens a link without meaning to pay: previews of messengers, search robots, prefetching browsers.

They get a page and never an order at a provider. Whoever is taken for a robot by mistake presses the button
of that page: it posts, and robots do not.
"""

import re

from django.http import HttpRequest

# "bot" at the end of a word, but not the telephones of Cubot.
_ROBOT = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|facebookexternalhit|whatsapp/|viber|vkshare|embedly|iframely"
    r"|google-safety|googleimageproxy|snapchat|pinterest",
    re.IGNORECASE,
)
_AHEAD = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")


def is_robot(request: HttpRequest) -> bool:
    """True for everything but a person's own opening of the address."""
    if request.method == "POST":
        return False
    if request.method == "HEAD":
        return True
    if any(
        word in request.headers.get(name, "").lower() for name in _AHEAD for word in ("prefetch", "preview")
    ):
        return True
    return bool(_ROBOT.search(request.headers.get("User-Agent", "")))
