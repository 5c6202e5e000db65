"""A role's systemd unit, as text; deploy/systemd holds what this writes.

Three units: the controller alone, the node alone, and both in one process. What the sandbox leaves
open has its reason beside it. `systemd-analyze security --offline=yes` says 1.2 for the controller
and 1.5 for a node; the directives at run time need a machine that systemd runs.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

PREFIX = "/opt/cuems"
CONTROLLER, NODE, BOTH = "cuems-controller", "cuems-node", "cuems"


class UnitRole(StrEnum):
    """Which part of a rig a machine is."""

    CONTROLLER = "controller"
    NODE = "node"
    BOTH = "both"


NAMES: Mapping[UnitRole, str] = {
    UnitRole.CONTROLLER: CONTROLLER,
    UnitRole.NODE: NODE,
    UnitRole.BOTH: BOTH,
}
ARGUMENTS: Mapping[UnitRole, str] = {
    UnitRole.CONTROLLER: "run --role controller --no-local-node",
    UnitRole.NODE: "run --role node",
    UnitRole.BOTH: "run --role controller",
}
ABOUT: Mapping[UnitRole, str] = {
    UnitRole.CONTROLLER: "the controller",
    UnitRole.NODE: "a node",
    UnitRole.BOTH: "controller and node of one machine",
}


def unit(role: UnitRole, prefix: str = PREFIX) -> str:
    """The whole file; the program is in `prefix`/bin."""
    return "\n".join([*_unit(role), "", *_service(role, prefix), "", *_sandbox(role), *_INSTALL])


def _unit(role: UnitRole) -> Iterator[str]:
    others = [name for name in NAMES.values() if name != NAMES[role]]
    rivals = others if role is UnitRole.BOTH else [BOTH]
    yield "[Unit]"
    yield f"Description=cuems show control: {ABOUT[role]}"
    yield "Wants=network-online.target"
    yield "After=network-online.target time-sync.target avahi-daemon.service rsync.service"
    yield "After=jackd.service jack.service sound.target cuems-hwdiscovery.service"
    yield f"Conflicts={' '.join(f'{name}.service' for name in rivals)}"
    yield "# Nobody is there at night to start it again: it is tried for ever."
    yield "StartLimitIntervalSec=0"


def _service(role: UnitRole, prefix: str) -> Iterator[str]:
    yield "[Service]"
    yield "Type=notify"
    yield "NotifyAccess=main"
    yield "# Fed by the loops that decide: one that hangs is ended (SIGABRT tells where)."
    yield "WatchdogSec=4"
    yield f"ExecStart={prefix}/bin/cuems {ARGUMENTS[role]}"
    yield "ExecReload=/bin/kill -HUP $MAINPID"
    yield "Restart=always"
    yield "RestartSec=1"
    yield "RestartPreventExitStatus=2"
    yield "TimeoutStartSec=60"
    yield "TimeoutStopSec=10"
    if role is UnitRole.CONTROLLER:
        yield "KillMode=mixed"
    else:
        yield "# Players go on when the engine ends, and the next one finds them."
        yield "KillMode=process"
    yield "User=cuems"
    yield "Group=cuems"
    yield "# Options as CUEMS_NAME=VALUE, a line each; a key of the rig is no option (cuems key)."
    yield "EnvironmentFile=-/etc/cuems/cuems.env"
    yield "Environment=XDG_STATE_HOME=/var/lib XDG_DATA_HOME=/var/lib"
    yield "Environment=JACK_NO_START_SERVER=1"
    yield "StateDirectory=cuems"
    yield "StateDirectoryMode=0700"
    yield "RuntimeDirectory=cuems"
    yield "RuntimeDirectoryMode=0750"
    yield "RuntimeDirectoryPreserve=yes"
    yield "LogsDirectory=cuems"
    yield "LogsDirectoryMode=0750"
    yield "UMask=0077"
    yield "LimitNOFILE=8192"
    yield "LimitCORE=0"
    yield "OOMScoreAdjust=-500"
    if role is not UnitRole.CONTROLLER:
        yield "# Sound servers and their clients."
        yield "LimitRTPRIO=95"
        yield "LimitMEMLOCK=infinity"
        yield "SupplementaryGroups=audio video render"


def _sandbox(role: UnitRole) -> Iterator[str]:
    plays = role is not UnitRole.CONTROLLER
    yield "NoNewPrivileges=yes"
    yield "CapabilityBoundingSet="
    yield "AmbientCapabilities="
    yield "ProtectSystem=strict"
    yield "ReadWritePaths=-/opt/cuems_library"
    yield "ProtectHome=yes"
    yield "PrivateTmp=yes"
    yield "PrivateUsers=yes"
    yield "PrivateMounts=yes"
    yield "DevicePolicy=closed"
    yield "DeviceAllow=char-alsa rw"
    if plays:
        yield "DeviceAllow=char-drm rw"
    yield "ProtectClock=yes"
    yield "ProtectHostname=yes"
    yield "ProtectKernelLogs=yes"
    yield "ProtectKernelModules=yes"
    yield "ProtectKernelTunables=yes"
    yield "ProtectControlGroups=yes"
    yield "ProtectProc=invisible"
    yield "LockPersonality=yes"
    if not plays:
        yield "RestrictRealtime=yes"
        yield "MemoryDenyWriteExecute=yes"
    else:
        yield "# Graphics drivers compile shaders, so memory may be made executable."
    yield "RestrictNamespaces=yes"
    yield "RestrictSUIDSGID=yes"
    yield "# Netlink: the machine's own addresses."
    yield "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"
    yield "# A rig is in one network: nothing of it speaks with the rest of the world."
    yield "IPAddressDeny=any"
    yield "IPAddressAllow=localhost link-local multicast"
    yield "IPAddressAllow=10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 255.255.255.255/32"
    yield "SystemCallArchitectures=native"
    yield "SystemCallFilter=@system-service"
    yield f"SystemCallFilter=~@privileged{'' if plays else ' @resources'}"
    yield "SystemCallErrorNumber=EPERM"


_INSTALL = ("", "[Install]", "WantedBy=multi-user.target", "")
