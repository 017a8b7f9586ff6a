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
html_static_path = ["site.css", "site.js"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_use_index = False
html_copy_source = False
html_show_sphinx = False

HERE = Path(__file__).parent
IMAGES = "https://raw.githubusercontent.com/softlayer/softlayer.certificates/main/docs/docsite/images/"
"""Where the pages have their pictures, for docs.ansible.com and Galaxy; the site has its own."""
PRIVATE = re.compile(r"^    _\w+_filter\n|^\* :ansplugin:`_\w+ filter .*\n", re.MULTILINE)
"""What the list of all plugins says of private filters."""
NAMED = re.compile(r"^    (?:docsite/)?(\w+?)(?:_(?:module|filter|inventory|callback|role))?$", re.MULTILINE)
"""A page in a list of pages."""
SHORT = {
    "guide_quick_start": "Quick start",
    "guide_lets_encrypt": "Let's Encrypt",
    "guide_secrets_manager": "Secrets Manager",
    "guide_importing": "Import and renew",
    "guide_deploy": "Store to load balancer",
    "guide_other_authorities": "Other authorities, emails",
    "guide_other_sources": "cert-manager, Vault, ACM",
    "guide_check_account": "Check an account",
    "guide_reasons": "What a reason means",
    "guide_revoked": "Revoked certificates",
    "guide_report": "The report",
    "guide_awx": "AWX",
    "guide_semaphore": "Semaphore",
    "guide_execution_environments": "Containers",
    "guide_iam_tokens": "IAM tokens",
    "guide_request_email": "Lost email of an order",
    "guide_request_email_de": "Auf Deutsch",
    "guide_leaving_classic": "Leaving Classic",
    "guide_about": "About",
    "guide_contributing": "How it is built",
}
"""How the navigation names the guides."""
LISTS = re.compile(
    r"^(Modules|Callback Plugins|Filter Plugins|Inventory Plugins|Role Index)\n(.*?:maxdepth: 1\n)",
    re.MULTILINE | re.DOTALL,
)
"""A list of plugins and its heading."""
GERMAN = "docsite/guide_request_email_de"
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
IN_ANSIBLE = {
    r"action_plugins": "plugins/action.html",
    r"callback_plugins": "plugins/callback.html",
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
    """Use the site's own pictures, begin the first page with the steps of a new user, and the page of a role with an example."""
    text = source[0].replace(IMAGES, "/images/")
    if docname == "index":
        top, _title, rest = PRIVATE.sub("", text).partition("Softlayer.Certificates\n")
        rest = rest[rest.index("Description\n-") :]
        title = f"{project}\n{'=' * len(project)}\n\n"
        steps = HERE.joinpath("landing.rst").read_text(encoding="utf-8").partition("Get started\n")
        rest = LISTS.sub(lambda found: f"{found[0]}    :caption: {found[1].replace('Role Index', 'Roles')}\n", rest)
        text = top + title + "".join(steps[1:]) + NAMED.sub(short, rest)
    if docname.endswith("_role"):
        readme = HERE.parent.joinpath("roles", docname.removesuffix("_role"), "README.md").read_text(encoding="utf-8")
        example = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[0]
        text = text.replace(".. contents::\n", f".. code-block:: yaml\n\n{indent(example, '    ')}\n.. contents::\n", 1)
    source[0] = text


def short(page: re.Match[str]) -> str:
    """Give a page in a list of pages a name that fits the navigation."""
    return f"    {SHORT.get(page[1], page[1])} <{page[0].strip()}>"


def mark_language(_app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Say of the German guide that it is German; what is around it is English."""
    if pagename == GERMAN:
        context["body"] = f'<div lang="de">{context["body"]}</div>'


def setup(app: Sphinx) -> None:
    """Entry point."""
    app.connect("builder-inited", copy_images)
    app.connect("source-read", finish_page)
    app.connect("html-page-context", mark_language)
    app.connect("missing-reference", link_to_ansible)
