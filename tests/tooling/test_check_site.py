"""The site's checker finds what is broken; its browser part is run on the real site."""

from pathlib import Path

import pytest

from .scripts import load_script

SCRIPT = Path(__file__).parents[2] / "docs" / "check_site.py"


@pytest.fixture(scope="module")
def check_site():
    return load_script(SCRIPT)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.png").write_bytes(b"")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.html").write_text('<p id="here">text</p><a href="../index.html">up</a>')
    return tmp_path


def write(site, body):
    (site / "index.html").write_text(f"<html><body>{body}</body></html>")


def test_good_links_pass(check_site, site):
    write(
        site,
        '<a href="sub/other.html#here">x</a><a href="#top">x</a><p id="top"><img src="_static/a.png?v=1">'
        '<a href="https://example.org/elsewhere">not asked</a><img src="data:image/png;base64,AA==">',
    )
    assert check_site.find_dead_links(site) == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<a href="nowhere.html">x</a>', "nowhere.html leads nowhere"),
        ('<a href="sub/other.html#there">x</a>', "sub/other.html#there has no such anchor"),
        ('<a href="#there">x</a>', "#there has no such anchor"),
        ('<img src="_static/b.png">', "_static/b.png is missing"),
        ('<script src="https://example.org/math.js"></script>', "https://example.org/math.js, which is not part"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "//example.org/a.css"),
    ],
)
def test_faults_are_named(check_site, site, body, complaint):
    write(site, body)
    (found,) = check_site.find_dead_links(site)
    assert found.startswith("index.html: ")
    assert complaint in found


def test_a_method_without_its_anchor_is_named(check_site, tmp_path):
    class Model:
        fit = predict = None

    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "pkg.Model.html").write_text('<dt id="pkg.Model.fit"></dt>')
    missing = check_site.find_missing_methods(tmp_path, {"pkg.Model": Model, "pkg.Absent": Model})
    assert missing == [
        "pkg.Model.html does not show predict",
        "pkg.Absent.html does not show fit",
        "pkg.Absent.html does not show predict",
    ]


def test_the_theme_s_own_html_is_no_page(check_site, site):
    (site / "_static" / "macros.html").write_text('<a href="{{ broken }}">')
    write(site, "")
    assert [path.name for path in check_site.find_pages(site)] == ["index.html", "other.html"]


def test_serving_stays_on_this_machine(check_site, site):
    from urllib.request import urlopen

    with check_site.serve(site) as root:
        assert root.startswith("http://127.0.0.1:")
        with urlopen(root + "sub/other.html") as answer:
            assert b"here" in answer.read()


@pytest.mark.parametrize("arguments", [["no/such/folder"], []])
def test_no_site_says_what_to_do(check_site, monkeypatch, capsys, tmp_path, arguments):
    monkeypatch.setattr("sys.argv", ["check_site.py", *arguments])
    monkeypatch.setattr(check_site, "HERE", tmp_path)
    with pytest.raises(SystemExit, match="2"):
        check_site.main()
    assert "make docs" in capsys.readouterr().err


def test_no_browser_says_what_to_do(check_site, monkeypatch, capsys):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="2"):
        check_site._chromium()
    assert "chromium" in capsys.readouterr().err


def test_no_playwright_says_what_to_do(check_site, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "playwright", None)
    with pytest.raises(SystemExit, match="2"):
        check_site._playwright()
    assert "pip install playwright" in capsys.readouterr().err
