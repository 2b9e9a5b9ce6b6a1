"""The sandbox: amoCRM, CloudPayments, Robokassa and a mailbox on one machine, to try the product end to end.

A separate program. It speaks HTTP and SMTP only, imports nothing of the product and the product imports
nothing of it, so that a mistake in an adapter cannot hide behind the same mistake here. Everything it knows
stands in one SQLite file, so a restart (or kill -9) continues the story where it was.
"""
