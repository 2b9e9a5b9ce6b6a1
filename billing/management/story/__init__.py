"""A year of a demo business, told by the verbs themselves with the moments of the past.

Owns: who the students and guests are, what they do and when (drawn from one seed), and what the outside world
would have received (stored as done). Promises: the same seed and day give the same history; nothing is sent,
called or kicked. Never: writes a fact of money past the verbs.
"""
