"""Allergies in English text: to what, and whether there are any."""

from __future__ import annotations

from itertools import pairwise

from medsynth.text.facts.drugs_en import drug_at
from medsynth.text.facts.model import Fact
from medsynth.text.facts.questions_en import tagged
from medsynth.text.facts.tokens_en import Tokens, stem, word_set
from medsynth.text.facts.words_en import STOPWORDS

_CUES = word_set("""allergic allergy allergies anaphylaxis anaphylactic hypersensitive hypersensitivity""")
_NONE = word_set("""no none nkda denies deny denied without never not n't nil nope negative unknown nka
    nothing neither nor nobody""")
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
_ITS = word_set("my your his her their our")
_DESPITE = word_set("despite given because")
_KNOWN = word_set("because since despite given mentioned said told")
_TOLD = word_set("mentioned said told")
_BESIDES = word_set("besides except beyond")
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
            first, last, asked = t.sentences[t.sentence_of[i]]
            if others := _apart(t, i, last):  # "other allergies besides penicillin"
                found.extend(_fact(t, name, start, behind, False) for name, start, behind in others)
                if asked:
                    continue
            asked = asked or _asked_in_passing(t, first, i)
            if asked and not denied and not tagged(words, first, last) and not _taken_as_known(t, first, i):
                found.extend(_asked(t, i, last))
                continue
            substances = _behind(t, i) or _ahead(t, i)
            for name, start, behind in substances:
                turned = _turned(words[i:start], denied)
                found.append(_fact(t, name, min(i, start), max(i + 1, behind), turned))
            if not substances and not denied and word in ("allergies", "allergy") and _own(t, i):
                found.append(_fact(t, "unnamed", max(i - 1, 0), i + 1, False))
            said_of_somebody = word == "allergic" and t.words[i + 1 : i + 2] == ["to"] and not _supposed(t, i)
            if said_of_somebody and not substances and not denied:
                found.append(_fact(t, "unnamed", i, i + 2, False))
            if not substances and denied and word != "allergic":
                found.append(_fact(t, "none", i, i + 1, True))
    return found


def _turned(between: list[str], denied: bool) -> bool:
    """Whether an allergy to one of several is denied: "allergic to latex, not to penicillin", "not to X but to Y"."""
    for word, after in pairwise((*between, "")):
        if word == "not" and after in ("to", ""):
            denied = True
        elif word == "but" and after == "to":
            denied = False
    return denied


def _asked_in_passing(t: Tokens, first: int, i: int) -> bool:
    """Whether speech without marks asks for an allergy: "okay so do you or anyone have a history of allergies"."""
    words = t.words
    for j in range(i - 2, max(first - 1, i - 12), -1):
        if words[j] in ("do", "does", "did", "have", "are") and words[j + 1] in (
            "you",
            "anyone",
            "anybody",
            "he",
            "she",
        ):
            return words[j - 1 : j] not in (["what"], ["how"], ["when"], ["if"], ["like"], ["things"])
    return False


def _supposed(t: Tokens, i: int) -> bool:
    """Whether somebody may be allergic at most: "tell your doctor if you are allergic to it"."""
    first, _, _ = t.sentences[t.sentence_of[i]]
    return any(word in ("if", "whether", "may", "who", "what", "that", "you") for word in t.words[first:i])


def _own(t: Tokens, i: int) -> bool:
    """Whether "allergies" are somebody's: "my allergies", "has seasonal allergies", "history of allergies".

    A single one is, where it is to something named before ("a severe allergy to it") or goes against something.
    """
    if any(word in ("run", "runs") for word in t.words[i + 1 : i + 5]):
        return True  # in a family
    before = t.words[max(0, i - 3) : i]
    if t.words[i] == "allergy":
        to_it = t.words[i + 1 : i + 2] == ["to"] and t.words[i + 2 : i + 3] in (
            ["it"],
            ["that"],
            ["this"],
            ["them"],
        )
        return (to_it and not _supposed(t, i)) or any(word in _DESPITE for word in before)
    return ("about" not in before and any(w in _OWNERS for w in before)) or bool(
        before and before[-1] in ("known",)
    )


def _fact(t: Tokens, value: str, first: int, behind: int, denied: bool) -> Fact:
    return Fact("allergy", value, t.starts[first], t.ends[behind - 1], t.span(first, behind), "", denied)


