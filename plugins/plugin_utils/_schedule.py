# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a machine rotate every night: which files, where, and what of them a person has edited. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from posixpath import dirname
from types import MappingProxyType
from zlib import crc32

import yaml
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.place import folder_of_file
from ansible_collections.softlayer.certificates.plugins.module_utils._trust_store import ROOTS_VARIABLES

Variables = Mapping[str, t.Any]
ROTATE, RENEWED = "softlayer-certificates-rotate", "softlayer-certificates-renewed"
PROGRAMS = (ROTATE, RENEWED)
STARTED = (f"{ROTATE}.timer", f"{ROTATE}.path")
UNITS = (f"{ROTATE}.service", *STARTED)
HOOK = "softlayer-certificates"
QUIET = "ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.quiet"
HIDDEN = "********"
SECRET_VARIABLES = frozenset(
    {"ssl_rotation_privatekey_passphrase", "ssl_rotation_notify_command", "ssl_rotation_ledger_url"}
)
SECRET_SOURCES = frozenset({"mail", "secrets_manager"})
OUTDATED = ". What is wanted now is not in it: edit it, or delete it and run this again"
UNWANTED = ". It is not wanted any more: delete it"
PROXIES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
PATHS = ("SOFTLAYER_CERTIFICATES_CA_PATH", *ROOTS_VARIABLES)
"""What names files in the environment."""
OF_ENVIRONMENT = (
    *("SL_USERNAME", "SL_API_KEY", "SL_ENDPOINT_URL", "SOFTLAYER_CERTIFICATES_TRANSPORT"),
    *("SOFTLAYER_CERTIFICATES_LEDGER_URL", "SOFTLAYER_CERTIFICATES_INSTANCE_URL", "SOFTLAYER_CERTIFICATES_IAM_URL"),
    "IBMCLOUD_API_KEY",
    *PROXIES,
    *map(str.upper, PROXIES),
    *PATHS,
)
"""What a run may need of the environment."""
OWN_FOLDER = "StateDirectoryMode=0700\n"
"""The line of the service behind which other folders are named that it may write in; one that is missing (`-`) is no mistake."""
ONLY_ROOTS = "\n# It writes nothing but its own folder"
"""How that begins, to the end of the unit, which only root may say."""


@dataclass(frozen=True)
class Machine:
    """The machine, and who has it rotate."""

    is_root: bool
    home: str
    """That of who runs this."""
    name: str
    runs_systemd: bool
    ansible: str
    """The folder of `ansible-playbook`."""
    collections: str
    """The folder in which this collection was found, as `ANSIBLE_COLLECTIONS_PATH` has it."""
    libraries: str
    """The folder below which `pip install --user` puts libraries; it would be below the home of the nights."""
    cron: str
    """The program that runs jobs; blank if none was seen."""

    @property
    def has_cron_file(self) -> bool:
        """Whether cron reads a file in `/etc/cron.d`, which that of busybox does not; others give it a line."""
        return self.is_root and self.cron != "busybox"


@dataclass(frozen=True)
class ScheduleOptions:
    """What the user asked for."""

    is_wanted: bool
    scheduler: str
    """`systemd` or `cron`."""
    time: str
    prefix: str
    """The folder below which all is; blank for the machine itself."""
    sources: Sequence[Variables]
    variables: Variables
    """Those of the role `ssl_rotation`."""


@dataclass(frozen=True)
class PlannedFile:
    """A file to be written, or a link."""

    path: str
    mode: int = 0o644
    """The file's permissions, if it is new."""
    content: str | None = None
    """`None` if a file stays as it is."""
    target: str = ""
    """What a link leads to; blank for a file."""
    shown: str | None = None
    """Its content without secrets; `None` if that is nobody's business."""

    @property
    def mark(self) -> str | None:
        """What it is recognised by: the SHA-256 of a file's content, or where a link leads."""
        return self.target or (None if self.content is None else mark_of(self.content.encode()))


def mark_of(content: bytes) -> str:
    """Return what a file is recognised by."""
    return sha256(content).hexdigest()


