# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the documentation site, which `make docs` builds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "softlayer.certificates"
copyright = "softlayer.certificates contributors"
html_title = "softlayer.certificates"

extensions = ["sphinx_antsibull_ext", "sphinx_copybutton"]
nitpicky = True  # a reference that leads nowhere is a warning, and warnings are errors
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

exclude_patterns = ["_*_filter.rst"]  # private to the roles

html_theme = "sphinx_ansible_theme"  # as on docs.ansible.com: room for long names
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sphinx = False

HERE = Path(__file__).parent
IMAGES = "https://raw.githubusercontent.com/softlayer/softlayer.certificates/main/docs/docsite/images/"
"""Where the pages have their pictures, for docs.ansible.com and Galaxy; the site has its own."""
PRIVATE = re.compile(r"^    _\w+_filter\n|^\* :ansplugin:`_\w+ filter .*\n", re.MULTILINE)
"""What the list of all plugins says of private filters."""
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
IN_ANSIBLE = {
    r"action_plugins": "plugins/action.html",
    r"common_return_values": "reference_appendices/common_return_values.html",
    r"ansible_configuration_settings": "reference_appendices/config.html",
    r"(ANSIBLE_\w+)": r"reference_appendices/config.html#envvar-\1",
    r"ansible_collections\.ansible\.builtin\.(\w+)": r"collections/ansible/builtin/\1.html",
}
"""Where Ansible's own documentation has what the generated pages refer to.

Intersphinx would ask a server for this, and the site shall be built where there is none.
"""


def link_to_ansible(_app: Sphinx, _env: Any, node: nodes.Element, content: nodes.TextElement) -> nodes.reference | None:
    """Return a link for a reference that the site itself cannot resolve; None if it is not known either."""
    for pattern, path in IN_ANSIBLE.items():
        known = re.fullmatch(pattern, node["reftarget"])
        if known:
            return nodes.reference("", "", content, internal=False, refuri=ANSIBLE + known.expand(path))
    return None


def copy_images(app: Sphinx) -> None:
    """Put the pictures where the site can be read without network."""
    shutil.copytree(HERE / "docsite/images", Path(app.srcdir, "images"), dirs_exist_ok=True)


def finish_page(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Use the site's own pictures, list no private filters, and begin the page of a role with an example."""
    text = source[0].replace(IMAGES, "/images/")
    if docname == "index":
        text = PRIVATE.sub("", text)
    if docname.endswith("_role"):
        readme = HERE.parent.joinpath("roles", docname.removesuffix("_role"), "README.md").read_text(encoding="utf-8")
        example = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[0]
        text = text.replace(".. contents::\n", f".. code-block:: yaml\n\n{indent(example, '    ')}\n.. contents::\n", 1)
    source[0] = text


def setup(app: Sphinx) -> None:
    """Entry point."""
    app.connect("builder-inited", copy_images)
    app.connect("source-read", finish_page)
    app.connect("missing-reference", link_to_ansible)
