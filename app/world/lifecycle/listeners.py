"""What clients know of the two servers, taken before they serve: their ports and their CA."""

from __future__ import annotations

from app.world.saved.state_directory import ServersRecord
from app.world.servers.http_client import HOST
from app.world.servers.pki import Pki
from app.world.servers.servers import listen, port_of
from app.world.world import ISSUER_HOST


class Listeners:
    """The sockets of both servers, and the certificates of the https server."""

    def __init__(self, aws_port: int, kubernetes_port: int, before: ServersRecord | None) -> None:
        """Listens at these ports (0: any), or as `before` where there is one. Raises `OSError`."""
        if before is not None:
            aws_port, kubernetes_port = before.aws_port, before.kubernetes_port
            self.pki = Pki(before.root_ca_pem, before.server_pem)
        else:
            self.pki = Pki.new([HOST, "localhost", ISSUER_HOST])
        self.aws = listen(aws_port)
        try:
            self.kubernetes = listen(kubernetes_port)
        except OSError:
            self.aws.close()
            raise
        self.aws_port, self.kubernetes_port = port_of(self.aws), port_of(self.kubernetes)

    @property
    def record(self) -> ServersRecord:
        """Ports and certificates for the disk: a later process serves at the same ports, under the same CA."""
        return ServersRecord(
            aws_port=self.aws_port,
            kubernetes_port=self.kubernetes_port,
            root_ca_pem=self.pki.root_ca_pem,
            server_pem=self.pki.server_pem,
        )

    def close(self) -> None:
        """Gives the ports back. Twice is no error."""
        self.aws.close()
        self.kubernetes.close()
