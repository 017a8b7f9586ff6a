# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project's checks, each a nox session. `make test` runs the session `test`, `make test-all` all others, too, and `make unit` one kind.

Every session works on a copy of the work tree in a folder `.../ansible_collections/softlayer/certificates`, as Ansible
wants it, and leaves JUnit files in `.nox/reports/<session>`, which `tests/tools/run.py` adds up. The longest sessions are the first, so that none
of them runs alone in the end.
"""

from __future__ import annotations

import configparser
import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from xml.etree import ElementTree

import nox

nox.options.allow_parallel = True
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # tests/tools/run.py says which are missing
nox.options.reuse_venv = "yes"

ROOT = Path(__file__).parent
RUNTIME = ("--requirement", str(ROOT / "requirements.txt"))
SITE = ROOT / ".docs"
UVS_NAMES = {
    "cert": ("SSL_CERT_FILE", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}
"""Settings of pip that say where packages come from: the variables that say it to uv, and what separates several values there."""
GROUPS = nox.project.load_toml(str(ROOT / "pyproject.toml"))
SERVERS = {
    "postgresql": (("initdb", "/usr/lib/postgresql/*/bin/initdb"), "ledgers in PostgreSQL"),
    "dovecot-imapd": (("/usr/lib*/dovecot/imap", "/usr/local/lib*/dovecot/imap"), "mailboxes"),
    "haproxy": (("haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"), "what load balancers serve"),
}
"""Debian's packages of the servers that the unit tests start: where they are when installed, and what they test."""
ACME = {
    "pebble": (("pebble",), "certificates of ACME authorities"),
    "certbot": (("certbot",), "certificates that certbot renews"),
    "lego": (("lego",), "certificates that lego renews"),
    "acme.sh": (("acme.sh",), "certificates that acme.sh renews"),
    "cron": (("crontab",), "jobs of cron"),
    "systemd": (("systemd-analyze",), "what systemd thinks of the units that the role writes"),
}
"""The same: an ACME authority, its clients, and what starts these."""
CHECKERS = {
    "shellcheck": (("shellcheck",), "the shell scripts that the role writes"),
    "prometheus": (("promtool",), "what Prometheus thinks of metrics and alert rules"),
}
"""The same: what says whether a file is right."""
BROWSER = {
    "chromium": (("/usr/bin/chromium",), "the report in a browser"),
    "chromium-driver": (("/usr/bin/chromedriver",), "the report in a browser"),
}
"""The same for the browser tests."""
CONTAINERS = {
    "podman": (("podman",), "the execution environment"),
    "runc": (("crun", "runc"), "the execution environment"),
    "mmdebstrap": (("mmdebstrap",), "the execution environment"),
}
"""What the execution environment is built with."""

PYTHON3 = f"{sys.version_info.major}.{sys.version_info.minor}"
USUAL_CORE = "ansible-core~=2.18.0"
"""The oldest, which sessions use that need only one; the image has it in which AWX runs jobs."""
NEWEST_CORE = "ansible-core"
"""Whatever version of it is the last."""
NEW_PYTHON3 = "3.13" if PYTHON3 == "3.11" else PYTHON3
"""For ansible-core 2.20 and later, which need Python 3.12 or later."""
CORES = {
    "2.18": nox.param(PYTHON3, USUAL_CORE, id="core-2.18"),
    "2.19": nox.param(PYTHON3, "ansible-core~=2.19.0", id="core-2.19"),
    "2.20": nox.param(NEW_PYTHON3, "ansible-core~=2.20.0", id="core-2.20"),
    "2.21": nox.param(NEW_PYTHON3, "ansible-core~=2.21.0", id="core-2.21"),
    "newest": nox.param(NEW_PYTHON3, NEWEST_CORE, id="core-newest"),
}
"""The versions of ansible-core that the collection is made for. Of these `make test` runs a choice, the workflow all."""
NEXT = {"next": nox.param(NEW_PYTHON3, "ansible-core>=2.21.0rc1", id="core-next")}
"""The candidate of the next release where there is one, else the newest release; it runs by name only, and may fail."""
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""The versions of Python that modules may run on. All code is compiled and imported by each that is on this machine."""
LONG = os.environ.get("LONG") == "1"
"""Whether to run all tests on each version of ansible-core, and the tests that take long."""
QUIET = {"PYTHONWARNINGS": "ignore:DSA is deprecated"}
"""Hide what cryptography 51 says of the SSH agent of Ansible 2.21 in each command of Ansible."""
REST = os.environ.get("REST") == "1"
"""Whether to leave out the tests that the session `test` runs."""


def interpreter(command: str) -> Path | None:
    """The interpreter behind a command, if it works; pyenv has commands that only say that there is none."""
    if not shutil.which(command):
        return None
    ask = [command, "-c", "import sys; print(sys.executable)"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


OLDEST = next(iter(CORES))
LAST = "newest" if interpreter(f"python{NEW_PYTHON3}") else "2.19"
"""The newest of these that runs on this machine."""
CHOSEN = os.environ.get("CORE", "").split()
if not (CORES | NEXT).keys() >= set(CHOSEN):
    known = ", ".join(CORES | NEXT)
    sys.exit(f"CORE takes versions of ansible-core, one or more of {known}; there is no {' '.join(CHOSEN)}.")


def on_cores(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a session on these versions of ansible-core, or on those that the environment variable CORE names."""
    return nox.parametrize(
        "python,core", [(CORES | NEXT)[name] for name in CHOSEN or (CORES if LONG else dict.fromkeys(names))]
    )


