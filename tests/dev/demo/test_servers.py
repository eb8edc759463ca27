"""What the demo shows of a server's log."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dev.demo.servers import Server, ServerFailed


def test_a_tail_leaves_out_that_all_is_well_and_keeps_traces(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    records = [
        json.dumps({"levelname": "INFO", "message": "Task succeeded"}),
        "plain text",
        json.dumps({"levelname": "ERROR", "message": "failed", "exc_info": "Traceback:\nBang"}),
    ]
    log.write_text("\n".join(records))
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        server = Server("the API", process, log)
    assert server.tail().splitlines() == [
        "api.log:",
        "  plain text",
        "  ERROR: failed",
        "  Traceback:",
        "  Bang",
    ]
    with pytest.raises(ServerFailed, match=r"^the API ended with 3\.\napi\.log:"):
        server.require_alive()
