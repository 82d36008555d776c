"""The annotation page in a headless Chromium, driven by pixels of the patch."""

import io
import shutil
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from playwright.async_api import Page, async_playwright

from tests.fakes.loop_thread import LoopThread

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 10
Point = tuple[float, float]  # column, row: (3.5, 2.5) is the centre of the pixel in column 3, row 2


def executable() -> str | None:
    """The browser of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def centre(row: int, column: int) -> Point:
    """The middle of a pixel."""
    return column + 0.5, row + 0.5


class Chromium:
    """A browser; a context manager."""

    def __enter__(self) -> "Chromium":
        self.loop = LoopThread().__enter__()
        self._playwright = self.loop.run(async_playwright().start())
        self.browser = self.loop.run(
            self._playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        )
        return self

    def __exit__(self, *error: object) -> None:
        self.loop.run(self.browser.close())
        self.loop.run(self._playwright.stop())
        self.loop.__exit__()


class PageDriver:
    """One page. What its scripts complain of is kept in `errors`.

    When a page with unsaved changes is left, the browser asks; the answer is to leave, and that it asked is counted in
    `asked_before_leaving`.
    """

    def __init__(
        self, chromium: Chromium, width: int = 1200, height: int = 700, beside: "PageDriver | None" = None
    ) -> None:
        self._run = chromium.loop.run
        self.errors: list[str] = []
        self.asked_before_leaving = 0
        self.page: Page = self._run(self._begin(chromium, width, height, beside))

    async def _begin(self, chromium: Chromium, width: int, height: int, beside: "PageDriver | None") -> Page:
        if beside is None:
            context = await chromium.browser.new_context(viewport={"width": width, "height": height})
        else:
            context = beside.page.context
        page = await context.new_page()
        # Here and not in the constructor: what listens talks to the browser, which one thread alone may do.
        page.on("dialog", self._leave_it)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))
        return page

    async def _leave_it(self, dialog: Any) -> None:
        self.asked_before_leaving += dialog.type == "beforeunload"
        await dialog.accept()

    def open(self, address: str, state: str = "ready") -> "PageDriver":
        self.errors.clear()
        self._run(self.page.goto(address))
        self.wait(f"document.body.dataset.state === '{state}'")
        return self

    def leave(self) -> None:
        """To an empty page, whatever is unsaved."""
        if self.page.url != "about:blank":
            self.asked_before_leaving = 0
            self._run(self.page.goto("about:blank"))

    def close(self) -> None:
        self._run(self.page.close(run_before_unload=False))

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self._run(self.page.evaluate(script, argument))

    def wait(self, condition: str) -> None:
        """Until a condition of JavaScript holds. (The page forbids what Playwright itself would wait with.)"""
        end = time.monotonic() + PATIENCE_S
        while not self.evaluate(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"{condition} did not come true in {PATIENCE_S} s; errors: {self.errors}")
            time.sleep(0.01)

    def data(self, name: str) -> str:
        """What the page says of itself: `state`, `saving`, `patch`."""
        return str(self.evaluate(f"document.body.dataset.{name}"))

    def text(self, selector: str) -> str:
        return str(self._run(self.page.inner_text(selector)))

    def is_open(self, dialog: str) -> bool:
        return bool(self.evaluate(f"document.getElementById('{dialog}').open"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self._run(self.page.keyboard.press(key))

    def hold(self, key: str) -> None:
        self._run(self.page.keyboard.down(key))

    def let_go(self, key: str) -> None:
        self._run(self.page.keyboard.up(key))

    def click_on(self, selector: str) -> None:
        self._run(self.page.click(selector))

    def set(self, selector: str, value: float) -> None:
        """Put a slider somewhere, as a hand would."""
        self.evaluate(
            "([selector, value]) => { const slider = document.querySelector(selector); slider.value = value;"
            " slider.dispatchEvent(new Event('input', {bubbles: true})); }",
            [selector, value],
        )

    def screen(self, point: Point) -> Point:
        """Where a point of the patch is on the screen."""
        scale, left, top, x, y = self.evaluate(
            "() => { const canvas = document.getElementById('canvas'), box = canvas.getBoundingClientRect();"
            " const {scale, left, top} = canvas.dataset; return [scale, left, top, box.x, box.y].map(Number); }"
        )
        return x + left + scale * point[0], y + top + scale * point[1]

    def move(self, point: Point) -> None:
        self._run(self.page.mouse.move(*self.screen(point)))

    def down(self, point: Point, button: Any = "left") -> None:
        self.move(point)
        self._run(self.page.mouse.down(button=button))

    def up(self, button: Any = "left") -> None:
        self._run(self.page.mouse.up(button=button))

    def click(self, *points: Point, button: Any = "left") -> None:
        for point in points:
            self.down(point, button)
            self.up(button)

    def double_click(self, point: Point) -> None:
        self._run(self.page.mouse.dblclick(*self.screen(point)))

    def drag(self, points: Sequence[Point], button: Any = "left") -> None:
        self.down(points[0], button)
        for point in points[1:]:
            self.move(point)
        self.up(button)

    def wheel(self, point: Point, amount: float) -> None:
        self.move(point)
        self._run(self.page.mouse.wheel(0, amount))

    def save(self) -> None:
        """Ctrl+S, and wait until it is done."""
        self.press("Control+s")
        self.wait("document.body.dataset.saving === 'saved'")

    def colours(self, points: Iterable[Point]) -> list[tuple[int, int, int]]:
        """What a screenshot shows at points of the patch."""
        self.evaluate("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        shot = np.asarray(Image.open(io.BytesIO(self._run(self.page.screenshot()))).convert("RGB"))
        places = [self.screen(point) for point in points]
        return [tuple(map(int, shot[int(y), int(x)])) for x, y in places]  # type: ignore[misc]