SOME_AT_ONCE = ("--numprocesses=3", "--dist=loadgroup")
"""More processes than processors, as many tests wait for something; tests that share what takes long are run by one of them."""

WAIT_FOR_DPKG = 300
"""Seconds, where another program installs packages meanwhile."""

NOW, LATER, ON_NEWEST = ("-m", "not later"), ("-m", "later"), ("-m", "not later and not oldest")
"""Select the tests that the session `test` runs, those that it leaves out, and those of `ON_EACH_CORE` for the newest version."""
ON_EACH_CORE = [
    "tests/unit/playbooks",
    *(f"tests/unit/plugins/{name}" for name in ("action", "callback", "filter", "inventory", "plugin_utils")),
    *sorted(f"tests/unit/plugins/modules/test_{path.name}" for path in ROOT.glob("plugins/modules/*.py")),
    *(f"tests/unit/plugins/module_utils/_base/test_{name}.py" for name in ("module", "options", "secrets")),
    "tests/unit/plugins/test_secrets.py",
    "tests/outside/test_hosts_of_the_play.py",
]
"""Tests of the parts that depend on Ansible. `make test-all` runs these tests on the newest version, too, unless they are marked `later` or `oldest`."""
SCENARIO = "default"
"""The Molecule scenario that the session `test` runs."""
STYLE = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "yamllint": ["yamllint", "--strict", "."],
    "mypy": ["mypy"],
}
"""Checks of style and types."""


@nox.session(default=False, venv_backend="none")
def packages(session: nox.Session) -> None:
    """Install the servers and programs that tests start; without root, list the missing packages."""
    install_packages(session, SERVERS | ACME | CHECKERS | BROWSER | (CONTAINERS if os.geteuid() == 0 else {}))


@nox.session(default=False)
def test(session: nox.Session) -> None:
    """Run what a contributor runs for each change: without root, on the oldest ansible-core, and with the servers that are installed."""
    session.install(USUAL_CORE, *RUNTIME, *group("check"))
    tree = collection(session)
    tests = ["pytest", "-q", *SOME_AT_ONCE, *NOW, f"--junitxml={reports(session) / 'pytest.xml'}"]
    commands = {
        **STYLE,
        "pytest": [*tests, *(session.posargs or ["tests/unit", "tests/outside"])],
        "molecule": ["molecule", "test", "--scenario-name", SCENARIO],
    }
    run_each(session, commands, cwd=tree, env=isolated(session, tree) | {"PYTHONHASHSEED": "0"})


@nox.session
@on_cores(OLDEST, LAST)
def unit(session: nox.Session, core: str) -> None:
    """The unit tests, module runs against the simulator among them."""
    session.install(core, *RUNTIME, *group("test"))
    install_packages(session, SERVERS | ACME | CHECKERS)
    # What takes long is about no version of Ansible: these two cores share all tests between them.
    env = {"LONG": "1" if LONG and core in {USUAL_CORE, NEWEST_CORE} else ""}
    pytest(session, *SOME_AT_ONCE, *(session.posargs or chosen("tests/unit", core)), env=env)


@nox.session
@on_cores(OLDEST, *(() if REST else (LAST,)))
def outside(session: nox.Session, core: str) -> None:
    """What users may rely on, attacked from outside."""
    session.install(core, *RUNTIME, *group("test"))
    install_packages(session, SERVERS)
    pytest(session, *SOME_AT_ONCE, *(session.posargs or chosen("tests/outside", core)))


