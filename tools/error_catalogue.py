"""docs/errors.md from the code: every error id with what it says and what to do next. `make errors` writes it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "cli", "connectors", "crosscheck", "flows", "longwatch", "models", "operations", "report_templates", "runtime",
    "simulation",
    "validations",
)  # fmt: skip
ERROR_ID = re.compile(r"LW-[A-Z]+-\d{3}")
HEAD = """# Errors

Every error is one line: its id, where, what happened, expected against found, and the next step. This page is made
from the code by `make errors`; `…` stands for what depends on the case.

| id | what | next step | raised in |
|---|---|---|---|
"""

CREDENTIALS = ("there are no S3 credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
UNREACHABLE = ("the S3 store does not answer (…)", "check the network and LONGWATCH_S3_ENDPOINT")
NO_BUCKET = ("there is no such bucket", "correct the name or make the bucket")
DENIED = ("the S3 store denies access (…)", "check whose credentials these are and what they may do")
REFUSED = ("the S3 store refused (…)", "look the code up in the store's manual")
BY_CAUSE = (CREDENTIALS, UNREACHABLE, NO_BUCKET, DENIED, REFUSED)
"""What connectors/s3.py says; its ids come from its callers: the archive (LW-ARC-020 …) and a source (LW-SRC-030 …)."""

ELSEWHERE = {
    **{f"LW-ARC-{20 + number:03}": said for number, said in enumerate(BY_CAUSE)},
    **{f"LW-SRC-{30 + number:03}": said for number, said in enumerate(BY_CAUSE)},
    "LW-CLI-001": ("the command line is wrong: …", "`longwatch --help` shows every command"),
    "LW-CLI-003": ("interrupted; the run is registered as failed", "run the command again"),
    "LW-CLI-070": ("a fault of ours: …", "run again with LONGWATCH_DEBUG=1 and send the traceback to the developers"),
    "LW-VAL-006": (
        "the study sets a parameter that the rule does not have, or to another kind of value",
        "`longwatch rules show RULE` lists what may be set",
    ),
    "LW-RLS-001": (
        "a report in this state cannot be signed as …",
        "what the state needs: errors settled and another run, a review, a release; or what superseded it",
    ),
    "LW-DSX-003": ("an item stands twice in a record", "ask the data provider for a file with each item once"),
    **{
        f"LW-{room}-001": (f"the text is no YAML, or no {kind}", f"start from {start}")
        for room, kind, start in (
            ("STU", "study file", "the example in the README"),
            ("TPL", "report template", "one of the templates in report_templates/"),
            ("POL", "pool file", "the one in docs/outputs.md"),
        )
    },
    "LW-STU-002": ("… mistakes, each with its line", "correct each line; `longwatch study check` reads the file again"),
    "LW-TPL-002": ("… mistakes, each with its line", "correct each line"),
    "LW-POL-002": ("… mistakes, each with its line", "correct each line"),
    "LW-VAL-001": ("no list of rules, or … mistakes in it, each with its line", "correct each line"),
    **{
        f"LW-XML-{number:03}": (what, "ask the data provider for a file without it; no real export needs that")
        for number, what in (
            (7, "elements are nested too deep"),
            (8, "an element has too many attributes"),
            (9, "an element has too much text"),
            (10, "the document has too many or too long names of elements and attributes"),
        )
    },
    **{
        f"LW-NTC-{number:03}": (
            what,
            "check the setting, and that it can be reached; findings are registered all the same",
        )
        for number, what in (
            (1, "the file of notices cannot be written"),
            (2, "the webhook does not take the notice"),
            (3, "the mail server does not take the notice"),
        )
    },
    "LW-SET-001": ("a setting has a value that cannot be used", "correct the variable, or the line in longwatch.toml"),
}
"""Ids whose words do not stand beside them in the code."""


def words(node: ast.AST | None) -> str:
    """The text of a string, an f-string or a sum of them, with `…` for what is filled in; empty where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return words(node.left) + (words(node.right) or "…")
    if isinstance(node, ast.IfExp):
        return f"{words(node.body) or '…'} / {words(node.orelse) or '…'}"
    return ""


def errors(path: Path) -> Iterator[tuple[str, str, str]]:
    """Every error id of a module, with what and next step as far as they stand beside it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            beside: list[ast.AST] = list(node.args)
            following = {keyword.arg: keyword.value for keyword in node.keywords}
        elif isinstance(node, ast.Tuple):
            beside, following = list(node.elts), {}
        elif isinstance(node, ast.IfExp | ast.Dict | ast.Compare | ast.Assign | ast.Return | ast.arguments):
            beside, following = list(ast.iter_child_nodes(node)), {}
        else:
            continue
        for place, child in enumerate(beside):
            if isinstance(child, ast.Constant) and ERROR_ID.fullmatch(str(child.value)):
                texts = [words(item) for item in beside[place + 1 :]]
                texts = [text for text in texts if text]
                what = texts[0] if texts else words(following.get("what"))
                step = words(following.get("next_step")) or (texts[1] if len(texts) > 1 else "")
                yield str(child.value), what, step


def catalogue() -> str:
    """The page."""
    found: dict[str, dict[str, list[str]]] = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text()
            said = list(errors(path))
            for name in sorted(set(ERROR_ID.findall(text))):
                entry = found.setdefault(name, {"what": [], "next": [], "in": []})
                entry["in"].append(str(path.relative_to(ROOT)))
                if name in ELSEWHERE:
                    entry["what"], entry["next"] = [ELSEWHERE[name][0]], [ELSEWHERE[name][1]]
                    continue
                for _, what, step in (item for item in said if item[0] == name):
                    entry["what"] += [what] * (what not in entry["what"] and what != "")
                    entry["next"] += [step] * (step not in entry["next"] and step != "")
    rows = []
    for name, entry in sorted(found.items()):
        places = ", ".join(f"`{place}`" for place in entry["in"])
        rows.append(f"| {name} | {cell(entry['what'])} | {cell(entry['next'])} | {places} |")
    return HEAD + "\n".join(rows) + "\n"


def cell(texts: list[str]) -> str:
    """Texts in one cell of a Markdown table."""
    return " / ".join(" ".join(text.split()).replace("|", "\\|") for text in texts)


def main() -> None:
    """Write the page."""
    (ROOT / "docs" / "errors.md").write_text(catalogue())
    sys.stdout.write(f"{len(ERROR_ID.findall(catalogue()))} ids\n")


if __name__ == "__main__":
    main()
