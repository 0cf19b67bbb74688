"""Who speaks for the patient, in English text: the rules behind `informant.read_informant`."""

# ruff: noqa: E501 (word lists inside patterns are easier to read unbroken)

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from medsynth.records import Gender, Informant, RawTurn
from medsynth.text.evidence import Evidence, InformantReading, evidence_at
from medsynth.text.kinship import Kin, find_kin
from medsynth.text.patterns import bounded

_INVERSE: dict[str, tuple[Informant, Gender | None]] = {
    "mother": ("parent", "female"), "mom": ("parent", "female"), "mum": ("parent", "female"), "mama": ("parent", "female"),
    "father": ("parent", "male"), "dad": ("parent", "male"), "parent": ("parent", None), "parents": ("parent", None),
    "son": ("child", "male"), "daughter": ("child", "female"),
    "wife": ("spouse", "female"), "husband": ("spouse", "male"), "spouse": ("spouse", None), "partner": ("spouse", None),
    "girlfriend": ("spouse", "female"), "boyfriend": ("spouse", "male"),
    "sister": ("other", "female"), "brother": ("other", "male"), "grandmother": ("other", "female"), "aunt": ("other", "female"),
    "grandfather": ("other", "male"), "uncle": ("other", "male"), "nurse": ("other", None), "caregiver": ("other", None),
    "caretaker": ("other", None), "guardian": ("other", None), "friend": ("other", None), "roommate": ("other", None),
    "granddaughter": ("other", "female"), "grandson": ("other", "male"),
}  # fmt: skip
_EN_I_AM = bounded(
    rf"\b(?:(?:I\s+am|I'm|this\s+is|as)\s+(?:actually\s+)?(?:his|her|their|the\s+(?:patient|child|baby|boy|girl)'s)|I'm\s+the|I\s+am\s+the)\s+"
    rf"(?P<who>{'|'.join(_INVERSE)})\b",
    re.IGNORECASE,
)
_EN_WHOSE_CHILD = bounded(
    r"\b(?:he|she|it)\s+(?:is|was)\s+my\s+(?:\w+\s+)?(?:pregnancy|child|baby)\b", re.IGNORECASE
)
_EN_DOCTOR_ASKS_OF = bounded(
    r"\b(?:how\s+old\s+is|how\s+is|how's|how\s+has|more\s+about|tell\s+me\s+about|what\s+brings|wrong\s+with|going\s+on\s+with|happened\s+to|problems?\s+with|(?:^|[.!?]\s+)(?:so,?)?)\s*"
    r"your\s+(?:\w+\s+)?(?P<who>son|daughter|baby|child|kid|mother|mom|father|dad|husband|wife)\b(?!'s\s+(?:side|family))",
    re.IGNORECASE,
)
_EN_DOCTOR_MOM = bounded(r",\s+(?P<who>mom|mommy|dad|mum)\b\s*[.?!,]", re.IGNORECASE)
_EN_FAMILY_TALK = bounded(
    r"\b(?:famil(?:y|ies)|relatives?|siblings?|(?:do|did|are|were|have)\s+(?:either\s+of\s+|both\s+)?your\s+parents|(?:mother|father|mom|dad)'?s?\s+side|hereditary|genetic|married|marriage|"
    r"(?:any|have)\s+(?:\w+\s+)?(?:children|kids)|living\s+(?:status|situation|arrangement)|live\s+with|lives?\s+alone|stay\s+with|mom\s+or\s+dad|"
    r"(?:your|any)\s+(?:brothers?|sisters?))\b",
    re.IGNORECASE,
)
_EN_YOUR = bounded(r"\byour\b", re.IGNORECASE)
_EN_YOU = bounded(r"\b(?:you|your|you're|you've)\b", re.IGNORECASE)
_EN_THIRD = bounded(r"\b(?:he|she|his|her|him|he's|she's|hers|himself|herself)\b", re.IGNORECASE)
_EN_COMPLAINT_OF_SELF = bounded(
    r"\bI(?:'m|'ve|'d|\s+am|\s+have|\s+had|\s+feel|\s+felt|\s+get|\s+got|\s+was|\s+take|\s+took|\s+can(?:'t|not|\s+barely|\s+hardly)|\s+started|\s+stopped|\s+woke|\s+wake|"
    r"\s+smoke|\s+drink|\s+quit|\s+hurt|\s+fell|\s+injured|\s+twisted|\s+experience|\s+suffer|\s+developed|\s+keep|\s+used\s+to|\s+live|\s+vomit|\s+cough|\s+noticed\s+my|"
    r"\s+do(?:n't|\s+not)\s+(?:smoke|drink|have|feel|take|sleep|eat))\b"
    r"(?!\s+(?:(?:so|very|really|a\s+bit|a\s+little|just|also|not|really)\s+)*(?:glad|worried|concerned|afraid|scared|sure|sorry|wondering|giving|asking|writing|calling|(?:his|her|the|their)\b|"
    r"no\s+(?:clue|idea)|a\s+question|questions?|been\s+(?:giving|using|making|trying|worried|told)|hired|told|hoping|hope|anxious\s+about|curious|a\s+(?:mother|father|mom|dad|parent)\s+of|"
    r"at\s+a\s+loss|think|remember|recall|say|tell|here\s+(?:for|with|about)|to\s+(?:ask|know)|given|tried|checked|called|taken\s+(?:him|her)|at\s+work|out))",
    re.IGNORECASE,
)
_EN_MY = bounded(r"\bmy\b", re.IGNORECASE)
_EN_AT_RISK = bounded(
    r"\b(?:am|do|should|could|can|will)\s+I\b(?=[^.?!]{0,30}\b(?:risk|inherit|tested|get\s+it|have\s+it)\b)",
    re.IGNORECASE,
)
_EN_NOT_COMPLAINT_MY = bounded(
    r"my\s+(?:question|concern|worry|fear|god|goodness|fault|job|insurance|fourth|first|second|third)",
    re.IGNORECASE,
)
_EN_ILL_AFTER = bounded(
    r"^(?:'s\s+\w+|,?\s*(?:who|which|aged?|age|\(|\d+|an?\s+\d+|will|would|is|are|was|has|have|had|keeps?|got|gets|started|starts|can'?t|cannot|cries|cried|won't|woke|wakes|complain\w*|suffer\w*|feels?|felt|"
    r"developed|been|needs|refuses|fell|hit|vomit\w*|threw|throws|cough\w*|takes?|seems|does|doesn't|isn't|just|recently|suddenly|also\s+has|turned|hurt|broke|swallowed|weighs|sleeps|eats|of\s+\d+|"
    r"with\s+\w+|(?:really|still|always|often|sometimes|never|currently)\b|'s)\b)",
    re.IGNORECASE,
)
_EN_WITNESS_AFTER = bounded(
    r"^(?:'s\s+(?:side|family|house|dependents?)|,?\s*(?:and\s+I\b|has\s+been\s+(?:on\s+board|supportive|helping|telling|saying|worried)|is\s+(?:worried|concerned|here\s+with|on\s+my|a\s+(?:nurse|doctor|teacher)|very\s+supportive|supportive)|"
    r"(?:(?:also|had|has|have|was|is|were|are)\s+)?(?:died|passed|deceased|dead|gone|alive|healthy)|(?:had|has|have)\s+(?:also|it|that|them|the\s+same|some|issues)\b))",
    re.IGNORECASE,
)
_EN_ABOUT = bounded(
    r"\b(?:about|for|check|help|examine|seen?\s+(?:by\s+)?|with|bring(?:ing)?|brought|on\s+behalf\s+of)\s+(?:my|our)\b[^.!?]{0,40}$",
    re.IGNORECASE,
)
_EN_INTRODUCED = bounded(
    r"\b(?:this(?:\s+is|'s)?|I\s+brought|bring(?:ing)?(?:\s+in)?|I'm\s+here\s+(?:for|about|with))\s+(?:my|our)\s+(?:[\w-]+\s+){0,4}$",
    re.IGNORECASE,
)
_EN_WITH = bounded(
    r"\b(?:with|to|from|like|lost|ask|asked|tell|told|than|by|and)\s+(?:my|our)\b[^.!?]{0,40}$", re.IGNORECASE
)
_EN_WORRY = bounded(
    r"\b(?:worried|concerned|asking|question)s?\s+(?:about|for|regarding)\b[^.!?]{0,40}$", re.IGNORECASE
)
_EN_ON_BEHALF = bounded(r"\b(?:about|for|check|help|on\s+behalf\s+of)\b[^.!?]{0,50}$", re.IGNORECASE)
_EN_OPENING = bounded(
    r"(?:^|[.!?\n]\s*)(?:(?:a|an|the|hi|hello|doctor|please|,|our)\W*){0,3}(?:[\w-]+\s+){0,2}$", re.IGNORECASE
)
_EN_OWN_CHILD = ("baby", "toddler", "infant", "newborn", "child", "kid")
_EN_CHILD_TALK = bounded(
    r"\b(?:diapers?|day\s?care|kindergarten|preschool|immunizations?|pediatrician|breast\s?milk|formula|classmates?|little\s+(?:guy|one|man|girl|dude|boy)|newborn|nursery|birth\s+weight|incubator|"
    r"birth\s+history|grade\s+(?:one|two|three|four|five|six|\d))\b",
    re.IGNORECASE,
)


