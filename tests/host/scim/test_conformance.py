"""The service as others judge it: scim2-tester and scim2-cli, over HTTP, at a running server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.host.scim.conftest import ROOT, Scim

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = {
    ("-", "SUCCESS"): 25,
    ("User", "SUCCESS"): 88,
    ("Group", "SUCCESS"): 18,
}
"""How many checks the tester makes of discovery and of each resource type, and how they end."""


def address(server: LiveServer) -> str:
    return f"{server.url}{ROOT}"


def headers(scim: Scim) -> dict[str, str]:
    return {"Authorization": f"Bearer {scim.secret}"}


def test_the_tester_finds_nothing_to_object_to(live_server, scim) -> None:
    with httpx2.Client(base_url=address(live_server), headers=headers(scim), timeout=60) as http:
        results = check_server(SyncSCIMClient(http))

    assert [result for result in results if result.status != Status.SUCCESS] == []
    found = Counter((result.resource_type or "-", result.status.name) for result in results)
    assert found == CHECKS


def test_the_command_line_tool_agrees(live_server, scim) -> None:
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("scim2")), "--url", address(live_server), "test"],
        env=os.environ | {"SCIM_CLI_HEADERS": f"Authorization: Bearer {scim.secret}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
