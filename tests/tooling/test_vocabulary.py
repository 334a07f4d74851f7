import pytest

from .vocabulary import files, violations


def test_the_package_its_tests_and_its_pages_use_standard_words():
    paths = ["skcmkd", "tests", "benchmarks", "docs", "README.md", "CONTRIBUTING.md"]
    uses = [(path.name, *v) for path in files(paths) for v in violations(path.read_text(encoding="utf-8"))]
    assert not uses


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class Opinions:", "Opinions"),
        ("lesson_without(judge)", "lesson"),
        ("is_tied_ = True", "tied"),
        ("the luck of one deal", "luck"),
        ("predicts a quantity", "quantity"),
        ("unlabelled pairs", "unlabelled"),
        ("def standardise(", "standardise"),
    ],
)
def test_a_retired_word_that_comes_back_is_found(text, word):
    assert word in [retired for _, retired, _ in violations(text)]


@pytest.mark.parametrize(
    "text",
    [
        "soft targets of unlabeled pairs",
        "jitter to break ties",
        "color the center",
        "ideal",
        "wins, ties and losses",
        "mutual informations in nats",
        'COLUMN = "n_labelled"  # stored name',
    ],
)
def test_standard_words_pass(text):
    assert violations(text) == []
