"""Sentences of the user's pages are short enough to be read once."""

from pathlib import Path

import pytest

from .sentences import LONGEST, sentences, too_long, words

DOCS = Path(__file__).parents[2] / "docs"
# Of lists and tables alone there are few sentences.
FEW = ("api", "changelog", "contributing", "dependencies", "development", "errors", "glossary", "index", "measurements")
PAGES = sorted(path.stem for path in DOCS.glob("*.rst"))
LONG = " ".join(["word"] * (LONGEST + 1))

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the pages are in the repository")


@pytest.mark.parametrize("page", PAGES)
def test_no_sentence_is_too_long(page):
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    assert page in FEW or len(list(sentences(text))) > 5
    assert too_long(text) == []


def test_a_list_of_names_is_no_long_sentence():
    names = ", ".join(f"``name_{number}``" for number in range(40))
    assert too_long(f"These are so: {names}.") == []
    assert len(too_long(f"These are so: {names}, and {LONG}.")) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"Short. {LONG}.",
        f"- One.\n- {LONG}",
        f"term\n   {LONG}.",
        f".. tip::\n   :class: x\n\n   {LONG}.",
        f"Code::\n\n    >>> f(1)\n\n{LONG}",
        f"Heading\n=======\n\n{LONG}",
        f"{LONG} of ``a b`` and :class:`A`.",
    ],
)
def test_a_long_sentence_is_found(text):
    assert len(too_long(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"Code::\n\n    {LONG}\n\nShort.",
        f">>> f(1)\n{LONG}\n\nShort.",
        f".. list-table::\n\n   * - {LONG}\n\nShort.",
        f".. figure:: a.png\n   :alt: {LONG}\n\nShort.",
        f"===  ====\na    {LONG}\n===  ====\n\nShort.",
        f"Short.\n\nReferences\n----------\n\n{LONG}",
        f"{LONG[: len(LONG) // 2]}. ``code`` {LONG[: len(LONG) // 2]}",
        f"- {LONG[: len(LONG) // 2]}\n- {LONG[: len(LONG) // 2]}",
    ],
)
def test_code_tables_and_references_are_no_sentences(text):
    assert too_long(text) == []
    assert list(sentences(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One two. ``Three`` four: five?", ["One two", "@code four: five"]),
        ("Xu et al. (2020) wrote. It holds, e.g. ``x`` here.", ["Xu et al. (2020) wrote", "It holds, e.g. @code here"]),
        ("See :class:`~a.B` and `this page <p>`_ now.", ["See @a.B and @this page now"]),
        ("a\n   First. Second.\nb\n   Third.", ["First", "Second", "Third"]),
        ("- One\n  two.\n\n  Three.", ["One two", "Three"]),
    ],
)
def test_sentences_are_separated(text, expected):
    assert list(sentences(text)) == expected


def test_signs_are_no_words():
    assert words("a = b + :math") == 3
