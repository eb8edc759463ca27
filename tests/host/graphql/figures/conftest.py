"""Staff who may read figures."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def client(staff_api_client, permission_manage_orders) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_orders)
    return staff_api_client
