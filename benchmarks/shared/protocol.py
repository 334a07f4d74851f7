"""The protocol behind stored results: which version of the package's rules they were measured under.

A rule is what an estimator does by default: the defaults of its signature, and the numbers of a probe, a fit of linear
models to one small drawn table. ``rules.json`` holds each rule's version. ``protocol.json`` beside the results holds,
for each file, the versions that it was measured under; ``earlier`` is what was different, for the pages that show an
older one. A test compares both with the package.

python benchmarks/shared/protocol.py                              list files whose rules have moved on
python benchmarks/shared/protocol.py --new RULE "what changed"    the rule as it is now becomes its next version
python benchmarks/shared/protocol.py --stamp FILE RULE [RULE ...] a file was measured under the rules of today
"""

import argparse
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from sklearn.linear_model import LogisticRegression

from skcmkd import CCHSelector, PairedDistiller, UnpairedDistiller
from skcmkd.datasets import make_gaussian_modalities

BENCHMARKS = Path(__file__).parents[1]
RULES = BENCHMARKS / "rules.json"
STAMPS = "protocol.json"
TOLERANCE = 2e-3  # platforms differ less, changes of a rule more
ESTIMATORS = {"PairedDistiller": PairedDistiller, "CCHSelector": CCHSelector, "UnpairedDistiller": UnpairedDistiller}


def defaults(rule: str) -> dict[str, str]:
    """The parameters of an estimator with their defaults, as text."""
    parameters = inspect.signature(ESTIMATORS[rule]).parameters.values()
    return {p.name: repr(p.default) for p in parameters if p.default is not p.empty}


def probe(rule: str) -> dict[str, float]:
    """What the defaults give on a small drawn table: 80 labeled rows, 120 unlabeled pairs, 40 other rows."""
    drawn = make_gaussian_modalities(240, random_state=0)
    X, y = drawn.data, drawn.target
    labeled, pairs, others = X[:80], X[80:200], X[200:]
    student, teacher = (drawn.modalities[name] for name in ("student", "teacher"))
    model = LogisticRegression(C=0.1)
    if rule == "CCHSelector":
        selector = CCHSelector(drawn.modalities, "student", random_state=0)
        row = selector.fit(labeled, y[:80], unlabeled_pairs=(pairs,)).results_.iloc[0]
        names = ["gap", "advantage", "added", "added_lower", "added_upper"]
        return {name: float(row[name]) for name in names} | {"kept": float(row["kept"])}
    if rule == "PairedDistiller":
        distiller = PairedDistiller(model, model, student_columns=student, random_state=0)
        distiller.fit(labeled, y[:80], unlabeled_pairs=(pairs,))
        return {"alpha": distiller.alpha_, "probability": float(distiller.predict_proba(others[student])[:5, 1].mean())}
    distiller = UnpairedDistiller(model, model, check_alignment=False, random_state=0)
    data = {"teacher_data": (pairs[teacher], y[80:200]), "bridge": (others[student], others[teacher])}
    distiller.fit(labeled[student], y[:80], **data)
    scores = distiller.candidate_scores_.set_index("training_mode")["brier"].to_dict()
    return scores | {"probability": float(distiller.predict_proba(pairs[student])[:5, 1].mean())}


def moved_on(rule: str, stored: dict[str, Any]) -> list[str]:
    """How the package differs from the stored version of a rule; a new parameter is none unless a probe moves."""
    now, found = defaults(rule), []
    for name, before in stored["defaults"].items():
        after = now.get(name, "absent")
        if before != after:
            found.append(f"{rule}({name}=): {after} in place of {before}")
    measured = probe(rule)
    for name in sorted({*measured, *stored["probe"]}):
        before, after = stored["probe"].get(name, float("nan")), measured.get(name, float("nan"))
        if not abs(after - before) <= TOLERANCE:
            found.append(f"{rule}, probe of {name}: {after:.4f} in place of {before:.4f}")
    return found


def read_rules() -> dict[str, dict[str, Any]]:
    """The stored rules."""
    return json.loads(RULES.read_text(encoding="utf-8")) if RULES.exists() else {}


def stamps() -> dict[str, dict[str, Any]]:
    """The stamp of each file below ``benchmarks`` that has one."""
    found = {}
    for path in sorted(BENCHMARKS.rglob(STAMPS)):
        for name, stamp in json.loads(path.read_text(encoding="utf-8")).items():
            found[(path.parent / name).relative_to(BENCHMARKS).as_posix()] = stamp
    return found


def outdated(stamp: dict[str, Any], rules: dict[str, dict[str, Any]]) -> list[str]:
    """The rules of a stamp that have moved on since."""
    return [rule for rule, version in stamp["rules"].items() if version != rules[rule]["version"]]


def stamp(path: Path, *names: str) -> None:
    """Note that a file of results was measured under the rules of today."""
    rules = read_rules()
    unknown = sorted(set(names) - set(rules))
    if unknown:
        raise ValueError(f"No rule {', '.join(unknown)}; there are {', '.join(rules)}.")
    file = path.parent / STAMPS
    entries = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    entries[path.name] = {"rules": {name: rules[name]["version"] for name in names}}
    file.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def renew(rule: str, what: str) -> None:
    """Store a rule as it is now as its next version."""
    rules = read_rules()
    version = rules.get(rule, {"version": 0})["version"] + 1
    history = rules.get(rule, {"history": {}})["history"] | {str(version): what}
    rules[rule] = {"version": version, "history": history, "defaults": defaults(rule)}
    rules[rule]["probe"] = {name: round(value, 5) for name, value in probe(rule).items()}
    RULES.write_text(json.dumps(rules, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """List what has moved on, store a new version of a rule, or stamp a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new", nargs=2, metavar=("RULE", "WHAT"))
    parser.add_argument("--stamp", nargs="+", metavar=("FILE", "RULE"))
    options = parser.parse_args()
    if options.new:
        renew(*options.new)
    if options.stamp:
        stamp(Path(options.stamp[0]), *options.stamp[1:])
    rules = read_rules()
    found = [line for rule, stored in rules.items() for line in moved_on(rule, stored)]
    for name, entry in stamps().items():
        if old := outdated(entry, rules):
            found.append(
                f"{name}: measured under an earlier {', '.join(old)}: {entry.get('earlier', 'measure it anew')}"
            )
    print("\n".join(found) or "Every stored result was measured under the rules of today.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
