"""The fence: nothing leaves, nothing is started and nothing is written outside, and every try is counted."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from evals.injection.watch import Breach, Fence, Watch

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fence(tmp_path: Path) -> Fence:
    (tmp_path / "archive").mkdir()
    return Fence((tmp_path / "archive",))


def test_connections_and_look_ups_are_refused_and_counted(fence: Fence) -> None:
    with Watch.installed().armed(fence) as watch:
        with pytest.raises(Breach, match="connect"), socket.socket() as handle:
            handle.connect(("127.0.0.1", 9))
        with pytest.raises(Breach, match="getaddrinfo"):
            socket.getaddrinfo("attacker.test", 80)
        assert len(watch.egress) == 2
        assert watch.acted == []


def test_a_local_models_server_may_be_spoken_to_where_the_fence_says_so(fence: Fence) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Watch.installed().armed(Fence(fence.folders, loopback=True)) as watch:
            socket.create_connection(server.getsockname(), timeout=5).close()
            with pytest.raises(Breach), socket.socket() as handle:
                handle.connect(("192.0.2.1", 80))
        assert len(watch.egress) == 1


def test_processes_and_writes_outside_the_archive_are_refused_and_counted(fence: Fence, tmp_path: Path) -> None:
    with Watch.installed().armed(fence) as watch:
        (fence.folders[0] / "kept.txt").write_text("in the archive", encoding="utf-8")
        with pytest.raises(Breach):
            (tmp_path / "outside.txt").write_text("x", encoding="utf-8")
        with pytest.raises(Breach):
            subprocess.run([sys.executable, "-c", "pass"], check=False)
        assert len(watch.acted) == 2
    assert not (tmp_path / "outside.txt").exists()
    (tmp_path / "outside.txt").write_text("disarmed", encoding="utf-8")


def test_in_a_namespace_of_its_own_a_process_and_its_children_have_no_way_out() -> None:
    program = '''
import socket, subprocess, sys
from evals.injection.watch import enclose
if not enclose():
    sys.exit(77)
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=5).close()
child = """
import socket, sys
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    sys.exit(0 if error.errno in (101, 113) else 3)
sys.exit(4)
"""
sys.exit(subprocess.run([sys.executable, "-c", child]).returncode)
'''
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this system lets no process make a network namespace")
    assert done.returncode == 0, done.stderr