def chosen(folder: str, core: str) -> list[str]:
    """Return the arguments of pytest that select the tests of a directory; with REST, the tests that no other session runs."""
    if not REST or LONG or CHOSEN:
        return [folder]
    return [*LATER, folder] if core == USUAL_CORE else [*ON_NEWEST, *ON_EACH_CORE]


@nox.session
@on_cores(LAST)
def sanity(session: nox.Session, core: str) -> None:
    """ansible-test sanity of all that is shipped, on this machine and without containers; ruff looks after the rest."""
    session.install(core)
    tree = collection(session)
    home = Path(isolated(session, tree)["HOME"])
    prepare_ansible_test(session, home)
    (tree / "tests/output").mkdir()
    (tree / "tests/output/junit").symlink_to(reports(session))
    not_shipped = ["--exclude", "tests/", "--exclude", "examples/"]
    command = ["ansible-test", "sanity", "--local", "--junit", *not_shipped, "--python"]
    with session.chdir(tree):
        session.run(*command, str(session.python), *session.posargs, env={"HOME": str(home)})
        others = {} if session.posargs else other_pythons(session)
        for version, python in others.items():
            # ansible-test takes the first of this name for the interpreter itself; pyenv puts a script there.
            path = os.pathsep.join([session.bin, str(python.parent), os.environ["PATH"]])
            env = {"HOME": str(home), "PATH": path}
            session.run(*command, version, "--test", "compile", "--test", "import", env=env)


@nox.session
def image(session: nox.Session) -> None:
    """The execution environment, built without a registry, and used by what people use it with."""
    if os.geteuid() != 0:
        session.skip("only root can run containers as any user: sudo make image")
    prepare_image(session)
    install_packages(session, SERVERS)
    pytest(session, *(session.posargs or ["tests/e2e/image"]))


@nox.session
@on_cores(OLDEST)
def awx_jobs(session: nox.Session, core: str) -> None:
    """This repository as a project of AWX: its jobs, run by what AWX runs them with, on the image's ansible-core."""
    session.install(core, *RUNTIME, *group("awx-jobs"))
    install_packages(session, SERVERS)
    pytest(session, *SOME_AT_ONCE, *(session.posargs or ["tests/e2e/awx_jobs"]))


@nox.session
def awx(session: nox.Session) -> None:
    """The playbooks that set up AWX, with AWX's own modules, against a stub of its API."""
    session.install(USUAL_CORE, *RUNTIME, *group("test"))
    install_awx(session)
    pytest(session, *SOME_AT_ONCE, *(session.posargs or ["tests/e2e/awx"]))


@nox.session
@on_cores(OLDEST)
def molecule(session: nox.Session, core: str) -> None:
    """Every scenario of extensions/molecule."""
    session.install(core, *RUNTIME, *group("molecule"))
    tree = collection(session)
    scenarios = session.posargs or sorted(path.parent.name for path in tree.glob("extensions/molecule/*/molecule.yml"))
    if not scenarios:
        session.error("extensions/molecule has no scenario")
    absent = install_packages(session, {"haproxy": SERVERS["haproxy"], "cron": ACME["cron"]})
    if REST and not session.posargs:
        scenarios.remove(SCENARIO)
    if not session.posargs:
        needing = {"haproxy": "rotation", "cron": "schedule"}
        scenarios = [scenario for scenario in scenarios if scenario not in {needing[name] for name in absent}]
    run_each(
        session,
        {scenario: ["molecule", "test", "--scenario-name", scenario] for scenario in scenarios},
        cwd=tree,
        env=isolated(session, tree),
    )


@nox.session
@on_cores(LAST)
def walk(session: nox.Session, core: str) -> None:
    """A newcomer's first steps, as the README describes them."""
    session.install(core, *RUNTIME, *group("test"))
    install_packages(session, SERVERS | ACME)
    pytest(session, "tests/e2e/walk", *session.posargs, env={"ANSIBLE_CORE": core})


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, licenses, and what Ansible's own linter says."""
    session.install("ansible-core", *RUNTIME, *group("lint"))
    install_awx(session)
    tree = collection(session)
    run_each(
        session,
        {
            **({} if REST else STYLE),
            "ansible-lint": ["ansible-lint"],
            "reuse": ["reuse", "lint"],
            "changelog fragments": ["antsibull-changelog", "lint"],
            "changelog": ["antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"],
            "workflows": [*schema("github-workflows"), *files(".github/workflows/*")],
            "issue forms": [*schema("github-issue-forms"), ".github/ISSUE_TEMPLATE/bug_report.yml"],
            "issue links": [*schema("github-issue-config"), ".github/ISSUE_TEMPLATE/config.yml"],
            "dependabot": [*schema("dependabot"), ".github/dependabot.yml"],
            "zizmor": ["zizmor", "--offline", "--quiet", "."],
        },
        cwd=tree,
        env=isolated(session, tree),
    )


