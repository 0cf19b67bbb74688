"""Which English sentences ask, and how the next one answers."""

from __future__ import annotations

from medsynth.text.facts.cue_words_en import (
    ASKED_LATE,
    FILLERS,
    INVERTED,
    NO,
    TAG_MARKS,
    TAGS,
    WHICH,
    YES,
)


def asks(words: list[str], first: int, behind: int) -> bool:
    """Whether a sentence without a question mark asks all the same, as in transcripts: "any fever", "do you smoke"."""
    j = first
    while j < behind and (
        words[j] in FILLERS or words[j] in ("and", "now", "so", "but", "alright", "then", "all", "right")
    ):
        j += 1
    if j + 1 >= behind:
        return False
    word, after = words[j], words[j + 1]
    if word == "any":
        return True
    asked = [k for k in range(j, behind - 1) if words[k] in ("how", "what", "where", "when", "why")][:1]
    if asked and (asked[0] == j or words[asked[0] - 1] == "is") and words[asked[0] + 1] in INVERTED:
        return True  # "another question is how is your diabetes doing"
    tail = range(max(j + 1, behind - 14), behind - 2)
    if "," not in words[j:behind] and any(
        words[k : k + 3] in ASKED_LATE
        and words[k - 1] not in ("what", "how", "when", "if", "where", "symptoms", "problems", "pain")
        for k in tail
    ):
        return True  # "thank you for that tell me is there any history of seizures"
    return word in INVERTED and after in (
        "you",
        "he",
        "she",
        "they",
        "it",
        "there",
        "your",
        "i",
        "we",
        "any",
        "his",
        "her",
    )


def asks_which(words: list[str], first: int, behind: int) -> bool:
    """Whether a question is for more than yes or no: "how's your diabetes", "another thing: what do you take"."""
    return any(
        words[j].partition("'")[0] in WHICH
        for j in range(first, behind)
        if j < first + 6 or words[j - 1] in (":", ",", "-", "is", "know")
    )


def tagged(words: list[str], first: int, behind: int) -> int:
    """Return the token where a question turns out to ask only to be confirmed: "you have eczema, yeah?", "a severe
    allergy, is that right?"; 0 where it asks."""
    end = behind - 1 if words[behind - 1] == "?" else behind
    for cut in range(end - 2, max(first, end - 6), -1):
        if words[cut] in TAG_MARKS and " ".join(words[cut + 1 : end]) in TAGS:
            return 0 if asks(words, first, cut) else cut
    return 0


def answer_of(words: list[str], first: int, behind: int) -> str:
    """Return yes, no or "" for how a sentence answers the question before it."""
    j = first
    while j < behind and words[j] in FILLERS:
        j += 1
    if j >= behind:
        return ""
    word = words[j]
    following = words[j + 1] if j + 1 < behind else ""
    if word in NO:
        hedged = word == "not" and following in (
            "too",
            "so",
            "very",
            "bad",
            "well",
            "great",
            "good",
            "as",
            "that",
        )
        return "" if hedged or following in ("only", "sure", "just", "problem") else "no"
    if word in YES:
        return "yes"
    if word in ("i", "he", "she", "they", "it", "there", "we"):
        if following in ("do", "have", "did", "am", "has", "does", "was", "is", "had", "are") and words[
            j + 2 : j + 3
        ] in ([","], ["."], [], ["\n"]):
            return "yes"
        behind_no = 0
        if following.endswith("n't"):
            behind_no = j + 2
        elif following in ("do", "have", "did", "has", "does", "am", "was") and words[j + 2 : j + 3] == [
            "not"
        ]:
            behind_no = j + 3
        if behind_no and (
            behind_no >= behind or words[behind_no] in (",", ".", "\n", "have", "had", "noticed", "think")
        ):
            return "no"
    return ""
