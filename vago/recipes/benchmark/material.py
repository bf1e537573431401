"""What both sides of the benchmark work with: the same base and the same clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import soundfile
import torch

from vago import VagoError
from vago.audio.espeak import EspeakVoice
from vago.audio.io import SAMPLE_RATE
from vago.files import need_room, replacing
from vago.model import bundled, xtts
from vago.paths import Paths
from vago.recipes.benchmark.params import BenchmarkParams
from vago.recipes.benchmark.stock import stock_dvae
from vago.synthesis.script import Script
from vago.text import normalize

Log = Callable[[str], None]

# model_args of XTTS-v2's published config.json
XTTS_SHAPE = {
    "gpt_layers": 30,
    "gpt_n_model_channels": 1024,
    "gpt_n_heads": 16,
    "gpt_number_text_tokens": 6681,
    "gpt_num_audio_tokens": 1026,
    "gpt_start_audio_token": 1024,
    "gpt_stop_audio_token": 1025,
    "gpt_max_text_tokens": 402,
    "gpt_max_audio_tokens": 605,
    "gpt_max_prompt_tokens": 70,
    "decoder_input_dim": 1024,
}
FULL_SIZE_BYTES = 2 * 10**9
CLIP_SECONDS = (1.0, 11.6)  # stock takes no longer ones
SCRIPTS = ("quiz_show", "quiz_extra")


def base_folder(p: BenchmarkParams, paths: Paths, log: Log) -> Path:
    """The base that both sides train, in the stock layout."""
    if p.model == "base":
        xtts.check_files(paths.base)
        return paths.base

    small = bundled.open_into(paths.home / "embedded")
    if p.model == "embedded":
        return small

    log("building a base of XTTS-v2's exact shape with random weights")
    return full_size_base(paths.home / "full_size", small)


def full_size_base(folder: Path, small: Path) -> Path:
    """A base of XTTS-v2's exact shape (GPT of 441,018,563 parameters) with random weights.

    Random weights train and decode at the speed of trained ones. The text is tokenized as in
    `small`. Takes 1.9 GB; a complete one is kept.
    """
    from TTS.tts.models.xtts import Xtts

    if (folder / "model.pth").is_file():
        return folder

    need_room(folder.parent, FULL_SIZE_BYTES, "building a base of full size")
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    config["model_args"] |= XTTS_SHAPE
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("mel_stats.pth", "speakers_xtts.pth"):
        (folder / name).write_bytes((small / name).read_bytes())
    vocabulary = _full_size_vocabulary(small / "vocab.json")
    (folder / "vocab.json").write_text(vocabulary, encoding="utf-8")

    xtts.quiet()
    torch.manual_seed(1)
    model = Xtts(xtts.read_config(folder))
    model.tokenizer = xtts.load_tokenizer(folder)
    model.init_models()
    torch.save(stock_dvae().state_dict(), folder / "dvae.pth")
    with replacing(folder / "model.pth") as partial:
        torch.save({"model": model.state_dict()}, partial)
    return folder


def _full_size_vocabulary(small: Path) -> str:
    """`small` with unused tokens up to XTTS-v2's number of them.

    Stock sizes the text embedding by the highest token id.
    """
    vocabulary = json.loads(small.read_text(encoding="utf-8"))
    tokens = vocabulary["model"]["vocab"]
    first = max(tokens.values()) + 1
    unused = range(first, XTTS_SHAPE["gpt_number_text_tokens"])
    tokens |= {f"<unused {number}>": number for number in unused}
    return json.dumps(vocabulary, ensure_ascii=False)


def speak_clips(p: BenchmarkParams, paths: Paths) -> list[dict[str, str]]:
    """`p.clips` sentences of the scripts in the demo's timbre, as WAVs at 22,050 Hz.

    Returns:
        path and text of each.

    Raises:
        VagoError: the scripts have fewer sentences.
    """
    folder = paths.home / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    voice = EspeakVoice("m3", words_per_minute=150, pitch=60, pitch_range=80)
    lines = [line.text for name in SCRIPTS for line in Script.load(paths.script(name)).lines]
    sentences = [
        part for line in lines for part in normalize.split_sentences(normalize.normalize_text(line))
    ]

    shortest, longest = CLIP_SECONDS
    clips = []
    for number, sentence in enumerate(sentences):
        if len(clips) == p.clips:
            break
        wav = voice.speak(sentence)
        if shortest <= len(wav) / SAMPLE_RATE <= longest:
            path = folder / f"{number:03d}.wav"
            soundfile.write(path, wav, SAMPLE_RATE, subtype="PCM_16")
            clips.append({"path": str(path), "text": sentence.lower()})

    if len(clips) < p.clips:
        raise VagoError(
            f"clips = {p.clips}, but the scripts have {len(clips)} sentences of usable length: "
            "lower it"
        )
    return clips