def _taken_as_known(t: Tokens, first: int, i: int) -> bool:
    """Whether a question speaks of an allergy as a known thing: "because you had a peanut allergy, do you ...", "how
    do I treat his allergy to latex", "why is a patient's allergy to it ignored"."""
    before = t.words[max(first, i - 5) : i]
    if before and (before[-1] in _ITS or before[-1].endswith("'s")):
        return t.words[first] in ("how", "why") or before[-1] != "your"
    return any(word in _KNOWN for word in before) and not any(w in ("any", "other", "if") for w in before)


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
    if asked and not any(word in _TOLD for word in words[j : j + 5]):
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
        verb = word in ("have", "has", "had", "are", "is") or ("'" in word and not word.endswith("n't"))
        if word in ("but", ",") or (verb and words[j - 1] in ("or", "and")):
            return False
        if word in _NONE or word.endswith("n't"):
            return True
    after = [word for word in words[i + 1 : i + 6] if word != "\n"][:3]
    return bool(after) and (
        after[0] in _NONE or (after[0] in (":", "-", "are", "is") and len(after) > 1 and after[1] in _NONE)
    )


def _behind(t: Tokens, i: int) -> list[tuple[str, int, int]]:
    """Read what follows: "allergic to penicillin and latex", "allergies: sulfa, codeine", "allergy include"."""
    words = t.words
    j = i + 1
    if (
        words[i] in ("allergies", "allergy")
        and words[j : j + 1] == ["\n"]
        and words[i - 1 : i] in ([], ["\n"])
    ):
        return _listed(t, j)
    if j < len(words) and words[j] in ("reaction", "reactions"):
        j += words[j + 1 : j + 2] == ["history"]
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


def _apart(t: Tokens, i: int, last: int) -> list[tuple[str, int, int]]:
    """Read the substances that are set apart from others: "allergies besides penicillin", "other than latex"."""
    for k in range(i + 1, min(i + 7, last)):
        word, before = t.words[k], t.words[k - 1]
        if word in _BESIDES or (word in ("than", "from") and before in ("other", "apart", "aside")):
            return _substances(t, k + 1, min(k + 6, last), known=True)
    return []


def _listed(t: Tokens, j: int) -> list[tuple[str, int, int]]:
    """Read the substances under the heading "ALLERGIES": one line, or several that begin with a dash."""
    words, found, marked = t.words, list[tuple[str, int, int]](), False
    while j < len(words):
        while j < len(words) and words[j] == "\n":
            j += 1
        end = next((k for k in range(j, len(words)) if words[k] == "\n"), len(words))
        if (found or marked) and words[j : j + 1] != ["-"]:
            break
        marked = words[j : j + 1] == ["-"]
        found += _substances(t, j + marked, end, known=True)
        j = end
        if not marked:
            break
    return found


def _substances(t: Tokens, first: int, limit: int, known: bool) -> list[tuple[str, int, int]]:
    words = t.words
    found: list[tuple[str, int, int]] = []
    j, misses = first, 0
    while j < limit:
        word = words[j]
        if word == "but" and words[j + 1 : j + 2] == ["to"]:
            j += 2
            continue
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
        if word.isalpha() and len(word) > 2 and word not in _GENERAL and word not in STOPWORDS:
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
    """Read what goes before: "penicillin allergy", "a shellfish allergy", "I can't have penicillin, allergic"."""
    j = i - 1
    if t.words[i] == "allergic" and t.words[j : j + 1] == [","] and (named := _one_before(t, j)):
        return [(named, j - 1, j)]
    if t.words[i] not in ("allergy", "allergies", "hypersensitivity", "anaphylaxis") or j < 0:
        return []
    word = t.words[j]
    if not word.isalpha() or len(word) < 3 or (word in _GENERAL and t.words[i] != "allergies"):
        return []
    hit = drug_at(t.words, j)
    if hit and hit[1] == i:
        return [(hit[0], j, i)]
    if stem(word) in _SUBSTANCES:
        return [(stem(word), j, i)]
    if t.words[i] == "allergies":
        # "grass, environmental and inhaled allergies"
        for k in range(j, max(j - 7, -1), -1):
            if t.words[k] in (",", "and", "or") and (listed := _one_before(t, k)):
                return [(listed, k - 1, i)]
            if t.words[k] in _STOP:
                break
    return []


def _one_before(t: Tokens, j: int) -> str:
    """Return the substance that ends before token `j`, or nothing."""
    if j < 1 or not t.words[j - 1].isalpha():
        return ""
    hit, base = drug_at(t.words, j - 1), stem(t.words[j - 1])
    return hit[0] if hit else base if base in _SUBSTANCES else ""


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