class Layout:
    """Where everything is: for root where administrators look for it, for others below their home."""

    def __init__(self, machine: Machine, prefix: str) -> None:
        def place(of_root: str, of_user: str) -> str:
            return prefix + (of_root if machine.is_root else f"{machine.home}/{of_user}")

        self.config = place("/etc/softlayer-certificates", ".config/softlayer-certificates")
        self.state = place("/var/lib/softlayer-certificates", ".local/state/softlayer-certificates")
        self.programs = place("/usr/local/sbin", ".local/bin")
        self.units = place("/etc/systemd/system", ".config/systemd/user")
        self.service = f"{self.units}/{UNITS[0]}"
        self.notes = place("/run/softlayer-certificates", ".local/state/softlayer-certificates/notes")
        self.cron = f"{prefix}/etc/cron.d/softlayer-certificates"
        self.manifest = f"{self.config}/.written"
        self.credentials = f"{self.config}/credentials"
        self.rotation = f"{self.config}/rotation.yml"
        self.rotate = f"{self.programs}/{ROTATE}"
        self.hook = f"{self.programs}/{RENEWED}"


def read_options(given: Variables, machine: Machine) -> ScheduleOptions:
    """Return what is asked for.

    Args:
        given: the options, each of its type.
        machine: where.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if given["prefix"] is not None and not re.match("/.", given["prefix"]):
        raise CertificatesError(
            "invalid_argument",
            "prefix is the absolute path of the folder below which everything is written: leave it out to install on this machine.",
        )
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", given["time"]):
        why = "time is a time of day, such as 03:00."
        if given["time"].isdigit():
            why += " In a file, put it in quotes: without them, YAML makes a number of it."
        raise CertificatesError("invalid_argument", why)
    return ScheduleOptions(
        is_wanted=given["state"] == "present",
        scheduler=given["scheduler"] or ("systemd" if machine.runs_systemd else "cron"),
        time=given["time"],
        prefix=given["prefix"] or "",
        sources=given["sources"],
        variables=given["variables"],
    )


def check_paths(layout: Layout, machine: Machine) -> None:
    """Refuse paths that programs and units would take for something else.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    theirs = (machine.ansible, machine.collections, machine.libraries)
    for path in (layout.config, layout.state, layout.programs, *theirs):
        if not re.fullmatch(r"[\w./@+-]+", path):
            raise CertificatesError(
                "invalid_argument",
                f"The path {path} would be in programs and units: choose one with nothing but letters, digits and ./_@+- in it.",
            )


