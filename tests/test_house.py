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
    shared = {"__init__", "mailbox", "clients", "midi_process", "journal_files", "nng"}
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
