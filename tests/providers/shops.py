"""A Robokassa shop of the shared vectors, as billing.models.MerchantAccount would describe it."""

import json
from dataclasses import dataclass
from typing import Any

LOGIN = "franch-spb-07"
PASSWORDS = {
    "password1": "q7Lw-Alpha_01",
    "password2": "z3Kd-Beta_02",
    "password3": "n9Vt-Gamma_03",
    "test_password1": "tst1-Delta",
    "test_password2": "tst2-Eps",
}


@dataclass
class RobokassaShop:
    algorithm: str = "sha256"
    test: bool = False
    receipts: str = "order"
    inv_id_from: int | None = None
    login: str = LOGIN
    passwords: dict[str, str] | None = None
    orders: str = "link"
    certificate: str = ""

    key: str = "quest-1-robokassa"
    provider: str = "robokassa"

    @property
    def settings(self) -> dict[str, Any]:
        given = {
            "login": self.login,
            "algorithm": self.algorithm,
            "test": self.test,
            "receipts": self.receipts,
            "orders": self.orders,
            "certificate": self.certificate,
        }
        return given | ({"inv_id_from": self.inv_id_from} if self.inv_id_from else {})

    @property
    def secrets_json(self) -> str:
        return json.dumps(PASSWORDS | (self.passwords or {}))
