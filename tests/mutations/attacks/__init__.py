"""One attack by plain SQL for every guard of the money tables: who must refuse it, and who names it.

`guard` is the constraint, index or trigger of `table`; `says` the name that its refusal carries where that is
another one; `names` the invariant of verify_ledger that finds the break when the guard is gone.
"""

from tests.mutations.attacks import corrections, money, papers, schedules
from tests.mutations.attacks.words import Again as Again
from tests.mutations.attacks.words import Attack as Attack

ATTACKS = (*schedules.ATTACKS, *money.ATTACKS, *corrections.ATTACKS, *papers.ATTACKS)
