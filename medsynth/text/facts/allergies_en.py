"""Allergies in English text: to what, and whether there are any."""

from __future__ import annotations

from medsynth.text.facts.drugs_en import drug_at
from medsynth.text.facts.model import Fact
from medsynth.text.facts.tokens_en import Tokens, stem, word_set

_CUES = word_set("""allergic allergy allergies anaphylaxis anaphylactic hypersensitive hypersensitivity""")
_NONE = word_set("""no none nkda denies deny denied without never not n't nil nope negative unknown nka""")
_GENERAL = word_set(
    """drug drugs medication medications medicine medicines any known some food foods other all things thing anything
    something seasonal certain environmental everything what which these this that it them reaction reactions
    symptom symptoms history test tests testing shot shots season specialist clinic problem problems rhinitis
    conjunctivitis dermatitis asthma response responses disease diseases condition conditions such as to the a an of
    your my his her our one or and ingredient ingredients product products substances substance antibiotics
    antibiotic like include includes including is are was were have has had do does did been you i we he she they so
    but if for in on with no not at severe mild medical doctor doctors yes um uh well also just really actually
    relief pill pills trigger triggers cause causes caused contact skin number quite few many several lot lots bunch
    couple type types common sort sorts related induced general nasal allergen allergens"""
)
_OWNERS = word_set("my have has having had i've get gets history suffer suffers suffering bad")
_STOP = frozenset((".", "?", ";", "\n", "!", ":", "(", ")", "called"))


def allergies(t: Tokens) -> list[Fact]:
    """Return one fact for each substance an allergy is said of (denied ones too), and one for "no known allergies".

    `value` is the drug's generic name or the base form of the substance, "none" for no allergies at all, "unnamed" for
    allergies that somebody has and the text does not name ("my seasonal allergies").
    """
    found: list[Fact] = []
    words = t.words
    for i, word in enumerate(words):
        if word == "nkda" or word == "nka":
            found.append(_fact(t, "none", i, i + 1, True))
        elif word in _CUES:
            denied = _denied(t, i)
            _, last, asked = t.sentences[t.sentence_of[i]]
            if asked and not denied:
                found.extend(_asked(t, i, last))
                continue
            substances = _behind(t, i) or _ahead(t, i)
            for name, first, behind in substances:
                found.append(_fact(t, name, min(i, first), max(i + 1, behind), denied))
            if not substances and not denied and word == "allergies" and _own(t, i):
                found.append(_fact(t, "unnamed", max(i - 1, 0), i + 1, False))
            said_of_somebody = word == "allergic" and t.words[i + 1 : i + 2] == ["to"] and not _supposed(t, i)
            if said_of_somebody and not substances and not denied:
                found.append(_fact(t, "unnamed", i, i + 2, False))
            if not substances and denied and word != "allergic":
                found.append(_fact(t, "none", i, i + 1, True))
    return found


def _supposed(t: Tokens, i: int) -> bool:
    """Whether somebody may be allergic at most: "tell your doctor if you are allergic to it"."""
    first, _, _ = t.sentences[t.sentence_of[i]]
    return any(word in ("if", "whether", "may", "who", "what", "that", "you") for word in t.words[first:i])


def _own(t: Tokens, i: int) -> bool:
    """Whether "allergies" are somebody's: "my allergies", "has seasonal allergies", "history of allergies"."""
    before = t.words[max(0, i - 3) : i]
    return ("about" not in before and any(w in _OWNERS for w in before)) or bool(
        before and before[-1] in ("known",)
    )


def _fact(t: Tokens, value: str, first: int, behind: int, denied: bool) -> Fact:
    return Fact("allergy", value, t.starts[first], t.ends[behind - 1], t.span(first, behind), "", denied)


