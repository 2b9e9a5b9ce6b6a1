"""The sandbox as bin/demo sees it: a program with two ports, a seed and a place for the widget's archive."""

import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import _ports
from _progress import Failed
from _setup import ROOT

SECONDS = 30


@dataclass(frozen=True)
class Sandbox:
    """Where it is: the two ports after the product's."""

    SUBDOMAIN: ClassVar[str] = "demoschool"
    NETWORK: ClassVar[str] = "demoquests"
    LEAD_ID: ClassVar[int] = 7700123

    data_dir: Path
    product_port: int

    @property
    def product_url(self) -> str:
        return f"http://127.0.0.1:{self.product_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.product_port + 1}"

    @property
    def smtp_port(self) -> int:
        return self.product_port + 2

    def deal_url(self) -> str:
        return f"{self.url}/amocrm/{self.SUBDOMAIN}/leads/detail/{self.LEAD_ID}"

    def deals_url(self, subdomain: str) -> str:
        return f"{self.url}/amocrm/{subdomain}/leads/"

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "sandbox", "--port", str(self.product_port + 1)),
            *("--smtp-port", str(self.smtp_port), "--data", str(self.data_dir / "sandbox")),
            *("--product-url", self.product_url),
        ]

    @property
    def history(self) -> Path:
        """The year that `manage.py demo_history` told."""
        return self.data_dir / "history.json"

    def is_ready(self) -> bool:
        return _ports.answers(f"{self.url}/")

    def seed(self) -> None:
        """Give it the demo's people, deals and shops (what it has is kept) and the widget as uploaded."""
        text = (ROOT / "sandbox" / "demo" / "seed.json").read_text()
        data: Any = json.loads(text.replace("{PUBLIC_URL}", self.product_url))
        if self.history.exists():
            add_history(data, json.loads(self.history.read_text()))
        self._post("/_sandbox/seed", json.dumps(data).encode(), "application/json")
        archive = (self.data_dir / "widget.zip").read_bytes()
        for subdomain in (self.SUBDOMAIN, self.NETWORK):
            self._post(f"/_sandbox/widget?subdomain={subdomain}", archive, "application/zip")

    def _post(self, path: str, body: bytes, content_type: str) -> None:
        request = urllib.request.Request(  # noqa: S310 - the sandbox's loopback address
            self.url + path, data=body, headers={"Content-Type": content_type}, method="POST"
        )
        try:
            urllib.request.urlopen(request, timeout=SECONDS).close()  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            raise Failed(
                f"The sandbox refused {path}: {error.code} {error.read(500).decode(errors='replace')}"
            ) from error


def add_history(data: Any, told: Any) -> None:
    """Put the told year behind what the seed has for the same accounts and providers."""
    accounts = {account["subdomain"]: account for account in data["amocrm"]["accounts"]}
    for past in told["amocrm"]["accounts"]:
        account = accounts[past.pop("subdomain")]
        for name, rows in past.items():
            account[name] = [*account.get(name, []), *rows]
    for provider in ("cloudpayments", "robokassa"):
        data[provider] |= told[provider]
