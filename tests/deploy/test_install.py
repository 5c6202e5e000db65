"""The installers, into another root; building the program is deploy/test-package's part."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
KEY = "0123456789abcdef" * 4


def run(name: str, root: Path, *arguments: str, given: str = "") -> str:
    """What it says; it succeeds."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [DEPLOY / name, "--root", root, "--no-venv", *arguments],
        input=given,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": path, "HOME": str(root)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.stdout


def files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in {".pwd.lock"}
    }


def test_a_controller_gets_units_a_user_a_key_and_a_template(tmp_path: Path) -> None:
    run("install-controller", tmp_path)
    made = files(tmp_path)
    assert "cuems show control" in made["etc/passwd"]
    unit = made["etc/systemd/system/cuems-controller.service"]
    assert "ExecStart=/opt/cuems/bin/cuems run --role controller" in unit
    assert "etc/cuems/cuems.env" in made
    key = tmp_path / "var/lib/cuems/cluster.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing_that_is_configured(tmp_path: Path) -> None:
    run("install-controller", tmp_path)
    (tmp_path / "etc/cuems/cuems.env").write_text("CUEMS_MTC=off\n")
    before = files(tmp_path)
    run("install-controller", tmp_path)
    assert files(tmp_path) == before


def test_a_node_takes_the_key_of_the_rig_from_standard_input(tmp_path: Path) -> None:
    run("install-node", tmp_path, "--key", "-", "--prefix", "/usr/lib/cuems", given=KEY)
    made = files(tmp_path)
    assert made["var/lib/cuems/cluster.key"].strip() == KEY
    unit = made["etc/systemd/system/cuems-node.service"]
    assert "ExecStart=/usr/lib/cuems/bin/cuems run --role node" in unit


def test_beside_the_ecosystem_its_sockets_are_seen(tmp_path: Path) -> None:
    (tmp_path / "etc/cuems").mkdir(parents=True)
    (tmp_path / "etc/cuems/settings.xml").write_text("<CuemsSettings/>")
    run("install-controller", tmp_path, "--with-node")
    drop_in = tmp_path / "etc/systemd/system/cuems.service.d/ecosystem.conf"
    assert "PrivateTmp=no" in drop_in.read_text()


@pytest.mark.parametrize("purged", [False, True])
def test_uninstalling_leaves_shows_and_configuration_unless_purged(
    tmp_path: Path, purged: bool
) -> None:
    run("install-controller", tmp_path)
    (tmp_path / "var/lib/cuems/library/show").write_text("mine")
    run("install-controller", tmp_path, "--uninstall", *(["--purge"] if purged else []))
    left = {path for path in files(tmp_path) if "cuems" in path}
    kept = {"etc/cuems/cuems.env", "var/lib/cuems/cluster.key", "var/lib/cuems/library/show"}
    assert left == (set() if purged else kept)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--prefix", "relative"]])
def test_what_is_not_understood_changes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [DEPLOY / "install-node", "--root", tmp_path, *arguments],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode in {1, 2}
    assert list(tmp_path.iterdir()) == []
