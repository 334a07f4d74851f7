import io

from rich.console import Console

from skcmkd.cli._console import make_console, print_error, print_table
from skcmkd.cli._text_tables import TextTable

TABLE = TextTable("Title [bold]", ["name", "value"], [["[red]x[/red]:smile:", "1.234"], ["b" * 30, "2"]])


def printed(width, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    print_table(Console(file=stream, width=width, markup=False, emoji=False, highlight=False), TABLE)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def test_names_are_no_markup():
    text = printed(80)
    assert "Title [bold]" in text
    assert "[red]x[/red]:smile:" in text


def test_a_narrow_terminal_gets_lines_and_loses_nothing():
    text = printed(24)
    assert "  value: 1.234\n" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 24
    assert "b" * 30 in text.replace("\n", "")


def test_a_terminal_of_ascii():
    assert printed(80, "ascii").isascii()


def test_errors_are_one_line(capsys):
    print_error("a\nb" + "x" * 10**6)
    err = capsys.readouterr().err
    assert err.startswith("skcmkd: a\\nbxxx")
    assert len(err) < 1100
    assert err.count("\n") == 1


def test_a_pipe_gets_no_colors(capsys):
    console = make_console()
    console.print("bold", style="bold red")
    assert console.width == 108
    assert capsys.readouterr().out == "bold\n"
