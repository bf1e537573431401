"""The recipe of the bundled base: XTTS-v2's classes, trained on the speech of espeak-ng's voices.

Stages: speech -> DVAE -> codes -> GPT (short texts, then sentences) -> speaker encoder -> latents
-> decoder. Each leaves its result in outputs/<profile>/stages/ and is not run again; the long ones
resume from their last checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from vago import VagoError
from vago.files import replacing, write_json
from vago.model import bundled, xtts
from vago.paths import Paths
from vago.recipes.extras import need_extra
from vago.recipes.pretrain import decoder, dvae, speaker_encoder, speech, texts
from vago.recipes.pretrain.architecture import configuration, vocabulary
from vago.recipes.pretrain.gpt import Course, train_gpt
from vago.recipes.pretrain.params import PretrainParams
from vago.recipes.pretrain.speech import Teacher, TeacherClips

Log = Callable[[str], None]
Weights = Mapping[str, torch.Tensor]

SHORT, MEDIUM, LONG = 60, 110, 260  # codes of the longest clip of a course: 2.8 s, 5.1 s, 12 s
DVAE_CLIPS = (36, 12)  # of each of the first teachers, of each of the others
SPEAKER_CLIPS = 40  # of each teacher, for the speaker encoder
LATENTS_BATCH = 8

# Parameters that may change between two runs: finished stages do not depend on them.
FREE = {
    "short_steps",
    "medium_steps",
    "long_steps",
    "learning_rate",
    "batch_size",
    "decoder_steps",
    "decoder_adversarial_steps",
    "decoder_batch",
    "save_every",
}


def pretrain(p: PretrainParams, paths: Paths, log: Log = print) -> dict[str, torch.Tensor]:
    """Run every stage that is not done; returns the weights as `bundled.write_assets` takes them.

    Raises:
        VagoError: a package of the extra `pretrain` is missing, the stages were made with other
            parameters, or no clip is long enough for the decoder.
    """
    need_extra("pretrain", "sklearn", "tokenizers", "wordfreq")
    xtts.quiet()
    device = xtts.device()
    _check_parameters(p, paths)

    teachers = speech.teachers(p.speakers, p.seed)
    spoken = _speak(p, paths, teachers, log)

    # in the layout that xtts.text_encoder and xtts.open_dvae read
    base = paths.stage("base")
    base.mkdir(parents=True, exist_ok=True)
    vocabulary().save(str(base / "vocab.json"))
    start = bundled.read_weights() if p.resume else {}
    _train_dvae(p, base, spoken, start, log, device)

    taught = _encode(p, paths, teachers, spoken, log)
    gpt = _train_gpt(p, paths, taught, bundled.without_prefix(start, "gpt."), log, device)
    encoder = _train_speaker_encoder(p, paths, spoken, start, log, device)
    generator = _train_decoder(p, paths, taught, spoken, gpt, encoder, start, log, device)

    modules = {
        "gpt.": gpt,
        "decoder.": generator,
        "speaker.": encoder,
        "dvae.": xtts.open_dvae(base),
    }
    weights = {
        prefix + name: t.cpu()
        for prefix, module in modules.items()
        for name, t in module.state_dict().items()
    }
    return weights | {"mel_stats": xtts.load_mel_stats(base)}


def _check_parameters(p: PretrainParams, paths: Paths) -> None:
    """Check that finished stages, which are kept, were made with the same parameters.

    Raises VagoError with the names of the parameters that differ.
    """
    mine = p.model_dump(mode="json", exclude=FREE)
    file = paths.stage("parameters.json")
    if file.exists():
        earlier = json.loads(file.read_text(encoding="utf-8"))
        if differing := [name for name, value in mine.items() if earlier.get(name) != value]:
            raise VagoError(
                f"the stages in {paths.shown(file.parent)} were made with other values of "
                f"{', '.join(differing)}: set them back, or give this recipe a profile of its own "
                "(-p profile NAME)"
            )

    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, mine)


def _speak(p: PretrainParams, paths: Paths, teachers: Sequence[Teacher], log: Log) -> list[Path]:
    """Each teacher's file: sentences to prompt with, short texts, more sentences."""
    excluded = texts.script_keys(paths.root / "params" / "scripts")
    files = []
    for i, teacher in enumerate(teachers):
        path = paths.stage("speech") / f"{teacher.name}.safetensors"
        files.append(path)
        if path.exists():
            continue

        is_first = i < len(speech.FIRST_VARIANTS)
        parts = (
            ("long", teacher.name, speech.PROMPTS),
            ("short", teacher.name, p.short_texts if is_first else p.other_short_texts),
            ("long", f"{teacher.name} more", p.long_texts),
        )
        drawn = [
            islice(texts.utterances(kind, seed, excluded), count) for kind, seed, count in parts
        ]
        speech.write_speech(teacher, list(chain(*drawn)), path, p.seed)
        log(f"speech: speaker {i + 1} of {len(teachers)}, {teacher.name}")

    return files


def _train_dvae(
    p: PretrainParams, base: Path, spoken: list[Path], start: Weights, log: Log, device: str
) -> None:
    """mel_stats.pth and dvae.pth in `base`, from `start` or trained."""
    if start:
        stats = start["mel_stats"]
        state = bundled.without_prefix(start, "dvae.")
    elif (base / "dvae.pth").exists():
        return
    else:
        wavs = []
        for i, path in enumerate(spoken):
            count = DVAE_CLIPS[i >= len(speech.FIRST_VARIANTS)]
            wavs += islice(speech.read_wavs(path), count)
        stats = dvae.mel_statistics(wavs)
        state = dvae.train_dvae(wavs, stats, p.seed, p.dvae_steps, log, device).state_dict()

    with replacing(base / "mel_stats.pth") as partial:
        torch.save(stats, partial)
    with replacing(base / "dvae.pth") as partial:
        torch.save(state, partial)


