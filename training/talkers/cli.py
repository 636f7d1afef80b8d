"""`facewire-train talkers …`: synthetic speech whose phones are known, and a face for it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from model.extras import TORCH, need
from model.library import UNKNOWN
from protocols.errors import FacewireError

app = typer.Typer(help="Synthetic speech whose phones are known, and a face for it.", no_args_is_help=True)

Seed = Annotated[int, typer.Option(help="Random seed.", min=0)]


@app.command()
def speak(
    voices: Annotated[Path, typer.Option(help="Folder with Kokoro's voices, such as bf_emma.bin.")],
    model: Annotated[Path, typer.Option(help="Kokoro-82M as ONNX.")],
    vocabulary: Annotated[Path, typer.Option(help="Its vocabulary, vocab.json.")],
    texts: Annotated[
        list[str],
        typer.Option(help="LANG=FILE: what is said, a plain text or fortunes, in a language of espeak-ng; repeatable."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the speech.")],
    utterances: Annotated[int, typer.Option(help="Number of utterances, of some 9 s each.", min=1)],
    seed: Seed = 0,
    leave_out: Annotated[list[str], typer.Option(help="A voice not to use, to judge with; repeatable.")] = [],  # noqa: B006
) -> None:
    """Let Kokoro's voices say texts, each recording beside the times of its phones.

    Every language is spoken equally often, by any voice or mixture of two. Interrupt it at any time; the same command
    continues.
    """
    need("torch", "onnx")
    from training.bars import progress
    from training.talkers import kokoro, phonemes
    from training.talkers.speak import Script, say
    from training.talkers.texts import named, texts_of

    said: dict[str, list[str]] = {}
    for language, file in map(named, texts):
        said[language] = sorted({*said.get(language, ()), *texts_of(file)})
    speaker = kokoro.open_kokoro(model, vocabulary)
    for language in said:
        phonemes.letters("a", language, speaker.alphabet)  # so that a missing language is told of at once
    script = Script(kokoro.voices_in(voices, tuple(leave_out)), said, seed)
    with progress() as bar:
        say(script, speaker, model, utterances, out, bar)


@app.command()
def flite(
    texts: Annotated[list[Path], typer.Option(help="English texts, plain or fortunes; repeatable.")],
    out: Annotated[Path, typer.Option(help="Folder for the speech.")],
    utterances: Annotated[int, typer.Option(help="Number of utterances, of some 6 s each.", min=1)],
    seed: Seed = 0,
) -> None:
    """Let flite's voices say texts: four real speakers, thirty times faster than Kokoro.

    Interrupt it at any time; the same command continues.
    """
    from training.bars import progress
    from training.talkers.flite import say
    from training.talkers.texts import texts_of

    said = sorted({text for file in texts for text in texts_of(file)})
    with progress() as bar:
        say(said, seed, utterances, out, bar)


@app.command()
def drawn_out(
    spoken: Annotated[Path, typer.Argument(help="Folder of recordings beside .phones.")],
    out: Annotated[Path, typer.Option(help="Folder for the speech.")],
    seed: Seed = 0,
) -> None:
    """Hold the vowels of speech for seconds, and sing some of it, with the WORLD vocoder; phones keep their places.

    Interrupt it at any time; the same command continues.
    """
    need("performers", "pyworld")
    from training.bars import progress
    from training.phones.spoken import recordings
    from training.talkers.drawn_out import draw_out

    with progress() as bar:
        draw_out(recordings(spoken), seed, out, bar)


@app.command()
def festival(
    voice: Annotated[Path, typer.Argument(help="A unit-selection voice's folder, with wav and lab in it.")],
    out: Annotated[Path, typer.Option(help="Folder for the speech.")],
) -> None:
    """Take the real recordings of a Festival voice whose labels are msu_ru_nsh's, and the times of their phones."""
    from training.phones.festival import convert

    typer.echo(f"{out}: {sum(1 for _ in convert(voice, 'ru', out))} recordings")


