"""Checks signatures by aiocloudpayments, a client that others wrote; runs in an environment of its own.

Reads {"notices": [{body, secret, signature}]} on stdin and prints which it accepts. It knows nothing of ours.
"""

import json
import sys

from aiocloudpayments.utils.hmac_check import hmac_check

print(
    json.dumps(
        {
            "checked": [
                hmac_check(one["body"].encode(), one["secret"], one["signature"])
                for one in json.load(sys.stdin)["notices"]
            ]
        }
    )
)
