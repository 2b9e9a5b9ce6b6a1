"""amoCRM as we see it: connection, mirrored deals, outgoing changes, one-time tokens.

Knows nothing of money.
"""
