"""The English words around numbers: periods, ages, temperatures, vital signs, lab values."""

from __future__ import annotations

import re

from medsynth.text.facts.tokens_en import word_set

LATIN = {
    "bid": "2/day", "tid": "3/day", "qid": "4/day", "qd": "1/day", "qday": "1/day", "qhs": "1/day", "qod": "1/2 day",
    "tds": "3/day", "qds": "4/day", "bds": "2/day", "qam": "1/day", "qpm": "1/day", "hs": "1/day", "nocte": "1/day",
    "prn": "prn", "qac": "3/day", "bd": "2/day",
}  # fmt: skip
PERIODIC = {
    "daily": 1.0, "everyday": 1.0, "nightly": 1.0, "weekly": 7.0, "fortnightly": 14.0, "monthly": 30.0, "yearly": 365.0,
    "annually": 365.0, "annual": 365.0, "hourly": 1 / 24, "quarterly": 90.0, "bimonthly": 60.0,
}  # fmt: skip
# Behind "daily" and "everyday": then it is a manner of speaking.
ROUTINE = word_set(
    """basis life lives living activities activity routine routines tasks task chores things practice functioning use
    stress objects language work"""
)
TIMES_OF_DAY = word_set("night nights evening evenings morning mornings bedtime afternoon noon")
TIMES = {"once": 1.0, "twice": 2.0, "thrice": 3.0}
EVERY = word_set("every each per a an / in")
Q_HOURS = re.compile(r"q(\d+)(?:h|hrs?|hours?)?")
CODE = re.compile(r"[a-z]{1,8}\d[a-z0-9]*")
DIABETES = re.compile(r"(?:dm)?t([12])d(?:m|iabetes)?|dm([12])")
X_TIMES = re.compile(r"x(\d+)")
TEMPERATURE = word_set("temp temperature temperatures fever febrile t tmax")
SCALE = {"f": "F", "fahrenheit": "F", "c": "C", "celsius": "C", "centigrade": "C"}
DEGREE = word_set("° degree degrees deg")
VITALS = {
    "pulse": "pulse", "heartrate": "pulse", "hr": "pulse", "bp": "blood pressure", "respirations": "respiration",
    "respiratory": "respiration", "rr": "respiration", "saturation": "saturation", "sat": "saturation",
    "sats": "saturation", "spo2": "saturation", "bmi": "bmi", "weight": "weight", "weighs": "weight",
    "weighed": "weight", "height": "height",
}  # fmt: skip
LABS = word_set(
    """a1c hba1c hemoglobin haemoglobin hematocrit haematocrit glucose sugar sugars creatinine potassium sodium
    chloride bicarbonate calcium magnesium phosphorus bun urea gfr egfr wbc rbc platelet platelets inr ptt pt psa
    tsh t3 t4 ldl hdl cholesterol triglycerides alt ast bilirubin albumin ferritin esr crp troponin bnp lactate ph
    po2 pco2 neutrophils lymphocytes cd4 mcv hct hgb hb amylase lipase uric ck cpk"""
)
# Analytes of a whole and tenths, which may be said without the point: "an A1c of six nine".
TENTHS = word_set("a1c hba1c inr ph potassium albumin")
AGE_BEFORE = word_set("age aged ages")
BOUNDS = word_set("under over above below than past beyond")  # behind people: their age
ROMAN_AFTER = word_set("type stage grade class phase factor category level mobitz")
# A number that names rather than counts: what it belongs to is half of the fact.
NAMED = ROMAN_AFTER | word_set("trimester vitamin chromosome chapter version line degree day week month")
EMERGENCY = word_set("911 999 112 111 988 120 000")
ORDINAL_UNITS = {"st", "nd", "rd", "th"}
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
ORDINAL_WORDS = {
    f"{w}th": n
    for w, n in {
        "fourteen": 14,
        "thirteen": 13,
        "fifteen": 15,
        "sixteen": 16,
        "seventeen": 17,
        "eighteen": 18,
        "nineteen": 19,
    }.items()
}
ORDINAL_WORDS |= {"twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "sixtieth": 60}
ORDINAL_WORDS |= {w: n for w, n in ORDINALS.items() if n > 3}
ORDINAL_OF = word_set(
    """trimester degree cranial dose pregnancy child metatarsal metacarpal toe finger grade"""
)
VAGUE_PAST = {
    "day": "1 day",
    "week": "7 day",
    "month": "1 month",
    "year": "1 year",
    "night": "1 day",
    "decade": "10 year",
    "hour": "60 min",
}
DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80,
    "nineties": 90,
}  # fmt: skip
CODES = {"covid19": "covid", "hba1c": "a1c", "hgba1c": "a1c", "sarscov2": "sars-cov-2"}
# Hours of the clock: what follows one, and the parts of one that go before it.
MERIDIEM = word_set("am pm o'clock")
DAYPARTS = word_set("morning afternoon evening night")
HALVES = {"half": 30, "quarter": 15}
FULL = word_set("full whole entire good solid further single additional")  # before a period: one of it
MORE = word_set("more less fewer")  # behind "or"
# Parts of a whole by name.
PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
PEOPLE = word_set(
    """people persons individuals women men children babies infants births newborns adults patients live cases
    males females girls boys pregnancies deliveries couples americans"""
)
MONTHS = word_set(
    """january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec"""
)
FEW = word_set("few several some many")
# Units so exact that "a gram" means one, not just any: what comes in pieces ("a tablet") is said in passing.
MEASURED = word_set(
    """gram gramme milligram microgram cc milliliter millilitre liter litre ounce milliequivalent"""
)
SKIP_NOUN = word_set("of the a an or and to more other additional different - % to in with")
DOSING = word_set(
    """take taking takes took dose doses medicine medication use using inject apply give given daily"""
)
LEADS = word_set("for in within after about over every past last next around than least")
STARTERS = frozenset(
    [
        *LATIN, *PERIODIC, *ORDINAL_WORDS, *TIMES, *DECADES, *ROMAN_AFTER, *ORDINALS,
        "every", "each", "alternate", "q", "a", "an", "half", "per", "as", "when", "if", "whenever", "at",
        "before", "in",
        "last", "past", "yesterday", "overnight", "fortnight", "couple", "quarter", "next", "pair", *FEW,
    ]
)  # fmt: skip
