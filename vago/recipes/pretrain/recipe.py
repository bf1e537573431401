"""The recipe of the embedded base: XTTS-v2's classes at a hundredth of its size, taught to speak by espeak-ng's voices.

Stages: speech -> DVAE -> codes -> GPT (short texts, then sentences) -> speaker encoder -> latents -> decoder. Each leaves its
result in outputs/<profile>/stages/ and is not run again; the long ones go on from their last checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from vago import VagoError
from vago.model import xtts
from vago.paths import Paths
from vago.recipes.pretrain.params import PretrainParams
from vago.text.hungarian.characters import HUNGARIAN, MARKS

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from TTS.tts.configs.xtts_config import XttsConfig

DIGRAPHS = ("cs", "dz", "dzs", "gy", "ly", "ny", "sz", "ty", "zs")
SPECIAL = ("[STOP]", "[UNK]", "[SPACE]", "[START]", f"[{xtts.LANGUAGE}]")
CODES = 1024
SHORT, MEDIUM, LONG = 60, 110, 260  # codes of the longest clip in each course: 2.8 s, 5.1 s, 12 s


def vocabulary() -> Tokenizer:
    """One token per letter of the Hungarian alphabet, digraphs included, in the form of XTTS-v2's vocab.json.

    Hungarian is written nearly as it sounds, so letters teach a small model more per example than learned pieces of words.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokens = [*SPECIAL, *HUNGARIAN, *DIGRAPHS, *MARKS]
    merges = [(pair[:-1], pair[-1]) for pair in DIGRAPHS]
    tokenizer = Tokenizer(
        models.BPE({token: i for i, token in enumerate(tokens)}, merges, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def configuration(p: PretrainParams) -> XttsConfig:
    """config.json's content: stock's classes, our sizes."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    return XttsConfig(
        model_args=XttsArgs(
            gpt_layers=p.gpt_layers,
            gpt_n_model_channels=p.gpt_width,
            gpt_n_heads=p.gpt_width // 64,
            gpt_number_text_tokens=vocabulary().get_vocab_size(),
            gpt_start_text_token=SPECIAL.index("[START]"),
            gpt_stop_text_token=SPECIAL.index("[STOP]"),
            gpt_num_audio_tokens=CODES + 2,
            gpt_start_audio_token=CODES,
            gpt_stop_audio_token=CODES + 1,
            gpt_use_perceiver_resampler=True,
            decoder_input_dim=p.gpt_width,
        ),
        audio=XttsAudioConfig(),
        languages=[xtts.LANGUAGE],
    )


def pretrain(p: PretrainParams, paths: Paths, log: Callable[[str], None] = print) -> dict:
    """Run every stage that is not done; returns the trained parts, named as `embedded.pack` takes them."""
    import torch
    from safetensors.torch import load_file, save_file

    from vago.model import bundled
    from vago.recipes.pretrain import data, decoder, dvae, speaker_encoder

    xtts.quiet()
    device = xtts.device()
    _same_recipe(p, paths)
    speakers = data.speakers(p.speakers, p.seed)
    spoken = _speak(p, paths, speakers, log)

    folder = paths.stage("base")  # what `base.encoder` and `base.open_dvae` open
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary().save(str(folder / "vocab.json"))
    start = bundled.parts() if p.resume else {}
    if start:
        torch.save(start["mel_stats"], folder / "mel_stats.pth")
        torch.save(bundled.part(start, "dvae."), folder / "dvae.pth")
    elif not (folder / "dvae.pth").exists():
        counts = (36 if i < len(data.TEACHERS) else 12 for i in range(len(spoken)))
        wavs = list(
            chain(*(islice(data.read_wavs(path), count) for path, count in zip(spoken, counts)))
        )
        stats = dvae.mel_statistics(wavs)
        torch.save(stats, folder / "mel_stats.pth")
        torch.save(
            dvae.train_dvae(wavs, stats, p.seed, p.dvae_steps, log, device).state_dict(),
            folder / "dvae.pth",
        )

    taught = _codes(p, paths, speakers, spoken, folder, log)
    gpt = _train_gpt(p, paths, taught, bundled.part(start, "gpt."), log, device)

    found = paths.stage("speaker") / "encoder.safetensors"
    if start:
        found.parent.mkdir(parents=True, exist_ok=True)
        save_file(bundled.part(start, "speaker."), found)
    elif not found.exists():
        found.parent.mkdir(parents=True, exist_ok=True)
        voices = [list(islice(data.read_wavs(path), 40)) for path in spoken]
        trained = speaker_encoder.train_speaker_encoder(
            voices, p.speaker_steps, seed=p.seed, log=log, device=device
        )
        save_file(trained.state_dict(), found)
    encoder = speaker_encoder.new_encoder()
    encoder.load_state_dict(load_file(found))

    generator = decoder.new_generator(p.gpt_width, p.decoder_width)
    if start:
        generator.load_state_dict(bundled.part(start, "decoder."))
    done = decoder.steps_done(paths.stage("decoder")) >= p.decoder_steps
    pairs = [] if done else _pairs(p, taught, spoken, gpt, encoder.eval(), log, device)
    decoder.train_decoder(
        generator, pairs, p.decoder_steps, paths.stage("decoder"), p.decoder_batch, seed=p.seed, log=log, device=device,
        every=p.save_every, adversarial=p.decoder_adversarial_steps,
    )  # fmt: skip
    parts = {
        "gpt.": gpt,
        "decoder.": generator,
        "speaker.": encoder,
        "dvae.": xtts.open_dvae(folder),
    }
    tensors = {
        prefix + k: v.cpu()
        for prefix, module in parts.items()
        for k, v in module.state_dict().items()
    }
    return tensors | {"mel_stats": xtts.load_mel_stats(folder)}


def pack(p: PretrainParams, paths: Paths, parts: dict) -> str:
    """Put the trained parts into the package's assets; returns a line that says how large they are."""
    from vago.model import bundled

    config = json.dumps(configuration(p).to_dict(), indent=1, sort_keys=True) + "\n"
    recipe = {
        "parameters": p.model_dump(mode="json"),
        "speech": "espeak-ng, no voice of a person",
        "scores": scores(paths),
    }
    manifest = bundled.pack(parts, config, vocabulary().to_str(pretty=True), recipe)
    size = sum(file["bytes"] for file in manifest["files"].values())
    return f"{bundled.FOLDER}: {size / 2**20:.1f} MiB"


def scores(paths: Paths) -> dict:
    """The last line of each long stage's metrics."""
    found = {}
    for stage in ("gpt", "decoder"):
        file = paths.stage(stage) / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        found |= {stage: json.loads(lines[-1])} if lines else {}
    return found


def learning(paths: Paths):
    """The GPT's metrics as a DataFrame (course, step, mel_ce, held_out_mel_ce, misled_mel_ce, seconds_per_step), a row a step."""
    import pandas as pd

    rows = (paths.stage("gpt") / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return pd.DataFrame(map(json.loads, rows)).drop_duplicates(["course", "step"], keep="last")


def hear(p: PretrainParams, paths: Paths, parts: dict, text: str) -> list[tuple]:
    """(title, wav, rate) of `text` by the first teacher and by the base behind a prompt of that teacher."""
    from TTS.tts.models.xtts import Xtts

    from vago.audio import io
    from vago.audio.espeak import RATE, Voice
    from vago.model import bundled
    from vago.recipes.pretrain import data
    from vago.synthesis.params import SpeechParams
    from vago.synthesis.synthesizer import speak, voice_from

    model = Xtts(configuration(p))
    model.load_state_dict(bundled.stock_state(parts, model.state_dict()))
    model.eval()  # gives None back: stock's own
    teacher = data.speakers(p.speakers, p.seed)[0]
    prompts = list(islice(data.read_wavs(paths.stage("speech") / f"{teacher.name}.safetensors"), 3))
    encode, settings = xtts.encoder(paths.stage("base")), SpeechParams(profile=p.profile)
    (sample,) = speak(model, voice_from(model, prompts), [text], encode, settings)
    said = Voice(
        teacher.variant, teacher.words_per_minute, teacher.pitch, teacher.pitch_range
    ).speak(text)
    return [
        (f"teacher: {teacher.name}", said, RATE),
        ("base, behind its prompt", sample.wav, io.OUTPUT_RATE),
    ]


def _same_recipe(p: PretrainParams, paths: Paths) -> None:
    """What is done is kept whatever the parameters say, so those that it hangs on must be the same; steps may become more.

    Raises VagoError naming those that differ.
    """
    from vago.files import write_json

    free = {
        "medium_steps",
        "long_steps",
        "short_steps",
        "decoder_steps",
        "learning_rate",
        "batch_size",
        "decoder_batch",
    }
    free |= {"decoder_adversarial_steps", "save_every"}
    mine, file = p.model_dump(mode="json", exclude=free), paths.stage("parameters.json")
    if file.exists():
        theirs = json.loads(file.read_text(encoding="utf-8"))
        if differing := [name for name, value in mine.items() if theirs.get(name) != value]:
            raise VagoError(
                f"the stages in {paths.shown(file.parent)} were made with another {', '.join(differing)}: set them as they were, "
                "or give this recipe a profile of its own (-p profile NAME)"
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, mine)


def _speak(p: PretrainParams, paths: Paths, speakers, log) -> list[Path]:
    """Each speaker's file: sentences to prompt with, short texts, more sentences."""
    from vago.recipes.pretrain import data

    barred = data.barred_lines(paths.root / "params" / "scripts")
    files = []
    for i, speaker in enumerate(speakers):
        path = paths.stage("speech") / f"{speaker.name}.safetensors"
        if not path.exists():
            short = p.short_texts if i < len(data.TEACHERS) else p.other_short_texts
            name = speaker.name
            parts = (
                ("long", name, data.PROMPTS),
                ("short", name, short),
                ("long", f"{name} more", p.long_texts),
            )
            utterances = [
                islice(data.utterances(kind, seed, barred), count) for kind, seed, count in parts
            ]
            data.speak(speaker, list(chain(*utterances)), path, p.seed)
            log(f"speech: speaker {i + 1} of {len(speakers)}, {speaker.name}")
        files.append(path)
    return files


def _codes(
    p: PretrainParams, paths: Paths, speakers, spoken: list[Path], folder: Path, log
) -> list:
    """Each speaker's clips as codes: those of his file of speech, then, if he is a reader, `p.read_texts` more."""
    from vago.recipes.pretrain import data

    barred = data.barred_lines(paths.root / "params" / "scripts")
    dvae, stats, encode = xtts.open_dvae(folder), xtts.load_mel_stats(folder), xtts.encoder(folder)
    taught = []
    for i, (speaker, path) in enumerate(zip(speakers, spoken)):
        codes = paths.stage("codes") / path.name
        if not codes.exists():
            count = p.read_texts if i < p.readers else 0
            more = list(islice(data.utterances("read", speaker.name, barred), count))
            data.encode(speaker, path, more, codes, dvae, stats, p.seed)
            log(f"codes: speaker {i + 1} of {len(speakers)}, {speaker.name}")
        taught.append(data.Taught.load(codes, encode))
    return taught


def _train_gpt(p: PretrainParams, paths: Paths, taught: list, start: dict, log, device: str):
    """A GPT, from `start`'s weights or at random, through the three courses."""
    import torch
    from TTS.tts.models.xtts import Xtts

    from vago.recipes.pretrain.data import TEACHERS
    from vago.recipes.pretrain.gpt import Course, train_gpt

    torch.manual_seed(p.seed)
    gpt = Xtts(configuration(p)).gpt
    for embedding in (gpt.text_embedding, gpt.mel_embedding):
        torch.nn.init.normal_(
            embedding.weight, std=0.02
        )  # PyTorch's default of 1 drowns the positions
    if start:
        gpt.load_state_dict(start)
    # a text's end lies further out in each: positions that were never trained cannot be aligned at once. Few voices until text
    # and sound have found each other, then all there are, or a prompt of a strange one means nothing
    courses = (
        Course("short", p.short_steps, p.learning_rate, 0.4, len(TEACHERS), SHORT, p.batch_size),
        Course("medium", p.medium_steps, p.learning_rate, 0.5, p.readers, MEDIUM, p.batch_size),
        Course(
            "long",
            p.long_steps,
            p.learning_rate * 0.6,
            0.03,
            len(taught),
            LONG,
            p.batch_size,
            joined=0.5,
        ),
    )
    for course in courses:
        if course.steps:
            train_gpt(gpt, course, taught, paths.stage("gpt"), p.seed, log, device, p.save_every)
    return gpt.eval().to(device)


def _pairs(
    p: PretrainParams, taught: list, spoken: list[Path], gpt, encoder, log, device: str
) -> list:
    """What the decoder learns from: the trained GPT's latents behind the speaker's prompts, the sound, the speaker."""
    import numpy as np
    import torch

    from vago.audio import io
    from vago.recipes.pretrain import data
    from vago.recipes.pretrain.decoder import Pair, latents_of
    from vago.recipes.pretrain.gpt import PROMPT_SECONDS
    from vago.recipes.pretrain.speaker_encoder import RATE
    from vago.training import batches

    rng, pairs = np.random.default_rng([p.seed, 5]), []
    frames = int(PROMPT_SECONDS * batches.FRAMES_PER_SECOND)
    for i, (one, path) in enumerate(zip(taught, spoken)):
        wavs = list(data.read_wavs(path))
        chosen = rng.choice(len(wavs), min(p.decoder_clips, len(wavs)), replace=False)
        chosen = sorted(chosen, key=lambda k: len(one.clips[k].codes))  # little padding
        for at in range(0, len(chosen), 8):
            part = chosen[at : at + 8]
            starts = rng.integers(0, one.prompts.shape[1] - frames, len(part))
            prompts = torch.stack([one.prompts[:, s : s + frames] for s in starts]).to(device)
            latents = latents_of(
                gpt,
                prompts,
                [one.clips[k].tokens for k in part],
                [one.clips[k].codes for k in part],
            )
            for k, latent in zip(part, latents):
                other = io.resample(wavs[int(rng.integers(len(wavs)))], io.SAMPLE_RATE, RATE)
                with torch.no_grad():
                    speaker = encoder(torch.from_numpy(other)[None], l2_norm=True)[0]
                wav = torch.from_numpy(io.resample(wavs[k], io.SAMPLE_RATE, io.OUTPUT_RATE))
                pairs.append(Pair(latent.half(), wav.half(), speaker))
        log(f"latents: speaker {i + 1} of {len(taught)}")
    if not any(len(pair.latents) > 16 for pair in pairs):
        raise VagoError(
            "no clip is long enough to train the decoder on: raise long_texts or decoder_clips"
        )
    return pairs
