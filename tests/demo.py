"""A running `bin/demo` of its own, as a person would start it, and the ways to look into it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 180
MANAGER = "8100002"
CLIENT = "7c1d5f2a-0000-4a11-9b11-aaaaaaaaaaaa"
Found = TypeVar("Found")


@dataclass
class Demo:
    """Product on `port`, sandbox on the next one; everything in `data_dir`."""

    port: int
    data_dir: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def product(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    def deal_page(self, lead_id: int) -> str:
        return f"{self.sandbox}/amocrm/demoschool/leads/detail/{lead_id}"

    def start(self) -> None:
        """Start bin/demo and wait until the product answers that it is ready."""
        command = [
            sys.executable,
            "bin/demo",
            "--port",
            str(self.port),
            "--data",
            str(self.data_dir),
            "--no-browser",
            # A year of history is not what these tests are about.
            "--students",
            "0",
        ]
        log = (self.data_dir / "demo.out").open("ab")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=_environment())
        self.wait("the demo to be ready", self._is_ready, seconds=START_SECONDS)

    def stop(self) -> None:
        """Press Ctrl-C."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        self.process = None

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the running demo, as an operator would."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=_environment() | {"DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill(self, part: str) -> None:
        """Kill -9 the product's processes whose command line names `part`; the supervisor then stops."""
        assert self.process is not None
        for found in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = found.read_bytes().decode(errors="replace")
            except OSError:
                continue
            if part in command and self._is_ours(found.parent):
                os.kill(int(found.parent.name), signal.SIGKILL)
        self.process.wait(timeout=60)
        self.process = None

    def _is_ours(self, process: Path) -> bool:
        try:
            return f"DATA_DIR={self.data_dir}\0".encode() in (process / "environ").read_bytes() + b"\0"
        except OSError:
            return False

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call our API as the widget does, with a one-time token of the emulated amoCRM."""
        token = requests.get(
            f"{self.sandbox}/amocrm/demoschool/ajax/v2/integrations/{CLIENT}/disposable_token",
            headers={"X-Requested-With": "XMLHttpRequest"},
            cookies={"amo_session_demoschool": MANAGER},
            timeout=10,
        ).json()["token"]
        answer = requests.request(
            method, f"{self.product}/api/v1/{path}", json=body, headers={"X-Auth-Token": token}, timeout=30
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def deal_feed(self, lead_id: int) -> str:
        """What the emulated deal page shows, past the API and its faults."""
        address = f"{self.sandbox}/amocrm/demoschool/_ui/leads/{lead_id}"
        answer = requests.get(address, cookies={"amo_session_demoschool": MANAGER}, timeout=10)
        return json.dumps(answer.json(), ensure_ascii=False)

    def tell_sandbox(self, path: str, **body: Any) -> None:
        requests.post(f"{self.sandbox}/_sandbox/{path}", json=body, timeout=10).raise_for_status()

    def heal(self) -> None:
        """Take back every fault of the emulators."""
        requests.delete(f"{self.sandbox}/_sandbox/faults", timeout=10).raise_for_status()

    def get(self, path: str) -> Any:
        """Ask the sandbox for a JSON answer."""
        answer = requests.get(self.sandbox + path, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Our mails to an address, oldest first; the register's own copies of receipts are not ours."""
        found: list[dict[str, Any]] = self.get(f"/mail/api/messages?to={to}")
        return [mail for mail in reversed(found) if "cloudkassir" not in mail["from"]]

    def amocrm(self, path: str) -> Any:
        """Ask the emulated amoCRM by its API; None for its 204."""
        headers = {"Authorization": "Bearer demo-amo-token-onlooker"}
        answer = requests.get(f"{self.sandbox}/amocrm/demoschool/api/v4/{path}", headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def lead(self, lead_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.amocrm(f"leads/{lead_id}")
        return found

    def notes(self, lead_id: int) -> list[str]:
        found = self.amocrm(f"leads/{lead_id}/notes?limit=250")
        return [note["params"].get("text", "") for note in found["_embedded"]["notes"]] if found else []

    def tasks(self, lead_id: int) -> list[dict[str, Any]]:
        found = self.amocrm(f"tasks?filter[entity_type]=leads&filter[entity_id][]={lead_id}")
        tasks: list[dict[str, Any]] = found["_embedded"]["tasks"] if found else []
        return tasks

    def field(self, lead_id: int, field_id: int) -> Any:
        for field in self.lead(lead_id)["custom_fields_values"] or []:
            if field["field_id"] == field_id:
                return field["values"][0]["value"]
        return None

    def wait(self, what: str, look: Callable[[], Found | None], *, seconds: float = 60) -> Found:
        """Look until something truthy is seen, or fail saying what was missing."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(0.25)
        raise AssertionError(f"waited {seconds} s for {what}\n{self._last_lines()}")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._last_lines()
        try:
            return requests.get(f"{self.product}/readyz", timeout=5).status_code == 200 and self._is_welcome()
        except requests.RequestException:
            return False

    def _is_welcome(self) -> bool:
        return "Ready after" in (self.data_dir / "demo.out").read_text()

    def _last_lines(self) -> str:
        logs = [self.data_dir / "demo.out", *sorted((self.data_dir / "logs").glob("*.log"))]
        return "\n".join(
            f"== {log.name}\n" + "\n".join(log.read_text().splitlines()[-12:]) for log in logs if log.exists()
        )


def _environment() -> dict[str, str]:
    """A person's shell: nothing of the tests' own servers and settings."""
    ours = (
        "DATABASE_URL",
        "REDIS_URL",
        "DATA_DIR",
        "SECRET_KEY",
        "FIELD_KEYS",
        "DJANGO_SETTINGS_MODULE",
        "PUBLIC_URL",
    )
    ended = ("_URL", "_proxy")
    return {
        name: value for name, value in os.environ.items() if name not in ours and not name.endswith(ended)
    }