def _own_first_person(text: str, kin: Sequence[Kin]) -> int:
    owned = [k for k in kin if k.owned]
    count = len(_EN_COMPLAINT_OF_SELF.findall(text)) + len(_EN_AT_RISK.findall(text))
    for match in _EN_MY.finditer(text):
        # The person that "my" leads to: named by age alone ("my 3 year old") or further on ("my little son").
        index = bisect_left(owned, match.start(), key=lambda k: k.start)
        near = index < len(owned) and owned[index].start - match.end() <= 45
        if near and not re.search(r"[.,!?;]", text[match.end() : owned[index].start]):
            continue
        if not _EN_NOT_COMPLAINT_MY.match(text, match.start()):
            count += 1
    return count


def read_english(turns: Sequence[RawTurn]) -> InformantReading:
    """Return who speaks: talk of one named person, and of he or she, against talk of I and you."""
    weights: dict[Informant, float] = {}
    first_seen: dict[Informant, Evidence] = {}
    third = first = doctor_third = doctor_you = 0
    third_at: Evidence | None = None
    child_talk = False
    family_talk = False

    def add(informant: Informant, weight: float, evidence: Evidence) -> None:
        weights[informant] = weights.get(informant, 0.0) + weight
        first_seen.setdefault(informant, evidence)

    for index, turn in enumerate(turns):
        text = turn.text
        if turn.role == "doctor":
            asked = _EN_DOCTOR_ASKS_OF.search(text)
            if asked:
                relation = find_kin("en", text[asked.start() : asked.end()])
                if relation:
                    add(relation[-1].informant, 2.0, evidence_at(turns, index, asked.start(), asked.end()))
            mom = _EN_DOCTOR_MOM.search(text)
            if mom and not family_talk:
                add("parent", 2.0, evidence_at(turns, index, mom.start("who"), mom.end("who")))
            # Once the talk turned to the patient's family, later kin are family too.
            family_talk = family_talk or (
                _EN_FAMILY_TALK.search(text) is not None and not _EN_THIRD.search(text)
            )
            if not family_talk:
                doctor_third += len(_EN_THIRD.findall(text))
                doctor_you += len(_EN_YOU.findall(text))
            child_talk = child_talk or _EN_CHILD_TALK.search(text) is not None
            continue
        kin = find_kin("en", text)
        said = _EN_I_AM.search(text) or _EN_WHOSE_CHILD.search(text)
        if said:
            where = evidence_at(turns, index, said.start(), said.end())
            if "who" not in said.re.groupindex:
                return InformantReading("parent", where)
            relation_of, gender = _INVERSE[said.group("who").lower()]
            return InformantReading(relation_of, where, gender, where if gender else None)
        first += _own_first_person(text, kin)
        child_talk = child_talk or _EN_CHILD_TALK.search(text) is not None
        if family_talk:
            continue
        pronouns = list(_EN_THIRD.finditer(text))
        third += len(pronouns)
        if pronouns and third_at is None:
            third_at = evidence_at(turns, index, pronouns[0].start(), pronouns[0].end())
        for person in kin:
            weight = _english_weight(text, person)
            if weight:
                add(person.informant, weight, evidence_at(turns, index, person.start, person.end))
    about_other = third + doctor_third
    if weights:
        best = max(weights, key=lambda w: weights[w])
        if 2 * weights[best] + about_other > 2 * first + doctor_you * (0.3 if doctor_third else 1.0):
            return InformantReading(best, first_seen[best])
    elif (
        third_at
        and third >= 1
        and doctor_third >= 1
        and third > 2 * first
        and about_other > 1.5 * (2 * first + doctor_you)
    ):
        return InformantReading("parent" if child_talk else "other", third_at)
    return InformantReading("self")


def _english_weight(text: str, person: Kin) -> float:
    """Return how clearly a named person is the one complained of: 0 for history, company or witness."""
    before, after = text[max(0, person.start - 60) : person.start], text[person.end : person.end + 60]
    if not person.owned:
        # "Baby has a fever", "the baby will not drink" name one's own child without saying so.
        alone = _EN_OPENING.search(before) is not None and _EN_MY.search(before) is None
        if not alone or person.word not in _EN_OWN_CHILD:
            return 0.0
    if _EN_YOUR.search(before[-25:]) or _EN_WITNESS_AFTER.match(after):
        return 0.0
    if _EN_INTRODUCED.search(before):
        return 1.5
    if _EN_ILL_AFTER.match(after):
        return 0.0 if _EN_WITH.search(before) and not _EN_ABOUT.search(before) else 1.0
    if _EN_WORRY.search(before):
        return 1.0
    return 1.0 if person.informant != "spouse" and _EN_ON_BEHALF.search(before) else 0.0


def is_family_talk(asked: str) -> bool:
    """Return whether a question of the doctor is about family: history, household, marriage."""
    return _EN_FAMILY_TALK.search(asked) is not None
