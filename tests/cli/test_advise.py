import io
from html.parser import HTMLParser

import pytest

from skcmkd.cli import main


@pytest.fixture(scope="module")
def advice(path, tmp_path_factory):
    """What a run prints, and its report."""
    report = tmp_path_factory.mktemp("report") / "report.html"
    given = ["advise", str(path), "--label", "diagnosis", "--student", "panel", "--groups", "patient"]
    given += ["--folds", "2", "--jobs", "1", "--report", str(report)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.StringIO())
        patch.setattr("sys.stderr", io.StringIO())
        import sys

        assert main(given) == 0, sys.stderr.getvalue()
        return sys.stdout.getvalue(), report


def test_all_tables_are_printed(advice):
    out, _ = advice
    for part in (
        "Modalities of 48 labelled rows (benign: 24, malignant: 24)",
        "rna       candidate teacher        2             46                     24",
        "Who should teach?",
        "Held-out rows, 2 folds, selection in each",
        "student alone",
        "shuffled teacher",
        "Choices in 2 fits",
        "In short",
        "'rna' knows more about the label than 'panel' does",
    ):
        assert part in out
    assert "\x1b" not in out


def test_the_report_says_the_same(advice):
    out, report = advice
    page = Page(report.read_text(encoding="utf-8"))
    text = " ".join(page.text)
    conclusion = out.partition("In short\n")[2].partition("\n\nReport")[0].replace("\n", " ")
    assert " ".join(conclusion.split()) in " ".join(text.split())
    assert f"skcmkd advise {report.parent.parent}" in text or "skcmkd advise" in text
    assert "--folds 2" in text
    for name in ("SHA-256", "seed", "scikit-learn", "torch", "Python"):
        assert name in page.text
    assert len(page.images) == 2
    assert all(image.startswith("data:image/png;base64,iVBOR") for image in page.images)


def test_the_report_has_no_script_and_no_outer_reference(advice):
    page = Page(advice[1].read_text(encoding="utf-8"))
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    allowed = "html head meta title style body h1 h2 p div table thead tbody tr th td img pre"
    assert page.tags <= set(allowed.split())
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope", "src", "alt"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--folds", "1"], "--folds 1: at least 2"),
        (["--repeats", "0"], "--repeats 0: at least 1"),
        (["--report", "no/such/folder/report.html"], "there is no folder 'no/such/folder'"),
        (["--teacher", "pan"], "every column of 'panel' also starts with 'pan'"),
    ],
    ids=range(4),
)
def test_commands_at_fault(path, capsys, given, message):
    assert main(["advise", str(path), "--label", "diagnosis", "--student", "panel", *given]) == 2
    assert message in capsys.readouterr().err


def test_data_at_fault(path, capsys):
    assert main(["advise", str(path), "--label", "diagnose", "--student", "panel"]) == 1
    told = capsys.readouterr()
    assert told.err == "skcmkd: --label 'diagnose' is no column of the table. Did you mean 'diagnosis'?\n"
    assert told.out == ""


class Page(HTMLParser):
    """Tags, attributes, images and text of a page."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.images, self.text, self.policy = set(), set(), [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        given = dict(attributes)
        self.attributes |= set(given)
        if tag == "img":
            self.images.append(given["src"])
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_data(self, data):
        self.text.append(data.strip())
