"""Fixtures for what fetches the base: small files, a stand-in for the hub, and fetch() itself."""

from __future__ import annotations

import pytest

from helpers.hub import StandIn, identities, small_files
from vago import VagoError
from vago.model import download, published
from vago.model import hub as transfer


@pytest.fixture
def files() -> dict[str, bytes]:
    return small_files()


@pytest.fixture
def hub(files, monkeypatch):
    """The stand-in in the hub's place, at the published revision."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.01)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    huggingface_hub.close_session()
    with StandIn(files, published.REVISION) as hub:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def run(files, tmp_path):
    """fetch() of the small files into tmp_path/base, the licence accepted; it logs to run.log."""

    def call(folder="base", **given):
        settings = {"accept": True, "expected": identities(files), "log": call.log.append}
        return download.fetch(tmp_path / folder, **{**settings, **given})

    call.log, call.folder = [], tmp_path / "base"
    return call


@pytest.fixture
def refused(run):
    """`refused(match, **fetch's arguments)`: the message of a fetch that fails, in one sentence."""

    def call(match, *arguments, **given) -> str:
        with pytest.raises(VagoError, match=match) as error:
            run(*arguments, **given)
        message = str(error.value)
        assert "\n" not in message and len(message) < 600
        return message

    return call
