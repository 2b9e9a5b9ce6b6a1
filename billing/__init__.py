"""The heart: schedules, ledger, collection, providers and the doors to them."""
