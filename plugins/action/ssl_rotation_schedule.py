# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has the machine that Ansible runs on rotate every night, or no more: writes and removes what `_schedule` plans."""

from __future__ import annotations

import os
import re
import shutil
import site
import stat
import sys
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import (
    UNFINISHED_NAME,
    absolute,
    put_in_place,
    real_path,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.place import check_given_place
from ansible_collections.softlayer.certificates.plugins.plugin_utils._called import with_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import refused
from ansible_collections.softlayer.certificates.plugins.plugin_utils._paths import with_absolute_paths
from ansible_collections.softlayer.certificates.plugins.plugin_utils._schedule import (
    OF_ENVIRONMENT,
    PATHS,
    PROGRAMS,
    STARTED,
    UNITS,
    UNWANTED,
    Layout,
    Machine,
    Manifest,
    PlannedFile,
    ScheduleOptions,
    SchedulePlan,
    check_paths,
    check_view,
    items_of,
    ledger_of,
    mark_of,
    read_options,
    shown_rotation,
    told_of,
    written_folders,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import plain

COLLECTION = Path(__file__).parents[2]
PLAYBOOK = "ansible-playbook"
ACLS = {"system.posix_acl_access", "system.nfs4_acl"}
"""The attributes of files that have access control lists."""
SPEC = ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "scheduler": {"type": "str", "choices": ["systemd", "cron"]},
        "time": {"type": "str", "default": "03:00"},
        "prefix": {"type": "str"},
        "sources": {"type": "list", "elements": "dict", "default": []},
        "variables": {"type": "dict", "default": {}},
    }
)


Systemd = Callable[..., Mapping[str, t.Any]]
"""Has systemd do what the module `ansible.builtin.systemd_service` has these options for, and returns its answer; or forget a failure."""


class ActionModule(ActionBase):
    """Writes and removes the files, and has systemd know."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Do it, and return what there is to be told."""
        result, machine = super().run(tmp, task_vars), here()
        scope = "system" if machine.is_root else "user"

        def systemd(**options: t.Any) -> Mapping[str, t.Any]:
            if name := options.get("reset_failed"):  # which that module cannot, and which there is nothing to say of
                self._low_level_execute_command(f"systemctl --{scope} reset-failed {name}")
                return {}
            given = {"scope": scope, **options}
            answer = self._execute_module("ansible.builtin.systemd_service", given, task_vars=task_vars)
            if answer.get("failed"):
                what = options.get("name", "to read its units again")
                raise CertificatesError("not_written", why_refused(what, str(answer.get("msg")), machine))
            return t.cast("Mapping[str, t.Any]", answer)

        try:
            options = options_from(plain(self._task.args), machine)
            check_user(machine, becomes=self._play_context.become and (self._play_context.become_user or "root"))
            if options.is_wanted and (files := files_of(options)):
                name = "ssl_certificate_report"
                answer = self._execute_module(f"softlayer.certificates.{name}", files, task_vars=task_vars)
                if answer.get("failed"):
                    raise CertificatesError("invalid_argument", with_variables(answer, "ssl_rotation", name)["msg"])
            environment = environment_from(os.environ)
            done = schedule(options, machine, environment, systemd, is_check_mode=bool(self._task.check_mode))
        except CertificatesError as error:
            return {**result, **refused(error.message, error.code)}
        except OSError as error:
            what = f"{error.filename2 or error.filename} cannot be written: {error.strerror}. "
            return {**result, **refused(f"{what}Mend that, and run this again: it goes on from there.", "not_written")}
        if not self._task.diff:
            del done["diff"]
        return {**result, **done, "_ansible_verbose_always": True}


def why_refused(what: str, said: str, machine: Machine) -> str:
    """Return the sentence for what systemd does not do. That of a user runs while the user is logged in, which is not so after `su`."""
    if not machine.is_root and "Failed to connect" in said:
        said += (
            ". You are not logged in by systemd, as after su or sudo: have root run `loginctl enable-linger` with your name, and run this again. "
            "Or let cron start the nights, with -e scheduler=cron."
        )
    return f"systemd refuses {what}: {said}"


