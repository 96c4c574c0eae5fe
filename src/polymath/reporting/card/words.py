"""Numbers and names as people read them; and the commands that list what a number counts."""

import re
import shlex
import unicodedata

NARROW = "\u202f"  # narrow no-break space: between a number and its unit
LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def count(value: float) -> str:
    """`22,333`."""
    return f"{value:,.0f}"


def short(value: float) -> str:
    """`43.0 M`: three digits, for headlines; whole numbers below ten thousand."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            scaled = value / (1e3 if unit == "k" else limit)
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{scaled:,.{digits}f}{NARROW}{unit}"
    return f"{value:,.0f}"


def share(part: float, whole: float = 1.0) -> str:
    """`12.3 %`; what is there but rounds to nothing is `<0.1 %`, and what is not quite all is `>99.9 %`."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return f"<0.1{NARROW}%"
    if 99.95 <= percent < 100:
        return f">99.9{NARROW}%"
    return f"{percent:.0f}{NARROW}%" if percent in (0, 100) else f"{percent:.1f}{NARROW}%"


def amount(value: float) -> str:
    """A measured value with the digits that it needs: `0.153`, `18.4`, `1,234`."""
    size = abs(value)
    if value == round(value) and size < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.3g}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 source`, `7 sources`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 5) -> str:
    """`a, b and c`; `a, b, c and 4 more` where there are too many."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def plain(name: str) -> str:
    """A name of the code as words: `near_duplicate` is `near duplicate`."""
    return name.replace("_", " ")


def language(code: str | None) -> str:
    """`Thai`; the code itself where we have no name for it."""
    return LANGUAGES.get(code or "", code) or "unknown"


def seconds(value: float) -> str:
    """`2.1 s`, `3 min 20 s`."""
    if value < 90:
        return f"{value:.1f}{NARROW}s"
    return f"{int(value // 60)}{NARROW}min {int(value % 60)}{NARROW}s"


def visible(text: str) -> str:
    """Text from data with what cannot be seen made visible; line ends and tabs stay.

    Control characters become their pictures (U+2400 and on); marks that turn the direction of what follows become their
    numbers, or they would turn the page's own words too.
    """
    return UNSEEN.sub(lambda found: _picture(found[0]), text)


UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _picture(character: str) -> str:
    return chr(0x2400 + ord(character)) if character < " " else f"⟨U+{ord(character):04X}⟩"


def cut(text: str, length: int) -> str:
    """The beginning of a text, ending in an ellipsis where something is left out; no letter loses its accents."""
    if len(text) <= length:
        return text
    while length > 1 and unicodedata.combining(text[length]):
        length -= 1
    return text[:length].rstrip() + " …"


def shortened(text: str, length: int) -> str:
    """The beginning and the end of a text, with an ellipsis between them where something is left out."""
    if len(text) <= length:
        return text
    end = length * 2 // 5
    return f"{cut(text, length - end)} {text[-end:].lstrip()}"


def trace(record: str | None = None, **options: str | int | None) -> str:
    """The command that lists what a number counts: `kedro trace --source squad_v2 --reason near_duplicate`."""
    words = ["kedro", "trace", *([record] if record else [])]
    for name, value in options.items():
        if value is not None:
            words += [f"--{name}", str(value)]
    return shlex.join(words)
