"""The protocol, where this service says more than scim2-server does by itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scim2_models import MutabilityException, PreconditionFailedException, SCIMException
from scim2_server.handler import ScimHandler
from scim2_server.service import ScimService

from saleor_program_budgets.interfaces.scim.dialects import normalised
from saleor_program_budgets.interfaces.scim.pushes import read_push
from saleor_program_budgets.interfaces.scim.schemas import GROUP, PROVIDER, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from scim2_models import PatchOp, Resource, ResourceType, ResponseParameters, SearchRequest
    from scim2_server.conditions import Conditions
    from scim2_server.requests import ScimRequest
    from scim2_server.responses import ScimResponse
    from scim2_server.storage import SearchPage

    from saleor_program_budgets.interfaces.scim.storage import RosterStorage

logger = logging.getLogger(__name__)
MOST_TRIES = 3
_SELECTING = frozenset({"attributes", "excludedattributes"})


class RosterService(ScimService):
    """What identity systems expect beyond the RFC, and that nobody is neither active nor not."""

    def apply_replacement(
        self, current: Resource[Any], replacement: Resource[Any], conditions: Conditions
    ) -> Resource[Any] | None:
        """Apply a PUT; one that doesn't say whether somebody is active lets it be."""
        if isinstance(replacement, User) and isinstance(current, User):
            replacement.active = (
                current.active if replacement.active is None else replacement.active
            )
        return super().apply_replacement(current, replacement, conditions)

    def apply_patch(
        self, current: Resource[Any], patch_op: PatchOp[Any], conditions: Conditions
    ) -> Resource[Any] | None:
        """Apply a PATCH; raises ``MutabilityException`` for one that takes ``active`` away."""
        patched = super().apply_patch(current, patch_op, conditions)
        if isinstance(patched, User) and patched.active is None:
            raise MutabilityException(attribute="active", detail="active can't be removed.")
        return patched

    def patch_response(
        self,
        base_url: str,
        resource: Resource[Any],
        response_parameters: ResponseParameters[Any],
    ) -> ScimResponse:
        """Return a user as they are now, as identity systems expect; of a group only its version.

        A group may have thousands of members, and nobody asks for them in return.
        """
        if isinstance(resource, User):
            return self.replacement_response(base_url, resource, response_parameters)
        return super().patch_response(base_url, resource, response_parameters)

    def search_response(
        self,
        base_url: str,
        resource_types: list[ResourceType],
        page: SearchPage,
        search_request: SearchRequest[Any],
    ) -> ScimResponse:
        """Return a page; an empty one has a list too, which clients go through unasked."""
        response = super().search_response(base_url, resource_types, page, search_request)
        if response.body is not None:
            response.body.setdefault("Resources", [])
        return response

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """Return the outcome of a failed operation; what nobody foresaw is logged."""
        if not isinstance(exception, SCIMException):
            logger.error("A SCIM bulk operation failed", exc_info=exception)
        return super().bulk_failure(outcome, exception)


class RosterHandler(ScimHandler):
    """Reads vendors' dialects, and tries again what others have overtaken; for one request."""

    storage: RosterStorage
    is_terse = True
    """Whether nobody asks what a PATCH has made of the resource."""

    def handle(self, request: ScimRequest) -> ScimResponse:
        """Serve a request."""
        self.is_terse = not {name.lower() for name in request.query} & _SELECTING
        return super().handle(replace(request, body=normalised(request.body)))

    def replace_resource(
        self,
        resource_type: ResourceType,
        current: Resource[Any],
        replacement: Resource[Any],
        conditions: Conditions,
    ) -> Resource[Any]:
        """Apply a PUT, which without a condition holds whatever was there before."""
        states = iter([current])

        def attempt() -> Resource[Any]:
            state = next(states, None) or self.storage.get(resource_type, str(current.id))
            wanted = replacement.model_copy(deep=True)
            return ScimHandler.replace_resource(self, resource_type, state, wanted, conditions)

        return _tried(attempt, conditions)

    def patch_resource(
        self,
        resource_type: ResourceType,
        resource_id: str,
        patch_op: PatchOp[Any],
        conditions: Conditions,
    ) -> Resource[Any]:
        """Apply a PATCH to how the resource is now."""
        push = read_push(patch_op) if resource_type.name == GROUP and self.is_terse else None
        if push is not None:
            head = self.storage.head(resource_id)
            self.service.check_preconditions(head, "PATCH", conditions)
            return self.storage.push(resource_id, push)
        return _tried(
            lambda: ScimHandler.patch_resource(
                self, resource_type, resource_id, patch_op, conditions
            ),
            conditions,
        )

    def delete_resource(
        self, resource_type: ResourceType, resource_id: str, conditions: Conditions
    ) -> None:
        """Delete the resource as it is now."""
        _tried(
            lambda: ScimHandler.delete_resource(self, resource_type, resource_id, conditions),
            conditions,
        )


def _tried[T](attempt: Callable[[], T], conditions: Conditions) -> T:
    """Do it again if the resource has changed meanwhile, unless the client has said how it is."""
    is_conditional = bool(conditions.if_match or conditions.if_none_match)
    for _ in range(1 if is_conditional else MOST_TRIES - 1):
        try:
            return attempt()
        except PreconditionFailedException:
            if is_conditional:
                raise
    return attempt()


SERVICE = RosterService(PROVIDER)
