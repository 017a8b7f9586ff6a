# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module of this collection starts and ends. Private to softlayer.certificates."""

from __future__ import annotations

import json
import platform
import signal
import sys
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.warnings import get_deprecation_messages, get_warning_messages

from ._argspec import ArgumentSpec
from ._errors import CertificatesError, unforeseen
from ._libraries import require_libraries
from ._progress import show_on_terminal
from ._secrets import (
    SHORTEST,
    contained_in,
    hidden_texts,
    in_each_text,
    masked,
    quoted,
    redacted,
    secrets_in,
    without_short,
)
from ._text import encodable

try:  # from ansible-core 2.22 on, it hides what is registered here and ignores no_log_values
    from ansible.module_utils.secrets import register_secrets  # type: ignore[import-not-found,unused-ignore]
except ImportError:

    def register_secrets(values: t.Iterable[str], /) -> None:
        """Do nothing: older releases of ansible-core use no_log_values."""


MAY_BE_DONE = "Some of the work may be done: look at what is there, or run this again, which goes on from there. "
"""The state of things after an error that nobody foresaw."""


class Module(AnsibleModule):
    """An `AnsibleModule` that adds `failure` to every failure and knows which options the user gave, and which as null."""

    def __init__(self, spec: ArgumentSpec) -> None:
        self.params: dict[str, t.Any] = {}
        self.given: frozenset[str] = frozenset()
        self.null: frozenset[str] = frozenset()
        self._misplaced: set[str] = set()
        self._short: set[str] = set()
        self._spec = spec
        self._refusal: CertificatesError | None = None
        with self._ending():
            super().__init__(supports_check_mode=True, **spec.as_keywords())
            if self._refusal:
                self.fail_json(self._refusal.message)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Make a failure of whatever nobody foresaw.

        It is written here, since what went wrong may be how results are written; and ansible-core may add the text of the error.
        """
        try:
            yield
        except SystemExit:
            raise
        except BaseException as error:  # a panic of a library in Rust, as cryptography is, is no Exception
            if not hasattr(
                self, "no_log_values"
            ):  # ansible-test, in place of ansible-core, has stopped it, to look at its options
                raise
            if isinstance(error, KeyboardInterrupt):
                failure = CertificatesError("interrupted", "The run was interrupted: run it again.").as_failure()
            else:
                failure = unforeseen(error, MAY_BE_DONE).as_failure()
            result = {"failed": True, "msg": failure["message"], "failure": failure}
            sys.stdout.write(f"\n{json.dumps({**result, 'warnings': list(get_warning_messages())})}\n")
            raise SystemExit(1) from None

    def _load_params(self) -> None:
        """Remember which options were given before defaults are filled in: a config file has precedence between the two."""
        super()._load_params()
        # Half of a surrogate pair, valid in JSON but not in UTF-8, would crash ansible-core's own logging.
        given = json.loads(json.dumps(self.params, ensure_ascii=False).encode("utf-8", "replace"))
        self.params = given
        try:
            self.params = self._spec.as_meant(given)
            if not self.params.get("_ansible_ignore_unknown_opts"):
                self._spec.check_names(self.params)
            self._spec.check_values(self.params)
        except CertificatesError as error:  # a module cannot fail cleanly before __init__ has finished
            self._refusal = error
        own = {name: value for name, value in self.params.items() if not name.startswith("_ansible_")}
        # ansible-core quotes the values that it refuses, and then drops them; so note the texts now.
        self._misplaced = hidden_texts(own, self._spec.options)
        self._hide_secrets()
        if self._refusal:  # a name that is no option's may be a secret, too
            self.params = {name: value for name, value in self.params.items() if name not in own}
        self.given = frozenset(name for name, value in self.params.items() if value is not None)
        self.null = frozenset(self.params) - self.given

    def _hide_secrets(self) -> None:
        """Keep secrets inside options that are not secret themselves out of all output."""
        self.no_log_values.update(secrets_in(self.params))
        self.no_log_values |= quoted(frozenset(self.no_log_values))  # a server may quote them
        self._set_short_aside()
        register_secrets(self.no_log_values)

    def _set_short_aside(self) -> None:
        """Keep the shortest secrets from ansible-core, which hides each letter that is one, and each number with such a digit."""
        short = {text for text in frozenset(self.no_log_values) if len(text) < SHORTEST}
        self._short |= short
        self.no_log_values.difference_update(short)

    def _without_short(self, value: t.Any) -> t.Any:
        """Return a value without the shortest secrets, and without longer ones, of which they may be a part."""
        if not self._short:
            return value
        return in_each_text(value, lambda text: without_short(remove_values(text, self.no_log_values), self._short))

    def _masked(self, text: str) -> str:
        return masked(text, self._short.union(frozenset(self.no_log_values)))

    def hide(self, *texts: str) -> None:
        """Keep texts out of all output; threads may call this while others warn, who look through a copy."""
        self.no_log_values.update(texts)

    def stop_on_signals(self) -> threading.Event:
        """On SIGTERM, SIGINT and SIGHUP, finish the calls in flight and start no new ones; SIGHUP may be ignored, as with nohup.

        Return the event that these signals set.
        """
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_ignored: stop.set())
        return stop

    def _log_invocation(self) -> None:
        """Log the options without their secrets: some releases of ansible-core look for secrets only in top-level options."""
        self._hide_secrets()  # by now the options include values from the environment
        params, self.params = self.params, redacted(self.params, self._spec.options)
        super()._log_invocation()
        self.params = params

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        """Log without secrets, and without NUL characters, which would make newer releases of ansible-core abort the run."""
        text = msg.decode("utf-8", "replace") if isinstance(msg, bytes) else msg
        self._set_short_aside()
        arguments = {name: self._masked(str(value)) for name, value in (log_args or {}).items()}
        super().log(self._masked(text).replace("\0", "?"), arguments)

    def warn(self, warning: str, **more: t.Any) -> None:
        """Warn without secrets."""
        super().warn(self._masked(encodable(warning)), **more)

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        """End with a result."""
        self._hide_secrets()
        self.params = redacted(self.params, self._spec.options)  # the result contains it as `invocation`
        # ansible-core looks for each of these in each text, which would take longer than importing the certificates of a fleet.
        shown = [kwargs, self.params, get_warning_messages(), get_deprecation_messages()]
        self.no_log_values = contained_in(shown, self.no_log_values)
        self.params = self._without_short(self.params)
        super().exit_json(**self._without_short(kwargs))
        raise AssertionError("exit_json returned")  # pragma: no cover

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End with `msg`, and with `failure` even if ansible-core itself refuses an argument; what this class refuses goes before that."""
        if self._refusal:
            msg, kwargs["failure"] = self._refusal.message, self._refusal.as_failure()
        self._hide_secrets()  # ansible-core may end here before __init__ has finished
        secrets = self.no_log_values | self._misplaced | self._short

        def mask(text: str) -> str:
            return masked(encodable(text), secrets)

        failure = {"code": "invalid_argument", "message": str(msg), "details": {}}
        kwargs["failure"] = in_each_text(kwargs.get("failure", failure), mask)
        self.params = self._without_short(redacted(self.params, self._spec.options))
        super().fail_json(mask(str(msg)), **self._without_short(kwargs))
        raise AssertionError("fail_json returned")  # pragma: no cover

    def require(self, *libraries: str, loads: bool = True) -> None:
        """Refuse to begin if one of these Python libraries is missing or too old; see `require_libraries`.

        Raises:
            CertificatesError: `missing_library`.
        """
        where = f"for {sys.executable} on {platform.node()}"
        require_libraries(libraries, f"The module {self._name}", where, loads=loads)

    def answer(
        self,
        run: t.Callable[[Module], dict[str, t.Any]],
        libraries: t.Sequence[str] | t.Callable[[t.Mapping[str, t.Any]], t.Sequence[str]],
    ) -> t.NoReturn:
        """Run the module's own code and exit with its result.

        Args:
            run: returns the result; a result with `failure` is a failure as well. May raise `CertificatesError`.
            libraries: the Python libraries that the module needs, or what returns them for its options.
        """
        with self._ending():
            try:
                self.require(*(libraries(self.params) if callable(libraries) else libraries))
                show_on_terminal()
                result = run(self)
            except CertificatesError as error:
                result = {"failure": error.as_failure()}
            if "failure" in result:
                self.fail_json(result["failure"]["message"], **result)
            self.exit_json(**result)
