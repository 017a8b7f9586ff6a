# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.filter._hosts import (
    check_hosts,
    find_missing_hosts,
    find_unknown_tag,
)

from tests.support.playing import run_playbook

PLAYBOOKS = Path(__file__).parents[4] / "playbooks"
GROUPS = {"all": ["web1", "web2"], "ungrouped": [], "web": ["web1", "web2"]}


def test_a_tag_that_does_not_exist() -> None:
    assert find_unknown_tag(["import", "all", "never"], ["import", "deploy"]) == ""
    said = find_unknown_tag(["import", "deply"], ["import", "deploy"])
    assert said == "The tag deply does not exist. The tags of this playbook are import, deploy."
    assert find_unknown_tag(["all"], []) == ""
    assert "this playbook has no tags" in find_unknown_tag(["import"], [])


@pytest.mark.parametrize(
    ("hosts", "limit", "said"),
    [
        ("localhost", "", ""),
        ("localhost", "localhost", ""),
        (
            "localhost",
            "web1",
            "This playbook runs on localhost, which --limit web1 excludes. Correct or remove --limit.",
        ),
        ("web", "", ""),
        ("web", "web2", ""),
        ("web", "w*", ""),
        ("web", "!web", "This playbook runs on web, which --limit !web excludes. Correct or remove --limit."),
        ("all", "web1,web2", ""),
        ("wbe", "", "The inventory has no host that matches wbe. Correct the name, or specify the inventory with -i."),
    ],
)
def test_no_host(hosts: str, limit: str, said: str) -> None:
    assert find_missing_hosts(GROUPS, hosts, limit) == said


def test_only_in_playbooks_of_the_collection() -> None:
    """The playbook of a user that imports one of ours may have plays on other hosts, and tags of its own."""
    context = {"ansible_limit": "web1", "ansible_run_tags": ["mine"], "ansible_skip_tags": [], "groups": GROUPS}
    assert check_hosts({**context, "playbook_dir": "/srv/playbooks"}, "localhost", ["import"]) == "localhost"
    with pytest.raises(AnsibleFilterError, match="The tag mine does not exist"):
        check_hosts({**context, "playbook_dir": str(PLAYBOOKS)}, "localhost", ["import"])


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_the_tags_are_the_phases(path: Path) -> None:
    """Each playbook names all phases that it can run as its tags."""
    [play] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "softlayer.certificates._hosts" in play["hosts"]
    tags = yaml.safe_load(play["hosts"].partition("_hosts")[2].strip("(){}\n ") or "[]")
    variables = [one for task in play["tasks"] for one in task.get("vars", {}).items()]
    phases = [
        phase for name, value in variables if name.endswith("_phases") and isinstance(value, list) for phase in value
    ]
    assert set(phases) <= set(tags) and bool(tags) == (path.stem not in {"check_account", "schedule"})
    assert path.stem in {"fulfill"} or not phases or list(dict.fromkeys(phases)) == tags


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tags", "deply"], "The tag deply does not exist. The tags of this playbook are import, deploy,"),
        (["--limit", "other"], "This playbook runs on localhost, which --limit other excludes."),
    ],
)
def test_a_run_that_would_do_nothing_fails(options: list[str], said: str, tmp_path: Path) -> None:
    ran = run_playbook(["-i", "localhost,other,", "softlayer.certificates.rotate", *options], tmp_path, os.environ)
    assert ran.code in {1, 4} and said in ran.output, ran
