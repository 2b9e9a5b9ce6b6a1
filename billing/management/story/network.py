"""The quest network: bookings in its locations, paid by deposit and rest into each partner's own shop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from billing import deposits, settlements
from billing.asking import What
from billing.management.story.diary import Diary
from billing.management.story.people import person
from billing.management.story.till import Till
from billing.models import Location, Payment
from crm.models import Account, Deal

FIRST_LEAD, FIRST_CONTACT, FIRST_PHONE = 8_500_001, 880_001, 1_237_000
PIPELINE, NEW, LOST = 6200001, 55000210, 143
MANAGERS = (8200002, 8200002, 8200001)
GAMES = (
    *("Побег из лаборатории", "Подземелье", "Хоррор «Отель»"),
    *("Тайна острова", "Лазертаг", "Космическая станция"),
)
NOTHING = Decimal(0)
# Price of a player, roubles.
PLAYER = (1500, 2000, 2200)
HABITS = (*("in_two",) * 9, *("at_desk",) * 6, *("at_once",) * 3, "cancels", "no_money", "owes")


@dataclass
class Booking:
    deal: Deal
    habit: str
    random: Random
    booked_at: datetime
    day: date
    payments: list[Payment] = field(default_factory=list)

    @property
    def author(self) -> str:
        return f"user:{self.deal.responsible_user_id}"


class Network:
    """Writes `count` bookings into a diary."""

    def __init__(self, *, account: Account, diary: Diary, till: Till, seed: str) -> None:
        self._account, self._diary, self._till, self._seed = account, diary, till, seed
        self._places = list(Location.objects.filter(account=account).order_by("key"))

    def deals(self, count: int) -> list[Deal]:
        """The deals of all bookings, not stored yet."""
        return [booking.deal for booking in self._bookings(count)]

    def book(self, count: int) -> list[Deal]:
        """Plan the moment of each booking; their deals are stored already."""
        bookings = self._bookings(count)
        known = dict(Deal.objects.filter(account=self._account).values_list("external_id", "pk"))
        for booking in bookings:
            booking.deal.pk = known[booking.deal.external_id]
            booking.deal._state.adding = False
            self._plan(booking.booked_at, booking, Network._take)
        return [booking.deal for booking in bookings]

    def _bookings(self, count: int) -> list[Booking]:
        random = Random(f"{self._seed}:network")  # noqa: S311 - a story, not a secret
        habits = [
            habit for _ in range(count // len(HABITS) + 1) for habit in random.sample(HABITS, len(HABITS))
        ]
        return [self._booking(number, habits[number], count) for number in range(count)]

    def _booking(self, number: int, habit: str, count: int) -> Booking:
        random = Random(f"{self._seed}:booking:{number}")  # noqa: S311 - as above
        who = person(random, phone=FIRST_PHONE + number, has_email=number % 40 != 7)
        days = (self._diary.today - self._diary.first).days
        booked_on = self._diary.first + timedelta(days=1 + number * (days - 2) // count)
        players = random.randrange(2, 11)
        game = random.choice(GAMES)
        # In turn, so that every location lives through the whole year.
        place = self._places[number % len(self._places)]
        day = booked_on + timedelta(days=random.choice((1, 2, 3, 4, 5, 7, 9, 12, 16, 24)))
        deal = Deal(
            account=self._account,
            external_id=FIRST_LEAD + number,
            name=f"{game}, {players} {_players(players)}",
            price=Decimal(players * random.choice(PLAYER)),
            pipeline_id=PIPELINE,
            status_id=NEW,
            responsible_user_id=random.choice(MANAGERS),
            location_value=place.crm_value,
            service_on=day,
            contact_id=FIRST_CONTACT + number,
            contact_name=who.name,
            contact_email=who.email,
            contact_phone=who.phone,
        )
        deal.fetched_at = self._diary.some_hour(booked_on, random)
        return Booking(deal, habit, random, deal.fetched_at, day)

    def _take(self, booking: Booking, at: datetime) -> None:
        """The manager makes the two links; the habit decides what the guest does with them."""
        deposits.prepare(deal=booking.deal, author=booking.author, at=at)
        soon = at + timedelta(minutes=booking.random.randrange(4, 150))
        _HABITS[booking.habit](self, booking, soon)

    # --- habits ---

    def _in_two(self, booking: Booking, soon: datetime) -> None:
        """Deposit at once, the rest by the other link before the game."""
        self._plan(soon, booking, Network._pay_deposit)
        self._plan(self._before_game(booking), booking, Network._pay_rest)

    def _at_desk(self, booking: Booking, soon: datetime) -> None:
        """Deposit at once, the rest at the counter."""
        self._plan(soon, booking, Network._pay_deposit)
        self._plan(self._diary.some_hour(booking.day, booking.random), booking, Network._pay_at_desk)

    def _at_once(self, booking: Booking, soon: datetime) -> None:
        self._plan(soon, booking, Network._pay_rest)

    def _cancels(self, booking: Booking, soon: datetime) -> None:
        """Pays the deposit, cancels in time and gets it back."""
        self._plan(soon, booking, Network._pay_deposit)
        self._plan(soon + timedelta(hours=5), booking, Network._cancel)

    def _no_money(self, booking: Booking, soon: datetime) -> None:
        self._plan(self._diary.some_hour(booking.day, booking.random), booking, Network._lose)

    def _owes(self, booking: Booking, soon: datetime) -> None:
        """Pays the deposit, plays, and the rest was never entered."""
        self._plan(soon, booking, Network._pay_deposit)

    # --- entries ---

    def _plan(
        self, at: datetime, booking: Booking, entry: Callable[["Network", Booking, datetime], None]
    ) -> None:
        self._diary.add(at, lambda at: entry(self, booking, at))

    def _before_game(self, booking: Booking) -> datetime:
        day = booking.day - timedelta(days=booking.random.randrange(0, 2))
        return max(self._diary.some_hour(day, booking.random), booking.booked_at + timedelta(hours=4))

    def _pay_deposit(self, booking: Booking, at: datetime) -> None:
        self._remember(booking, self._till.pay(booking.deal, What.DEPOSIT, at=at))

    def _pay_rest(self, booking: Booking, at: datetime) -> None:
        self._remember(booking, self._till.pay(booking.deal, What.FULL, at=at))

    def _pay_at_desk(self, booking: Booking, at: datetime) -> None:
        method = booking.random.choice(("cash", "card_terminal", "card_terminal"))
        self._till.enter_full(booking.deal, method=method, author=booking.author, at=at)

    def _cancel(self, booking: Booking, at: datetime) -> None:
        Deal.objects.filter(id=booking.deal.id).update(status_id=LOST, state=Deal.State.LOST)
        self._settle(booking, at)
        for payment in booking.payments:
            self._till.give_back(payment, payment.amount, at=at + timedelta(minutes=20))

    def _lose(self, booking: Booking, at: datetime) -> None:
        """The manager closes the deal, and two days later answers what should become of its debt."""
        Deal.objects.filter(id=booking.deal.id).update(status_id=LOST, state=Deal.State.LOST)
        self._plan(at + timedelta(days=2), booking, Network._settle)

    def _settle(self, booking: Booking, at: datetime) -> None:
        reason = "Клиент отменил бронь"
        settlements.settle(deal=booking.deal, total=NOTHING, reason=reason, author=booking.author, at=at)

    def _remember(self, booking: Booking, payment: Payment | None) -> None:
        if payment is not None:
            booking.payments.append(payment)


_HABITS: dict[str, Callable[[Network, Booking, datetime], None]] = {
    "in_two": Network._in_two,
    "at_desk": Network._at_desk,
    "at_once": Network._at_once,
    "cancels": Network._cancels,
    "no_money": Network._no_money,
    "owes": Network._owes,
}


def _players(count: int) -> str:
    return "игрока" if count % 10 in (2, 3, 4) and count not in (12, 13, 14) else "игроков"
