"""The school: who signs for which course, on which terms, and how each one pays.

Every student has one habit; thirty students hold every habit, so that the smallest story has them all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from billing import invoices, ledger, schedules, settlements
from billing.asking import What
from billing.management.story.diary import Diary
from billing.management.story.people import Person, person
from billing.management.story.till import Till
from billing.models import Installment, Payment
from billing.rules import money
from billing.rules.schedule import Terms
from crm.models import Account, Deal

FIRST_LEAD, FIRST_CONTACT, FIRST_PHONE = 7_600_001, 980_001, 1_235_000
PIPELINE, CONTRACT, PAYING, LOST = 6100001, 55000120, 55000140, 143
MANAGERS = (8100002, 8100002, 8100003, 8100003, 8100001)
HABITS = (
    *("punctual",) * 5,
    *("early",) * 3,
    *("late",) * 4,
    *("at_once",) * 7,
    *("prepays",) * 2,
    *("debtor",) * 2,
    *("rebuilds",) * 2,
    "partial", "overpays", "doubles", "withdraws", "never_starts",
)  # fmt: skip
# They never pay a row after its day: billing.management.story.year says why that matters.
CALM = ("punctual", "early", "at_once")
# Days since the first unpaid row of a debtor: each bucket of the aging report has somebody.
AGES = (6, 17, 26, 40, 52, 66, 80, 95, 130, 170)
# Programme -> (prices, first cohort's number, days from the story's first day to the starts of its cohorts).
PROGRAMMES: dict[str, tuple[tuple[int, ...], int, tuple[int, ...]]] = {
    "Нутрициолог": ((160_000, 160_000, 140_000, 120_000), 9, (20, 110, 215, 374, 460, 560)),
    "Психолог": ((96_000, 96_000, 84_000), 4, (35, 140, 250, 380)),
    "Дизайн интерьера": ((120_000, 120_000, 98_000), 1, (50, 190, 415)),
}
COUNTS = (2, 2, 3, 3, 4, 5)


@dataclass
class Student:
    """One payer; `plan` changes when what was meant to happen is no longer meant."""

    deal: Deal
    habit: str
    random: Random
    signed_on: date
    plan: int = 0
    payments: list[Payment] = field(default_factory=list)

    @property
    def author(self) -> str:
        return f"user:{self.deal.responsible_user_id}"


class School:
    """Writes the lives of `count` students into a diary."""

    def __init__(self, *, account: Account, diary: Diary, till: Till, seed: str) -> None:
        self._account, self._diary, self._till, self._seed = account, diary, till, seed

    def deals(self, count: int, *, calm: bool) -> list[Deal]:
        """The deals of one part, not stored yet."""
        return [student.deal for student in self._students(count, calm=calm)]

    def enrol(self, count: int, *, calm: bool) -> list[Deal]:
        """Plan the day on which each student of a part signs; their deals are stored already."""
        students = self._students(count, calm=calm)
        known = dict(Deal.objects.filter(account=self._account).values_list("external_id", "pk"))
        for student in students:
            student.deal.pk = known[student.deal.external_id]
            student.deal._state.adding = False
            self._plan_signing(student)
        return [student.deal for student in students]

    def _students(self, count: int, *, calm: bool) -> list[Student]:
        random = Random(f"{self._seed}:school")  # noqa: S311 - a story, not a secret
        habits = [habit for _ in range(count // len(HABITS) + 1) for habit in _shuffled(HABITS, random)]
        return [
            self._student(number, habits[number])
            for number in range(count)
            if (habits[number] in CALM) == calm
        ]

    def _student(self, number: int, habit: str) -> Student:
        random = Random(f"{self._seed}:student:{number}")  # noqa: S311 - as above
        who = person(random, phone=FIRST_PHONE + number, has_email=number % 24 != 11)
        programme = random.choice(("Нутрициолог", "Нутрициолог", "Психолог", "Дизайн интерьера"))
        prices, first, starts = PROGRAMMES[programme]
        # Those who owe, leave or ask for new terms need some months behind them.
        long_ago = habit in ("debtor", "withdraws", "rebuilds", "overpays", "doubles", "partial")
        # The school grows: later cohorts are larger.
        cohort = max(random.randrange(len(starts)), random.randrange(len(starts)))
        cohort = cohort // 2 if long_ago else cohort
        starts_on = self._diary.first + timedelta(days=starts[cohort])
        signed_on = self._signing_day(starts_on, random, latest=150 if long_ago else 2)
        deal = self._deal(number, who, random, programme=programme, cohort=f"Поток {first + cohort}")
        deal.price = Decimal(random.choice(prices))
        deal.service_on = starts_on
        deal.name = f"Договор {number + 101}/{signed_on:%y}"
        deal.fetched_at = self._diary.some_hour(signed_on, random)
        return Student(deal, habit, random, signed_on)

    def _signing_day(self, starts_on: date, random: Random, *, latest: int) -> date:
        """Some weeks before the course, or in its first days; inside the story."""
        wanted = starts_on - timedelta(days=random.randrange(-10, 60))
        last = self._diary.today - timedelta(days=latest)
        if wanted >= last:
            wanted = last - timedelta(days=random.randrange(60))
        return max(wanted, self._diary.first + timedelta(days=random.randrange(1, 20)))

    def _deal(self, number: int, who: Person, random: Random, *, programme: str, cohort: str) -> Deal:
        return Deal(
            account=self._account,
            external_id=FIRST_LEAD + number,
            pipeline_id=PIPELINE,
            status_id=CONTRACT,
            responsible_user_id=random.choice(MANAGERS),
            programme=programme,
            cohort=cohort,
            contact_id=FIRST_CONTACT + number,
            contact_name=who.name,
            contact_email=who.email,
            contact_phone=who.phone,
        )

    def _plan_signing(self, student: Student) -> None:
        at = student.deal.fetched_at
        self._diary.add(at, lambda at: self._sign(student, at))

    def _sign(self, student: Student, at: datetime) -> None:
        """The manager makes the schedule; from here on the habit decides."""
        terms = self._terms(student, student.deal.price, student.signed_on)
        schedules.save(deal=student.deal, terms=terms, version=None, author=student.author, reason="", at=at)
        _HABITS[student.habit](self, student, self._open_rows(student))

    def _terms(self, student: Student, total: Decimal, on: date) -> Terms:
        random = student.random
        if student.habit == "debtor":
            return self._long_terms(student, total, on)
        if student.habit == "at_once":
            return Terms(total=total, first_due_on=on + timedelta(days=random.randrange(1, 4)), count=1)
        down = total / 5 if random.random() < 0.4 else None
        return Terms(
            total=total,
            first_due_on=on + timedelta(days=random.randrange(5, 25)),
            count=random.choice(COUNTS),
            down_payment=down,
            down_payment_on=on + timedelta(days=1) if down else None,
            round_to=Decimal(100),
        )

    def _long_terms(self, student: Student, total: Decimal, on: date) -> Terms:
        """Rows until today at least: who stops paying early owes for long, who stops late owes since then."""
        months = (self._diary.today - on).days // 30
        first_due_on = on + timedelta(days=student.random.randrange(5, 25))
        return Terms(total=total, first_due_on=first_due_on, count=max(3, months), round_to=Decimal(100))

    def _open_rows(self, student: Student) -> list[Installment]:
        return list(Installment.objects.filter(schedule__deal=student.deal).open())

    # --- habits: each plans what becomes of the open rows ---

    def _punctual(self, student: Student, rows: list[Installment]) -> None:
        """On the contract's date or the day before: never later, or no robot may pass the calm ones by."""
        for row in rows:
            self._plan_payment(student, row.due_on - timedelta(days=student.random.choice((0, 0, 0, 1))))

    def _early(self, student: Student, rows: list[Installment]) -> None:
        for row in rows:
            self._plan_payment(student, row.due_on - timedelta(days=student.random.randrange(0, 5)))

    def _late(self, student: Student, rows: list[Installment]) -> None:
        for row in rows:
            lag = student.random.choice((0, 0, 1, 2, 3, 4, 6, 9, 13))
            self._plan_payment(student, row.effective_due_on + timedelta(days=lag), overdue=lag > 0)

    def _prepays(self, student: Student, rows: list[Installment]) -> None:
        """Some rows as agreed, then all that is left at once."""
        kept = student.random.randrange(1, 4)
        self._punctual(student, rows[:kept])
        day = rows[min(kept, len(rows)) - 1].effective_due_on + timedelta(
            days=student.random.randrange(5, 25)
        )
        self._plan(student, day, self._pay_all)

    def _debtor(self, student: Student, rows: list[Installment]) -> None:
        """Pays until a day, then nothing more; at least the last row stays open."""
        until = self._diary.today - timedelta(days=student.random.choice(AGES))
        self._late(student, [row for row in rows[:-1] if row.effective_due_on < until])

    def _partial(self, student: Student, rows: list[Installment]) -> None:
        """One row in two parts: half past the provider, or by an invoice for half; the rest later."""
        self._punctual(student, rows[:1])
        if len(rows) > 1:
            on = rows[1].effective_due_on
            self._plan(student, on, self._pay_half)
            self._plan_payment(student, on + timedelta(days=6))
        self._punctual(student, rows[2:])

    def _overpays(self, student: Student, rows: list[Installment]) -> None:
        """The last transfer is rounded up."""
        self._punctual(student, rows[:-1])
        self._plan(student, rows[-1].effective_due_on, self._pay_too_much)

    def _doubles(self, student: Student, rows: list[Installment]) -> None:
        """Pays the first order twice; the second money goes back."""
        self._plan(student, rows[0].effective_due_on, self._pay_twice)
        self._punctual(student, rows[1:])

    def _rebuilds(self, student: Student, rows: list[Installment]) -> None:
        """After two rows asks for smaller ones."""
        self._punctual(student, rows[:2])
        day = rows[min(2, len(rows)) - 1].effective_due_on + timedelta(days=student.random.randrange(3, 12))
        self._plan(student, day, self._rebuild)

    def _withdraws(self, student: Student, rows: list[Installment]) -> None:
        """Leaves the course in the middle: the last payment goes back in part, nothing more is asked."""
        self._punctual(student, rows[:2])
        day = rows[min(2, len(rows)) - 1].effective_due_on + timedelta(days=student.random.randrange(3, 9))
        self._plan(student, day, self._leave)

    def _never_starts(self, student: Student, rows: list[Installment]) -> None:
        self._plan(student, rows[0].effective_due_on + timedelta(days=21), self._lose)

    # --- entries ---

    def _plan(self, student: Student, day: date, entry: Callable[[Student, datetime], None]) -> None:
        plan = student.plan
        day = max(day, student.signed_on + timedelta(days=1))

        def happen(at: datetime) -> None:
            if student.plan == plan:
                entry(student, at)

        self._diary.add(self._diary.some_hour(day, student.random), happen)

    def _plan_payment(self, student: Student, day: date, *, overdue: bool = False) -> None:
        self._plan(student, day, self._pay_overdue if overdue else self._pay)

    def _pay_overdue(self, student: Student, at: datetime) -> None:
        self._remember(student, self._till.pay(student.deal, What.OVERDUE, at=at))

    def _pay(self, student: Student, at: datetime) -> None:
        """The next row, by the link or past it."""
        chance = student.random.random()
        if chance < 0.84:
            self._remember(student, self._till.pay(student.deal, What.INSTALLMENT, at=at))
            return
        following = ledger.standing(student.deal, on=student.deal.local_day(at)).next
        if following is not None:
            method = "bank_transfer" if chance < 0.93 else "cash" if chance < 0.97 else "card_terminal"
            self._enter(student, following.rest, method, at)

    def _pay_all(self, student: Student, at: datetime) -> None:
        student.plan += 1
        if student.random.random() < 0.6:
            self._remember(student, self._till.pay(student.deal, What.FULL, at=at))
        else:
            author = student.author
            self._till.enter_full(student.deal, method="bank_transfer", author=author, at=at)

    def _pay_half(self, student: Student, at: datetime) -> None:
        following = ledger.standing(student.deal, on=student.deal.local_day(at)).next
        if following is None:
            return
        half = money.floor_to(following.rest / 2, Decimal(100))
        if student.random.random() < 0.5:
            self._enter(student, half, "bank_transfer", at)
            return
        demand = invoices.Demand(amount=half)
        invoice = invoices.issue(deal=student.deal, demand=demand, author=student.author, at=at)
        if student.deal.contact_email:
            invoices.send(invoice=invoice, at=at)
        paid = self._till.pay(student.deal, What.INVOICE, at=at + timedelta(minutes=40), invoice=invoice)
        self._remember(student, paid)

    def _pay_too_much(self, student: Student, at: datetime) -> None:
        debt = ledger.standing(student.deal, on=student.deal.local_day(at)).debt
        self._enter(student, debt + student.random.choice((500, 1000, 3000)), "bank_transfer", at)

    def _pay_twice(self, student: Student, at: datetime) -> None:
        first = self._till.pay(student.deal, What.INSTALLMENT, at=at)
        if first is None or first.order is None:
            return
        second = self._till.take(first.order, at=at + timedelta(minutes=4))
        back = timedelta(days=2, minutes=student.random.randrange(200))
        self._diary.add(at + back, lambda at: self._till.give_back(second, second.amount, at=at))

    def _rebuild(self, student: Student, at: datetime) -> None:
        version = _version(student)
        on = student.deal.local_day(at)
        student.plan += 1
        student.habit = "punctual"
        total = Decimal(student.deal.schedule.total)
        terms = Terms(
            total=total,
            first_due_on=on + timedelta(days=student.random.randrange(10, 30)),
            count=student.random.choice((6, 8, 10)),
            round_to=Decimal(100),
        )
        if not self._open_rows(student):
            return
        reason = student.random.choice(("Просьба клиента: уменьшить платёж", "Смена даты зарплаты клиента"))
        schedules.save(
            deal=student.deal, terms=terms, version=version, author=student.author, reason=reason, at=at
        )
        self._punctual(student, self._open_rows(student))

    def _leave(self, student: Student, at: datetime) -> None:
        """1. The manager closes the deal. 2. It is settled at what is kept. 3. The rest goes back."""
        student.plan += 1
        _close(student)
        if not student.payments:
            self._drop(student, at)
            return
        last = student.payments[-1]
        back = money.floor_to(last.amount / 2, Decimal(100))
        kept = ledger.standing(student.deal, on=student.deal.local_day(at)).paid - back
        reason = "Отчисление по заявлению"
        settlements.settle(deal=student.deal, total=kept, reason=reason, author=student.author, at=at)
        self._till.give_back(last, back, at=at + timedelta(minutes=9))

    def _lose(self, student: Student, at: datetime) -> None:
        """The manager closes the deal, and two days later answers what should become of its schedule."""
        student.plan += 1
        _close(student)
        self._diary.add(at + timedelta(days=2), lambda at: self._drop(student, at))

    def _drop(self, student: Student, at: datetime) -> None:
        reason = "Клиент отказался от обучения"
        settlements.cancel(deal=student.deal, reason=reason, author=student.author, at=at)

    def _enter(self, student: Student, amount: Decimal, method: str, at: datetime) -> None:
        self._till.enter(student.deal, amount, method=method, author=student.author, at=at)
        _begin(student)

    def _remember(self, student: Student, payment: Payment | None) -> None:
        if payment is not None:
            student.payments.append(payment)
            _begin(student)


_HABITS: dict[str, Callable[[School, Student, list[Installment]], None]] = {
    "punctual": School._punctual,
    "at_once": School._punctual,
    "early": School._early,
    "late": School._late,
    "prepays": School._prepays,
    "debtor": School._debtor,
    "partial": School._partial,
    "overpays": School._overpays,
    "doubles": School._doubles,
    "rebuilds": School._rebuilds,
    "withdraws": School._withdraws,
    "never_starts": School._never_starts,
}


def _shuffled(habits: tuple[str, ...], random: Random) -> list[str]:
    return random.sample(habits, len(habits))


def _version(student: Student) -> int:
    student.deal.refresh_from_db()
    version: int = student.deal.schedule.version
    return version


def _begin(student: Student) -> None:
    """With the first money the manager moves the deal on by hand, and amoCRM tells us."""
    if student.deal.status_id == CONTRACT:
        student.deal.status_id = PAYING
        Deal.objects.filter(id=student.deal.id, status_id=CONTRACT).update(status_id=PAYING)


def _close(student: Student) -> None:
    Deal.objects.filter(id=student.deal.id).update(status_id=LOST, state=Deal.State.LOST)
