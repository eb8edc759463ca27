"""What the overrides share: taking a mutation's place in the schema, unchanged to look at."""

from __future__ import annotations

from typing import Any

FROM_META = (
    "name",
    "description",
    "permissions",
    "error_type_class",
    "error_type_field",
    "support_meta_field",
    "support_private_meta_field",
)
OF_MODELS = ("model", "object_type", "return_field_name", "instance_tracker_fields")


def meta_of(core: Any) -> type:
    """Return a Meta that says of a subclass what Saleor's says of *core*.

    The description has the permissions and events appended already.
    """
    meta = core._meta
    values = {name: getattr(meta, name) for name in FROM_META}
    values |= {name: getattr(meta, name) for name in OF_MODELS if getattr(meta, "model", None)}
    values |= {
        "doc_category": core.doc_category,
        "webhook_events_info": core.webhook_events_info,
        "auto_permission_message": False,
        "auto_webhook_events_message": False,
    }
    return type("Meta", (), values)
