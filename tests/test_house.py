"""The house rules no linter knows."""

import ast
from pathlib import Path

import cuems

ROOT = Path(cuems.__file__).parent


def sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def test_only_supervise_catches_everything() -> None:
    broad = {"Exception", "BaseException"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in broad))
        and path.name != "supervise.py"
    ]
    assert found == []


def test_adapters_do_not_know_each_other() -> None:
    shared = {"__init__", "mailbox", "clients", "courier", "midi_process", "journal_files", "nng"}
    shared |= {"incoming", "process_group"}
    adapters = {path.stem for path in (ROOT / "adapters").glob("*.py")} - shared
    found = [
        f"{path.name} imports {node.module}"
        for path in (ROOT / "adapters").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("cuems.adapters.")
        and node.module.removeprefix("cuems.adapters.") in adapters - {path.stem}
    ]
    assert found == []


def test_who_waits_on_a_walk_walks_over_a_copy() -> None:
    """Else a task that adds to the dict meanwhile ends the process."""
    found = [
        f"{path.relative_to(ROOT)}:{walk.lineno}"
        for path in sources()
        for walk in ast.walk(ast.parse(path.read_text()))
        if isinstance(walk, ast.For) and is_view(walk.iter) and waits(walk)
    ]
    assert found == []


def is_view(walked: ast.expr) -> bool:
    """Whether it is a view of a dict that somebody else can get at."""
    return (
        isinstance(walked, ast.Call)
        and isinstance(walked.func, ast.Attribute)
        and walked.func.attr in {"items", "keys", "values"}
        and isinstance(walked.func.value, ast.Attribute)
    )


def waits(walk: ast.For) -> bool:
    waiting = ast.Await | ast.AsyncFor | ast.AsyncWith
    return any(isinstance(node, waiting) for part in walk.body for node in ast.walk(part))
