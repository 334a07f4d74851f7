"""Every mistake gives an error with the value and the remedy, and the page in the docs shows these messages."""

import re

import pytest

from .write_errors import PAGE, SECTIONS, VERSIONS, make_page, message_of

CASES = {f"{section}: {case.mistake}": case for section, cases in SECTIONS.items() for case in cases}


def test_names_are_unique():
    assert len(CASES) == sum(map(len, SECTIONS.values())) >= 50


@pytest.mark.parametrize("name", CASES)
def test_message(name):
    kind, message = message_of(CASES[name])
    assert re.search(CASES[name].pattern, message), f"{kind}: {message}"
    assert len(message) < 700


def test_page_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    if VERSIONS not in page:
        pytest.skip(f"The page was written with other versions than {VERSIONS}, whose messages are part of some.")
    assert page == make_page(), "Run python -m tests.abuse.write_errors."