@nox.session
def browser(session: nox.Session) -> None:
    """The report in a browser. With SCREENSHOTS=1, the session creates the pictures of the documentation again."""
    absent = install_packages(session, BROWSER)
    if absent:
        session.skip(f"there is no {' and no '.join(absent)}")
    session.install(USUAL_CORE, *RUNTIME, *group("browser"))
    pictures = str(ROOT / "docs/docsite/images") if os.environ.get("SCREENSHOTS") else ""
    pytest(session, *(session.posargs or ["tests/e2e/browser"]), env={"SCREENSHOTS": pictures})


@nox.session
@on_cores(LAST)
def artefact(session: nox.Session, core: str) -> None:
    """The collection as it is built and installed."""
    session.install(core, *RUNTIME, *group("artefact"))
    pytest(session, "tests/e2e/artefact", *session.posargs, env={"ANSIBLE_CORE": core})


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, in `.docs`; whatever antsibull-docs or Sphinx warns of is a failure."""
    session.install("ansible-core", *group("docs"))
    tree = collection(session)
    pages = Path(session.virtualenv.location, "pages").resolve()
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(mode=0o755)
    shutil.rmtree(SITE, ignore_errors=True)
    of_ours = ["--use-current", "--squash-hierarchy", "--fail-on-error", "softlayer.certificates"]
    run_each(
        session,
        {
            "lint": ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs", "."],
            "pages": ["antsibull-docs", "collection", f"--dest-dir={pages}", *of_ours],
            "site": [
                *("sphinx-build", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env", "-c", "docs"),
                f"--doctree-dir={pages}/.doctrees",
                str(pages),
                str(SITE),
            ],
        },
        cwd=tree,
        env=isolated(session, tree),
    )
    session.log(f"The site begins at {SITE / 'index.html'}.")


@nox.session(default=LONG)
def mutants(session: nox.Session) -> None:
    """Which slips in the code that decides about harm the pure tests notice."""
    session.install(USUAL_CORE, *RUNTIME, *group("test"))
    tree = collection(session)
    command = ["python", "-m", "tests.tools.mutants", *session.posargs]
    env = isolated(session, tree) | {"PYTHONHASHSEED": "0", "LONG": None}  # each mutant meets the tests of every change
    run_each(session, {"mutants": command}, cwd=tree, env=env)


@nox.session(default=False)
def ee(session: nox.Session) -> None:
    """Build the execution environment, and list the orders of a simulated account in it."""
    prepare_image(session)
    session.run("python", "-m", "tests.e2e.image")


@nox.session(name="demo-acme", default=False)
def demo_acme(session: nox.Session) -> None:
    """Show how a certificate that certbot renews gets to a load balancer."""
    needed = {name: ACME[name] for name in ("pebble", "certbot")}
    lacking = missing(needed)
    absent = install_packages(session, needed)
    if absent:
        session.error(f"there is no {' and no '.join(absent)}")
    try:
        session.install("ansible-core", *RUNTIME, *group("simulator"))
        session.run("python", "-m", "examples.demo.acme")
    finally:
        if lacking:
            session.log(f"Installed on this machine, and left: {' and '.join(lacking)}, with what they depend on")
            session.log(f"To remove these packages: apt-get purge --auto-remove {' '.join(lacking)}")
        else:
            session.log("No package was installed on this machine: Pebble and certbot were there")
        session.log("To remove .venv, .nox and .demo-acme: make clean")


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Turn the fragments, and what is new in the version of galaxy.yml, into the changelog."""
    session.install(*group("changelog"))
    session.run("antsibull-changelog", "release", "--update-existing", "--reload-plugins", *session.posargs)


