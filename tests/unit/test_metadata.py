# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several files say of the collection is the same."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("modules", "callback", "filter", "inventory")
"""The folders of plugins that have documentation of their own; `test_plugins_are_in_folders_that_are_known` knows the others."""


def read(path: str) -> Any:
    """A YAML file."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def since() -> Iterator[tuple[str, str, str]]:
    """The kind and name of each module, plugin and role, and the version that it came with."""
    for kind in KINDS:
        for path in [*ROOT.glob(f"plugins/{kind}/*.py"), *ROOT.glob(f"plugins/{kind}/*.yml")]:
            found = re.search(r"^(?:  )?version_added: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            if found:
                yield kind, path.stem, found[1]
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        specification = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
        yield "role", path.parts[-3], specification["version_added"]


def listed(release: dict[str, Any], kind: str) -> set[str]:
    """What the changelog of a release names as new."""
    entries = {"modules": release.get("modules", []), **release.get("plugins", {}), **release.get("objects", {})}
    return {entry["name"] for entry in entries.get(kind, [])}


def test_changelog_names_what_is_new() -> None:
    releases, next_version = read("changelogs/changelog.yaml")["releases"], read("galaxy.yml")["version"]
    for kind, name, version in since():
        assert version in {*releases, next_version}
        assert version not in releases or name in listed(releases[version], kind), "`make changelog` adds it"


def test_changelog_names_the_playbooks() -> None:
    """Ansible documents none: a fragment names each."""
    releases = read("changelogs/changelog.yaml")["releases"].values()
    named = {name for release in releases for name in listed(release, "playbook")}
    assert named == {path.stem for path in ROOT.glob("playbooks/*.yml")}


def test_every_module_and_plugin_says_since_when() -> None:
    documented = {(kind, name) for kind, name, _version in since()}
    shipped = {(kind, path.stem) for kind in KINDS for path in ROOT.glob(f"plugins/{kind}/[!_]*.py")}
    assert shipped <= documented


@pytest.mark.parametrize("role", sorted(path.name for path in ROOT.glob("roles/*/")))
def test_a_role_does_something_with_each_of_its_variables(role: str) -> None:
    """One that is forgotten would be accepted, and have no effect."""
    written = "".join(
        path.read_text("utf-8")
        for part in ("defaults", "tasks", "vars")
        for path in ROOT.glob(f"roles/{role}/{part}/*")
    )
    variables = read(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    unused = {name for name in variables if not re.search(rf"(?<!\w){name}\b(?!:)", written)}
    assert not unused


def test_action_group_has_every_module_that_calls_the_api() -> None:
    modules = sorted({path.stem for path in ROOT.glob("plugins/modules/*.py")} - {"ssl_certificate_report"})
    assert read("meta/runtime.yml")["action_groups"] == {"softlayer": modules}


def test_oldest_ansible_core_is_the_same_everywhere() -> None:
    oldest = read("meta/runtime.yml")["requires_ansible"].removeprefix(">=").removesuffix(".0")
    cores = re.findall(r'^    "([\d.]+|newest)": nox\.param', (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    jobs = read(".github/workflows/ci.yml")["jobs"]
    every, each = (jobs[name]["strategy"]["matrix"]["core"] for name in ("every-core", "core"))
    assert cores[0] == oldest and every == cores and each == cores[:-1]
    assert {read(str(path))["galaxy_info"]["min_ansible_version"] for path in ROOT.glob("roles/*/meta/main.yml")} == {
        oldest
    }
    assert f"ansible-core {oldest} or later" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_pythons_are_the_same_everywhere() -> None:
    oldest = read("tests/config.yml")["modules"]["python_requires"].removeprefix(">=")
    [pythons] = re.findall(r"^PYTHONS = \((.*)\)$", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    tested = re.findall(r'"([\d.]+)"', pythons)
    steps = read(".github/workflows/ci.yml")["jobs"]["every-core"]["steps"]
    [setup] = [step["with"]["python-version"].split() for step in steps if "python-version" in step.get("with", {})]
    assert tested[0] == oldest and setup[: len(tested)] == tested


def test_workflow_runs_every_session() -> None:
    sessions = re.findall(
        r"^@nox\.session(?:\(tags=\[\w+\]\))?\n(?:@.*\n)*def (\w+)",
        (ROOT / "noxfile.py").read_text("utf-8"),
        re.MULTILINE,
    )
    jobs = read(".github/workflows/ci.yml")["jobs"]
    run = [
        name for job in jobs.values() for name in job.get("strategy", {"matrix": {"session": []}})["matrix"]["session"]
    ]
    run += [
        name
        for name, job in jobs.items()
        if "strategy" not in job and any(f"make {name}" in step.get("run", "") for step in job["steps"])
    ]
    assert set(run) == {"test", *sessions}


def test_pre_commit_uses_the_versions_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    hooks = [hook for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    assert (
        hooks
        and [need for hook in hooks for need in hook["additional_dependencies"] if f'"{need}"' not in project] == []
    )


def test_what_the_community_asks_of_a_readme_and_red_hat_of_the_documentation_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    about = (ROOT / "docs/docsite/rst/guide_about.rst").read_text(encoding="utf-8")
    communication = text.partition("\n## Communication\n")[2].partition("\n## ")[0]
    words = (
        *("https://forum.ansible.com/c/help/6", "https://forum.ansible.com/tag/softlayer", "CONTRIBUTING.md"),
        *("https://docs.ansible.com/ansible/latest/community/code_of_conduct.html", "SECURITY.md"),
        *("https://semver.org/", "deprecated", "CHANGELOG.md"),
    )
    assert [word for page in (communication, about) for word in words if word not in page] == []
    sections = re.findall(r"^(.+)\n-{5,}$", about, re.MULTILINE)
    asked = "Requirements, Installation, Testing, Contributing, Communication, Support, Release notes and roadmap"
    assert [section for section in sections if section in asked] == asked.split(", ")
    assert not re.search(r"pip install '?ansible", text + about)
    assert "guide_about.rst" in text and "## License\n" in text
    assert "no agreement to sign" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_plugins_are_in_folders_that_are_known() -> None:
    folders = {path.parent.relative_to(ROOT / "plugins").parts[0] for path in ROOT.glob("plugins/**/*.py")}
    assert folders == {*KINDS, "action", "doc_fragments", "module_utils", "plugin_utils"}


UTILS = ROOT / "plugins/module_utils"


def test_what_is_private_says_so() -> None:
    for path in UTILS.rglob("*.py"):
        if path.name != "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            assert path.relative_to(UTILS).parts[0].startswith("_")
            assert "Private to softlayer.certificates." in text, path


def test_the_authors_are_the_same_everywhere() -> None:
    """In the form that Ansible asks for: of a plugin and a role by the name of their account at GitHub, elsewhere by its address."""
    [authors] = read("galaxy.yml")["authors"]
    name, account = re.fullmatch(r"(.+) \(github\.com/(.+)\)", authors).groups()  # type: ignore[union-attr]
    assert read("galaxy.yml")["repository"].startswith(f"https://github.com/{account}/")
    assert {read(str(path))["galaxy_info"]["author"] for path in ROOT.glob("roles/*/meta/main.yml")} == {authors}
    said = {
        author
        for pattern in ("plugins/**/*.py", "plugins/**/*.yml", "roles/*/meta/argument_specs.yml")
        for path in ROOT.glob(pattern)
        for author in re.findall(r"^ *author:\n +- (.*)\n", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert said == {f"{name} (@{account})"}


def test_make_lists_its_targets_and_contributors_find_each() -> None:
    [line] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    listing = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    described = [
        target for target, _gap, text in (line.partition(" ") for line in listing.splitlines()) if text.strip()
    ]
    assert described == line.split()
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| command |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `make ([\w-]+)`", table, re.MULTILINE)) == set(described)


def test_what_contributors_have_to_touch_exists() -> None:
    text = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## What to touch")[2].partition("## Rules")[0]
    )
    paths = re.findall(r"`([\w.*]+/[\w./*]+|\w+\.\w+)`", text)
    assert len(paths) > 12
    places = (ROOT, ROOT / "tests/unit/docs")
    assert [path for path in paths if not any(list(place.glob(path)) for place in places)] == []