def options_from(given: Mapping[str, t.Any], machine: Machine) -> ScheduleOptions:
    """Return what is asked for by the arguments of a task. Paths begin where a person is: the nights begin elsewhere.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    read = SPEC.read(with_absolute_paths(given))
    return read_options({**read, "variables": with_absolute_paths(read["variables"], "ssl_rotation_")}, machine)


def check_user(machine: Machine, *, becomes: str | None) -> None:
    """Refuse to become another user than the one who runs Ansible: files would be of the one, and units of the other.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if becomes and not (machine.is_root and becomes == "root"):
        raise CertificatesError(
            "invalid_argument",
            "These are the nights of the user who runs Ansible, whom become does not change. Run it as the one who is to have them, such as "
            "with `sudo ansible-playbook ...` for root, and without become (-e ansible_become=false, if the inventory has it).",
        )


def files_of(options: ScheduleOptions) -> dict[str, t.Any]:
    """Return what the module `ssl_certificate_report` is to see to before the first night: files that are not the usual ones; else nothing."""
    names = {"path": "report_path", "metrics_path": "metrics_path"}
    files = {name: options.variables.get(f"ssl_rotation_{variable}") for name, variable in names.items()}
    given = {name: path for name, path in files.items() if path}
    return {**given, "state": "checked"} if given else {}


