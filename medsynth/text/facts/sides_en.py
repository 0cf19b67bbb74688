"""Left, right and both in English text, with the part of the body they are said of."""

from __future__ import annotations

from dataclasses import replace

from medsynth.text.facts.model import Fact
from medsynth.text.facts.tokens_en import Tokens, stem, word_set

_BODY = word_set(
    """abdomen adnexa ankle anterior aorta aortic apex arm armpit artery atrium atrial axilla back bicep biceps big
    bone brain breast bundle buttock calf carotid cerebral cheek chest clavicle collarbone colon cornea coronary
    distal ear elbow eye eyebrow eyelid face facial femoral femur fibula finger flank foot forearm forehead frontal
    gluteal groin great half hand hemisphere heel hemithorax hip humerus iliac index inguinal iris jaw kidney knee
    lateral leg limb lip little lobe lower lung main malleolus maxilla medial middle mandible nipple nostril optic
    orbit ovary palm parietal patella pelvis pinky posterior proximal quadrant radius ribs rib ring sacrum scapula
    scrotum shin shoulder side sided sinus sole tailbone temple temporal testicle testis thigh thumb tibia toe
    tonsil trapezius tube tympanic ulna upper ureter ventricle ventricular vocal wrist hemiparesis hemiplegia renal
    occipital subclavian vertebral deltoid hamstring quadriceps achilles rotator meniscus labia ovarian fallopian
    molar incisor canine wisdom eyeball retina mastoid parotid thyroid lobectomy mastectomy nephrectomy neck handed
    hearing field visual gaze dominant non hallux metatarsal cva pleural effusion tib fib ac bicep tricep triceps
    calcaneus supraspinatus acl mcl hemicolectomy extremity gum tooth cheekbone scalp nape torso trunk sternum
    rhomboid pectoral pec glute gluteus testicular ureteral adnexal hepatic sciatic sciatica tonsillar maxillary
    mandibular zygomatic clavicular supraclavicular axillary cervical lumbar paraspinal thoracic quad malleolar arch
    toenail fingernail knuckle tmj tongue nasal adrenal bronchus hilum hilar popliteal radial ulnar peroneal plantar
    tibial fibular patellar meniscal cruciate nipple scrotal rotator cuff wrist earlobe eardrum canal kneecap shinbone
    collar cortex parathyroid"""
)
# What goes before the part itself: "left lower leg" is of the leg.
_PLACE = word_set(
    """upper lower mid middle inner outer anterior posterior lateral medial proximal distal big little great small ring
    index main hand side sided front central superior inferior"""
)
_ON = word_set("on to from in toward towards his her your my the its their at along")
_NOT_RIGHT = word_set(
    """now away after before here there all that's that ok okay so and you is was as thing way time care answer choice
    decision person people track amount dose medicine treatment one medication foods diet hospital at up about in
    well for to the or but then if when treatments doctor size balance mix shoes kind words question type place
    information specialist professional combination of it this i we he she they what where how because since um uh
    mhm drug drugs weight stuff things diagnosis test tests vitamins nutrition"""
)
_NOT_LEFT = word_set(
    """the a an to in with untreated alone over out off for at on and him her them me us you it unchecked unmanaged
    behind work home school or is was are his my your their due by as but because after before when this that"""
)
_SIDE_VALUES = {"left": "left", "right": "right", "bilateral": "both", "bilaterally": "both", "both": "both"}
_ABBREVIATED = {
    "rlq": "right",
    "llq": "left",
    "ruq": "right",
    "luq": "left",
    "rle": "right",
    "lle": "left",
    "rue": "right",
    "lue": "left",
}
_ORGANS = {
    "rlq": "quadrant",
    "llq": "quadrant",
    "ruq": "quadrant",
    "luq": "quadrant",
    "rle": "leg",
    "lle": "leg",
    "rue": "arm",
    "lue": "arm",
}
_COMPARATIVES = word_set(
    """worse more greater bigger larger higher stronger weaker better less smaller lower longer shorter thicker
    stiffer redder warmer colder sorer tighter"""
)
_PARTED = frozenset((",", ";", ".", "?", "!", "\n", "and", "but", "while", "whereas"))
_WHOLE_SIDE = frozenset(("side", "sided", "hand side"))
_DETERMINERS = word_set("of the your my his her their its")


_STARTERS = frozenset(("than", *_ABBREVIATED, *_SIDE_VALUES))