@app.command()
def animator(
    data: Annotated[Path, typer.Option(help="A dataset of real faces made from GRID, by `facewire-train prepare`.")],
    words: Annotated[Path, typer.Option(help="Folder with GRID's word times, NAME.align for each of its recordings.")],
    out: Annotated[Path, typer.Option(help="The animator's file, such as animator.safetensors.")],
    seed: Seed = 0,
) -> None:
    """Learn which face goes with which phones; an aligner finds these in the recordings."""
    need("torch,judge", *TORCH, "pocketsphinx")
    from training.bars import progress
    from training.datasets import dataset

    source = dataset.read(data)
    if len(source.speakers) != 1:
        raise FacewireError(
            f"{data}: {len(source.speakers)} people in it; an animator is learnt from one person's face"
        )
    from training.talkers.learn import learn, lessons

    out.parent.mkdir(parents=True, exist_ok=True)
    with progress() as bar:
        learn(source, lessons(source.clips("train"), words, bar), seed, bar).save(out)


@app.command()
def animate(
    animator: Annotated[Path, typer.Argument(help="Made by `facewire-train talkers animator`.")],
    spoken: Annotated[Path, typer.Argument(help="Folder of recordings beside .phones.")],
    out: Annotated[Path, typer.Option(help="Folder for the dataset.")],
    licence: Annotated[str, typer.Option(help="What you may do with the speech, for the record.")],
    speaker: Annotated[
        str, typer.Option(help="Whose face it is: unknown is a stranger's, any other name an identity's.")
    ] = UNKNOWN,
    plain: Annotated[
        bool, typer.Option("--plain", help="In the size of the person it was learnt from, not a lively speaker's.")
    ] = False,
) -> None:
    """Give speech a face by its phones: a dataset for `facewire-train features`."""
    need("torch", *TORCH)
    from training.phones.spoken import read, recordings

    sounds = recordings(spoken)
    from protocols.files import sha256
    from training.bars import progress
    from training.prepare.importing import run
    from training.talkers import animator as animators
    from training.talkers import faces
    from training.talkers.manner import PROBE, lively

    learnt = animators.load(animator)
    face = learnt if plain else lively(learnt, [read(sound) for sound in sounds[:PROBE]])
    licence = faces.licence_of(learnt.provenance, licence)
    words = ["talkers", "animate", animator.name, spoken.resolve().name, "--speaker", speaker, *["--plain"] * plain]
    made_by = f"facewire-train {shlex.join(words)} (animator {sha256(animator)[:12]})"
    with progress() as bar:
        made = run(
            lambda done: faces.recordings(spoken, sounds, face, speaker, licence, done),
            len(sounds), out, made_by, bar, in_time=True,
        )  # fmt: skip
    typer.echo(made.report, nl=False)
    if made.broken:
        raise typer.Exit(1)


@app.command()
def size(
    checkpoint: Annotated[Path, typer.Argument(help="A finished checkpoint.")],
    spoken: Annotated[Path, typer.Argument(help="Folder of recordings beside .phones that nothing else learnt from.")],
    out: Annotated[Path, typer.Option(help="The checkpoint with another size.")],
) -> None:
    """Give the face of somebody unknown the size of a lively speaker's, shape by shape; identities keep theirs."""
    need("train", *TORCH)
    from model.checkpoint import header, load, save
    from protocols.blendshapes import INDEX
    from training.bars import progress
    from training.phones.spoken import recordings

    told, those = header(checkpoint)["provenance"], recordings(spoken)
    from training.talkers import size as sizing

    model = load(checkpoint)
    with progress() as bar:
        own = sizing.sizes(model, those, bar)
    larger = sizing.factors(own)
    for shape, aim in sizing.wanted().items():
        place = INDEX[shape]
        typer.echo(f"{shape:<22} {own[place]:.3f}, of {aim:.3f}: times {larger[place]:.2f}")
    save(sizing.resized(model, larger), out, told | {"sized by": {"recordings": len(those)}})
