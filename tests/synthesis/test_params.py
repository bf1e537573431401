"""Which settings are handed on, recorded, and part of cache keys."""

from __future__ import annotations

from vago.settings import Params
from vago.synthesis.params import SampleParams, SpeechParams


def test_every_setting_of_synthesis_is_in_cache_keys():
    """A new setting is in it by itself, so that no key can miss one."""
    p = SampleParams(precision="bf16", seed=7, pause_seconds=0.1)
    own = SpeechParams.model_fields.keys() - Params.model_fields.keys()
    assert p.synthesis().keys() == own | {"seed", "pause_seconds"}
    assert p.synthesis() == p.model_dump(include=own | {"seed", "pause_seconds"})


def test_the_profile_and_its_folders_are_not():
    one, other = SampleParams(profile="a"), SampleParams(profile="b", outputs_root="elsewhere")
    assert one.synthesis() == other.synthesis()


def test_coqui_tts_has_the_samplers_settings_by_the_same_names():
    from TTS.tts.configs.xtts_config import XttsConfig

    sampling = SpeechParams().sampling()
    assert list(sampling) == ["temperature", "top_k", "top_p", "repetition_penalty"]
    assert all(hasattr(XttsConfig(), name) for name in sampling)
