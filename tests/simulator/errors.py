# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API answers when it refuses: one exception, and the faults that are documented."""

from __future__ import annotations

_LBAAS = "SoftLayer_Exception_Network_LBaaS"


class ApiFault(Exception):
    """A fault of the API.

    REST sends ``{"error": message, "code": code}`` with ``rest_status``, a few times without a code. XML-RPC sends a
    fault, which comes with HTTP 200; a few faults have a code and a message of their own there.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        rest_status: int = 500,
        rest_has_code: bool = True,
        xmlrpc_code: str | None = None,
        xmlrpc_message: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.rest_status = rest_status
        self.rest_has_code = rest_has_code
        self.xmlrpc_code = xmlrpc_code or code
        self.xmlrpc_message = xmlrpc_message or message


def access_denied() -> ApiFault:
    """Bad credentials: "Access Denied.", HTTP 401 on REST."""
    return ApiFault("SoftLayer_Exception_Public", "Access Denied.", rest_status=401)


def object_not_found(identifier: object) -> ApiFault:
    """No such object, or no permission to see it: the API does not tell them apart."""
    return ApiFault(
        "SoftLayer_Exception_ObjectNotFound", f"Unable to find object with id of '{identifier}'.", rest_status=404
    )


def balancer_not_found(identifier: object) -> ApiFault:
    """No such load balancer or listener, or no permission: this service has a code of its own."""
    return ApiFault(f"{_LBAAS}_ObjectNotFound", f"Unable to find object with ID '{identifier}'.", rest_status=404)


def balancer_locked(words: str) -> ApiFault:
    """A change of a load balancer that is not ACTIVE; not carried out."""
    return ApiFault(f"{_LBAAS}_InvalidState", words, rest_status=409)


def invalid_value(name: str, reason: str) -> ApiFault:
    """An argument or a property that the API does not accept."""
    return ApiFault("SoftLayer_Exception_InvalidValue", f"Invalid value provided for '{name}'. {reason}")


def missing_property(name: str, datatype: str) -> ApiFault:
    """A property without which nothing can be created."""
    return ApiFault(
        "SoftLayer_Exception_MissingCreationProperty",
        f"The property '{name}' must be set to create an instance of '{datatype}'.",
    )


def invalid_mask(name: str, datatype: str) -> ApiFault:
    """An object mask that names a property which the datatype does not have."""
    return ApiFault("SoftLayer_Exception_WebService_ObjectMask", f"Property '{name}' not valid for '{datatype}'.")


def malformed_mask(mask: str) -> ApiFault:
    """An object mask that cannot be read at all."""
    return ApiFault("SoftLayer_Exception_WebService_ObjectMask", f"Unable to parse object mask: {mask}")


def bad_request() -> ApiFault:
    """A request that makes no sense as a call."""
    return ApiFault("SoftLayer_Exception_WebService_BadRequest", "Bad request", rest_status=400)


def not_well_formed() -> ApiFault:
    """XML that does not parse, as the interoperability fault codes of XML-RPC have it."""
    return ApiFault("-32700", "parse error. not well formed")


def unknown_service() -> ApiFault:
    """A service that does not exist: a fault without a code on REST."""
    return ApiFault("SoftLayer_Exception_Public", "Service does not exist", rest_status=404, rest_has_code=False)


def unknown_method(method: str) -> ApiFault:
    """A method that does not exist, or no longer: the two transports answer it differently."""
    return ApiFault(
        "SoftLayer_Exception_Public",
        f'Function ("{method}") is not a valid method for this service.',
        xmlrpc_code="-32601",
        xmlrpc_message="server error. requested method not found",
    )


def not_implemented(method: str) -> ApiFault:
    """A method that the reference has and the simulator has not."""
    return ApiFault("SoftLayer_Exception_NotImplemented", f"{method} is not simulated.")


def missing_identifier() -> ApiFault:
    """A method of an object, called without the object's id."""
    return ApiFault("-32602", "server error. invalid method init parameters")


def rate_limited() -> ApiFault:
    """Too many calls in a second; not processed."""
    code = "SoftLayer_Exception_WebService_RateLimitExceeded"
    return ApiFault(code, "Rate limit of 50 requests for every 1 second(s)")
