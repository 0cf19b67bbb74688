"""English units of measure and time, brought to one unit for each quantity."""

from __future__ import annotations

from medsynth.text.facts.numbers_en import plain
from medsynth.text.facts.tokens_en import word_set

# word -> (canonical unit, factor). Prescriptions' units come first; "kg" stays apart from doses: it weighs people.
_TABLE = {
    ("mg", 1.0): "mg mgs milligram milligrams milligramme milligrammes",
    ("mg", 1000.0): "g gm gms gram grams gramme grammes",
    ("mg", 0.001): "mcg mcgs ug µg μg microgram micrograms microgramme microgrammes",
    ("mg", 1e-6): "ng nanogram nanograms",
    ("kg", 1.0): "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes",
    ("ml", 1.0): "ml mls cc ccs milliliter milliliters millilitre millilitres",
    ("ml", 1000.0): "l liter liters litre litres",
    ("ml", 100.0): "dl deciliter deciliters decilitre decilitres",
    ("unit", 1.0): "unit units iu ius",
    ("meq", 1.0): "meq milliequivalent milliequivalents",
    ("mmol", 1.0): "mmol millimole millimoles mmols",
    ("umol", 1.0): "umol micromole micromoles µmol μmol",
    ("nmol", 1.0): "nmol nanomole nanomoles",
    (
        "tablet",
        1.0,
    ): "tablet tablets tab tabs pill pills caplet caplets capsule capsules cap caps lozenge lozenges",
    ("drop", 1.0): "drop drops",
    ("puff", 1.0): "puff puffs inhalation inhalations spray sprays",
    ("teaspoon", 1.0): "teaspoon teaspoons teaspoonful teaspoonfuls tsp tsps",
    ("tablespoon", 1.0): "tablespoon tablespoons tablespoonful tablespoonfuls tbsp tbsps",
    ("ampoule", 1.0): "ampoule ampoules ampule ampules vial vials",
    ("suppository", 1.0): "suppository suppositories",
    ("sachet", 1.0): "sachet sachets packet packets",
    ("patch", 1.0): "patch patches",
    ("cm", 1.0): "cm cms centimeter centimeters centimetre centimetres",
    ("cm", 0.1): "mm millimeter millimeters millimetre millimetres",
    ("meter", 1.0): "meter meters metre metres",
    ("km", 1.0): "km kilometer kilometers kilometre kilometres",
    ("inch", 1.0): "inch inches",
    ("foot", 1.0): "foot feet ft",
    ("mile", 1.0): "mile miles",
    ("lb", 1.0): "lb lbs pound pounds",
    ("oz", 1.0): "oz ounce ounces",
    ("stone", 1.0): "stone stones",
    ("kcal", 1.0): "calorie calories kcal kcals",
    ("%", 1.0): "% percent pct",
    ("mmhg", 1.0): "mmhg",
    ("bpm", 1.0): "bpm",
    ("pack", 1.0): "pack packs",
    ("cigarette", 1.0): "cigarette cigarettes",
    ("drink", 1.0): "drink drinks beer beers",
    ("glass", 1.0): "glass glasses",
    ("cup", 1.0): "cup cups",
    ("gray", 1.0): "gy gray grays",
    ("gray", 0.01): "cgy",
    ("gray", 0.001): "mgy",
    ("sievert", 1.0): "sv sievert sieverts",
    ("sievert", 0.001): "msv millisievert millisieverts",
    ("kpa", 1.0): "kpa",
    ("kj", 1.0): "kj kilojoule kilojoules",
}
UNITS = {word: unit for unit, words in _TABLE.items() for word in words.split()}
# Units a letter of which is a word by itself stand only right behind a number in digits.
SHORT = frozenset({"g", "l", "h", "d", "m", "w", "u"})
DOSE_UNITS = word_set(
    """mg unit meq tablet drop puff teaspoon tablespoon ampoule suppository sachet patch mg/kg unit/kg"""
)
COUNTED = word_set(
    """tablet drop puff teaspoon tablespoon ampoule suppository sachet patch cigarette drink glass cup pack"""
)

_MINUTES = {
    1 / 60: "second seconds sec secs",
    1: "minute minutes min mins",
    60: "hour hours hr hrs h",
    1440: "day days d",
    10080: "week weeks wk wks w",
    20160: "fortnight fortnights",
}
_NAMES = {1 / 60: "second", 1: "min", 60: "hour", 1440: "day", 10080: "week", 20160: "fortnight"}
_MONTHS = {1: "month months mo mos mth mths", 12: "year years yr yrs", 120: "decade decades"}
TIME: dict[str, tuple[str, float]] = {w: ("min", f) for f, ws in _MINUTES.items() for w in ws.split()}
TIME |= {w: ("month", float(f)) for f, ws in _MONTHS.items() for w in ws.split()}


def time_value(low: float, high: float, word: str) -> str:
    """Return a length of time: days for whole days and weeks, minutes below, years from a year on, months below."""
    base, factor = TIME[word]
    low, high = low * factor, high * factor
    if base == "min":
        unit, divide = ("day", 1440.0) if low >= 1440 and low % 720 == 0 and high % 720 == 0 else ("min", 1.0)
    else:
        unit, divide = ("year", 12.0) if low >= 12 else ("month", 1.0)
    return spread(low / divide, high / divide, unit)


def period_name(word: str) -> str:
    """Return a unit of time as it stands in a rate: "ml/second" and "ml/hour" are not the same."""
    base, factor = TIME[word]
    return (
        _NAMES[factor] if base == "min" else "month" if factor == 1 else "year" if factor == 12 else "decade"
    )


def spread(low: float, high: float, unit: str) -> str:
    """Return "5 mg" or "5-10 mg"."""
    numbers = plain(low) if low == high else f"{plain(low)}-{plain(high)}"
    return f"{numbers} {unit}"


def days_of(word: str, count: float = 1.0) -> float:
    """Return a period in days: a month has 30 and a year 365."""
    base, factor = TIME[word]
    if base == "min":
        return count * factor / 1440
    return count * factor * 30 if factor < 12 else count * factor / 12 * 365


def rate(low: float, high: float, days: float) -> str:
    """Return how often: "2/day", "1/2 day" (every other day), "3/week", "1/month", "4-6/day"."""
    if days < 1:
        low, high, days = low / days, high / days, 1.0
    for size, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        periods = days / size
        if periods >= 1 and abs(periods - round(periods)) < 1e-6:
            often = plain(low) if low == high else f"{plain(low)}-{plain(high)}"
            return f"{often}/{unit}" if round(periods) == 1 else f"{often}/{round(periods)} {unit}"
    return f"{plain(low)}/{plain(days)} day"
