"""Which written words are spelled out letter by letter, and which are said as words."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed

# Acronyms that are said as words.
_WORDS = frozenset(
    listed("""
    ACE AIDS ANOVA APGAR BIPAP BRAF CADASIL CAT CHARGE COVID COX CPAP CREST DASH DEET DEXA ECMO ELISA FAST FISH
    FODMAP FODMAPS GERD GIST HAART HELLP HER HIPAA JAK KRAS LASER LASIK LEEP MALT MELAS MERS MODY NASA NASH NICU NOAC
    NSAID NSAIDS NSTEMI PALS PANDAS PARP PET PICU POEMS RADS RAS RAST REM RICE SARS SCID SCUBA SIDS SOAP SPECT
    STAT STEMI TENS TORCH VACTERL VATS VISA ZIKA
    """)
)
# Ordinary words that are only shouted: in capitals among words that are not.
SHOUTED = frozenset(
    listed("""
    A ABOUT AFTER ALL ALSO ALWAYS AM AN AND ANY ARE AS ASK AT BAD BE BEEN BEFORE BOTH BUT BY CALL CAN CANNOT
    DAY DAYS DID
    DO DOES DONE DONT DRUG DRUGS EACH EAT EVEN EVER EVERY FEW FIRST FOOD FOR FROM GET GO GOOD HAD HAS HAVE HE
    HEART HELP
    HIGH HIM HIS HOW IF IN IS IT ITS JUST KEEP KNOW LESS LIFE LIKE LIVER LONG LOT LOW MANY MAY ME MORE MOST MUCH MUST
    MY NEED NEVER NEW NEXT NO NONE NOT NOTE NOW OF OFF OFTEN OIL OK OLD ON ONCE ONE ONLY OR OTHER OUR OUT OVER
    PAIN PLEASE
    PLUS REAL RISK SAFE SAME SAY SEE SEEK SHE SHOULD SKIN SO SOME STOP SUCH TAKE TELL TEST THAN THAT THE THEIR
    THEM THEN
    THERE THESE THEY THIS THOSE TIME TO TOO TWO UNDER UNTIL UP USE USED VERY WAS WAY WE WELL WERE WHAT WHEN
    WHERE WHICH
    WHILE WHY WILL WITH WOULD YES YET YOU YOUR BLOOD BRAIN CHILD DOSE MEN WOMEN ALONE AVOID THREE TIMES BABY DOCTOR
    BEST BACK LEFT RIGHT BODY SIDE SAID MAKE MADE DEATH LUNG CELL BONE EYE EYES FACE FEET HAND FULL GENE TYPE
    WATER MILK EARLY LATE DAILY WEEK TWICE GIVE GIVEN DRINK SMOKE WARM COLD SUGAR SALT NAME FACT FACTS HERE
    """)
)
# Spelled out although six letters and more, or although a word could be read in them.
_SPELLED = frozenset(listed("HLRCC HBSAG NIDDK NCCAM NCCIH NSCLC PBSCT PTSD ADHD COPD NAFLD CAKUT UIHC"))
# In lower case these are no English words: patients type them so.
LOWER_SPELLED = frozenset(
    listed("""
    adhd bmi bp bsa cbc cdc copd cpr crp csf ct dcis dht dna dvt ecg eeg ekg emg fda gi hcg hdl hiv hpv hsv ibd
    ibs icu iud ivf ldl
    lft lfts mri ocd pcos pcr pms psa ptsd rbc rna std stds tb tmj tsh uti utis wbc
    """)
)
# Read in a way of their own.
_SPECIAL = {
    "IgG": "I G G", "pH": "P H", "CoV": "Co V", "CoA": "Co A", "PhD": "P H D", "kDa": "kilodaltons",
    "OK": "OK", "mRNA": "M R N A",
    "tRNA": "T R N A", "siRNA": "S I R N A", "miRNA": "micro R N A", "SAMe": "Sammy", "Hb": "H B", "Ig": "I G",
    "vWF": "V W F", "mTc": "M T C", "VWF": "V W F", "HbA": "H B A", "Rh": "R H", "DHEA": "D H E A",
    "DrPH": "D R P H",
    "Na": "N A", "MedlinePlus": "Medline Plus", "WebMD": "Web M D", "PubMed": "Pub Med", "eGFR": "E G F R",
    "HLA": "H L A", "SARS": "SARS", "COVID": "COVID", "Covid": "Covid",
}  # fmt: skip
_SPECIAL_ZH = {
    "pH": "P H",
    "OK": "O K",
    "CoV": "C O V",
    "Tbil": "T B I L",
    "Dbil": "D B I L",
    "HER": "HER",
    "VitB": "V B",
    "VitD": "V D",
    "VitC": "V C",
}
_VOWELS = frozenset("AEIOUY")
_TEAMS = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4,}")
_HUMPS = re.compile(r"[A-Za-z]?(?:[A-Z]+[a-z]?)+")


def spell(letters: str) -> str:
    """Return the letters as capitals with blanks: "C T"."""
    return " ".join(letters.upper())


def said_as_word(token: str) -> bool:
    """Whether a token in capitals is one that is said as a word, in either language."""
    return token in _WORDS or token in _WORDS_ZH or token.rstrip("s") in _WORDS


def acronym_en(word: str, shouting: bool) -> str | None:
    """Return how an English token with capitals beyond its first letter is said; None: as it stands.

    `shouting`: the words about it are in capitals too, so that capitals tell nothing.
    """
    if word in _SPECIAL:
        return _SPECIAL[word]
    if not word.isupper():
        if len(word) > 2 and word[-1] == "s" and word[:-1].isupper():
            return _plural(word[:-1])
        return (
            spell(word)
            if _HUMPS.fullmatch(word) and len(word) <= 6 and sum(map(str.isupper, word)) > 1
            else None
        )
    if word in _WORDS:
        return word
    if word in SHOUTED:
        return None if word in ("A", "I") else word.lower()
    if word in _SPELLED:
        return spell(word)
    if len(word) == 1:
        return None
    if shouting and len(word) > 2 and _VOWELS & set(word) and not _TEAMS.search(word):
        return word.lower()
    if len(word) >= 6 and _VOWELS & set(word) and not _TEAMS.search(word):
        return word.capitalize() if not shouting else word.lower()
    return spell(word)


def _plural(stem: str) -> str | None:
    if stem in _WORDS or stem in ("A", "I"):
        return None
    return spell(stem) + "'s"


# Latin words of Chinese texts that are words there too.
_WORDS_ZH = frozenset(listed("AIDS APP COVID ELISA HELLP LASIK NICE NSAIDS PASS RADS SARS TORCH VIP WIFI"))
_LOWER_ZH = frozenset(
    listed("""
    a ab abo ad afp alt amh ana anca aso ast b bmi bp c ca cabg cea cin ck cmp copd cr crp csf ct cta d dha dna
    dr dsa dvt
    e eb ecg ecmo eeg emg esr f fev fsh g gg ggt gi gh hb hbc hbcab hbe hbeab hbeag hbs hbsab hbsag hbv hcg hcv
    hdl hiv hla hp hpv hsv icp icu iga
    ige igg igm ipl iui ivf ivp k la ldh ldl lh mp mr mra mri nst nt o ok p pci pcr pet plt pm ppd ppi prl psa
    pt q qq ra rbc
    rf rh rna rpr sle spa spect t tb tc tct tg tia tpo tppa tsh u us uu v va vb vc vd ve vip wbc x
    """)
)


def acronym_zh(word: str) -> str | None:
    """Return how a Latin token in a Chinese text is said; None: as it stands."""
    if word in _SPECIAL_ZH:
        return _SPECIAL_ZH[word]
    if word.upper() in _WORDS_ZH:
        return None
    if word.isupper():
        spelled = len(word) <= 5 or not _VOWELS & set(word) or bool(_TEAMS.search(word))
        return spell(word) if spelled else word.capitalize()
    if word.lower() in _LOWER_ZH or (len(word) <= 5 and not _VOWELS & set(word.upper())):
        return spell(word)
    humps = _HUMPS.fullmatch(word) and len(word) <= 6
    if sum(map(str.isupper, word)) > 1 and (humps or len(word) <= 5):
        return spell(word)
    return None
