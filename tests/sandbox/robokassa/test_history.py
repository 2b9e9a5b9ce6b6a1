"""Past payments in the seed: as good as paid here, and told to nobody."""

from typing import Any

import pytest

from tests.sandbox.robokassa.conftest import LOGIN, Site, World

LINE = {"name": "Квест", "quantity": 1, "sum": 3500, "tax": "none"}
LINE |= {"payment_method": "prepayment", "payment_object": "service"}
PAST: dict[str, Any] = {
    "login": LOGIN,
    "inv_id": 70001,
    "out_sum": "3500",
    "paid_at": "2026-03-01T12:00:00+03:00",
    "op_key": "5A0E1C3B-7F21-4D0C-9B5E-111122223333",
    "own": {"Shp_deal": "7"},
    "receipt": {"sno": "usn_income", "items": [LINE]},
}


def seed(world: World, **changed: Any) -> int:
    data = {"robokassa": {"operations": [PAST | changed]}}
    return world.client.post("/_sandbox/seed", json=data).status_code


def test_a_past_payment_is_found_closed_to_new_money_and_told_to_nobody(world: World, site: Site) -> None:
    assert seed(world) == 200
    state = world.state()
    assert (state["State/Code"], state["Info/OutSum"]) == ("100", "3500.00")
    assert state["State/StateDate"] == "2026-03-01T12:00:00.0000000+03:00"
    assert state["Info/OpKey"] == PAST["op_key"]
    assert world.pay()["Error"] == 40
    assert (world.sandbox.jobs.run_due(), site.heard) == (0, [])
    assert [(row["kind"], row["amount"]) for row in world.rows("receipts")] == [("sell", "3500.00")]


def test_a_second_seed_adds_nothing(world: World) -> None:
    seed(world)
    seed(world, out_sum="9.00", receipt=None)
    assert [row["out_sum"] for row in world.rows("operations")] == ["3500.00"]


def test_past_refunds_count(world: World) -> None:
    seed(world, refunds=[{"amount": "1000.00", "at": "2026-03-02T12:00:00+03:00"}])
    assert [(row["amount"], row["state"]) for row in world.rows("refunds")] == [("1000.00", "finished")]
    assert world.rows("operations")[0]["refunded"] == "1000.00"


@pytest.mark.parametrize("wrong", [{"login": "nobody"}, {"out_sum": "3499"}, {"receipt": {"items": []}}])
def test_a_wrong_past_is_refused_whole(world: World, wrong: dict[str, Any]) -> None:
    assert seed(world, **wrong) == 400
    assert world.rows("operations") == []