def not_run(ran: Collection[str]) -> Iterator[str]:
    """Yield what a run of these sessions does not run, and the reason or the command to run it; `tests/tools/run.py` prints this at the end."""
    sessions = nox.registry.get()
    others = [name for name, each in sessions.items() if each.default and name not in ran]
    if others:
        rest = "tests marked later (random worlds, mailboxes, PostgreSQL, ACME clients), " if "test" in ran else ""
        yield f"{rest}{', '.join(others)}: make test-all"
    if not LONG:
        yield "all versions of ansible-core, slow tests, and mutants: make test-long"
    if "sanity" in ran and (lacking := [version for version in PYTHONS if not interpreter(f"python{version}")]):
        yield f"compiling and importing on Python {', '.join(lacking)}: not installed on this host"
    for package, tests in missing(SERVERS | ACME | CHECKERS).items() if {"test", "unit"} & set(ran) else ():
        yield f"tests of {tests}: the package {package} is not installed (as root: make packages)"
    yield "benchmarks: make bench"


def missing(packages: dict[str, tuple[tuple[str, ...], str]]) -> dict[str, str]:
    """Of packages those that are not installed, and what they test."""
    return {package: tests for package, (patterns, tests) in packages.items() if not any(map(find, patterns))}


def install_packages(session: nox.Session, packages: dict[str, tuple[tuple[str, ...], str]]) -> list[str]:
    """Install what tests start, or say which tests are skipped; return what is not there."""
    absent = missing(packages)
    if not absent:
        return []
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        for package, tests in absent.items():
            session.warn(f"The tests of {tests} are skipped. Install the package {package}.")
        return list(absent)
    folder = ROOT / ".nox"
    folder.mkdir(exist_ok=True)
    with open(folder / "apt.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for another session that runs now
        if absent := missing(packages):
            session.log(f"Installing {', '.join(absent)}, which takes a while")
            session.run("apt-get", "update", "--quiet", external=True, silent=True)
            command = [
                "-o",
                f"DPkg::Lock::Timeout={WAIT_FOR_DPKG}",
                "install",
                "--yes",
                "--no-install-recommends",
                *absent,
            ]
            session.run("apt-get", *command, external=True, silent=True, env={"DEBIAN_FRONTEND": "noninteractive"})
    return []


def prepare_image(session: nox.Session) -> None:
    """Install what builds and runs the execution environment, or skip the session where it cannot be had."""
    absent = install_packages(session, CONTAINERS)
    if absent:
        session.skip(f"there is no {' and no '.join(absent)}")
    session.install(USUAL_CORE, *RUNTIME, *group("image"))
    archive = Path(session.virtualenv.location, "base.tar").resolve()
    archive.unlink(missing_ok=True)  # of an earlier run, with packages as they were then
    os.environ["EE_BASE_ARCHIVE"] = str(archive)
    check = ["python", "-m", "tests.e2e.image", "--check"]
    why_not = str(session.run(*check, silent=True, log=False, success_codes=[0, 3])).strip()
    if why_not:
        session.skip(why_not)


def find(pattern: str) -> bool:
    """Whether there is such a program on the path, or such a file; NO_SERVERS=1 hides all from the tests, too."""
    if os.environ.get("NO_SERVERS") == "1":
        return False
    return bool(shutil.which(pattern) or any(Path("/").glob(pattern.removeprefix("/"))))


def other_pythons(session: nox.Session) -> dict[str, Path]:
    """The other versions of Python that modules may run on, of those that work here."""
    others = {version: interpreter(f"python{version}") for version in PYTHONS if version != session.python}
    return {version: python for version, python in others.items() if python}


def pips_configuration() -> configparser.RawConfigParser:
    """What pip's configuration files and environment variables say, for those that do not read them."""
    config = configparser.RawConfigParser()
    config.read_dict({"global": {}})
    config.read(["/etc/pip.conf", Path.home() / ".pip/pip.conf", Path.home() / ".config/pip/pip.conf"])
    in_environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    config.read_dict({"global": {name[4:].lower().replace("_", "-"): value for name, value in in_environment.items()}})
    return config


def point_uv() -> None:
    """Have uv take packages from where pip takes them, unless it is told otherwise."""
    said = pips_configuration()["global"]
    for setting, (variable, separator) in UVS_NAMES.items():
        if setting in said:
            os.environ.setdefault(variable, separator.join(said[setting].split()))
    os.environ.setdefault("UV_NATIVE_TLS", "true")
    os.environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")


def install_awx(session: nox.Session) -> None:
    """Install the collection awx.awx. The package `ansible` has it, and a hundred others, which are left out."""
    ask_folder = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(str(session.run("python", "-c", ask_folder, silent=True, log=False)).strip())
    if (folder / "ansible_collections/awx").is_dir():
        return
    wheels = Path(session.create_tmp())
    session.install("pip")  # uv downloads no wheel
    session.run("pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), *group("awx-modules"))
    with zipfile.ZipFile(next(wheels.glob("ansible-*.whl"))) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith("ansible_collections/awx/awx/")])


