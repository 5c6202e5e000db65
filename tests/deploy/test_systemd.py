"""The units: what the program prints, and what systemd says of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuems.cli.systemd import systemd
from cuems.wire.systemd_unit import NAMES, UnitRole, unit

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
ANALYZE = "systemd-analyze"
WORST = {UnitRole.CONTROLLER: 12, UnitRole.NODE: 20, UnitRole.BOTH: 20}  # tenths

needs_systemd = pytest.mark.skipif(
    shutil.which(ANALYZE) is None, reason="there is no systemd-analyze: apt-get install systemd"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ANALYZE, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning"},
    )


@pytest.mark.parametrize("role", UnitRole)
def test_the_units_of_the_repository_are_what_the_program_prints(role: UnitRole) -> None:
    kept = (FOLDER / f"{NAMES[role]}.service").read_text()
    printed = CliRunner().invoke(systemd, ["--role", role.value], catch_exceptions=False)
    assert printed.stdout == kept
    assert "ExecStart=/usr/lib/cuems/bin/cuems run --role " in unit(role, "/usr/lib/cuems")


@pytest.mark.parametrize("role", UnitRole)
@needs_systemd
def test_systemd_finds_nothing_wrong_with_a_unit(role: UnitRole, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    program = prefix / "bin" / "cuems"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / f"{NAMES[role]}.service"
    path.write_text(unit(role, str(prefix)))
    result = analyze("verify", "--man=no", "--generators=no", str(path))
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@pytest.mark.parametrize("role", UnitRole)
@needs_systemd
def test_g21_exposure_is_low(role: UnitRole) -> None:
    path = FOLDER / f"{NAMES[role]}.service"
    result = analyze("security", "--offline=yes", f"--threshold={WORST[role]}", str(path))
    assert result.returncode == 0, result.stdout.splitlines()[-1]


@needs_systemd
def test_the_user_of_the_show_and_its_folders_are_made(tmp_path: Path) -> None:
    for kind, folder in (("sysusers", "sysusers.d"), ("tmpfiles", "tmpfiles.d")):
        place = tmp_path / "usr" / "lib" / folder
        place.mkdir(parents=True)
        shutil.copy(FOLDER / f"cuems.{kind}", place / "cuems.conf")
    (tmp_path / "etc").mkdir()
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create", "--prefix=/var"]):
        made = subprocess.run([*command, f"--root={tmp_path}"], check=False, capture_output=True,
                              text=True, timeout=60)  # fmt: skip
        assert made.returncode == 0, made.stderr
    users = (tmp_path / "etc" / "passwd").read_text()
    assert ":cuems show control:/var/lib/cuems:" in users
    assert (tmp_path / "var" / "lib" / "cuems" / "library").is_dir()
    assert (tmp_path / "var" / "lib" / "cuems").stat().st_mode & 0o777 == 0o700


@needs_systemd
def test_a_unit_without_its_sandbox_would_be_found_out(tmp_path: Path) -> None:
    bare = tmp_path / "cuems-controller.service"
    kept = unit(UnitRole.CONTROLLER).splitlines()
    bare.write_text("\n".join(line for line in kept if not line.startswith("SystemCallFilter")))
    assert analyze("security", "--offline=yes", "--threshold=12", str(bare)).returncode != 0


def test_the_watchdog_and_who_lives_on_are_as_the_program_wants_them() -> None:
    controller, node = unit(UnitRole.CONTROLLER), unit(UnitRole.NODE)
    for text in (controller, node):
        assert "Type=notify\n" in text
        assert "WatchdogSec=4\n" in text
        assert "StateDirectory=cuems\n" in text
    assert "KillMode=process\n" in node
    assert "KillMode=process\n" in unit(UnitRole.BOTH)
    assert "KillMode=mixed\n" in controller