def environment_from(given: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of who runs this, in which roots are named by paths that begin where a person is.

    Raises:
        CertificatesError: `invalid_argument`, if something that the nights need of it is no text.
    """
    for name in OF_ENVIRONMENT:
        if re.search("[\ud800-\udfff]", given.get(name, "")):
            raise CertificatesError(
                "invalid_argument", f"{name} in the environment is no text in UTF-8. Correct it, or unset it."
            )
    return {name: absolute(value) if name in PATHS and value.strip() else value for name, value in given.items()}


def schedule(
    options: ScheduleOptions,
    machine: Machine,
    environment: Mapping[str, str],
    systemd: Systemd,
    *,
    is_check_mode: bool = False,
) -> dict[str, t.Any]:
    """Write, remove and start what is asked for, and return whether that changed anything, the `lines` to be told, and the `diff`.

    Args:
        options: what is asked for.
        machine: where.
        environment: of who runs this.
        systemd: what is called on a machine that it runs on, unless all is below another folder.
        is_check_mode: whether nothing is to be done.

    Raises:
        CertificatesError: `invalid_argument`, `not_written`.
        OSError: where something cannot be written.
    """
    layout = Layout(machine, options.prefix)
    if options.is_wanted:
        check_paths(layout, machine)
        check_wanted(options, machine, environment, layout)
    hook_folders = hook_folders_of(options)
    originals = {name: (COLLECTION / "docs/examples/acme" / name).read_text("utf-8") for name in (*PROGRAMS, *UNITS)}
    manifest = Manifest.read(read(layout.manifest))
    marks = marks_of([layout.rotation, layout.credentials])
    edited = {path for path, mark in marks.items() if not manifest.has(path, mark)}
    staying = edited if environment.get("SL_API_KEY") else {*edited, layout.credentials}
    items = items_of(options, machine, originals, environment, hook_folders, {path: read(path) for path in staying})
    there = marks_of([*(item.path for item in items), *sorted(manifest.paths)])
    plan = SchedulePlan.of(items if options.is_wanted else [], manifest, there)
    diff = [difference(item, layout) for item in plan.written if item.shown is not None]
    manages_units = machine.runs_systemd and not options.prefix
    unwanted = (*plan.removed, *(path for path, what in plan.edited.items() if what == UNWANTED))
    stopped = [name for name in map(os.path.basename, unwanted) if manages_units and name in STARTED]
    answers = [systemd(name=name, enabled=False, state="stopped") for name in stopped]
    if not is_check_mode:
        carry_out(plan, manifest, layout, options)
    in_place = [name for name in STARTED if options.is_wanted and os.path.isfile(f"{layout.units}/{name}")]
    starts = in_place if manages_units and options.scheduler == "systemd" else []
    if starts or (manages_units and (plan.removed or plan.written)):  # a run before it may not have come to that
        answers.append(systemd(daemon_reload=True))
    if manages_units and layout.service in plan.removed and not is_check_mode:
        systemd(reset_failed=UNITS[0])  # else it would be shown as failed, after a red night, and nothing could mend it
    answers += [systemd(name=name, enabled=True, state="started") for name in starts]
    has_state = os.path.isdir(layout.state)
    lines = told_of(
        plan, options, machine, has_hook=bool(hook_folders), has_state=has_state, is_check_mode=is_check_mode
    )
    changes = [*plan.removed, *plan.written, *(answer for answer in answers if answer.get("changed"))]
    return {"changed": bool(changes), "lines": list(lines), "diff": diff}


def check_wanted(options: ScheduleOptions, machine: Machine, environment: Mapping[str, str], layout: Layout) -> None:
    """Refuse what each night would be refused, or would not find.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    with suppress(ImportError):  # a run says which library is missing
        check_given_place(ledger_of(options.variables, environment))
    has_key = bool(environment.get("SL_API_KEY"))
    has_login = bool(environment.get("SL_USERNAME")) if has_key else os.path.isfile(layout.credentials)
    if not has_login:
        missing = "is no user name" if has_key else "are no credentials"
        raise CertificatesError(
            "invalid_argument",
            f"There {missing} for the nights: export SL_USERNAME and SL_API_KEY, which go to {layout.credentials}.",
        )
    # What `systemctl edit` has written there may say User=.
    may_be_of_another = os.path.isdir(f"{layout.service}.d")
    if options.scheduler != "systemd" or not machine.is_root or may_be_of_another or options.prefix:
        return
    for path in (machine.ansible, machine.collections, *read_by(options)):
        check_view(path, way_to(path, os.R_OK))
    for path in written_folders(options.variables, environment, layout):
        check_view(path, way_to(path, os.W_OK))


def here() -> Machine:
    """Return the machine that Ansible runs on."""
    return Machine(
        is_root=os.geteuid() == 0,
        home=os.path.expanduser("~"),
        name=os.uname().nodename,
        runs_systemd=os.path.isdir("/run/systemd/system"),
        ansible=folder_of_ansible(sys.executable, sys.argv[0], shutil.which(PLAYBOOK)),
        collections=str(COLLECTION.parents[2]),
        libraries=site.getuserbase(),
        cron=cron_in("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"),
    )


def cron_in(*folders: str) -> str:
    """Return the program that runs jobs, as it is called where links lead to; blank if there is none."""
    paths = (f"{folder}/{name}" for folder in folders for name in ("cron", "crond"))
    return next((os.path.basename(real_path(path)) for path in paths if os.path.exists(path)), "")


def folder_of_ansible(python: str, *called: str | None) -> str:
    """Return the folder with `ansible-playbook`: that of its Python, as in a virtual environment, or that which it was called in."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in (python, *called) if path]
    return next((folder for folder in folders if os.path.isfile(f"{folder}/{PLAYBOOK}")), folders[0])


def hook_folders_of(options: ScheduleOptions) -> list[str]:
    """Return the folders of certbot's hooks that this user may write to."""
    paths = [str(source["certbot"]) for source in options.sources if source.get("certbot")]
    folders = [f"{re.sub('/live(/[^/]+)?/?$', '', path)}/renewal-hooks/deploy" for path in paths]
    below = os.path.join(options.prefix, "")  # a client that is in use must not rotate with what is tried out
    return [
        folder
        for folder in folders
        if folder.startswith(below) and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
    ]


def read_by(options: ScheduleOptions) -> Iterator[str]:
    """Yield what the nights read beside their own folder. All paths are absolute; what is no path may be a secret."""
    written = ("report_path", "metrics_path")
    named = [value for source in options.sources for value in source.values()]
    for name, value in options.variables.items():
        named += [value] if name.endswith("_path") and not name.endswith(written) else []
    yield from (value for value in named if isinstance(value, str) and value.startswith("/"))


def way_to(path: str, use: int) -> list[tuple[str, os.stat_result, int]]:
    """Return the folders on the way to a path, and itself, as far as they are there, each with what is to be done with it.

    Those of which modes do not tell who may do that are left out.
    """
    real, way = Path(real_path(path)), []
    for place in (*reversed(real.parents), real):
        with suppress(OSError):  # it is not there, or a server says nothing of it to root
            known, is_listed = place.stat(), not ACLS.isdisjoint(os.listxattr(place))
            to_do = (use if place == real else 0) | (os.X_OK if stat.S_ISDIR(known.st_mode) else 0)
            way += [] if is_listed else [(str(place), known, to_do)]
    return way


def read(path: str) -> str:
    """Return the text of a file; blank if there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return Path(path).read_text("utf-8", errors="replace")
    return ""


def marks_of(paths: Iterable[str]) -> dict[str, str]:
    """Return what each thing that is there is recognised by."""
    return {
        path: os.readlink(path) if os.path.islink(path) else mark_of(Path(path).read_bytes())
        for path in paths
        if os.path.islink(path) or os.path.isfile(path)
    }


def difference(item: PlannedFile, layout: Layout) -> dict[str, t.Any]:
    """Return what is different in a file, for diff mode; without secrets."""
    before = read(item.path)
    if before and item.path == layout.rotation:
        before = shown_rotation(before)
    return {"before": before, "after": item.shown, "before_header": item.path, "after_header": item.path}


def carry_out(plan: SchedulePlan, manifest: Manifest, layout: Layout, options: ScheduleOptions) -> None:
    """Write and remove. What is begun is remembered, so that a run that was killed is ended by the next one."""
    for folder in {os.path.dirname(real_path(path)) for path in (layout.manifest, *manifest.paths)}:
        remove_unfinished(folder)
    for path in plan.removed:
        os.unlink(path)
    if not options.is_wanted:
        with suppress(FileNotFoundError):
            os.unlink(layout.manifest)
        with suppress(OSError):  # something of a person's may be in it
            os.rmdir(layout.config)
        return
    for folder in (layout.config, layout.state):
        make_folder(folder, 0o700)
    if plan.written:
        remember(manifest.begun(plan.written), layout)
    for item in plan.written:
        make_folder(os.path.dirname(item.path), 0o755)
        put(item)
    ended = manifest.ended(marks_of(item.path for item in plan.kept), plan.edited)
    if str(ended) != read(layout.manifest):
        remember(ended, layout)


def remember(manifest: Manifest, layout: Layout) -> None:
    """Write the manifest: the folder may be a link, but of a link in its place, nothing else is overwritten."""
    folder, name = os.path.split(layout.manifest)
    put_in_place(f"{real_path(folder)}/{name}", str(manifest).encode(), 0o600)


def remove_unfinished(folder: str) -> None:
    """Remove the files, perhaps with secrets, that killed runs have left behind under other names."""
    with suppress(OSError):
        for name in filter(UNFINISHED_NAME.fullmatch, os.listdir(folder)):
            os.unlink(f"{folder}/{name}")


def put(item: PlannedFile) -> None:
    """Write a file, whose owner and permissions stay what they are if it is there; or a link."""
    if item.target:
        with suppress(FileNotFoundError):
            os.unlink(item.path)
        os.symlink(item.target, item.path)
        return
    former = os.stat(item.path) if os.path.exists(item.path) else None
    content = t.cast(str, item.content).encode()
    mode, owner = (stat.S_IMODE(former.st_mode), (former.st_uid, former.st_gid)) if former else (item.mode, None)
    put_in_place(real_path(item.path), content, mode, owner)


def make_folder(path: str, mode: int) -> None:
    """Make a folder if there is none; those above it are open to all."""
    if not os.path.isdir(path):
        make_folder(os.path.dirname(path), 0o755)
        os.mkdir(path, mode)
        os.chmod(path, mode)  # whatever the umask is
