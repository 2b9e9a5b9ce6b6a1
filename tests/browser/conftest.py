"""One demo for all browser tests: the start is the dearest part, and each test has deals of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config import embedded

if TYPE_CHECKING:
    from tests.demo import Demo


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    from tests.demo import Demo
    from tests.free_ports import free_run

    folder = Path(tempfile.mkdtemp(prefix="grafik-demo-"))
    folder.chmod(0o711)
    running = Demo(port=free_run(3), data_dir=folder)
    running.start()
    yield running
    running.stop()
    embedded.erase(folder)
    shutil.rmtree(folder, ignore_errors=True)