def check_view(path: str, way: Collection[tuple[str, os.stat_result, int]]) -> None:
    """Refuse a path that root's service could not use: it has temporary folders of its own, and may do only what files let root do.

    Args:
        path: what it reads or writes.
        way: the folders on the way to it and itself, each with what is known of it and what is to be done with it, as `os.access` has it.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    places = [path, *(place for place, _known, _use in way)]
    own = [tmp for tmp in ("/tmp", "/var/tmp") if any(f"{place}/".startswith(f"{tmp}/") for place in places)]
    shut = [
        f"{'read' if use & os.R_OK else 'write to' if use & os.W_OK else 'enter'} {place}"
        for place, known, use in way
        if use & ~_rights(known)
    ]
    if own or shut:
        why = f"has a {own[0]} of its own" if own else f"has none of root's powers, and may not {shut[0]}"
        raise CertificatesError(
            "invalid_argument",
            f"The service could not use {path}: it {why}. Have that elsewhere, or have cron start the nights, with -e scheduler=cron.",
        )


def _rights(known: os.stat_result) -> int:
    """Return what root may do without its powers."""
    return known.st_mode >> 6 if known.st_uid == 0 else known.st_mode >> 3 if known.st_gid == 0 else known.st_mode


def items_of(
    options: ScheduleOptions,
    machine: Machine,
    originals: Mapping[str, str],
    environment: Mapping[str, str],
    hook_folders: Iterable[str],
    staying: Mapping[str, str] = MappingProxyType({}),
) -> list[PlannedFile]:
    """Return all that is wanted, in the order in which it is written.

    Args:
        options: what is asked for.
        machine: where.
        originals: the programs and units of the guide by name, for root and with the usual paths.
        environment: of who runs this.
        hook_folders: those of clients that run what is in there after each renewal.
        staying: the text of each file that stays as it is, by path: the nights go by that.
    """
    layout = Layout(machine, options.prefix)
    login = {name: environment[name] for name in OF_ENVIRONMENT if environment.get(name)}
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in login.items())
    credentials = f"# What a run needs to log in, and to find the way. Nobody else may read it.\n{lines}"
    their_login = _login_of(staying.get(layout.credentials, ""))
    has_new = "SL_API_KEY" in login and not login.items() <= their_login.items()
    is_same = staying.get(layout.credentials) == credentials  # as written by a run that was forgotten
    asked = {**options.variables, "ssl_rotation_sources": options.sources}
    variables = {
        "ssl_rotation_sources": options.sources,
        "ssl_rotation_remove_superseded": True,  # only after all listeners were seen to serve what replaces it
        "ssl_rotation_report_path": f"{layout.state}/report.html",
        **asked,
    }
    theirs = _variables_of(staying.get(layout.rotation, ""))
    rotation = _rotation(variables)
    has_all = all(theirs.get(name) == value for name, value in asked.items()) and staying[layout.rotation] != rotation
    items = [
        PlannedFile(layout.credentials, 0o600, credentials if has_new or is_same else None),
        PlannedFile(layout.rotation, 0o600, None if has_all else rotation, shown=_rotation(without_secrets(variables))),
    ]
    folders = written_folders(theirs or variables, their_login or environment, layout) if options.is_wanted else []
    copied = [(layout.programs, name, 0o755) for name in PROGRAMS]
    if options.scheduler == "systemd":
        copied += [(layout.units, name, 0o644) for name in UNITS]
    for folder, name, mode in copied:
        text = _moved(originals[name], options, machine, layout, folders)
        items.append(PlannedFile(f"{folder}/{name}", mode, text, shown=text))
    if options.scheduler == "cron" and machine.has_cron_file:
        text = f"# Every night. It prints what is wrong, and cron mails that.\n{cron_line(options, machine)}\n"
        items.append(PlannedFile(layout.cron, content=text, shown=text))
    return items + [PlannedFile(f"{folder}/{HOOK}", target=layout.hook) for folder in hook_folders]


def without_secrets(variables: Variables) -> Variables:
    """Return the variables of a rotation as they may be shown: of the sources that are logged in to, only their kind."""

    def shown(values: Variables, secrets: Collection[str]) -> dict[str, t.Any]:
        return {name: HIDDEN if name in secrets else value for name, value in values.items()}

    sources = [shown(source, SECRET_SOURCES) for source in variables["ssl_rotation_sources"]]
    return {**shown(variables, SECRET_VARIABLES), "ssl_rotation_sources": sources}


class _Dumper(yaml.SafeDumper):
    """Writes variables, in which all templates have been evaluated: a text that looks like one is marked as none, as Ansible reads it."""


class _Loader(yaml.SafeLoader):
    """Reads them."""


def _represented(dumper: yaml.SafeDumper, text: str) -> t.Any:
    return dumper.represent_scalar(UNSAFE if re.search("{[{%#]", text) else "tag:yaml.org,2002:str", text)


UNSAFE = "!unsafe"
_Dumper.add_representer(str, _represented)
_Dumper.add_multi_representer(str, _represented)  # Ansible's own kinds of text
_Loader.add_constructor(UNSAFE, lambda loader, node: loader.construct_yaml_str(node))
_Loader.add_constructor(None, lambda _loader, _node: HIDDEN)  # what is encrypted, by !vault


def _rotation(variables: Variables) -> str:
    head = "# What is rotated every night. All variables: ansible-doc --type role softlayer.certificates.ssl_rotation\n"
    form = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False, "width": 160}
    return head + str(yaml.dump(variables, Dumper=_Dumper, **form))


def _variables_of(text: str) -> Variables:
    """Return the variables of a file with such; none if it cannot be read, or is encrypted as a whole."""
    with suppress(Exception):
        return dict(_Loader(text).get_single_data())
    return {}


def _login_of(text: str) -> Mapping[str, str]:
    """Return what a file of credentials sets in the environment of a run; nothing if no shell could read it."""
    with suppress(ValueError):
        return dict(word.split("=", 1) for word in shlex.split(text, comments=True) if "=" in word)
    return {}


def shown_rotation(text: str) -> str:
    """Return the text of a file with such variables as it may be shown; blank if it cannot be read."""
    try:
        return _rotation(without_secrets(_variables_of(text)))
    except Exception:  # what it says may quote a secret
        return ""


def ledger_of(variables: Variables, environment: Mapping[str, str]) -> str:
    """Return the URL of the ledger that is named for the nights; blank if none is."""
    return str(variables.get("ssl_rotation_ledger_url") or environment.get("SOFTLAYER_CERTIFICATES_LEDGER_URL") or "")


def written_folders(variables: Variables, environment: Mapping[str, str], layout: Layout) -> list[str]:
    """Return the folders in which a run writes something beside its own, sorted.

    Raises:
        CertificatesError: `invalid_argument`, if that is all there is on the machine; as `folder_of_file`.
    """
    files = (variables.get("ssl_rotation_report_path"), variables.get("ssl_rotation_metrics_path"))
    every = {folder_of_file(ledger_of(variables, environment)) or "", *(dirname(str(path)) for path in files if path)}
    folders = {
        folder
        for folder in every
        if folder.startswith("/")  # what a person has written may be a template
        and not f"{folder}/".startswith(f"{layout.state}/")
    }
    if "/" in folders:
        raise CertificatesError(
            "invalid_argument",
            "Reports, metrics and the ledger cannot be in / itself: name a folder for them.",
        )
    return sorted(folders)


def _moved(original: str, options: ScheduleOptions, machine: Machine, layout: Layout, folders: Iterable[str]) -> str:
    """Return a program or a unit of the guide with this machine's paths, and for a user without what only root may say.

    Args:
        original: its text.
        options: what is asked for.
        machine: where.
        layout: where everything is.
        folders: those in which the service may write beside its own.
    """
    places = {
        "/opt/softlayer-certificates/bin": machine.ansible,
        "/usr/share/ansible/collections": machine.collections,
        "/root/.local": machine.libraries,
        "/etc/softlayer-certificates": layout.config,
        "/var/lib/softlayer-certificates": layout.state,
        "/usr/local/sbin": layout.programs,
        "/etc/systemd/system": layout.units,
        "/run/softlayer-certificates": layout.notes,
        "OnCalendar=*-*-* 03:00": f"OnCalendar=*-*-* {options.time}",
        OWN_FOLDER: OWN_FOLDER + "".join(f"ReadWritePaths={_in_unit(f'-{folder}')}\n" for folder in folders),
    }
    if not machine.is_root:
        safe, is_cut, _rest = original.partition(ONLY_ROOTS)
        original = f"{safe}\nUMask=0077\n" if is_cut else original
        places |= {"ExecStartPre=+": "ExecStartPre=", "multi-user.target": "default.target"}
        places |= {f"{when}=network-online.target\n": "" for when in ("Wants", "After")}
    return re.sub("|".join(map(re.escape, places)), lambda match: places[match[0]], original)


def _in_unit(path: str) -> str:
    """Return a path as units have it, where a blank and a percent sign mean something (systemd.syntax(7), systemd.unit(5))."""
    return json.dumps(path, ensure_ascii=False).replace("%", "%%")


def cron_line(options: ScheduleOptions, machine: Machine) -> str:
    """Return what cron is given: within an hour of the time, at another minute on each machine and the same each time."""
    hour, minute = map(int, options.time.split(":"))
    hour, minute = divmod((60 * hour + minute + crc32(machine.name.encode()) % 60) % (24 * 60), 60)
    rotate = Layout(machine, options.prefix).rotate
    return f"{minute} {hour} * * * {'root ' if machine.has_cron_file else ''}{QUIET} {rotate}"


@dataclass(frozen=True)
class Manifest:
    """What runs have written, or were about to write: a line each, with its mark and its path."""

    lines: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Manifest:
        """Return that of a file."""
        return cls(frozenset(line for line in text.splitlines() if not line.startswith("#")))

    @property
    def paths(self) -> set[str]:
        """Where something was written."""
        return {line.partition("  ")[2] for line in self.lines}

    def has(self, path: str, mark: str) -> bool:
        """Return whether what is in a place was written by a run."""
        return f"{mark}  {path}" in self.lines

    def begun(self, items: Iterable[PlannedFile]) -> Manifest:
        """Return the manifest of a run that is about to write these, each whole or not at all."""
        return Manifest(self.lines | {f"{item.mark}  {item.path}" for item in items})

    def ended(self, marks: Mapping[str, str], edited: Collection[str]) -> Manifest:
        """Return the manifest of a run that has ended.

        Args:
            marks: of what is there and was written, by path.
            edited: the paths of what a person has edited: it is known again once they undo that.
        """
        former = (line.partition("  ") for line in self.lines)
        kept = {f"{mark}  {path}" for mark, _between, path in former if path in edited}
        return Manifest(frozenset(kept | {f"{mark}  {path}" for path, mark in marks.items()}))

    def __str__(self) -> str:
        head = "# What the playbook schedule has written, with the SHA-256 of each file. It replaces and removes only what is as it was."
        return "".join(f"{line}\n" for line in [head, *sorted(self.lines)])


@dataclass(frozen=True)
class SchedulePlan:
    """What a run does."""

    edited: Mapping[str, str]
    """The paths of what a person has edited, each with a sentence if it is to be seen to; it stays as it is."""
    removed: Sequence[str]
    kept: Sequence[PlannedFile]
    """What is wanted and nobody has edited ..."""
    written: Sequence[PlannedFile]
    """... and of that, what is not there yet, or is out of date."""

    @classmethod
    def of(cls, items: Sequence[PlannedFile], manifest: Manifest, marks: Mapping[str, str]) -> SchedulePlan:
        """Return the plan.

        Args:
            items: what is wanted; none if nothing is to rotate here any more.
            manifest: what runs have written.
            marks: of what is there, by path: of all that is wanted or was written.
        """
        wanted = {item.path: item.mark for item in items}
        ours = {path for path, mark in marks.items() if manifest.has(path, mark) or wanted.get(path) == mark}
        kept = [item for item in items if item.path in ours or item.path not in marks]
        return cls(
            edited={
                path: UNWANTED if path not in wanted else OUTDATED if wanted[path] else ""
                for path in marks
                if path not in ours
            },
            removed=sorted(ours - wanted.keys()),
            kept=kept,
            written=[item for item in kept if item.mark and item.mark != marks.get(item.path)],
        )


def told_of(
    plan: SchedulePlan,
    options: ScheduleOptions,
    machine: Machine,
    *,
    has_hook: bool,
    has_state: bool,
    is_check_mode: bool,
) -> Iterator[str]:
    """Yield what a person is told.

    Args:
        plan: what was done, or would be.
        options: what is asked for.
        machine: where.
        has_hook: whether a client calls the hook.
        has_state: whether runs have left a ledger and reports.
        is_check_mode: whether nothing was done.
    """
    layout = Layout(machine, options.prefix)
    is_asked, would = options.is_wanted, "would be " if is_check_mode else ""
    yield from (f"{path}: left as it is, since a person has edited it{what}" for path, what in plan.edited.items())
    if is_asked and any(item.path == layout.credentials and not item.mark for item in plan.kept):
        yield f"{layout.credentials}: left as it is, since SL_API_KEY is not in the environment"
    yield from (f"{path}: {would}removed" for path in plan.removed)
    yield from (f"{item.path}: {would}written" for item in plan.written)
    if not is_asked:
        if layout.rotate in plan.removed and not machine.has_cron_file and layout.service not in plan.removed:
            yield "If you gave cron a line for it, take that out: crontab -e"
        if has_state:
            yield f"{layout.state} is kept: the ledger and the reports are in it."
        elif not (plan.edited or plan.removed):
            yield "There is nothing to remove: no nights were set up here."
        return
    by_systemd = options.scheduler == "systemd"
    is_started = not options.prefix and (machine.runs_systemd if by_systemd else machine.has_cron_file and machine.cron)
    if by_systemd:
        where = f"systemctl {'' if machine.is_root else '--user '}list-timers {ROTATE}.timer"
    else:
        where = (
            layout.cron
            if machine.has_cron_file
            else f"give cron this line, with crontab -e: {cron_line(options, machine)}"
        )
    runs = "runs" if is_started and not is_check_mode else "would run"
    yield f"See what a run would do: {layout.rotate} --check"
    yield f"It {runs} every night, in the hour after {options.time}: {where}"
    if by_systemd and not machine.is_root:
        yield "Once, so that it runs while nobody is logged in: loginctl enable-linger"
    if by_systemd and not (machine.runs_systemd and not options.prefix):
        yield "Nothing is started yet: systemd does not run here, or prefix is set."
    if not (by_systemd or machine.cron or options.prefix):
        yield "No cron was seen here, and without one nothing starts it."
    if not has_hook:
        why = ", as none is below the prefix" if options.prefix else ""
        yield f"No hook of certbot was set{why}. Other clients run {layout.hook} after each renewal, if they are told so; the night is enough."
