"""The demo's year fails aloud."""

import pytest

from dev.demo.servers import ServerFailed, fast_forward


def test_a_year_that_can_not_be_played_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    with pytest.raises(ServerFailed, match=r"(?s)^The year went otherwise:.*ImproperlyConfigured"):
        fast_forward()