def sides(t: Tokens) -> list[Fact]:
    """Return left, right and both with the part of the body they are said of."""
    found: list[Fact] = []
    words = t.words
    for i, word in enumerate(words):
        if word not in _STARTERS:
            continue
        if word == "than" and (compared := _compared(t, i)):
            found.append(compared)
        if word in _ABBREVIATED:
            found.append(_side(t, _ABBREVIATED[word], i, i + 1, _ORGANS[word]))
            continue
        value = _SIDE_VALUES.get(word)
        if value is None:
            continue
        organ, behind, known = _organ(words, i + 1)
        if value == "both":
            if known:
                found.append(_side(t, value, i, behind, organ))
            continue
        before = words[i - 1] if i else ""
        after = words[i + 1] if i + 1 < len(words) else ""
        bare = (
            after in (",", ".", "?", ";", "!", "\n", ")", "")
            or after in _DETERMINERS
            or after in ("and", "or", "more", "than", "with", "is", "was", "but", "when")
        )
        if after in ("and", "or") and i + 2 < len(words) and words[i + 2] in ("left", "right"):
            organ, behind, known = _organ(words, i + 3)
            if known or before in _ON:
                found.append(_side(t, value, i, i + 1, organ))
            continue
        if known:
            found.append(_side(t, value, i, behind, organ))
        elif (
            bare
            and before in _ON
            and (before != "on" or words[i - 2 : i - 1] != ["later"])
            and not (value == "right" and before in ("your", "my") and after == "")
        ):
            if before in ("the", "my", "your", "his", "her", "on", "to"):
                found.append(_side(t, value, i, i + 1, _measured_there(words, i)))
        elif (
            after.isalpha()
            and len(after) > 2
            and after not in (_NOT_RIGHT if value == "right" else _NOT_LEFT)
            and (before in _ON or before in ("a", "of"))
        ):
            found.append(replace(_side(t, value, i, i + 2, stem(after)), vague=True))
    return found


def _compared(t: Tokens, i: int) -> Fact | None:
    """Return the side that is more of something than the other: "worse on the left than on the right"."""
    words = t.words
    ahead = [k for k in range(i - 1, max(i - 9, -1), -1) if words[k] in ("left", "right")][:1]
    behind = [k for k in range(i + 1, min(i + 6, len(words))) if words[k] in ("left", "right")][:1]
    if not ahead or not behind or words[ahead[0]] == words[behind[0]]:
        return None
    first, last = ahead[0], behind[0]
    if any(words[k] in (".", ";", "?") for k in range(first, last)):
        return None
    more = [k for k in range(max(first - 5, 0), i) if words[k] in _COMPARATIVES]
    if not more:
        return None
    return _side(t, words[first], first, last + 1, f"than {words[more[-1]]}")


def _measured_there(words: list[str], i: int) -> str:
    """Return the value told of a side alone between commas ("5/5 on the left"), "" where there is none or more."""
    first = behind = i
    while first and words[first - 1] not in _PARTED:
        first -= 1
    while behind < len(words) and words[behind] not in _PARTED:
        behind += 1
    if sum(word in ("left", "right") for word in words[first:behind]) != 1:
        return ""
    digits = [k for k in range(first, behind) if words[k][0].isdigit()]
    if not digits or digits[-1] - digits[0] > 2 * (len(digits) - 1):
        return ""
    return "/".join(words[k] for k in digits)


def _organ(words: list[str], i: int) -> tuple[str, int, bool]:
    """Return the part of the body named from token `i` on, the token behind it, and whether there is one."""
    best = ""
    j = i
    seen = False
    if j < len(words) and words[j] == "-":
        j += 1
    while j < len(words) and j < i + 5:
        word = words[j]
        base = word if word in _BODY else stem(word)
        if base in _PLACE or word in _PLACE:
            seen, best, j = True, best or base, j + 1
            continue
        if word in ("and", "-") and seen and j + 1 < len(words) and (words[j + 1] in _PLACE):
            j += 1
            continue
        if base in _BODY or word in _BODY:
            return "" if base in _WHOLE_SIDE else base, j + 1, True
        break
    if seen and j < len(words) and words[j] in ("of", "part", "aspect"):
        k = j + 1
        while k < len(words) and words[k] in (*_DETERMINERS, "part", "aspect"):
            k += 1
        if k < len(words) and (stem(words[k]) in _BODY or words[k] in _BODY):
            return stem(words[k]), k + 1, True
    return "" if best in _WHOLE_SIDE else best, max(j, i), seen


def _side(t: Tokens, value: str, first: int, behind: int, of: str = "") -> Fact:
    return Fact("side", value, t.starts[first], t.ends[behind - 1], t.span(first, behind), of)
