"""Brings the demo's database up to date in one Django process: tables, widget archive, business, owner.

Run by bin/demo as a program of its own, beside the sandbox; a second run changes nothing.
"""

import os
import ssl
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 10
# Each sandbox makes a certificate of its own, so it cannot stand in the demo's network file.
SIGNED_NOTICES = """
legal_entities:
  - key: ooo-laboratoriya
    merchants:
      - key: quest-3-robokassa
        provider: robokassa
        certificate: env:DEMO_ROBOKASSA_CERTIFICATE
"""


def main(data_dir: Path, username: str, password: str) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False)
    call_command("widget_zip", str(data_dir / "widget.zip"))
    call_command("network", "apply", str(ROOT / "sandbox" / "demo" / "network.yaml"))
    from billing.network_file.apply import apply

    os.environ["DEMO_ROBOKASSA_CERTIFICATE"] = certificate(os.environ["ROBOKASSA_AUTH_URL"])
    apply(SIGNED_NOTICES)
    call_command("ensure_owner", username=username, password=password)


def certificate(robokassa: str) -> str:
    """By which the sandbox's Robokassa signs its second notice, as PEM."""
    address = f"{robokassa}/media/files/jwtsign.cer"
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - the sandbox's loopback
        return ssl.DER_cert_to_PEM_cert(answer.read())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(sys.argv[1]), *sys.argv[2:])
