"""Finding what denies, prohibits, asks and answers in an English sentence."""

from __future__ import annotations

from collections.abc import Mapping

from medsynth.text.facts.cue_words_en import (
    ALONE,
    AVOID,
    BACKWARD,
    BARE_VERBS,
    BE,
    BODILY,
    CARRIES,
    CAUTIONS,
    CHANGED,
    CUE_PHRASES,
    FINE,
    FINITE,
    LEAVES,
    LEFT_OFF,
    NAMELESS,
    NO,
    NOMINAL,
    OCCURRING,
    OPENERS,
    PARTICIPLES,
    PARTICLE_BEFORE,
    PAUSES,
    PREVENT,
    PRONOUNS,
    PSEUDO,
    RESOLVED,
    RESOLVED_ON,
    RULED,
    STOPS,
    STRUGGLES,
    UNKNOWING,
    URGED,
    VERBAL,
)
from medsynth.text.facts.drugs_en import one_drug
from medsynth.text.facts.model import FactKind
from medsynth.text.facts.words_en import STOPWORDS, WORDS, name_of


def pseudo_cue(words: list[str], i: int, behind: int) -> int:
    """Return how many tokens at `i` only look like a denial."""
    word = words[i]
    if (
        i + 1 < behind
        and words[i + 1] in UNKNOWING
        and (word.endswith("n't") or word in ("cannot", "not", "never", "dont"))
    ):
        return 2
    if words[i + 1 : i + 2] == ["think"] and words[i + 2 : i + 3] in (
        ["what"],
        ["why"],
        ["who"],
        ["of"],
        ["where"],
    ):
        return 2  # "can't think what it is called"
    return _phrase(words, i, behind, PSEUDO)


def _phrase(words: list[str], i: int, behind: int, table: Mapping[str, tuple[tuple[str, ...], ...]]) -> int:
    entries = table.get(words[i])
    if entries:
        for entry in entries:
            size = len(entry)
            if i + size <= behind and tuple(words[i : i + size]) == entry:
                return size
    return 0


def cue_at(words: list[str], i: int, behind: int, first: int) -> tuple[int, FactKind, str] | None:
    """Return the cue at token `i`: tokens, what it makes of its scope, shape (verb, noun, back, free, over, aim)."""
    word = words[i]
    after = words[i + 1] if i + 1 < behind else ""
    before = words[i - 1] if i > first else ""
    if word == "non" and after == "-":
        return 2, "negation", "noun"
    if word in VERBAL or word.endswith("n't"):
        if word == "never" and before in NO and (after in PARTICLE_BEFORE or "'" in after):
            return None  # "no never that's why"
        if after in PRONOUNS and i + 2 < behind and words[i + 2] == "?":
            return None
        return 1, _forbids(words, i), "verb"
    size = bare_denial(words, i, behind) if before in (",", ":", "-", "–") else 0
    if size == 1 or (size and before == ":"):
        return size, "negation", "back"  # "Alcohol: denies.", "Tobacco: no prior history."
    if word in NOMINAL:
        if word == "no" and (after in PARTICLE_BEFORE or after.startswith(("i'", "it'", "that'"))):
            return None  # an answer, not a denial of what follows
        if word == "negative" and before in BE and after != "for":
            return (
                1,
                "negation",
                "verb",
            )  # "hepatitis B was negative": the subject is neither denied nor asserted
        if word == "negative" and after in WORDS and WORDS[after] not in ("normal", "common", "effective"):
            return 1, "negation", "noun"  # "negative fever, negative chills"
        if word in ("negative", "absence"):
            return (2, "negation", "noun") if after in ("for", "of") else None
        return 1, "negation", "noun"
    if word in PREVENT:
        return 1, "negation", "aim"
    if word in STRUGGLES:
        # "hard to find a comfortable position": neither found nor not found.
        return (2, "negation", "aim") if after == "to" and words[i + 2 : i + 3] not in BODILY else None
    if word in AVOID:
        if word in PARTICIPLES and before in BE:
            return 1, "contraindication", "back"
        if word in ("stop", "avoid") and before == "to" and (i - 2 < first or words[i - 2] not in URGED):
            return 1, "contraindication", "aim"
        if word in ("stop", "stopped", "stops", "skip") and after in (".", "by"):
            return None
        return 1, "contraindication", "noun"
    if word in RESOLVED and after not in RESOLVED_ON:
        return 1, "negation", "over"
    if word == "away" and before in ("go", "goes", "went", "going", "gone"):
        return 1, "negation", "over"
    if word == "free" and after not in ("of", "from") and (before == "-" or before in WORDS):
        return 1, "negation", "free"
    if (
        word == "absent"
        and before in ("or", "and", "with", "")
        and after.isalpha()
        and after not in STOPWORDS
    ):
        return 1, "negation", "noun"  # "absent sweating"
    if word in BACKWARD:
        return 1, "contraindication" if word in CAUTIONS else "negation", "back"
    if word in ("rule", "ruled", "r") and (size := _phrase(words, i, behind, RULED)):
        return (
            size,
            "negation",
            "back" if word == "ruled" and before in ("was", "were", "been", "is") else "aim",
        )
    if word in ("keep", "keeping") and any(w in ("off", "away") for w in words[i + 2 : min(i + 5, behind)]):
        return 1, "contraindication", "noun"  # "keep weight off the leg"
    if word in CUE_PHRASES and (size := _phrase(words, i, behind, CUE_PHRASES)):
        if word in LEAVES and not _given_up(words, i + size, behind):
            return None
        prohibits = word in ("stay", "steer", "keep", "cut", "hold", "give", "come", "came", "coming")
        return size, "contraindication" if prohibits else "negation", "noun"
    return None


