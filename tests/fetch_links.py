"""Fetch the three links that the demonstration printed, as a browser would, and look inside."""

import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

EXPECTED = {
    "therapist": "Your clients",
    "supervisor": "Where a conversation may help most",
    "client form": "How was today’s session for you?",
}


def main():
    links = dict(
        line.split(": ", 1) for line in Path(sys.argv[1]).read_text().splitlines() if ": " in line
    )
    for name, heading in EXPECTED.items():
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        with urllib.request.build_opener(cookies).open(links[name], timeout=10) as answer:
            page = answer.read().decode()
        if heading not in page or "invented" not in page:
            sys.exit(f"{name}: the page does not say “{heading}”.")
        print(f"{name}: answered with “{heading}”")


if __name__ == "__main__":
    main()
