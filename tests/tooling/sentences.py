"""Sentences of a page's prose, and those that are too long; run with pages to list them.

python tests/tooling/sentences.py docs/guide.rst
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

LONGEST = 30
# Directives whose content is prose.
PROSE = ("note", "tip", "warning", "important", "seealso", "admonition", "topic")
DIRECTIVE = re.compile(r"\.\.( |$)(?:(?P<name>[\w:-]+)::)?(?P<rest>.*)")
BULLET = re.compile(r"([-*+]|\d+\.|#\.) +")
UNDERLINE = re.compile(r"([=~^\-\"'`])\1{2,}$")
RULE = re.compile(r"(=+ +)+=+$|\+[-=+]+\+$")
SOURCES = ("References", "Sources", "Literature")
END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!et al)(?<!vs)(?<!cf)[.?!][*\"')]*\s+(?=[A-Z0-9*:`(\"'|<@])")


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def below(lines: list[str], start: int, indent: int) -> int:
    """The first line from ``start`` on that is not indented by more than ``indent``."""
    while start < len(lines) and (not lines[start].strip() or indentation(lines[start]) > indent):
        start += 1
    return start


def without_sources(text: str) -> str:
    """A page up to its list of references."""
    heading = re.search(rf"^(\.\. rubric:: )?({'|'.join(SOURCES)})$", text, re.MULTILINE)
    return text[: heading.start()] if heading else text


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, items of lists and definitions; no code, tables, headings, options or references."""
    lines, place, part, margin = [*text.splitlines(), ""], 0, [], 0
    while place < len(lines):
        line = lines[place]
        bare, indent = line.strip(), indentation(line)
        following = lines[place + 1] if place + 1 < len(lines) else ""
        heading = UNDERLINE.match(following.strip()) and len(following.strip()) >= len(bare) > 0
        directive = DIRECTIVE.match(bare)
        bullet = BULLET.match(bare)
        ends = not part or indent < margin
        # A term is one line above its indented definition.
        term = ends and bare and following.strip() and indentation(following) > indent and not bullet
        new = ends or directive or heading or bullet or bare.startswith(">>>") or RULE.match(bare)
        if part and (not bare or new):
            yield " ".join(part)
            code, part = part[-1].endswith("::"), []
            if code and not bare:
                place = below(lines, place, max(indentation(lines[place - 1]) - 1, 0) if indent else 0)
                continue
        if directive:
            end = below(lines, place + 1, indent)
            if directive["name"] in PROSE:
                content = "\n".join(lines[place + 1 : end])
                yield from paragraphs(textwrap.dedent(re.sub(r"(?m)^ *:[\w-]+:.*$", "", content)))
            place = end
        elif bare.startswith(">>>"):
            while lines[place].strip():
                place += 1
        elif RULE.match(bare):
            place = next((n for n in range(place, len(lines)) if not lines[n].strip()), len(lines))
        elif heading:
            place += 2
        else:
            if bare and not term:
                margin = margin if part else indent + (len(bullet[0]) if bullet else 0)
                part.append(bare[len(bullet[0]) :] if bullet else bare)
            place += 1


def plain(paragraph: str) -> str:
    """Roles as the words that they show; code and formulas as one word."""
    text = re.sub(r"``[^`]+``(_+)?", "@code", paragraph)
    text = re.sub(r":(?:math|result):`[^`]+`", "@number", text)
    text = re.sub(r"(?::[\w:]+:)?`~?([^`<]+?)(?: *<[^`]+>)?`_*", r"@\1", text)
    return re.sub(r"\\ ?|\|[\w ]+\|", "", text)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page's prose."""
    for paragraph in paragraphs(without_sources(text)):
        yield from (sentence.strip(" .?!") for sentence in END.split(plain(paragraph)))


def words(sentence: str) -> int:
    """Words of a sentence; signs alone are none, and a list of names in code is one."""
    sentence = re.sub(r"@code(?:,? (?:and |or )?@code){3,}", "@code", sentence)
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


def too_long(text: str) -> list[tuple[int, str]]:
    """Length and text of each sentence above the limit."""
    return [(words(sentence), sentence) for sentence in sentences(text) if words(sentence) > LONGEST]


def main(paths: list[str]) -> int:
    count = 0
    for path in paths:
        for length, sentence in too_long(Path(path).read_text(encoding="utf-8")):
            print(f"{path}: {length} words: {sentence}")
            count += 1
    print(f"{count} sentences of more than {LONGEST} words")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
