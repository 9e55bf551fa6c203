"""Nothing may leave and nothing may be done: every connection, process and write of an analysis is seen, and refused or counted.

Two fences. An audit hook of the interpreter refuses and counts connections to anything but the addresses allowed, look-ups of
names, new processes and files written outside the archive. Where the system can do it (Linux), the process also enters a network
namespace of its own beforehand, in which there is no network but loopback: libraries below Python and child processes included.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_STARTING = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.forkpty"}
)
_CHANGING = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "shutil.rmtree"}
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Breach(PermissionError):
    """The analysis tried to do what it must not."""


@dataclass(frozen=True)
class Fence:
    """What an analysis may do."""

    folders: tuple[Path, ...]
    """The archive: the folders that may be written."""
    loopback: bool = False
    """Connections to this machine are allowed: a local model answers there."""


class Watch:
    """Sees what the interpreter does while `armed`. One for the life of the process: an audit hook cannot be taken out."""

    _only: "Watch | None" = None

    def __init__(self) -> None:
        self.egress: list[str] = []
        self.acted: list[str] = []
        self._armed = False
        self._archive: tuple[str, ...] = ()
        self._loopback = False

    @classmethod
    def installed(cls) -> "Watch":
        """The watch of this process, put in at the first call."""
        if cls._only is None:
            cls._only = cls()
            sys.addaudithook(cls._only._seen)
        return cls._only

    @contextmanager
    def armed(self, fence: "Fence") -> Iterator["Watch"]:
        """Refuses and counts from here on."""
        self.egress, self.acted = [], []
        self._archive = (*(str(folder.resolve()) for folder in fence.folders), os.devnull)
        self._loopback = fence.loopback
        self._armed = True
        try:
            yield self
        finally:
            self._armed = False

    def _seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._armed:
            return
        if event in _CONNECTING:
            self._connection(event, arguments[1])
        elif event in _LOOKING_UP and arguments and not _is_loopback(arguments[0]):
            self._refuse(self.egress, f"{event} {arguments[0]!r}")
        elif event in _STARTING:
            self._refuse(self.acted, f"{event} {arguments[0]!r}")
        elif event == "open":
            path, mode, flags = (*arguments, None, None)[:3]
            if isinstance(flags, int) and flags & _WRITING and not self._is_archive(path):
                self._refuse(self.acted, f"open {path!r} {mode!r}")
        elif event in _CHANGING and not self._is_archive(arguments[0]):
            self._refuse(self.acted, f"{event} {arguments[0]!r}")

    def _connection(self, event: str, address: Any) -> None:
        if self._loopback and isinstance(address, tuple) and _is_loopback(address[0]):
            return  # the server of a local model
        if isinstance(address, str | bytes):
            return  # a socket file of this machine: no way out
        self._refuse(self.egress, f"{event} {address!r}")

    def _is_archive(self, path: Any) -> bool:
        if isinstance(path, int):
            return True  # a descriptor that is open already
        place = os.path.realpath(os.fsdecode(path))
        return any(place == root or place.startswith(root + os.sep) for root in self._archive)

    def _refuse(self, counted: list[str], what: str) -> None:
        counted.append(what)
        raise Breach(f"An analysis tried: {what}")


def _is_loopback(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "127.0.0.1", "::1")


def enclose() -> bool:
    """Moves this process into a network namespace with nothing but loopback; False where the system does not let it. To be called
    before any thread is started: only what is started afterwards is inside with it."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNET if user == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if library.unshare(flags) != 0 and (user != 0 or library.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0):
        return False
    if user != 0:
        _map_ids(user, group)
    return _loopback_up()


def _map_ids(user: int, group: int) -> None:
    """Keeps our own ids inside, so that files look as they did."""
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(line)


def _loopback_up() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            request = struct.pack("16sh14x", b"lo", 0)
            (now,) = struct.unpack("16xh14x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))
            fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", now | IFF_UP))
        except OSError:
            return False
    return True
