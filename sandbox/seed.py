"""Loads the people, deals and merchants a story begins with. What already exists is left as it is."""

from typing import Any

from sandbox import amocrm, cloudpayments, robokassa
from sandbox.clock import Clock
from sandbox.store import Store


def load(store: Store, clock: Clock, data: dict[str, Any], *, reset: bool = False) -> None:
    """Seed each service with its part of `data`; `reset` forgets the old story first (not the clock)."""
    with store.transaction():
        if reset:
            saved_clock = store.get("clock", "clock")
            store.reset()
            if saved_clock:
                store.put("clock", "clock", saved_clock)
        cloudpayments.seed(store, data.get("cloudpayments", {}))
        robokassa.seed(store, data.get("robokassa", {}))
        amocrm.seed(store, data.get("amocrm", {}))
    clock.reload()
