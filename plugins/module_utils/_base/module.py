# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The start and end of each module of this collection. Private to softlayer.certificates."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import threading
import typing as t
from collections.abc import Callable

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.warnings import get_deprecation_messages, get_warning_messages

from .errors import CertificatesError, convert_unexpected_error
from .libraries import require_libraries
from .options import ArgumentSpec
from .progress import show_on_terminal
from .secrets import find_secrets, hide_secrets, list_quoted_forms, select_contained
from .text import make_encodable

try:  # from ansible-core 2.22 on, it hides what is registered here and ignores no_log_values
    from ansible.module_utils.secrets import register_secrets  # type: ignore[import-not-found,unused-ignore]
except ImportError:

    def register_secrets(values: t.Iterable[str], /) -> None:
        """Do nothing, because older releases of ansible-core use no_log_values."""


UNKNOWN_STATE = "Some changes may have been made. Check the current state, or run the playbook again to continue from the current state. "
"""Sentences about the state after an unexpected error."""
START_FOLDER_VARIABLE = "SOFTLAYER_CERTIFICATES_STARTED_IN"
"""The environment variable in which roles pass the base directory of relative paths."""


class Module(AnsibleModule):
    """An `AnsibleModule` that adds `failure` to each failure, and rejects null or empty options that limit a run."""

    def __init__(self, spec: ArgumentSpec) -> None:
        self.params: dict[str, t.Any] = {}
        self.given: frozenset[str] = frozenset()
        self.null: frozenset[str] = frozenset()
        self._spec = spec
        self._secrets: set[str] = set()
        self._is_ready = False
        self._run_guarded(self._start)

    def _start(self) -> None:
        super().__init__(supports_check_mode=True, **self._spec.build_keywords())
        self._spec.check_ranges(self.params)
        if folder := os.environ.get(START_FOLDER_VARIABLE):
            self._spec.resolve_paths(self.params, folder)
        self._is_ready = True

    def _run_guarded(self, act: Callable[[], None]) -> None:
        """Call a function and report any error as a failure. The report is outside of the error handler, where ansible-core would add the error text."""
        try:
            return act()
        except SystemExit:
            raise
        except CertificatesError as error:
            failure = error
        except BaseException as error:  # a panic of a Rust library such as cryptography is not an Exception
            if not hasattr(self, "no_log_values"):  # ansible-test has stopped it, to look at its options
                raise
            failure = convert_unexpected_error(error, UNKNOWN_STATE)
            if isinstance(error, KeyboardInterrupt):
                failure = CertificatesError("interrupted", "The run was interrupted. Run the playbook again.")
        self.fail_json(failure.message, failure=failure.build_failure())

    def _load_params(self) -> None:
        """Read the options before ansible-core sets defaults and drops null values."""
        super()._load_params()
        # lookup("file") makes half surrogate pairs of what is not UTF-8, and ansible-core 2.18 cannot log them.
        given = json.loads(json.dumps(self.params, ensure_ascii=False).encode("utf-8", "replace"))
        self.params = self._spec.normalize(given)
        self.given = frozenset(name for name, value in self.params.items() if value is not None)
        self.null = frozenset(self.params) - self.given
        self._hide_options()
        self._spec.check_limits(self.params)

    def _hide_options(self) -> set[str]:
        """Hide secret options in all output, and return the secrets inside other options."""
        proxy = f"//{self.params.get('proxy')}"  # which may have a login without a scheme
        inside = set(find_secrets([self._spec.redact(self.params), proxy]))
        self.hide(*self._spec.list_secrets(self.params), *inside)
        return inside

    def hide(self, *texts: str) -> None:
        """Hide texts in all output, including their quoted forms. Thread-safe."""
        forms = list_quoted_forms(texts)
        self._secrets.update(forms)
        register_secrets(forms)

    def stop_on_signals(self) -> threading.Event:
        """Return an event that SIGTERM, SIGINT, and SIGHUP set, unless SIGHUP is ignored (nohup). Calls in progress are completed, and no new call starts."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_ignored: stop.set())
        return stop

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        """Log a message without secrets inside options, which ansible-core 2.18 does not hide, and without characters that syslog cannot write."""
        if log_args:  # the options, by now with the environment's
            inside = self._hide_options()
            shown = self._spec.redact(self.params)
            log_args = {name: hide_secrets(str(shown.get(name)), inside) for name in log_args}
            msg = f"Invoked with {' '.join(f'{name}={value}' for name, value in log_args.items())}"
        if missing := self._secrets - self.no_log_values:  # a new set, as other threads may be looking through this one
            self.no_log_values = self.no_log_values | missing
        super().log(make_encodable(str(msg)).replace("\0", "?"), log_args)

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """End the module with a result."""
        self._drop_absent_secrets(kwargs)
        super().exit_json(**kwargs)
        raise AssertionError("exit_json returned")  # pragma: no cover

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End the module with `msg` and `failure`, even if ansible-core itself rejects an argument."""
        if not self._is_ready:  # what is refused may be a secret, and would be shown among the options
            self.params = {}
        msg = make_encodable(str(msg))
        kwargs = {"failure": {"code": "invalid_argument", "message": msg, "details": {}}, **kwargs}
        self._drop_absent_secrets({"msg": msg, **kwargs})
        super().fail_json(msg, **kwargs)
        raise AssertionError("fail_json returned")  # pragma: no cover

    def _drop_absent_secrets(self, result: t.Mapping[str, t.Any]) -> None:
        """Drop secrets that do not occur in the output, because ansible-core searches for each secret in each text, which is slow for many keys."""
        self.params = self._spec.redact(self.params)
        shown = [result, self.params, get_warning_messages(), get_deprecation_messages()]
        self.no_log_values = select_contained(shown, self.no_log_values | self._secrets)

    def require(self, *libraries: str, loads: bool = True) -> None:
        """Raise an error for missing or outdated Python libraries; see `require_libraries`.

        Raises:
            CertificatesError: `missing_library`.
        """
        where = f"for {sys.executable} on {platform.node()}"
        require_libraries(libraries, f"The module {self._name}", where, loads=loads)

    def run_and_exit(
        self,
        run: t.Callable[[Module], dict[str, t.Any]],
        libraries: t.Sequence[str] | t.Callable[[t.Mapping[str, t.Any]], t.Sequence[str]],
    ) -> t.NoReturn:
        """Run the code of a module and exit with its result.

        Args:
            run: function that returns the result; a result with `failure` fails the module. May raise `CertificatesError`.
            libraries: the Python libraries of the module, or a function that returns the libraries for the options.
        """

        def end() -> None:
            self.require(*(libraries(self.params) if callable(libraries) else libraries))
            show_on_terminal()
            result = run(self)
            if "failure" in result:
                self.fail_json(result["failure"]["message"], **result)
            self.exit_json(**result)

        self._run_guarded(end)
        raise AssertionError("the module did not end")  # pragma: no cover
