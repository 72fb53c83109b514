"""A peer that is missing is no failure where it is not asked for, and one under `make test-peers`."""

import pytest

from tests.helpers.doctor.frameworks.peers import peer


def test_a_missing_peer_fails_only_where_peers_are_required(monkeypatch):
    monkeypatch.delenv("PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="make test-peers has it"):
        peer("no_such_peer")
    monkeypatch.setenv("PEERS", "required")
    with pytest.raises(ModuleNotFoundError, match="no_such_peer"):
        peer("no_such_peer")
