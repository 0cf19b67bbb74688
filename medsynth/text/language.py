"""Telling Chinese, English and other languages apart by script and function words, without a model.

Made to catch rows in a language that their source does not declare, not to name every language: short or
formula-like text is "unknown", and nobody should be rejected for that.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en", "other", "unknown"]

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f]")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿĀ-ž]+(?:['’][A-Za-zÀ-ÿ]+)?")
# Kana, Hangul, Cyrillic, Arabic, Hebrew, Thai, Devanagari, Vietnamese additions; Greek only in whole words,
# because single Greek letters are units and names of markers.
_OTHER = re.compile(
    "[\u3041-\u30fa\uac00-\ud7a3\u0400-\u052f\u0600-\u06ff\u0590-\u05ff\u0e00-\u0e7f\u0900-\u097f\u1ea0-\u1ef9]"
    "|[\u0370-\u03ff\u1f00-\u1fff]{4,40}"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    "the of and to is it that was for with he she they have has had this but are be or which you your my what how "
    "when can should if been there i at by from not we do does did his her their will would could about after any "
    "i'm it's don't i've an in on as all some who me him them than"
)
# Function words that English does not have; short ones shared with it ("die", "a", "no", "in", "me") are left out.
_FOREIGN = (
    _words(
        "el los las una que por con para tengo está como muy pero desde hace del mi se es lo le qué estoy tiene su ha "
        "al más cuando también puede hay este esta son"
    ),
    _words(
        "le les des et je une est avec pour dans pas vous mon ma depuis qui du sur ai un il que la ce cette ou au aux "
        "sont être par plus mais très suis"
    ),
    _words(
        "der das und ist nicht ich mit ein eine auf dem den von habe sich auch für wie bei sind oder zu im werden hat "
        "seit mein meine einen kann nach wird"
    ),
    _words("il che di ho sono non per una della con mi gli anche da un ma del alla questo è si le"),
    _words("uma que não com para dor estou os ao do da em por mais meu minha tem é são de"),
    _words("het een van ik niet dat met voor zijn op aan heb mijn ook maar bij naar deze worden"),
    _words("się nie na jest od mam oraz jak czy proszę jeśli mnie bardzo przez dni dla że lub także będzie"),
    _words(
        "och jag att det är inte som på med har för av den till om kan ska du två jeg og ikke er til hvad"
    ),
    _words("ve bir bu için çok ne mi mı ben gibi daha ile gün sonra olarak hiç ama her değil nasıl gece"),
    _words(
        "saya yang dan tidak dengan untuk ini itu dari pada bisa sejak karena sudah apa dalam jika atau anda hari"
    ),
    _words("és nem hogy az van egy meg már nagyon mit ha el is napja miatt vagy kell lehet"),
    _words("jsem se že mám není nebo už dny jak při také může které byl když mě po velmi"),
    _words("ja ei olen että mitä kun mutta minulla ovat voi myös joka päivää sitä"),
    _words("și nu cu mă este pentru din sau care mai sunt doare după fost trebuie"),
    _words("tôi không là và của có bị đau cho khi thì nên một các với được đã nào bác trong"),
)


_ANY_FOREIGN = frozenset[str]().union(*_FOREIGN)


def identify(text: str) -> Language:
    """Return the language that most of `text` is in.

    A Han character counts as a word: drug names in Chinese text and Chinese names in English text do not
    turn the balance. "unknown" below four words, and for Latin text without function words (lists of terms).
    """
    han = len(_HAN.findall(text))
    found = [w.lower().replace("’", "'") for w in _WORD.findall(text)]
    other = sum(len(m[0]) for m in _OTHER.finditer(text))
    if other > 3 and other * 4 > han + len(found) + other:
        return "other"
    if han >= 4 and han >= len(found):
        return "zh"
    if len(found) < 4 or han >= len(found):
        return "unknown"
    english = sum(w in _ENGLISH for w in found)
    telling = [w for w in found if w in _ANY_FOREIGN]
    foreign = max(sum(w in words for w in telling) for words in _FOREIGN)
    if foreign >= 2 and foreign > english * 1.5 and foreign * 8 >= len(found):
        return "other"
    return "en" if english * 12 >= len(found) else "unknown"