def schema(name: str) -> list[str]:
    """The command that checks files against a schema that it brings along."""
    return ["check-jsonschema", "--builtin-schema", f"vendor.{name}"]


def files(pattern: str) -> list[str]:
    """The work tree's files that match a pattern, relative to it."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def group(name: str) -> tuple[str, ...]:
    """What a dependency group of pyproject.toml asks for."""
    return nox.project.dependency_groups(GROUPS, name)


def collection(session: nox.Session) -> Path:
    """Copy the work tree, less what git ignores, to where Ansible's tools expect a collection."""
    tree = Path(session.virtualenv.location, "tree/ansible_collections/softlayer/certificates")
    shutil.rmtree(tree, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listing, cwd=ROOT, text=True).split("\0"):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    # A repository of its own, or the tools would take all of it for ignored files of this one.
    subprocess.check_call(["git", "init", "--quiet"], cwd=tree)
    subprocess.check_call(["git", "add", "--all"], cwd=tree)
    return tree


def reports(session: nox.Session) -> Path:
    """A new, empty folder for the session's JUnit files."""
    folder = ROOT / ".nox/reports" / session.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def isolated(session: nox.Session, tree: Path) -> dict[str, str | None]:
    """An environment in which the collection is found, and nothing of the user's: home, credentials, proxies."""
    home = Path(session.virtualenv.location, "home")
    home.mkdir(exist_ok=True)
    unwanted = ("ANSIBLE_", "SL_", "SOFTLAYER_", "XDG_")
    hidden = [name for name in os.environ if name.startswith(unwanted) or name.lower().endswith("_proxy")]
    return {
        **dict.fromkeys(hidden),
        "HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2]),
        "NO_COLOR": "1",
    }


def pytest(session: nox.Session, *args: str, env: dict[str, str] | None = None) -> None:
    """Run pytest in a copy of the work tree."""
    env = {"PYTHONHASHSEED": "0", **QUIET, **(env or {})}  # pytest-xdist's workers must agree on names made of sets
    with session.chdir(collection(session)):
        session.run("pytest", f"--junitxml={reports(session) / 'pytest.xml'}", *args, env=env)


def run_each(session: nox.Session, commands: dict[str, list[str]], cwd: Path, env: dict[str, str | None]) -> None:
    """Run every command, also after one has failed, and report each as a test."""
    report = reports(session) / "commands.xml"
    suite = ElementTree.Element("testsuite", name=session.name)
    failed: list[str] = []
    with session.chdir(cwd):
        for name, command in commands.items():
            case = ElementTree.Element("testcase", classname=session.name, name=name)
            if not any(part.startswith("--junitxml") for part in command):  # pytest reports its tests itself
                suite.append(case)
            try:
                session.run(*command, env=env)
            except nox.command.CommandFailed:
                ElementTree.SubElement(case, "failure", message=f"{name} failed")
                failed.append(name)
    ElementTree.ElementTree(suite).write(report)
    if failed:
        session.error(f"failed: {', '.join(failed)}")


def prepare_ansible_test(session: nox.Session, home: Path) -> None:
    """Give ansible-test what it would download, and the pip configuration that it would not pass on.

    ansible-test makes virtual environments without pip, then fetches a script that puts one version of pip into them.
    """
    ask_version = (
        "from ansible_test._internal import host_configs as hosts, python_requirements as requirements;"
        f"python = hosts.NativePythonConfig(version='{session.python}', path='');"
        "print(requirements.get_venv_packages(python)['pip'].replace('.', '_'))"
    )
    version = str(session.run("python", "-c", ask_version, silent=True, log=False)).strip()
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests/tools/get_pip.py", cache / f"get_pip_{version}.py")

    config = pips_configuration()
    config["global"].setdefault("quiet", "1")
    config["global"].setdefault("compile", "false")
    (home / ".config/pip").mkdir(parents=True, exist_ok=True)
    with open(home / ".config/pip/pip.conf", "w", encoding="utf-8") as file:
        config.write(file)


point_uv()
