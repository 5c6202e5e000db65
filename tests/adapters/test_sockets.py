import os
import socket

from cuems.adapters.sockets import port_holders


def test_a_bound_port_is_told_with_the_process_that_holds_it() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as idle,
    ):
        for one in (udp, tcp, idle):
            one.bind(("127.0.0.1", 0))
        tcp.listen()
        wanted = {(udp.getsockname()[1], "udp"), (tcp.getsockname()[1], "tcp")}
        mine = [holder for holder in port_holders() if holder.pid == os.getpid()]
    found = {(holder.port, holder.protocol) for holder in mine}
    assert wanted <= found
    assert (idle.getsockname()[1] if idle.fileno() >= 0 else 0, "tcp") not in found
    assert all(holder.name and "py" in holder.command for holder in mine)
    assert [holder.port for holder in mine] == sorted(holder.port for holder in mine)