def waits(words: list[str], i: int, behind: int) -> bool:
    """Whether a denial at token `i` says when something comes: "do not appear until later"."""
    j = i + 1
    while j < min(i + 5, behind) and words[j] in OCCURRING:
        j += 1
    return words[j : j + 1] in (["until"], ["till"]) and j < behind


def _given_up(words: list[str], i: int, behind: int) -> bool:
    """Whether what one comes off is a medicine or a habit ("came off it", "come off the tablets"), not a curb."""
    near = words[i : min(i + 4, behind)]
    return not near or any(
        word in LEFT_OFF or name_of(word)[0] in LEFT_OFF or one_drug(word) is not None for word in near
    )


def bare_denial(words: list[str], i: int, behind: int) -> int:
    """Return how many tokens from `i` on deny and name nothing ("denies", "no prior history"); 0 where one is named."""
    if words[i] not in ALONE:
        return 0
    j = i + 1
    while j < behind and words[j] in NAMELESS:
        j += 1
    return j - i if j >= behind or words[j] in STOPS else 0


def _forbids(words: list[str], i: int) -> FactKind:
    """Tell a prohibition ("do not take", "should not be used") from a denial ("does not help")."""
    word = words[i]
    before = words[i - 1] if i else ""
    if word in ("shouldn't", "mustn't"):
        return "contraindication"
    if word == "don't" and before in ("", ".", ",", "\n", "please", "and", "but", "so", ";", ":", "!"):
        return "contraindication"
    if word in ("not", "never") and (
        before in ("should", "must")
        or (
            before == "do"
            and (i < 2 or words[i - 2] in (".", ",", "\n", "please", "and", "but", ";", ":", "-", "so"))
        )
    ):
        return "contraindication"
    return "negation"


def opens_clause(words: list[str], i: int, behind: int) -> bool:
    """Whether a comma or conjunction at token `i` begins a clause of its own and so ends a scope."""
    after = words[i + 1] if i + 1 < behind else ""
    word = words[i]
    if word == "than":
        return i > 0 and words[i - 1] == "other"
    if word in ("as", "that"):
        behind_well = words[i + 2] if i + 2 < behind else ""
        return word == "as" and (
            after in ("soon", "needed", "long", "directed", "it", "they", "this", "he", "she", "you", "i")
            or (after == "well" and behind_well in ("", ".", ",", "as", "\n"))
        )
    listed = word == "or"
    if word == "," and after in ("and", "or", "but"):
        listed = after == "or"
        after = words[i + 2] if i + 2 < behind else ""
    elif word == ",":
        if _is_fine(words, i + 1, behind):
            return True
        listed = "or" in words[i + 2 : min(i + 7, behind)]
    if listed and after in BARE_VERBS:
        return False  # "don't smoke, drink, or take drugs"
    if word == "," and after in ("like", "such", "with", "to"):
        return True
    if word == "and" and after == "to":
        return True  # "try to take none and to drink less"
    if word == "and" and after.endswith("ed") and after not in WORDS and after not in CHANGED:
        return True  # "has no children and finished school"
    if word == "," and any(words[j] in FINITE for j in range(i + 2, min(i + 4, behind))):
        return True
    return after in OPENERS or after.endswith("n't") or ("'" in after and after.split("'")[0] in PRONOUNS)


def starts_anew(words: list[str], i: int, behind: int, denied: bool) -> bool:
    """Whether speech without marks begins anew at token `i`: "can't walk on it it just hurts", "no fever okay so".

    `denied` is whether anything was denied yet: until then a subject belongs to what will be.
    """
    word, before = words[i], words[i - 1]
    if word in PAUSES:
        return True
    if before == "else" and (word == "the" or word in PRONOUNS):
        return True  # "there was nothing else the only thing is"
    subject, _, verb = word.partition("'")
    if not denied or before in CARRIES or subject not in PRONOUNS:
        return False
    if subject in ("it", "you") and not verb:
        after = words[i + 1] if i + 1 < behind else ""
        return after in FINITE or before == word or before == ","
    return True


def _is_fine(words: list[str], i: int, behind: int) -> bool:
    """Whether an item of a list from token `i` on says that something is as it should be: "bowels normal"."""
    for word in words[i : min(i + 5, behind)]:
        if word in FINE:
            return True
        if word in STOPS or word in (",", "and", "or"):
            return False
    return False
