"""Threads share few heaps of the C library."""

import os
import platform
import subprocess
import sys

import pytest

COUNT = """
import ctypes, os, sys, tempfile, threading
from terminal.allocator import limit_arenas
if sys.argv[1] == "limited":
    assert limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def work():
    together.wait()
    for _ in range(200):
        libc.malloc(3000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
[one.start() for one in threads]
[one.join() for one in threads]
libc.fopen.restype = ctypes.c_void_p
path = tempfile.mktemp()
file = ctypes.c_void_p(libc.fopen(path.encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(open(path).read().count("<heap nr="))
os.remove(path)
"""


def heaps(how: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    ran = subprocess.run(
        [sys.executable, "-c", COUNT, how], env=environment, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of threads are glibc's")
def test_many_threads_share_two_heaps() -> None:
    assert heaps("limited") <= 2
    assert heaps("as it is") > 2


def test_what_the_environment_says_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from terminal.allocator import limit_arenas

    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")
    assert not limit_arenas()
