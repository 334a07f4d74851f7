"""Words that the project has retired, and the standard word beside each; run with paths to list the remaining uses.

python tests/tooling/vocabulary.py skcmkd docs
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Stem of a whole word, or of a part of an identifier -> the word to use.
RETIRED = {
    r"opinions?": "soft targets, or predictions",
    r"lessons?": "training data",
    r"heard": "usable, or known",
    r"judg\w*": "validation fold, score, or evaluate",
    r"deals?|dealt|dealings?": "repeat",
    r"materials?": "data",
    r"ties|tied": "row targets, or bridge",
    r"luck\w*": "variance, or standard error",
    r"quantit(y|ies)": "continuous target",
    r"informations": "mutual informations, or MI estimates",
    r"yardsticks?": "reference",
    r"guess\w*": "prediction, or pseudo-label",
    r"unseen": "out-of-fold",
    r"studied": "has_student",
}
# British spelling -> American.
BRITISH = {
    r"(un)?labell(ed|ing)": "labeled",
    r"model(led|ling)": "modeled",
    r"(standard|normal|regular|summar|minim|maxim|optim|organ|recogn|general|initial|parametr|penal|special)"
    r"is(e|ed|es|ing|ation|er)": "-ize",
    r"cent(re|res|red|ring)": "center",
    r"colou?rs?(?<!color)(?<!colors)": "color",
    r"behaviours?": "behavior",
    r"neighbours?": "neighbor",
    r"licence": "license",
}
# Uses in which the word is the standard name of another thing.
ALLOWED = [
    r"\b(break|breaking|without|with|no) ties\b",
    r"\btied values\b",
    r"wins[\W_]+ties[\W_]+(and )?losses",
    r"\bmutual informations\b",
    r"a great deal",
    # scikit-learn's message about columns.
    r"unseen at fit time",
]
# A line with this comment quotes a name under which results are stored.
STORED = "# stored name"
SUFFIXES = {".py", ".rst", ".md"}
SKIPPED = {
    "tests/tooling/vocabulary.py",
    "tests/tooling/test_vocabulary.py",
    # It lists renamed names.
    "CHANGELOG.md",
}
PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
RULES = [(re.compile(stem, re.IGNORECASE), word) for stem, word in (RETIRED | BRITISH).items()]


def violations(text: str) -> list[tuple[int, str, str]]:
    """Line, retired word and standard word of each use in a text; parts of identifiers are words of their own."""
    uses = []
    for number, line in enumerate(text.splitlines(), 1):
        if STORED in line:
            continue
        plain = re.sub(r"https?://\S+", "", line)
        for allowed in ALLOWED:
            plain = re.sub(allowed, "", plain, flags=re.IGNORECASE)
        for part in PARTS.findall(plain):
            uses += [(number, part, word) for rule, word in RULES if rule.fullmatch(part)]
    return uses


def files(paths: list[str]) -> list[Path]:
    """Files below some paths that may hold words, without built ones."""
    roots = [ROOT / path for path in paths]
    everything = [p for root in roots for p in ([root] if root.is_file() else sorted(root.rglob("*")))]
    built = {"_build", "generated", "examples", "results", "__pycache__"}
    return [
        p
        for p in everything
        if p.suffix in SUFFIXES and not built & set(p.parts) and str(p.relative_to(ROOT)) not in SKIPPED
    ]


def main(paths: list[str]) -> int:
    count = 0
    for path in files(paths):
        for number, word, standard in violations(path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(ROOT)}:{number}: {word!r}; write {standard}")
            count += 1
    print(f"{count} retired words")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["skcmkd", "tests", "benchmarks", "docs", "README.md", "CONTRIBUTING.md"]))
