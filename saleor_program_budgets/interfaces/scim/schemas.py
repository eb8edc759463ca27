"""The resources that are served, and what the service says of itself."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models import Email as CoreEmail
from scim2_models import User as CoreUser

MAX_RESULTS = 200
MAX_OPERATIONS = 1000
MAX_BULK_BYTES = 1024 * 1024
USER = "User"
GROUP = "Group"


class Email(ComplexAttribute):
    """An address; whether it is one is the roster's to judge, which takes ``.local`` too."""

    value: str | None = None
    display: str | None = None
    type: CoreEmail.Type | None = None
    primary: bool | None = None


class User(CoreUser):
    """The core user."""

    __schema__ = CoreUser.__schema__

    emails: list[Email] | None = None  # type: ignore[assignment] # its Email takes fewer addresses


class Manager(ComplexAttribute):
    """Another user; whoever names them needs no ``$ref``, which the RFC's text asks for."""

    value: Annotated[str | None, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, CaseExact.true] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class EnterpriseUser(Extension):
    """The enterprise extension."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: str | None = None
    cost_center: str | None = None
    organization: str | None = None
    division: str | None = None
    department: str | None = None
    manager: Manager | None = None


class GroupMember(ComplexAttribute):
    """A person who belongs to the department itself."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=[USER])


class Group(Resource[Any]):
    """A department: an account below the roster's own."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[GroupMember] | None = None


class Provider(ScimProvider):
    """Publishes as required what a client does best to send, though the service copes without.

    A user whose ``userName`` is an e-mail address needs no ``emails``, and ``active`` has a
    default; neither can be taken away.
    """

    @cached_property
    def schemas(self) -> tuple[Schema, ...]:
        """What the service publishes on ``/Schemas``."""
        published = tuple(model.to_schema() for model in self.models)
        for schema in published:
            if schema.id != User.__schema__:
                continue
            for attribute in schema.attributes or []:
                if attribute.name in ("emails", "active"):
                    attribute.required = Required.true
                if attribute.name == "emails":
                    for part in attribute.sub_attributes or []:
                        part.required = Required(part.name == "value")
        return published


CONFIGURATION = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=MAX_OPERATIONS, max_payload_size=MAX_BULK_BYTES),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Roster token",
            description="A token that staff of the shop create for a roster, as a bearer token.",
            primary=True,
        )
    ],
)

POLICY = ScimPolicy(
    # Identity systems send what they are configured to send; what the schemas don't have is left.
    unknown=ScimPolicy.Unknown.ignore,
    # Microsoft Entra names the members to remove in the operation's value …
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    # … and sets emails[type eq "work"].value of somebody who has no such address yet.
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)

PROVIDER = Provider(
    models=[User, EnterpriseUser, Group],
    resource_types=[
        ResourceType.from_resource(User[EnterpriseUser]),
        ResourceType.from_resource(Group),
    ],
    config=CONFIGURATION,
    policy=POLICY,
)
USER_MODEL: Any = PROVIDER.model_for(USER)
GROUP_MODEL: Any = PROVIDER.model_for(GROUP)
