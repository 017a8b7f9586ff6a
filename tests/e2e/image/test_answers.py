# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of a survey arrive as they were given, in the file that AWX writes them to."""

from __future__ import annotations

import json

from tests.e2e.image.places import Place, in_one_line
from tests.support.awx_variables import proposed, safe_dump

STRANGE = [
    "*",
    "",
    "no",
    "yes",
    "0123",
    "1e3",
    "null",
    "~",
    "{{ x }}",
    "{% raw %}",
    "Müller-Straße.example.com",
    "a\nb",
]
SHOW = """\
- name: Show the answers
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write down what has arrived
      ansible.builtin.copy:
        content: "{{ [%s] | to_json }}"
        dest: /runner/seen.json
        mode: "0644"
      check_mode: false
"""


def test_each_answer_arrives_as_it_was_given(place: Place) -> None:
    """And the default ones make a preview, with the playbook that is in the image, so of a job that has no project at all."""
    answers = {f"answer_{number}": text for number, text in enumerate([*STRANGE, *proposed().values()])}
    (place.project / "show.yml").write_text(SHOW % ", ".join(answers), encoding="utf-8")
    (place.folder / "env").mkdir()
    (place.folder / "env/extravars").write_text(safe_dump(answers | proposed()), encoding="utf-8")
    done = place.run(
        *(
            "ansible-playbook",
            "show.yml",
            "softlayer.certificates.awx.resend",
            "--check",
            "-e",
            "@/runner/env/extravars",
        ),
        *("-e", "ssl_fulfillment_allow_ephemeral_ledger=true"),
        options=[f"--volume={place.folder}:/runner"],
    )
    assert done.returncode == 0, done.stdout
    assert json.loads((place.folder / "seen.json").read_text(encoding="utf-8")) == list(answers.values())
    assert "would be requested for" in in_one_line(done.stdout)
    assert place.sends() == 0
