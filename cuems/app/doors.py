"""Where clients come in: which addresses, how many, and by TLS or not; checked once."""

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from cuems.adapters.control import MAX_CLIENTS
from cuems.core.errors import CuemsError

__all__ = ["MAX_CLIENTS", "ConfigError", "DoorFlags", "Doors", "read_doors", "to_address"]

Address = tuple[str, int]
MOST_CLIENTS = 10_000


class ConfigError(CuemsError):
    """The program cannot be started as asked; the text names the option or file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorFlags:
    """What was said on the command line or in the environment; None where nothing was."""

    max_clients: int = MAX_CLIENTS
    tls_cert: str | None = None
    tls_key: str | None = None
    origins: tuple[str, ...] = ()
    osc_udp: str | None = None
    osc_tcp: str | None = None
    qlab: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Beside the control port; None is a door that stays shut."""

    max_clients: int = MAX_CLIENTS
    tls: ssl.SSLContext | None = None
    origins: tuple[str, ...] = ()
    osc_udp: Address | None = None
    osc_tcp: Address | None = None
    qlab: Address | None = None


def read_doors(flags: DoorFlags) -> Doors:
    """What was said, understood. Reads the certificate's files; raises ConfigError."""
    return Doors(
        max_clients=flags.max_clients,
        tls=_tls(flags.tls_cert, flags.tls_key),
        origins=flags.origins,
        osc_udp=_address("--osc-udp", flags.osc_udp),
        osc_tcp=_address("--osc-tcp", flags.osc_tcp),
        qlab=_address("--qlab", flags.qlab),
    )


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise ConfigError("--tls-key: expected --tls-cert with it")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        raise ConfigError(
            f"--tls-cert {certificate}: no certificate with its key in PEM form: {reason}"
        ) from error
    except OSError as error:
        place = key if key is not None and error.filename == key else certificate
        raise ConfigError(f"--tls-cert {place}: {error.strerror}") from error
    return context


def _address(option: str, text: str | None) -> Address | None:
    return None if text is None else to_address(option, text)


def to_address(option: str, text: str) -> Address:
    """`HOST:PORT`; raises ConfigError. An IPv6 host stands in brackets."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username:
        raise ConfigError(f"{option} {text!r}: expected HOST:PORT, as in 127.0.0.1:9190")
    return host, port
