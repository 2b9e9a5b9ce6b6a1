"""The structured settings of an account's billing rules as parts: labels, help and units in people's words.

Stored shapes are those of the network file (billing.network_file.schema); what is left empty is not written,
and the words beside an empty input say what then holds.
"""

from django.utils.translation import gettext_lazy as _

from billing.admin import known
from billing.admin.parts.choices import Choice, Pick, Ticks
from billing.admin.parts.groups import Group, Rows
from billing.admin.parts.lines import Day, DaysAround, Line, Tick
from billing.admin.words import CHANNELS
from billing.rules.payer_page import PayerRules

_DEFAULTS = PayerRules()
_DAYS = _("days")
_COHORT = Line(
    key="cohort", label=_("Cohort"), help=_("Letter by letter as in the deals."), suggested=known.cohorts
)
_REMINDER = Group(
    parts=(
        DaysAround(key="days", label=_("How many days")),
        Ticks(key="channels", label=_("Channels"), words=tuple(CHANNELS.items())),
    )
)
_RESPONSIBLE = Pick(
    key="responsible",
    label=_("For whom"),
    words=(("deal", _("The deal's responsible person")),),
    known=known.people,
    default="deal",
)
_TASK_TYPE = Pick(
    key="type",
    label=_("Kind of the task"),
    words=(("", _("Follow-up, as usual")), ("1", _("Follow-up")), ("2", _("Meeting"))),
)

REMINDERS = Rows(
    label=_("Reminders"),
    help=_(
        "Every row is one message; 0 days: on the due date itself. Salesbot needs its number below, SMS "
        "needs a gateway."
    ),
    more=_("Add a reminder"),
    gone=_("Take the reminder away"),
    item=_REMINDER,
)
COHORT_REMINDERS = Rows(
    label=_("Cohorts with reminders of their own"),
    help=_(
        "A cohort that stands here keeps to its own rows and to none of the above; without rows it is never "
        "reminded."
    ),
    more=_("Add a cohort"),
    gone=_("Take the cohort away"),
    item=Group(
        parts=(
            _COHORT,
            Rows(
                key="reminders",
                label=_("Reminders"),
                more=_("Add a reminder"),
                gone=_("Take the reminder away"),
                spare=3,
                item=_REMINDER,
            ),
        )
    ),
    spare=3,
)
OVERDUE_TASK = Group(
    label=_("Task for an overdue payment"),
    help=_("It appears in the deal the day after the due date."),
    parts=(_RESPONSIBLE, _TASK_TYPE),
)
ESCALATION = Group(
    label=_("Task for the head"),
    help=_("A second task, if the payment has not come by then. Empty days: nobody is told."),
    parts=(
        Line(key="days", label=_("How long after the due date"), mode="numeric", unit=_DAYS),
        _RESPONSIBLE,
        _TASK_TYPE,
    ),
)
PAYER_PAGE = Group(
    label=_("What the payer may do on his page"),
    parts=(
        Tick(key="own_sum", label=_("Pay a part of the debt, any sum")),
        Line(
            key="promise_days",
            label=_("Promise to pay later"),
            help=_("How many days ahead; 0: the page offers no promise."),
            mode="numeric",
            unit=_DAYS,
            empty_words=_DEFAULTS.promise_days,
        ),
        Line(
            key="move_days",
            label=_("Ask for another date"),
            help=_("How many days after the due date; 0: the page does not offer it."),
            mode="numeric",
            unit=_DAYS,
            empty_words=_DEFAULTS.move_days,
        ),
        Line(
            key="moves",
            label=_("How often a deal may ask for it"),
            mode="numeric",
            unit=_("times"),
            empty_words=_DEFAULTS.moves,
        ),
        Tick(
            key="grants",
            label=_("Move the date at once, without a manager"),
            help=_("Within these bounds, and only while the schedule is not signed."),
        ),
    ),
)
LATE_FEE = Group(
    label=_("Late fee by contract"),
    help=_("All empty: none is charged. Only overdue principal costs a fee."),
    parts=(
        Line(key="daily_percent", label=_("For a day"), help=_("For example 0,1."), mode="decimal", unit="%"),
        Line(
            key="cap_percent",
            label=_("Not more than, of the payment"),
            help=_("For example 10."),
            mode="decimal",
            unit="%",
        ),
        Line(
            key="grace_days",
            label=_("Free of it after the due date"),
            mode="numeric",
            unit=_DAYS,
            empty_words=0,
        ),
        Day(key="from", label=_("From which day"), help=_("Nothing is charged for earlier days.")),
    ),
)
COHORTS = Rows(
    label=_("Cohorts: when the service is rendered"),
    help=_("By this calendar prepayments are closed by receipts."),
    more=_("Add a cohort"),
    gone=_("Take the cohort away"),
    item=Group(
        parts=(
            _COHORT,
            Day(key="starts_on", label=_("Begins")),
            Day(key="ends_on", label=_("Ends")),
            Choice(
                key="rendered",
                label=_("The service is rendered"),
                words=(
                    ("monthly", _("every month, in equal shares")),
                    ("at_end", _("as a whole, on the last day")),
                    ("by_stage", _("when a person or a stage says so")),
                ),
                default="monthly",
            ),
        )
    ),
)
RENDERED = Group(
    label=_("What says by itself that the service was rendered"),
    help=_("For deals outside the cohorts above."),
    switch="by",
    parts=(
        Choice(
            key="by",
            label=_("Who says it"),
            words=(
                ("", _("A person, deal by deal")),
                ("service_day", _("The day of service: the day after it")),
                ("stage", _("A stage that the deal has reached")),
                ("act", _("An act: the day of it, once it is signed")),
            ),
        ),
        Day(key="from", label=_("From which day"), help=_("Services of earlier days are left to a person.")),
        Ticks(
            key="statuses",
            when=("by", "stage"),
            label=_("Stages that say it"),
            help=_("None to which paid deals move by themselves."),
            known=known.stages,
            others=True,
        ),
    ),
)
ADMIN_ONLY = Ticks(
    label=_("Only administrators of amoCRM may"),
    help=_("Others do not see these buttons, and the server refuses them."),
    words=(
        ("refund", _("Give money back")),
        ("cancel", _("Cancel a schedule, close it on another sum, decide about a lost deal")),
        ("offline_payment", _("Enter payments by hand and take out mistaken ones")),
        ("write_off", _("Write debts off and take it back, waive late fees")),
        ("move", _("Move money to other deals, share a transfer among deals")),
    ),
)
