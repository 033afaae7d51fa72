"""New launch addresses: what servers that were killed have left behind."""

import os
import socket
import time
from pathlib import Path

import pytest

from app.commands.launch_addresses import remove_left
from app.own_folder import YOUNG_SECONDS


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets")
def test_the_sockets_of_killed_servers_go_and_no_other_server_hears_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's address has to be short
    with socket.socket(socket.AF_UNIX) as living:
        for name, is_old in (("old", True), ("new", False)):
            with socket.socket(socket.AF_UNIX) as killed:
                killed.bind(f"{name}.sock")
            if is_old:
                os.utime(f"{name}.sock", (0, time.time() - 2 * YOUNG_SECONDS))
        living.bind("living.sock")
        living.listen()
        living.setblocking(False)
        os.utime("living.sock", (0, 0))
        (tmp_path / "other").touch()
        remove_left(Path())
        assert {it.name for it in tmp_path.iterdir()} == {"living.sock", "new.sock", "other"}
        with pytest.raises(BlockingIOError):
            living.accept()
