from pathlib import Path

import pytest

from cuems.app.doors import ConfigError, DoorFlags, Doors, read_doors


def test_what_is_not_asked_for_stays_shut() -> None:
    assert read_doors(DoorFlags()) == Doors()


def test_an_address_is_host_and_port() -> None:
    doors = read_doors(DoorFlags(osc_udp="0.0.0.0:9000", osc_tcp="[::1]:9001", qlab="x:53000"))
    assert (doors.osc_udp, doors.osc_tcp) == (("0.0.0.0", 9000), ("::1", 9001))
    assert doors.qlab == ("x", 53000)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (DoorFlags(qlab="53000"), "--qlab '53000': expected HOST:PORT"),
        (DoorFlags(osc_udp="x:99999"), "--osc-udp 'x:99999': expected HOST:PORT"),
        (DoorFlags(tls_key="k"), "--tls-key: expected --tls-cert with it"),
        (DoorFlags(tls_cert="/nowhere.pem"), "--tls-cert /nowhere.pem: No such file"),
    ],
)
def test_what_cannot_be_is_named_with_its_option(flags: DoorFlags, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_doors(flags)
    assert text in str(caught.value)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("not a certificate")
    with pytest.raises(ConfigError, match="no certificate with its key in PEM form"):
        read_doors(DoorFlags(tls_cert=str(tmp_path / "cert.pem")))
