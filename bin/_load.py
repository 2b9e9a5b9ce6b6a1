"""Brings the demo's database up to date in one Django process: tables, widget archive, business, owner.

Run by bin/demo as a program of its own at every start; a second run changes nothing.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(data_dir: Path, username: str, password: str) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False)
    call_command("widget_zip", str(data_dir / "widget.zip"))
    call_command("network", "apply", str(ROOT / "sandbox" / "demo" / "network.yaml"))
    call_command("ensure_owner", username=username, password=password)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(sys.argv[1]), *sys.argv[2:])
