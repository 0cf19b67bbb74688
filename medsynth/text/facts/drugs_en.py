"""Drug names in English text: the shipped list, and the endings that nonproprietary names have.

The endings are stems of the World Health Organization's *The use of stems in the selection of International
Nonproprietary Names* (2018 edition). The list is `lexicon/en_drugs.tsv`; its head says where its names come from.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from medsynth.text.facts.tokens_en import word_set

_LIST = Path(__file__).with_name("lexicon") / "en_drugs.tsv"
_STEMS = re.compile(
    r"[a-z]{2,}(?:pril|prilat|sartan|vastatin|[aeiou]lol|prazole|conazole|nidazole|[ai]bendazole|cillin|[rtl]omycin|"
    r"micin|floxacin|cycline|zumab|ximab|[tlm]umab|zomab|tinib|rafenib|ciclib|zomib|tidine|triptan|dipine|azosin|"
    r"gliptin|gliflozin|glitazone|glinide|glutide|parin|ciclovir|tegravir|navir|buvir|amivir|setron|"
    r"azepam|azolam|barbital|caine|oxetine|thiazide|semide|lukast|dronate|fibrate|xaban|gatran|"
    r"oprost|sulfa\w{3,}|cef[a-z]{4,}|pred\w{2,}sone|predniso\w+|terol|tropium|onide|asone|profen|oxicam|coxib|"
    r"azine|idone|apine|rubicin|taxel|platin|trexate|mustine|tecan|bactam|penem|quine|stigmine|curium)"
)
# Words with such an ending that are no medicine.
_NOT_DRUGS = word_set(
    """april peril somatostatin angiostatin cystatin magazine magazines octopine cocaine romaine migraine ukraine
    terrapin parin bank histidine cystidine semide prednis cefalic sulfate sulfates sulfated sulfation sulfatase
    sulfatide sulfatides sulfates sulfur sulfuric sulfide sulfides sulfite sulfites quarantine supine alpine
    porcupine canine feline bovine equine marine routine medicine vaccine quinine machine doctrine thyroxine
    cephalic cefalexin_ toluidine hydrazine cuisine trapezine monotreme cholesterol phytosterol triazole imidazole
    pyrazole thiazole oxazole benzimidazole betadine histamine subalpine cisalpine transalpine emeryville platinum
    streptomycin_ perimycin arterol sterol ergosterol lanosterol sitosterol tocopherol cortisone_ bullterrier
    chorine equestrian palestine turpentine fluoresceine esquire antiquine masculine cosine"""
)
# Names that are everyday words too, or initials: with a capital or before an amount alone.
CAPITALISED = word_set("versed soma sonata yasmin yaz inh epo tpa nph asa pepto bayer")
# Listed among the medicines, but what is spoken of is what the body makes.
_BODILY = frozenset(("uric acid",))
# What may stick to a name whose blank was lost, and from how many letters on it is looked for.
_BEHIND = (
    "are",
    "is",
    "was",
    "were",
    "and",
    "for",
    "can",
    "may",
    "has",
    "should",
    "which",
    "increases",
    "reduces",
)
_GLUED = 10
_INFLECTIONS = ("s", "'s")


@cache
def _names() -> tuple[dict[str, str], dict[str, list[tuple[str, ...]]]]:
    """Return one-word names -> generic, and by first word the longer names, longest first, with their generic last."""
    single: dict[str, str] = {}
    longer: dict[str, list[tuple[str, ...]]] = {}
    with _LIST.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            generic, _origin, others = line.rstrip("\n").split("\t")
            if generic in _BODILY:
                continue
            for name in (generic, *filter(None, others.split("|"))):
                parts = name.replace("-", " ").split()
                if len(parts) == 1:
                    single.setdefault(name, generic)
                elif "/" not in name:
                    longer.setdefault(parts[0], []).append((*parts, generic))
    for entries in longer.values():
        entries.sort(key=len, reverse=True)
    return single, longer


def begins_drug(word: str) -> bool:
    """Whether a listed drug, or one known by its ending, may begin with a word."""
    return word in _names()[1] or one_drug(word) is not None


def drug_at(words: list[str], i: int) -> tuple[str, int] | None:
    """Return the generic name of the drug that begins at token `i` and the token behind it, or None."""
    _, longer = _names()
    word = words[i]
    if word in longer:
        for entry in longer[word]:
            behind = _matches(words, i, entry[:-1])
            if behind:
                return entry[-1], behind
    generic = one_drug(word)
    return (generic, i + 1) if generic else None


@lru_cache(maxsize=65536)
def one_drug(word: str) -> str | None:
    """Return the generic name of a drug of one word, or None."""
    single, _ = _names()
    generic = single.get(word)
    if generic is None and len(word) > 4 and word.endswith(_INFLECTIONS):
        generic = single.get(word.removesuffix("s").removesuffix("'"))
    if generic is None and len(word) > _GLUED:
        # A lost blank: "vedolizumabare medications".
        generic = next(
            (single[w] for end in _BEHIND if len(w := word.removesuffix(end)) < len(word) and w in single),
            None,
        )
    if generic is None and len(word) > 6 and word not in _NOT_DRUGS and _STEMS.fullmatch(word):
        generic = _misspelt(word) or word
    return generic


def _misspelt(word: str) -> str | None:
    """Return the drug whose name is a letter more, less or other than `word`, which no list has but whose ending is a
    drug's; None where there is none or more than one."""
    single, _ = _names()
    near = {
        generic
        for name, generic in single.items()
        if name[0] == word[0]
        and abs(len(name) - len(word)) <= 1
        and name[-3:] == word[-3:]
        and _near(name, word)
    }
    return near.pop() if len(near) == 1 else None


def _near(a: str, b: str) -> bool:
    """Whether two different words are one letter apart."""
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, letter in enumerate(a) if letter != b[i]), len(a))
    return a[at:] == b[at + 1 :] if len(a) < len(b) else a[at + 1 :] == b[at + 1 :]


def _matches(words: list[str], i: int, parts: tuple[str, ...]) -> int:
    """Return the token behind the name, hyphens and full stops between its parts allowed, or 0."""
    j = i
    for number, part in enumerate(parts):
        if number and j < len(words) and words[j] in "-.":
            j += 1
        if j >= len(words) or words[j] != part:
            return 0
        j += 1
    return j
