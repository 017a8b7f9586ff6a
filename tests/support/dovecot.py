# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real IMAP server, Dovecot, for tests, from the system's packages; a pytest plugin with fixtures for mailboxes.

Beside it stands mail in bulk that is about nothing.
"""

from __future__ import annotations

import contextlib
import grp
import itertools
import os
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers
from tests.support.certificates import write_authority, write_certificate_of_loopback
from tests.support.tls_servers import HOST

OLDEST = (2, 4)
"""The configuration of older versions is another language."""
STARTS = 3
"""How often a start is tried: another process may take a free port first."""
SECONDS = 20
"""How long anything that the server is asked for may take."""
PROBE_SECONDS = 1
"""How long one look takes at most: another server may be there that says nothing."""
DAY = 86_400
UNPRIVILEGED = {"internal": ("dovecot", "nobody"), "login": ("dovenull", "nobody"), "mail": ("nobody",)}
"""Whom the server's parts run as where the tests run as root: mail is not served as root."""
SETTINGS = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/server.log
protocols = imap
listen = {host}
login_greeting = {greeting}

default_internal_user = {internal.pw_name}
default_internal_group = {group}
default_login_user = {login.pw_name}
first_valid_uid = 1
mail_uid = {mail.pw_uid}
mail_gid = {mail.pw_gid}

mail_driver = maildir
mail_home = {folder}/users/%{{user}}
mail_path = ~/Maildir
mail_index_path = ~/index
mail_control_path = ~/control
mailbox_list_utf8 = yes
mail_fsync = never
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
}}

auth_allow_cleartext = yes
auth_failure_delay = 0
passdb static {{
  password = {password}
}}
userdb static {{
}}

ssl = yes
ssl_server_cert_file = {folder}/server.pem
ssl_server_key_file = {folder}/server.key

service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def find_dovecot() -> Path | None:
    """The server, if it is installed with its part for IMAP."""
    found = servers.find("dovecot")
    if found is None:
        return None
    binary = Path(found).resolve()
    parts = [binary.parents[1] / folder / "dovecot/imap" for folder in ("lib", "libexec")]
    return binary if any(part.exists() for part in parts) else None


def version_of(binary: Path) -> tuple[int, ...]:
    """The server's version."""
    said = subprocess.check_output([str(binary), "--version"], text=True)
    return tuple(int(number) for number in re.findall(r"\d+", said.split()[0]))


# Mailboxes


@dataclass(frozen=True)
class Mailbox:
    """A user's mail: how to log in to it, and how to put something into it past the server."""

    host: str
    port: int
    plain_port: int
    username: str
    password: str
    maildir: Path
    ca_path: Path
    owner: tuple[int, int] | None = None
    """Whose the files have to be; None for whoever runs the tests."""

    def options(self, security: str = "tls", **changes: Any) -> dict[str, Any]:
        """A module's options to log in with `tls`, `starttls` or `none`; those changed to None are left out."""
        options = {
            "host": self.host,
            "port": self.port if security == "tls" else self.plain_port,
            "username": self.username,
            "password": self.password,
            "security": security,
            "ca_path": None if security == "none" else str(self.ca_path),
            **changes,
        }
        return {name: value for name, value in options.items() if value is not None}

    def deliver(
        self, message: bytes | EmailMessage, *, folder: str = "INBOX", flags: str = "", age_days: float = 0
    ) -> str:
        """Put a message into a folder, as new mail unless it has flags, such as `S` for seen; return its file's name.

        It arrived so many days ago.
        """
        content = message if isinstance(message, bytes) else message.as_bytes()
        arrived = time.time() - age_days * DAY
        seconds, microseconds = divmod(int(arrived * 1_000_000), 1_000_000)
        name = f"{seconds}.M{microseconds:06}P{os.getpid()}Q{next(_deliveries)}.localhost"
        home = self._folder(folder)
        temporary = home / "tmp" / name
        temporary.write_bytes(content)
        os.utime(temporary, (arrived, arrived))
        self._hand_over(temporary)
        final = home / "cur" / f"{name}:2,{flags}" if flags else home / "new" / name
        temporary.rename(final)
        return final.name

    def create_folder(self, name: str) -> None:
        """Make an empty folder, or one in another: `Archive/2026`."""
        home = self._folder(name)
        make_maildir(home)
        (home / "maildirfolder").touch()
        for path in (home, *home.iterdir()):
            self._hand_over(path)

    def flags(self) -> list[str]:
        """The files of all messages in all folders, their names and so their flags included: who reads changes none."""
        folders = (self.maildir, *self.maildir.glob(".*"))
        files = (path for folder in folders for kind in ("cur", "new") for path in (folder / kind).glob("*"))
        return sorted(str(path.relative_to(self.maildir)) for path in files)

    def _folder(self, name: str) -> Path:
        return self.maildir if name == "INBOX" else self.maildir / f".{name.replace('/', '.')}"

    def _hand_over(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, *self.owner)