def _asked(t: Tokens, i: int, last: int) -> list[Fact]:
    """Read the answer to "any allergies?": the substances or the no that the next sentence says."""
    words = t.words
    j = last
    while j < len(words) and words[j] in ("\n", "uh", "um", ",", "-", "."):
        j += 1
    if j >= len(words):
        return []
    if words[j] in ("no", "none", "nope", "nah", "not"):
        named_ = _behind(t, i)
        if named_:
            return [_fact(t, name, first, behind, True) for name, first, behind in named_]
        return [_fact(t, "none", i, i + 1, True)]
    _, end, asked = t.sentences[t.sentence_of[j]]
    if asked:
        return []
    found = [
        _fact(t, name, first, behind, False)
        for name, first, behind in _substances(t, j, min(end, j + 14), known=True)
    ]
    if not found and words[j] in ("yes", "yeah", "yep", "yup"):
        return [_fact(t, name, first, behind, False) for name, first, behind in _behind(t, i)]
    return found


def _denied(t: Tokens, i: int) -> bool:
    first, _, _ = t.sentences[t.sentence_of[i]]
    words = t.words
    for j in range(i - 1, max(first - 1, i - 7), -1):
        word = words[j]
        if word in ("but", "and", ",") and word != "and":
            return False
        if word in _NONE or word.endswith("n't"):
            return True
    after = words[i + 1 : i + 4]
    return bool(after) and (
        after[0] in _NONE or (after[0] in (":", "-", "are", "is") and len(after) > 1 and after[1] in _NONE)
    )


def _behind(t: Tokens, i: int) -> list[tuple[str, int, int]]:
    """Read what follows: "allergic to penicillin and latex", "allergies: sulfa, codeine", "allergy include"."""
    words = t.words
    j = i + 1
    if j < len(words) and words[j] in ("reaction", "reactions"):
        if words[j + 1 : j + 2] != ["to"]:
            return []  # a side effect, not somebody's allergy
        return _substances(t, j + 2, j + 8, known=True)
    if j < len(words) and words[j] in ("to", ":", "-", "include", "includes", "including", "are", "is"):
        _, end, _ = t.sentences[t.sentence_of[i]]
        limit = min(max(end, j), j + 16)
        # "allergies are getting worse" names none: behind a verb only known substances count.
        return _substances(t, j + 1, limit, known=words[j] in ("are", "is", "-"))
    if j < len(words) and words[i] in ("allergy", "allergies") and drug_at(words, j):
        return _substances(t, j, j + 4, known=True)
    return []


def _substances(t: Tokens, first: int, limit: int, known: bool) -> list[tuple[str, int, int]]:
    words = t.words
    found: list[tuple[str, int, int]] = []
    j, misses = first, 0
    while j < limit:
        word = words[j]
        if word in _STOP or word in (
            "but",
            "because",
            "which",
            "who",
            "when",
            "if",
            "that",
            "with",
            "should",
            "can",
            "may",
            "will",
        ):
            break
        hit = drug_at(words, j) if len(word) > 1 and word[0].isalpha() else None
        if hit:
            found.append((hit[0], j, hit[1]))
            j, misses = hit[1], 0
            continue
        if word.isalpha() and len(word) > 2 and word not in _GENERAL:
            base = stem(word)
            if base in _SUBSTANCES or (not known and not found and misses == 0):
                found.append((base, j, j + 1))
            else:
                misses += 1
                if misses > 2:
                    break
        j += 1
    return found


def _ahead(t: Tokens, i: int) -> list[tuple[str, int, int]]:
    """Read what goes before: "penicillin allergy", "a shellfish allergy"."""
    j = i - 1
    if t.words[i] not in ("allergy", "allergies", "hypersensitivity", "anaphylaxis") or j < 0:
        return []
    word = t.words[j]
    if not word.isalpha() or word in _GENERAL or len(word) < 3:
        return []
    hit = drug_at(t.words, j)
    if hit and hit[1] == i:
        return [(hit[0], j, i)]
    return [(stem(word), j, i)] if stem(word) in _SUBSTANCES else []


_SUBSTANCES = frozenset(
    map(
        stem,
        word_set(
            """penicillin sulfa latex peanut nut shellfish iodine egg milk pollen dust cat dog bee wasp wheat soy
            fish seafood gluten grass ragweed mold mould pet dander contrast codeine aspirin morphine tape
            adhesive nickel feather strawberry tomato shrimp lactose dairy hay insect sting animal mite tree
            weed nsaid nsaids opiate opioid statin bactrim ibuprofen kiwi banana avocado chocolate corn almond
            walnut cashew pecan"""
        ),
    )
)
