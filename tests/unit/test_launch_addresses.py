"""New launch addresses: what servers that were killed have left behind, and a folder in which no socket can be."""

import asyncio
import os
import socket
import tempfile
import time
from pathlib import Path

import pytest

from app.commands.launch_addresses import ask, offered, remove_left
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


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets")
def test_where_the_folders_path_is_too_long_for_a_socket_the_server_goes_on_without(tmp_path, monkeypatch):
    (folder := tmp_path / ("a" * 120)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    async def serve():
        async with offered(1, lambda: "new"):
            return await asyncio.to_thread(ask, 1)

    assert asyncio.run(serve()) == ""
