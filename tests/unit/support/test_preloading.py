# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a forked process runs, one of Ansible's programs or a module, is run as it is without: the same in all that it and its caller can see."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import preloading

SECONDS = 300
WHAT_IT_SEES = """
import json, os, sys
umask = os.umask(0o77)
print(json.dumps({
    "argv": sys.argv, "name": __name__, "path": sys.path, "executable": sys.executable, "folder": os.getcwd(),
    "environment": dict(os.environ), "umask": umask, "stdin": sys.stdin.read(), "encoding": sys.stdout.encoding,
    "files": sorted(os.listdir("/proc/self/fd"))[:3],
    "ansible": sorted(name for name in sys.modules if name.startswith("ansible")),
}))
print("an error", file=sys.stderr)
"""
PRELOADED = "; import sys; print('SoftLayer' in sys.modules)"

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="modules are not preloaded on this system")


def start(folder: Path, text: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start what Ansible would have packed."""
    (folder / "AnsiballZ_test.py").write_text(text, encoding="utf-8")
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, folder / "AnsiballZ_test.py"],
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, "text": True},
        cwd=folder,
        env=os.environ | environment,
    )


def seen(folder: Path, environment: dict[str, str]) -> tuple[dict[str, Any], str, int]:
    """What a module sees of its circumstances, and what is seen of it."""
    process = start(folder, WHAT_IT_SEES, environment)
    output, errors = process.communicate("given", timeout=SECONDS)
    return json.loads(output), errors, process.returncode


def test_it_sees_what_it_would_see(tmp_path: Path) -> None:
    handed_over = seen(tmp_path, preloading.environment())
    path = preloading.environment()["PYTHONPATH"]
    plain = seen(tmp_path, {**preloading.environment(), "PRELOADED": f":elsewhere:{path}"})
    for circumstances, _errors, _code in (handed_over, plain):
        del circumstances["environment"]["PRELOADED"]
    assert handed_over == plain
    assert handed_over[0]["ansible"] == [] and handed_over[1:] == ("an error\n", 0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("pass", 0),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -signal.SIGTERM),
        ("import atexit, os; atexit.register(os._exit, 5)", 5),
    ],
)
def test_it_ends_as_it_would_end(tmp_path: Path, text: str, code: int) -> None:
    process = start(tmp_path, text, preloading.environment())
    _output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == code
    assert ("ZeroDivisionError" in errors) == (text == "1 / 0")


def test_a_module_on_standard_input() -> None:
    done = subprocess.run(
        [sys.executable],
        input=f"import sys; print(__name__, sys.argv, sys.path[0] == ''){PRELOADED}",
        env=os.environ | preloading.environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout == "__main__ [''] True\nTrue\n"


@pytest.mark.parametrize(("change", "preloaded"), [({}, "True"), ({"PYTHONPATH": preloading.__path__[0]}, "False")])
def test_only_where_the_same_libraries_would_be_imported(
    tmp_path: Path, change: dict[str, str], preloaded: str
) -> None:
    process = start(tmp_path, f"pass{PRELOADED}", preloading.environment() | change)
    assert process.communicate(timeout=SECONDS)[0].strip() == preloaded


FROM_AN_ARCHIVE = """
import json, os, sys
sys.path.insert(0, os.environ["ARCHIVE"])
from ansible_collections.made.up.plugins.module_utils import one, two
import ansible_collections.made.up.plugins.module_utils.three.four as four
os.unlink(os.environ["ARCHIVE"])
names = ("__name__", "__file__", "__package__", "__path__")
of_each = [[getattr(module, name, None) for name in names] + [module.__spec__.name, module.__spec__.origin, module.__loader__.archive]
    for module in (one, two, four, sys.modules[four.__package__], sys.modules[one.__package__])]
is_learnt = "packed" in sys.modules and [name for name in (one.__name__, two.__name__, four.__name__) if name in sys.modules["packed"].kept]
print(json.dumps([one.two is two, two.PROCESS == os.getpid(), two.SAID, of_each, is_learnt]))
"""
BELOW = "ansible_collections/made/up/plugins/module_utils"


def packed(folder: Path, said: str, environment: dict[str, str]) -> Any:
    """What a module sees of what is packed for it: three modules, one of them in a package, which say something."""
    archive = folder / "packed.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for parent in (*Path(BELOW).parents[:-1], BELOW, f"{BELOW}/three"):
            file.writestr(f"{parent}/__init__.py", "")
        file.writestr(f"{BELOW}/one.py", "from . import two\n")
        file.writestr(f"{BELOW}/two.py", f"import os\nPROCESS = os.getpid()\nSAID = {said!r}\n")
        file.writestr(f"{BELOW}/three/four.py", "from ..two import SAID\n")
    (folder / "AnsiballZ_test.py").write_text(FROM_AN_ARCHIVE, encoding="utf-8")
    command = [sys.executable, folder / "AnsiballZ_test.py"]
    environment = os.environ | environment | {"ARCHIVE": str(archive)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    return json.loads(done.stdout)


def test_what_is_packed_is_imported_once(tmp_path: Path) -> None:
    said = tmp_path.name
    preloaded = preloading.environment()
    plain = packed(tmp_path, said, preloaded | {"PRELOADED": f":elsewhere:{preloaded['PYTHONPATH']}"})
    assert plain[:3] == [True, True, said] and plain[4] is False
    assert packed(tmp_path, said, preloaded)[:4] == plain[:4]
    is_same, is_own, *others, learnt = packed(tmp_path, said, preloaded)
    assert (is_same, is_own, others, len(learnt)) == (True, False, plain[2:4], 3)
    changed = packed(tmp_path, f"not {said}", preloaded)
    assert changed[:4] == [True, True, f"not {said}", plain[3]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_process_that_ansible_started(tmp_path: Path, number: signal.Signals) -> None:
    process = start(
        tmp_path, "import os, signal; print(os.getpid(), flush=True); signal.pause()", preloading.environment()
    )
    assert process.stdout is not None
    run = os.pidfd_open(int(process.stdout.readline()))
    process.send_signal(number)
    assert process.wait(SECONDS) == -number
    assert select.select([run], [], [], SECONDS)[0], "it still runs"
    os.close(run)


SEEN_BY_A_FILTER = """
import json, os, sys
from operator import attrgetter
from ansible import constants

def seen(_value):
    umask = os.umask(0)
    os.umask(umask)
    settings = {name: repr(value) for name, value in vars(constants).items() if name.isupper()}
    del settings["DEFAULT_LOCAL_TMP"]  # which is each run's own
    return json.dumps({
        "settings": settings, "argv": sys.argv, "path": sys.path, "executable": sys.executable, "folder": os.getcwd(),
        "environment": {name: value for name, value in os.environ.items() if name != "PRELOADED"}, "umask": umask,
        "encodings": [sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding, sys.stderr.errors],
        "files": sorted(os.listdir("/proc/self/fd"))[:3], "collection": collection(),
    })

def collection():
    from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import certificate
    own = [certificate, sys.modules[certificate.__package__], sys.modules[certificate.Certificate.__module__]]
    names = ["__name__", "__file__", "__package__", "__path__", "__spec__.name", "__spec__.origin", "__loader__._source_code_path"]
    return [[attrgetter(name)(module) if hasattr(module, name.partition(".")[0]) else None for name in names] for module in own]

def beforehand(_value):
    collection()
    module = sys.modules["ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate"]
    return "programs" in sys.modules and sys.modules["programs"].collection.kept.get(module.__file__) is module

class FilterModule:
    def filters(self):
        return {"seen": seen, "beforehand": beforehand}
"""
"""Also whether the process was forked: only that has the server's own modules."""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - copy: {content: "{{ '' | beforehand }}", dest: beforehand}
      diff: false
    - copy: {content: "{{ '' | seen }}", dest: seen}
    - debug: {msg: "{{ 'no certificate' | softlayer.certificates.certificate_facts }}"}
      ignore_errors: true
    - stat: {path: "{{ playbook_dir }}"}
    - softlayer.certificates.ssl_order_info: {endpoint_url: "http://nowhere.example"}
"""
ASK_WHAT_IS_IMPORTED = """
import sys, tempfile, pathlib
sys.path.insert(0, sys.argv[1])
import programs
with tempfile.TemporaryDirectory() as folder:
    programs.prepare(pathlib.Path(folder))
from ansible.config.manager import ConfigManager
from ansible.utils.collection_loader import _collection_finder
print(*(name in sys.modules for name in sys.argv[2:]), programs.SETTINGS in sys.modules)
print(_collection_finder._AnsibleCollectionLoader.create_module.__module__ == "collection")
print(*(function.__module__ == "programs" for function in (ConfigManager._read_config_yaml_file, _collection_finder._meta_yml_to_dict)))
"""
PROGRAMS = {
    "a run that fails": ["ansible-playbook", "playbook.yml"],
    "colours and diffs": ["ansible-playbook", "playbook.yml", "--diff"],
    "check mode, much told": ["ansible-playbook", "playbook.yml", "--check", "-v"],
    "no such playbook": ["ansible-playbook", "other.yml"],
    "no playbook": ["ansible-playbook", "ansible.cfg"],
    "no such option": ["ansible-playbook", "--none"],
    "the version": ["ansible-playbook", "--version"],
    "an inventory": ["ansible-inventory", "--list"],
    "a single task": ["ansible", "all", "-m", "ping"],
}


def ran(folder: Path, command: list[str], environment: dict[str, str]) -> tuple[int, str, str, list[str]]:
    """One of Ansible's programs: how it ended, what it said on both streams, and what it had around it."""
    files = [folder / name for name in ("seen", "beforehand")]
    for file in files:
        file.unlink(missing_ok=True)
    program, *arguments = command
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        input="",
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr, [file.read_text("utf-8") for file in files if file.exists()]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_what_it_would_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\nforks = 3\ninventory = hosts\n", encoding="utf-8")
    (tmp_path / "hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
    (tmp_path / "playbook.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "filter_plugins").mkdir()
    (tmp_path / "filter_plugins/seen.py").write_text(SEEN_BY_A_FILTER, encoding="utf-8")
    preloaded = preloading.environment()
    if "colours" in name:
        preloaded |= {"ANSIBLE_FORCE_COLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "0"}
    plain = ran(tmp_path, PROGRAMS[name], preloaded | {"PRELOADED": f":elsewhere:{preloaded['PYTHONPATH']}"})
    for _time in ("first", "second"):
        code, output, errors, around = ran(tmp_path, PROGRAMS[name], preloaded)
        assert (code, output, errors) == plain[:3]
        assert around[:1] == plain[3][:1]
        assert (around[1:], plain[3][1:]) in ([(["True"], ["False"])] if around else [([], [])])


def test_all_that_does_not_need_the_settings_is_imported_beforehand() -> None:
    """Where Ansible does not let that be, playbooks take longer, and nobody is told."""
    names = ["ansible.module_utils.common.text.converters", "jinja2.environment", "yaml.cyaml", "cryptography.x509"]
    done = subprocess.run(
        [sys.executable, "-c", ASK_WHAT_IS_IMPORTED, str(Path(preloading.__path__[0])), *names],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.split() == [*(["True"] * len(names)), "False", "True", "True", "True"]
