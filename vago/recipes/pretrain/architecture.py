"""Vocabulary and configuration of the bundled base: XTTS-v2 at a hundredth of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vago.model import xtts
from vago.recipes.pretrain.params import PretrainParams
from vago.text.hungarian.characters import HUNGARIAN, MARKS

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from TTS.tts.configs.xtts_config import XttsConfig

DIGRAPHS = ("cs", "dz", "dzs", "gy", "ly", "ny", "sz", "ty", "zs")
SPECIAL = ("[STOP]", "[UNK]", "[SPACE]", "[START]", f"[{xtts.LANGUAGE}]")
CODES = 1024  # the start and stop tokens follow
HEAD_WIDTH = 64


def vocabulary() -> Tokenizer:
    """One token per letter of the Hungarian alphabet, digraphs included, as XTTS-v2's vocab.json.

    Hungarian spelling is nearly phonetic, so letters teach a small model more per example than
    subwords do.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokens = [*SPECIAL, *HUNGARIAN, *DIGRAPHS, *MARKS]
    merges = [(letters[:-1], letters[-1]) for letters in DIGRAPHS]
    numbers = {token: i for i, token in enumerate(tokens)}

    tokenizer = Tokenizer(models.BPE(numbers, merges, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def configuration(p: PretrainParams) -> XttsConfig:
    """The content of config.json: stock's classes, our sizes."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    args = XttsArgs(
        gpt_layers=p.gpt_layers,
        gpt_n_model_channels=p.gpt_width,
        gpt_n_heads=p.gpt_width // HEAD_WIDTH,
        gpt_number_text_tokens=vocabulary().get_vocab_size(),
        gpt_start_text_token=SPECIAL.index("[START]"),
        gpt_stop_text_token=SPECIAL.index("[STOP]"),
        gpt_num_audio_tokens=CODES + 2,
        gpt_start_audio_token=CODES,
        gpt_stop_audio_token=CODES + 1,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=p.gpt_width,
    )
    return XttsConfig(model_args=args, audio=XttsAudioConfig(), languages=[xtts.LANGUAGE])
