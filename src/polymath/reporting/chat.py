"""Talking to a model in the terminal: replies come as they are made, and the conversation is kept."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator

import click

from polymath.evaluation.talk import Answer, Message, Prompt, Sampling, Speaker

COMMANDS = "/clear forgets the conversation, /exit or Ctrl-D leaves, Ctrl-C stops a reply"


class Chat:
    """A conversation with a model; or, where it is `plain`, texts that it continues one by one."""

    def __init__(self, speaker: Speaker, sampling: Sampling, system: str | None = None, plain: bool = False) -> None:
        """`system`: the system prompt, which /clear keeps."""
        self.speaker, self.sampling, self.plain = speaker, sampling, plain
        self._opening = [Message(role="system", content=system)] if system else []
        self.messages = list(self._opening)

    def clear(self) -> None:
        """Forget what was said."""
        self.messages = list(self._opening)

    def say(self, text: str) -> None:
        """Print the reply to `text` as it is made, and keep both; a reply that Ctrl-C stops is kept as far as it went."""
        asked = [*self.messages, Message(role="user", content=text)]
        prompt = self.speaker.beginning(text, self.sampling) if self.plain else self.speaker.prompt(asked, self.sampling)
        told: list[str] = []

        def tell(piece: str) -> None:
            told.append(piece)
            click.echo(harmless(piece), nl=False)
            sys.stdout.flush()

        try:
            answer = self.speaker.stream(prompt, self.sampling, tell)
        except KeyboardInterrupt:
            click.echo()
            note("stopped")
        else:
            click.echo()
            self._note(prompt, answer)
        self.messages = [*asked, Message(role="assistant", content="".join(told))]

    def _note(self, prompt: Prompt, answer: Answer) -> None:
        if prompt.left_out:
            note(
                f"the model reads {self.speaker.context_tokens:,} tokens: {prompt.left_out:,} of what came before were left out"
            )
        if not answer.ended and not self.plain:
            note(f"cut off after {answer.tokens} tokens; --max-new-tokens allows more")


def open_chat(model: str, sampling: Sampling, system: str | None, plain: bool) -> Chat:
    """Load the model of a folder or hub id; importing torch and transformers takes seconds, so a terminal is told at once."""
    if sys.stdin.isatty():
        note(f"loading {model}")
    quiet()
    return Chat(Speaker.load(model), sampling, system, plain)


def run_chat(chat: Chat, prompt: str | None) -> None:
    """One reply to `prompt`; without one, a reply to each line that comes until the input ends."""
    if prompt is not None:
        chat.say(prompt)
        return
    if sys.stdin.isatty():
        size = chat.speaker.model.num_parameters()
        note(f"{chat.speaker.name}, {size / 1e6:,.1f} million parameters; {COMMANDS}")
    for line in lines():
        match line.strip():
            case "":
                pass
            case "/exit":
                return
            case "/clear":
                chat.clear()
            case command if command.startswith("/") and command[1:].isalpha():
                note(f"{command} is no command; {COMMANDS}")
            case said:
                chat.say(said)


def lines() -> Iterator[str]:
    """What is typed, or the lines of a pipe, until the end of input. Ctrl-C takes back the line that is being typed."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    import readline  # noqa: F401 - from here on, `input` can be edited and remembers

    while True:
        try:
            yield input("> ")
        except KeyboardInterrupt:
            click.echo()
        except EOFError:
            click.echo()
            return


def note(text: str) -> None:
    """Beside the conversation: what is piped on holds replies alone."""
    click.secho(f"({text})", dim=True, err=True)


def harmless(text: str) -> str:
    """Without control characters where a terminal would obey them; a model may say anything."""
    if not sys.stdout.isatty():
        return text
    return "".join(char if char in "\n\t" or unicodedata.category(char) != "Cc" else f"\\x{ord(char):02x}" for char in text)


def quiet() -> None:
    """No progress bars and no hints of the libraries between the lines."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
