"""Draws every picture of the archive into widget_js/images/ from the mark and from the real panel.

Run by hand after a change of the mark or of the panel's look: python widget_js/art/draw.py [chromium].
Sizes are those amoCRM demands; the panel shows the two card logos at half size.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

WIDGET = Path(__file__).resolve().parent.parent
ORIGIN = "http://widget.invalid"
# On the market's tile the mark stands on its own ground; in the card its blue is read in both themes.
WORDED = {
    "logo_main": (400, 272, 116, "color:#fff;background:#2f6bd8"),
    "logo_medium": (240, 84, 60, "color:#3f7ceb"),
    "logo": (130, 100, 48, "color:#3f7ceb"),
    "logo_dp": (174, 109, 52, "color:#3f7ceb"),
}
PLAIN = {"logo_small": (108, 108), "logo_min": (84, 84)}
TOUR = {"width": 1188, "height": 616}


def main(chromium: str) -> None:
    mark = (WIDGET / "art" / "mark.svg").read_text()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route(f"{ORIGIN}/**", serve)
        for name, (width, height) in PLAIN.items():
            draw(page, name, width, height, f'<div style="width:{width}px;height:{height}px">{mark}</div>')
        for name, (width, height, side, colours) in WORDED.items():
            draw(page, name, width, height, worded(mark, width, height, side, colours))
        for locale in ("ru", "en"):
            page.set_viewport_size(TOUR)  # type: ignore[arg-type]
            page.goto(f"{ORIGIN}/art/tour.html?{locale}")
            page.wait_for_selector("html[data-ready]")
            page.screenshot(path=WIDGET / "images" / f"tour_1_{locale}.png")
        browser.close()


def serve(route: Route) -> None:
    route.fulfill(path=WIDGET / route.request.url.removeprefix(ORIGIN).split("?")[0].lstrip("/"))


def worded(mark: str, width: int, height: int, side: int, colours: str) -> str:
    stacked = height * 2 > width
    direction = "column" if stacked else "row"
    return (
        f'<div style="display:flex;align-items:center;justify-content:center;{colours};'
        f"width:{width}px;height:{height}px;flex-direction:{direction};gap:{round(side * 0.2)}px;"
        f'font:700 {round(side * (0.42 if stacked else 0.62))}px/1 PT Sans,Arial,sans-serif">'
        f'<div style="width:{side}px;height:{side}px">{mark}</div><span>График</span></div>'
    )


def draw(page: Page, name: str, width: int, height: int, body: str) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.set_content(f'<body style="margin:0;background:transparent">{body}</body>')
    page.screenshot(path=WIDGET / "images" / f"{name}.png", omit_background=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium")
