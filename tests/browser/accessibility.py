"""axe-core on a page in the browser: the rules of WCAG 2.1 A and AA, and what they find serious.

axe-core comes with the widget's own test packages (npm ci in widget_js); without it a test is left out.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "widget_js" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """root => axe.run(root, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(
  found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 160)).join(' | ')}`))"""


def look(page: Page, root: str) -> None:
    """Fail with every serious finding below `root`, a selector."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in widget_js")
    # As text: a page's policy may forbid scripts that it did not bring itself.
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN, root) == []
