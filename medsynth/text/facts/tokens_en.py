"""English text as tokens with their places, sentences, and a light base form of words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from medsynth.text.number_words_en import TENS, UNITS


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is written as a text."""
    return frozenset(text.split())


# Latin abbreviations of prescriptions are one token, dotted or not; so are names with digits (b12, h1n1, a1c).
_TOKEN = re.compile(
    r"(?=[a-z]\.)(?:[btq]\.i\.d|p\.r\.n|q\.h\.s|q\.d|p\.o|h\.s|y\.o|i\.v|i\.m|q\.o\.d|a\.m|p\.m)\b\.?"
    r"|\b(?:to|of|at|for|than|about|with|and|is|or|by)(?=\d)"  # a lost blank: "intake to1500 mg"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*(?:\d[^\W_]*)?"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+"
    r"|[½¼¾⅓⅔%°/+<>≤≥=:;,.?!()\[\]×~–—−\n-]"
)
_SPOKEN = frozenset((*UNITS, *TENS))
# Sounds of hesitation; "er" may be a place and "mhm" an answer.
_HESITATION = word_set("uh um uhm umm uhh erm")
_APOSTROPHES = str.maketrans("’ʼ", "''")
_ABBREVIATIONS = word_set(
    """dr mr mrs ms vs st no approx e.g i.e etc prof jr sr fig dept min max temp wt hr hrs yr yrs mg ml"""
)
_ROLE = re.compile(
    r"(?<![^\s.?!])(?:\[(?:doctor|patient(?:_guest)?)\]"
    r"|(?:Doctor|Patient|Physician|Guest[_ ](?:family|clinician|clinican)|Gest_family|D|P|DR|PT)(?:_?\d)?[ \t]*:)"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as parallel lists: the words in lower case, where each begins and ends, and its sentence.

    `sentences` holds (first token, behind the last token, is a question) for each sentence.
    """

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]
    sentence_of: list[int]
    sentences: list[tuple[int, int, bool]]

    def __len__(self) -> int:
        return len(self.words)

    def span(self, first: int, behind: int) -> str:
        """Return the characters from token `first` to the one before `behind`."""
        return self.text[self.starts[first] : self.ends[behind - 1]]


def tokenise(text: str) -> Tokens:
    """Return the tokens of a text; role labels at the head of a line ("Doctor:") are left out."""
    labels = [m.span() for m in _ROLE.finditer(text)] if ":" in text or "[" in text else []
    low = text.lower()
    if len(low) != len(text):  # a few letters grow in lower case; offsets are those of the text
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    curly = "’" in low or "ʼ" in low
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    hushed = False
    label, labelled = 0, len(labels)
    turns: set[int] = set()  # tokens that a new speaker begins with
    last = -2  # where the token before ended
    for match in _TOKEN.finditer(low):
        start, end = match.span()
        if labelled:
            while label < labelled and labels[label][1] <= start:
                label += 1
            if label < labelled and labels[label][0] <= start:
                turns.add(len(words))
                continue
        word = low[start:end]
        if word in _HESITATION:
            hushed = True
            continue
        if hushed:
            hushed = False
            if word in ",…" and words and words[-1] != ".":
                continue  # the comma behind a hesitation parts nothing
        if end - start == 1:
            if start == last + 1 and len(words[-1]) < 4 and _spelt(text[start], text, starts[-1], last):
                words[-1] += word  # letters said one by one: "M G", "m l", "E K G"
                ends[-1] = last = end
                continue
        elif "." in word and word[0].isalpha():
            word = word.replace(".", "")
        words.append(word.translate(_APOSTROPHES) if curly else word)
        starts.append(start)
        ends.append(end)
        last = end
    for i in range(1, len(words) - 1):
        if words[i] == "." and words[i - 1] in _SPOKEN and words[i + 1] in _SPOKEN:
            # "seven . three", as a transcript without capitals writes it
            spoken = low[starts[i] - 1] == " " and text[starts[i + 1]].islower()
            words[i] = "point" if spoken else "."
    sentence_of, sentences = _sentences(words, starts, ends, text, turns)
    return Tokens(text, words, starts, ends, sentence_of, sentences)


def _initial(text: str, words: list[str], starts: list[int], i: int, first: int) -> bool:
    """Whether the full stop at token `i` stands behind an initial ("Dr. J. Doe"), not behind "hepatitis B"."""
    before = words[i - 1] if i > first else ""
    if len(before) != 1 or not before.isalpha() or before == "i":
        return False
    return i - 2 < first or text[starts[i - 2]].isupper() or words[i - 2] == "."


def _spelt(letter: str, text: str, start: int, end: int) -> bool:
    """Whether a single letter goes on with the letters before it."""
    before = text[start:end]
    if not letter.isalpha() or text[end] != " ":
        return False
    if letter.isupper():
        return before.replace(" ", "").isupper() and len(before) <= 5 and before[1:2] in ("", " ")
    return (before, letter) in (("m", "g"), ("m", "l"), ("m c", "g"), ("m", "c"))


def _sentences(
    words: list[str], starts: list[int], ends: list[int], text: str, turns: set[int]
) -> tuple[list[int], list[tuple[int, int, bool]]]:
    sentence_of: list[int] = []
    sentences: list[tuple[int, int, bool]] = []
    first, index, count = 0, 0, len(words)
    for i, word in enumerate(words):
        sentence_of.append(index)
        ends_here = i + 1 in turns
        if word in ("?", "!", ";"):
            ends_here = True
        elif word == "\n":
            # A line break inside a sentence is only wrapping: the next line then goes on in lower case.
            follows = words[i + 1] if i + 1 < count else "\n"
            ends_here = (
                follows == "\n"
                or not text[starts[i + 1]].islower()
                or (i > first and words[i - 1] in (".", ":"))
            )
        elif word == ".":
            before = words[i - 1] if i > first else ""
            glued = i + 1 < count and starts[i + 1] == ends[i]
            if before == "." and i + 1 < count and not text[starts[i + 1]].isupper():
                glued = True  # "..." goes on
            if glued and before.isalpha() and len(before) > 2 and text[starts[i + 1]].isupper():
                glued = False  # "activity.Too much": the blank was lost
            ends_here = (
                not glued and before not in _ABBREVIATIONS and not _initial(text, words, starts, i, first)
            )
            if (
                before == "i"
                or before.isdigit()
                or before in ("mg", "ml", "min", "hr", "hrs", "yr", "yrs", "no", "temp")
            ):
                ends_here = not glued and (i + 1 >= count or not text[starts[i + 1]].islower())
        if ends_here:
            sentences.append((first, i + 1, word == "?"))
            first = i + 1
            index += 1
    if first < count:
        sentences.append((first, count, False))
    return sentence_of, sentences


_IRREGULAR = {
    "feet": "foot", "teeth": "tooth", "children": "child", "kids": "child", "kid": "child", "women": "woman",
    "men": "man", "drank": "drink", "drunk": "drink", "drunken": "drink", "ate": "eat", "eaten": "eat", "took": "take",
    "taken": "take", "gave": "give", "given": "give", "felt": "feel", "got": "get", "gotten": "get",
    "went": "go", "gone": "go", "had": "have", "has": "have", "saw": "see", "seen": "see", "threw": "throw",
    "swollen": "swell", "slept": "sleep", "lost": "lose", "bled": "bleed", "broke": "break", "broken": "break",
    "ran": "run", "found": "find", "knew": "know", "known": "know", "grew": "grow", "grown": "grow",
    "worse": "worsen", "families": "family", "lungs": "lung", "diagnoses": "diagnosis", "biopsies": "biopsy",
    "died": "die", "dying": "die", "dies": "die", "dead": "die", "death": "die", "shown": "show", "spread": "spread",
    "family": "family",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a base form that plural, tense and adverb share; crude, and the same for both texts compared."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("'s"):
        word = word[:-2]
    size = len(word)
    if size > 4:
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith(("sses", "shes", "ches", "xes")):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    elif size == 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ingly", "edly", "ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and (word[-1] not in "lsz" or word.endswith("roll")):
                word = word[:-1]
            break
    else:
        if word.endswith("ly") and len(word) > 5:
            word = word[:-2]
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    elif word.endswith("i") and len(word) > 3:
        word = word[:-1] + "y"
    return word