def _encode(
    p: PretrainParams, paths: Paths, teachers: Sequence[Teacher], spoken: list[Path], log: Log
) -> list[TeacherClips]:
    """Each teacher's clips as codes: those of its speech and, of a reader, `p.read_texts` more."""
    base = paths.stage("base")
    excluded = texts.script_keys(paths.root / "params" / "scripts")
    model, stats = xtts.open_dvae(base), xtts.load_mel_stats(base)
    encode = xtts.text_encoder(base)

    taught = []
    for i, (teacher, path) in enumerate(zip(teachers, spoken)):
        codes = paths.stage("codes") / path.name
        if not codes.exists():
            count = p.read_texts if i < p.readers else 0
            more = list(islice(texts.utterances("read", teacher.name, excluded), count))
            speech.write_codes(teacher, path, more, codes, model, stats, p.seed)
            log(f"codes: speaker {i + 1} of {len(teachers)}, {teacher.name}")
        taught.append(TeacherClips.read(codes, encode))

    return taught


def _train_gpt(
    p: PretrainParams,
    paths: Paths,
    taught: list[TeacherClips],
    start: Weights,
    log: Log,
    device: str,
) -> nn.Module:
    """A GPT, with `start`'s weights or random ones, trained through the three courses."""
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(p.seed)
    gpt = Xtts(configuration(p)).gpt
    for embedding in (gpt.text_embedding, gpt.mel_embedding):
        # with PyTorch's default of 1 the position embeddings are too small beside these
        torch.nn.init.normal_(embedding.weight, std=0.02)
    if start:
        gpt.load_state_dict(start)

    # Each course has longer texts: positions that were never trained cannot be aligned all at once.
    # Few voices until text and speech align, then all, so that prompts of unknown voices work too.
    few, rate = len(speech.FIRST_VARIANTS), p.learning_rate
    courses = (
        Course("short", p.short_steps, rate, 0.4, few, SHORT, p.batch_size),
        Course("medium", p.medium_steps, rate, 0.5, p.readers, MEDIUM, p.batch_size),
        Course("long", p.long_steps, rate * 0.6, 0.03, len(taught), LONG, p.batch_size, joined=0.5),
    )
    for course in courses:
        if course.steps:
            train_gpt(gpt, course, taught, paths.stage("gpt"), p.seed, log, device, p.save_every)
    return gpt.eval().to(device)


def _train_speaker_encoder(
    p: PretrainParams, paths: Paths, spoken: list[Path], start: Weights, log: Log, device: str
) -> nn.Module:
    """The narrow speaker encoder in eval mode, from `start`, from its file or trained."""
    file = paths.stage("speaker") / "encoder.safetensors"
    if start or not file.exists():
        if start:
            state = bundled.without_prefix(start, "speaker.")
        else:
            voices = [list(islice(speech.read_wavs(path), SPEAKER_CLIPS)) for path in spoken]
            state = speaker_encoder.train_speaker_encoder(
                voices, p.speaker_steps, seed=p.seed, log=log, device=device
            ).state_dict()
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as partial:
            save_file(state, partial)

    encoder = speaker_encoder.new_encoder()
    encoder.load_state_dict(load_file(file))
    return encoder.eval()


def _train_decoder(
    p: PretrainParams,
    paths: Paths,
    taught: list[TeacherClips],
    spoken: list[Path],
    gpt: nn.Module,
    encoder: nn.Module,
    start: Weights,
    log: Log,
    device: str,
) -> nn.Module:
    """The narrow HiFi-GAN, with `start`'s weights or random ones, trained on the GPT's latents."""
    generator = decoder.new_generator(p.gpt_width, p.decoder_width)
    if start:
        generator.load_state_dict(bundled.without_prefix(start, "decoder."))

    folder = paths.stage("decoder")
    is_done = decoder.steps_done(folder) >= p.decoder_steps
    pairs = [] if is_done else _pairs(p, taught, spoken, gpt, encoder, log, device)
    return decoder.train_decoder(
        generator,
        pairs,
        p.decoder_steps,
        folder,
        p.decoder_batch,
        seed=p.seed,
        log=log,
        device=device,
        every=p.save_every,
        adversarial=p.decoder_adversarial_steps,
    )


def _pairs(
    p: PretrainParams,
    taught: list[TeacherClips],
    spoken: list[Path],
    gpt: nn.Module,
    encoder: nn.Module,
    log: Log,
    device: str,
) -> list[decoder.Pair]:
    """The decoder's training data, of all teachers."""
    rng = np.random.default_rng([p.seed, 5])
    pairs = []
    for i, (teacher, path) in enumerate(zip(taught, spoken)):
        wavs = list(speech.read_wavs(path))
        chosen = rng.choice(len(wavs), min(p.decoder_clips, len(wavs)), replace=False)
        by_length = sorted(chosen, key=lambda k: len(teacher.clips[k].codes))  # little padding
        for at in range(0, len(by_length), LATENTS_BATCH):
            part = by_length[at : at + LATENTS_BATCH]
            pairs += decoder.pairs_of(part, teacher, wavs, gpt, encoder, rng, device)
        log(f"latents: speaker {i + 1} of {len(taught)}")

    if not any(len(pair.latents) > decoder.SEGMENT for pair in pairs):
        raise VagoError(
            "no clip is long enough to train the decoder on: raise long_texts or decoder_clips"
        )
    return pairs
