"""The payer's page: what is owed, pay now, what was paid. Doors without a log-in; the token is the key."""
