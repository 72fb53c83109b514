"""Asks the other hosts that the pages name whether their links are alive: ``python -m book.external_links``.

A link is dead if its host says that there is nothing (404 or 410), or does not answer in three tries. Hosts that turn
programs away (403, 429) or are out of order are counted, and prove nothing either way.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import httpx

from book.build import HTML

TRIES, PAUSE, PATIENCE = 3, 5.0, 30.0  # the last two in seconds
GONE = (404, 410)
AT_ONCE = 8


class Links(HTMLParser):
    """Collects a page's links to other hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note where a link leads, without its anchor."""
        to = dict(attributes).get("href") or ""
        if tag == "a" and to.startswith(("http://", "https://")):
            self.found.add(to.partition("#")[0])


def main() -> int:
    """Print every dead link with the pages that have it, and return 1 if there is one."""
    pages = links(HTML)
    with ThreadPoolExecutor(AT_ONCE) as pool, httpx.Client(follow_redirects=True, timeout=PATIENCE) as client:
        answers = dict(zip(pages, pool.map(lambda to: answer(client, to), pages), strict=True))
    dead = [to for to, said in answers.items() if is_dead(said)]
    for to in dead:
        print(f"{to}: {answers[to]}, in {', '.join(pages[to])}")
    silent = sum(not is_dead(said) and said >= 400 for said in answers.values())
    print(f"{len(answers)} links to other hosts: {len(dead)} dead, {silent} whose host does not say")
    return 1 if dead else 0


def links(folder: Path) -> dict[str, list[str]]:
    """Return link -> the pages that have it."""
    found: dict[str, list[str]] = {}
    for path in sorted([*folder.glob("*.html"), *folder.glob("chapters/*.html")]):
        page = Links()
        page.feed(path.read_text(encoding="utf-8"))
        for to in sorted(page.found):
            found.setdefault(to, []).append(path.relative_to(folder).as_posix())
    return found


def answer(client: httpx.Client, to: str, *, pause: float = PAUSE) -> int | str:
    """Return the status that a link answers with, or what went wrong in the last of several tries."""
    said: int | str = "was not asked"
    for attempt in range(TRIES):
        time.sleep(pause * attempt)
        try:
            with client.stream("GET", to) as response:  # some hosts refuse HEAD; the body is not read
                said = response.status_code
        except httpx.HTTPError as error:
            said = f"{type(error).__name__}: {error}"
        if isinstance(said, int) and said < 500:
            break
    return said


def is_dead(said: int | str) -> bool:
    """Say whether an answer means that there is nothing."""
    return said in GONE or isinstance(said, str)


if __name__ == "__main__":
    sys.exit(main())