_deliveries = itertools.count()


def make_maildir(path: Path) -> None:
    """Make the folders of a Maildir, unless they are there."""
    for kind in ("cur", "new", "tmp"):
        (path / kind).mkdir(parents=True, exist_ok=True)


# The server


class Server:
    """A server on loopback, with TLS on one port and STARTTLS or nothing on another; it ends with the block."""

    def __init__(self, binary: Path) -> None:
        self.password = secrets.token_hex(12)
        self.port = self.plain_port = 0
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._users = _users()
        self._greeting = secrets.token_hex(8)
        self._folder = Path(tempfile.mkdtemp(prefix="softlayer-dovecot-"))
        self._folder.chmod(0o711)
        self.ca_path, self.other_ca_path = self._folder / "ca.pem", self._folder / "other-ca.pem"
        try:
            for name in ("run", "state", "users"):
                (self._folder / name).mkdir()
            os.chown(self._folder / "users", self._users["mail"].pw_uid, self._users["mail"].pw_gid)
            path, key_path = self._folder / "server.pem", self._folder / "server.key"
            write_certificate_of_loopback(path, key_path, self.ca_path, "Mail CA")
            write_authority(self.other_ca_path, "Mail CA")
            self.start()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, again on the same ports; nothing is lost by a stop."""
        for _ in range(1 if self.port else STARTS):
            ports = (self.port, self.plain_port) if self.port else servers.free_ports(2, HOST)
            if self._start(*ports):
                self.port, self.plain_port = ports
                return
        raise AssertionError(f"Dovecot does not start: {self.log()}")

    def stop(self) -> None:
        """End the server with all its connections, until `start`."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # those that serve a connection outlive the one that began them
        process.wait()
        self._wait_for(lambda: not (_accepts(self.port) or _accepts(self.plain_port)))

    def log(self) -> str:
        """All that the server has said."""
        files = (self._folder / name for name in ("output.log", "server.log"))
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists())

    def new_user(self, maildir: Path | None = None) -> Mailbox:
        """A user with an empty mailbox, or with the Maildir that another process delivers into.

        Where the tests run as root, the Maildir is given to another user, who must be able to read what is delivered.
        """
        username = f"user-{secrets.token_hex(6)}"
        mail = self._users["mail"]
        home = self._folder / "users" / username
        home.mkdir()
        path = maildir or home / "Maildir"
        make_maildir(path)
        if maildir is not None:
            (home / "Maildir").symlink_to(maildir.resolve())
        owner = None if mail.pw_uid == os.geteuid() else (mail.pw_uid, mail.pw_gid)
        if owner is not None:
            for own in (home, path, *path.rglob("*")):
                os.chown(own, *owner)
            _let_through(path)
        return Mailbox(HOST, self.port, self.plain_port, username, self.password, path, self.ca_path, owner)

    def connections(self, username: str) -> list[int]:
        """The processes that serve a user, one for each connection."""
        rows = self._doveadm("-f", "tab", "who", "-1", username).splitlines()[1:]
        return [int(row.split("\t")[2]) for row in rows if row.split("\t")[0] == username]

    def kick(self, username: str, *, bye: bool = True) -> int:
        """Wait until a user is connected, then end all connections, without a word unless `bye`; how many there were.

        The user can log in again at once.
        """
        self._wait_for(lambda: self.connections(username))
        processes = self.connections(username)
        if bye:
            self._doveadm("kick", username)
        else:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        self._wait_for(lambda: not set(processes) & set(self.connections(username)))
        return len(processes)

    def _wait_for(self, condition: Callable[[], object]) -> None:
        servers.wait_for(condition, "Dovecot", SECONDS, self.log)

    @property
    def _configuration(self) -> Path:
        return self._folder / "dovecot.conf"

    def _settings(self, port: int, plain_port: int) -> str:
        return SETTINGS.format(
            folder=self._folder,
            host=HOST,
            greeting=self._greeting,
            group=grp.getgrgid(self._users["internal"].pw_gid).gr_name,
            password=self.password,
            port=port,
            plain_port=plain_port,
            **self._users,
        )

    def _start(self, port: int, plain_port: int) -> bool:
        self._configuration.write_text(self._settings(port, plain_port), encoding="utf-8")
        with (self._folder / "output.log").open("ab") as output:
            command = [str(self._binary), "-F", "-c", str(self._configuration)]
            self._process = servers.start(
                command, cwd=self._folder, stdout=output, stderr=output, start_new_session=True
            )
        self._wait_for(lambda: self._exited() or self._answers(port, plain_port))
        return not self._exited()

    def _exited(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _answers(self, port: int, plain_port: int) -> bool:
        """Whether it is this server that answers."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, plain_port), PROBE_SECONDS) as connection:
            return self._greeting in connection.makefile("r").readline() and _accepts(port)
        return False

    def _doveadm(self, *arguments: str) -> str:
        found = self._binary.parents[1] / "bin/doveadm"
        command = [str(found if found.exists() else "doveadm"), "-c", str(self._configuration), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode not in (0, os.EX_NOUSER):
            raise AssertionError(f"doveadm {' '.join(arguments)}: {done.stderr}{self.log()}")
        return done.stdout


def _users() -> dict[str, pwd.struct_passwd]:
    """Whom each part runs as."""
    if os.geteuid() != 0:
        return dict.fromkeys(UNPRIVILEGED, pwd.getpwuid(os.geteuid()))
    users: dict[str, pwd.struct_passwd] = {}
    for part, names in UNPRIVILEGED.items():
        for name in names:
            with contextlib.suppress(KeyError):
                users.setdefault(part, pwd.getpwnam(name))
    if set(users) != set(UNPRIVILEGED):
        pytest.skip("Dovecot serves no mail as root, and there is no user nobody: run the tests as another user")
    return users


def _let_through(path: Path) -> None:
    """Let other users pass the folders above, which are often those of temporary files and closed to others."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), PROBE_SECONDS):
        return True
    return False


# Mail about nothing

SUBJECTS = (
    "Your gift certificate is waiting",
    "Minutes of the weekly meeting",
    "Certificate of attendance",
    "Begin the summer with 20% off",
    "Lunch on Thursday?",
    "Invoice for last month",
    "Grüße aus dem Büro",
    "Re: Order update",
    "[team] Nightly build 4711 passed",
)
TEXT = "Begin your order with the gift certificate, please: the discount ends\ntomorrow, in the beginning of the party of this month.\n"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0WIQR2\n=njUN\n-----END PGP SIGNATURE-----\n"


def fill(mailbox: Mailbox, number: int, *, days: float) -> None:
    """Deliver a number of messages about other things, all seen, the oldest first, evenly distributed over the last days.

    They are letters, some of them signed, HTML, and documents, of half a kilobyte to thirty.
    """
    for index in range(number):
        age, text = days * (number - 1 - index) / max(number - 1, 1), TEXT * (1 + index % 30)
        message = EmailMessage()
        message["From"], message["To"] = "news@shop.example", "user@mail.example"
        message["Subject"], message["Message-ID"] = SUBJECTS[index % len(SUBJECTS)], f"<{index}@mail.example>"
        message["Date"] = formatdate(time.time() - age * DAY)
        message.set_content(text + SIGNATURE * (index % 4 == 0))
        if index % 4 == 2:
            message.add_alternative(f"<html><body><p>{text}</p></body></html>\n", subtype="html")
        if index % 4 == 3:
            document = b"%PDF-1.7\n" + random.Random(index).randbytes(500 + 31 * index % 19_000)
            message.add_attachment(document, "application", "pdf", filename="certificate-of-attendance.pdf")
        mailbox.deliver(message, flags="S", age_days=age)


# Fixtures


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Server]:
    """One server for all tests of a worker; the test is skipped where it cannot be had."""
    binary = find_dovecot()
    if binary is None:
        pytest.skip("no IMAP server: install the system's package dovecot-imapd (Fedora: dovecot)")
    if version_of(binary) < OLDEST:
        pytest.skip(f"the IMAP server is too old: Dovecot {'.'.join(map(str, OLDEST))} or later is needed")
    with Server(binary) as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Server) -> Mailbox:
    """The empty mailbox of a new user."""
    return dovecot.new_user()
