# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module of this collection starts and ends. Private to softlayer.certificates."""

from __future__ import annotations

import json
import re
import signal
import threading
import typing as t
from urllib.parse import unquote

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError


class Module(AnsibleModule):
    """An C(AnsibleModule) whose every failure carries C(failure) and which knows what the user gave."""

    def __init__(self, spec: ArgumentSpec) -> None:
        self.given: frozenset[str] = frozenset()
        self._spec = spec
        super().__init__(supports_check_mode=True, **spec.as_keywords())
        self._hide_secrets()  # the values of the environment are among the options by now

    def _load_params(self) -> None:
        """Remember which options were given, before defaults are filled in: a config file ranks between the two."""
        super()._load_params()
        # Half of a surrogate pair, which JSON can hold and UTF-8 cannot, would end ansible-core's own logging in a traceback.
        given = json.loads(json.dumps(self.params, ensure_ascii=False).encode("utf-8", "replace"))
        self.params = self._spec.without_blanks(given)
        self.given = frozenset(name for name, value in self.params.items() if value is not None)
        self._hide_secrets()

    def _hide_secrets(self) -> None:
        """Keep out of all output what stands in an option that is not secret by itself."""
        self.no_log_values.update(_secrets_in(self.params))

    def stop_on_signals(self) -> threading.Event:
        """From now on let a signal to end the process end only what has not begun; return what is set by it then."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_ignored: stop.set())
        return stop

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        """Log without the character NUL, at which a newer ansible-core would give up the run."""
        super().log(msg.replace("\0", "?") if isinstance(msg, str) else msg, log_args)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End with C(msg), and with C(failure) also where ansible-core itself refuses an argument."""
        self._hide_secrets()  # ansible-core may end here before __init__ is through
        kwargs.setdefault("failure", {"code": "invalid_argument", "message": str(msg), "details": {}})
        super().fail_json(msg, **kwargs)
        raise AssertionError("fail_json returned")  # pragma: no cover

    def answer(self, run: t.Callable[[Module], dict[str, t.Any]], libraries: t.Mapping[str, str | None]) -> t.NoReturn:
        """Run the module's own code and end with its result.

        Args:
            run: returns the result; one that holds C(failure) is a failure all the same. May raise C(CertificatesError).
            libraries: Python libraries that are needed, by their name on the package index: C(None), or why the import failed.
        """
        try:
            for name, import_error in libraries.items():
                if import_error is not None:
                    raise CertificatesError("missing_library", missing_required_lib(name), library=name)
            result = run(self)
        except CertificatesError as error:
            result = {"failure": error.as_failure()}
        if "failure" in result:
            self.fail_json(result["failure"]["message"], **result)
        self.exit_json(**result)
        raise AssertionError("exit_json returned")  # pragma: no cover


PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
BARE_KEY = re.compile(r"\s*M[A-Za-z0-9+/]{59,}[A-Za-z0-9+/=\s]*")
"""What the base64 of a key looks like whose first and last line got lost."""
URL_PASSWORD = re.compile(r"://[^/@\s:]*:([^@\s]+)@")


def _secrets_in(value: object) -> t.Iterator[str]:
    """Yield what must appear in no output although it stands in an option that is not secret by itself.

    That is a private key in the wrong option, or in a misspelt one, and the password in a URL.
    """
    if isinstance(value, str):
        if PRIVATE_KEY.search(value) or BARE_KEY.fullmatch(value):
            yield value
        for found in PRIVATE_KEY.finditer(value):
            yield from (found[0], "\n".join(found[0].splitlines()))
        for found in URL_PASSWORD.finditer(value):
            yield from (found[1], unquote(found[1]))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _secrets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets_in(item)
