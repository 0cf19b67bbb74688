"""Which written words are spelled out letter by letter, and which are said as words."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed

# Acronyms that are said as words.
_WORDS = frozenset(
    listed("""
    ACE AIDS ANOVA APACHE APGAR AUDIT BAME BIPAP BOLD BRAF CADASIL CAGE CARE CAT CHARGE CLIA COBRA COVID COX CPAP
    CREST DASH DEET DEXA ECMO ELISA FAST FIGO FISH FLAIR FODMAP FODMAPS GABA GERD GINA GIST GLUT HAART HELLP HER HIPAA
    HUNT JAK KRAS LASER LASIK LEEP MACE MALT MEDLINE MELAS MELD MERS MOCA MODY MUGA NASA NASH NICE NICU NOAC NSAID
    NSAIDS NSTEMI PACE PALS PANDAS PARP PEEP PEG PERRLA PET PICC PICU POEMS PRISM PROMIS PUVA RADS RAS RAST RECIST
    REM RICE SARS SCID SCUBA SIDS SMART SOAP SOFA SPECT STAR STAT STEMI STIR SWOG TENS TIPS TORCH TRAM TUNEL TURP
    UNICEF VACTERL VATS VISA WASH ZIKA
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
    CASE CASES DATA STUDY DESIGN PAST PLAN EXAM NECK CHEST HEAD LUNGS HEART EARS NOSE THROAT MOUTH NEURO PSYCH VITAL
    VITALS SIGNS CLASS MIXED BIG TEAM PULL CODE CARD GAIT HIPS KNEE BACK HOME WORK HOURS YEARS MONTH CHIEF SOCIAL
    FAMILY REVIEW MAJOR MINOR TOTAL INTRO METHOD RESULT BRIEF NORMAL COMMON CAUSE CAUSES RARE DIET SLEEP STRESS SAVE
    STILL REALLY THINK FEEL FEELS WORSE WORST BETTER NOTHING SURE EVERYONE CANT WONT LAST NIGHT GREAT SICK WRONG
    LITTLE WITHIN WITHOUT AROUND MIGHT COULD ANYONE PEOPLE MUSCLE LABS MEDS
    """)
)
# Spelled out although six letters and more, or although a word could be read in them.
_SPELLED = frozenset(
    listed(
        "ETOH HEENT HENT PERRL EOMI HTN HLRCC HBSAG NIDDK NCCAM NCCIH NSCLC PBSCT PTSD ADHD COPD NAFLD CAKUT UIHC"
    )
)
# In lower case these are no English words: patients type them so.
LOWER_SPELLED = frozenset(
    listed("""
    adhd bmi bp bsa cbc cdc copd cpr crp csf ct dcis dht dna dvt ecg eeg ekg emg fda gi hcg hdl hiv hpv hsv ibd
    ibs icu chf jvd thc hcv hbv tv gp gps npo pcp pcps iud ivf ldl
    lft lfts mri mris ns ocd pt pcos pcr pms psa ptsd rbc rna std stds tb tmj tsh uti utis wbc
    """)
)
# Read in a way of their own.
_SPECIAL = {
    "IgG": "I G G", "PrEP": "prep", "pH": "P H", "CoV": "Co V", "CoA": "Co A", "PhD": "P H D", "kDa": "kilodaltons",
    "OK": "OK", "mRNA": "M R N A",
    "tRNA": "T R N A", "siRNA": "S I R N A", "miRNA": "micro R N A", "SAMe": "Sammy", "Hb": "H B", "Ig": "I G",
    "vWF": "V W F", "mTc": "M T C", "Tc": "T C", "VWF": "V W F", "HbA": "H B A", "Rh": "R H", "DHEA": "D H E A",
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
_AS_WRITTEN = frozenset(("chILD",))
_VOWELS = frozenset("AEIOUY")
_TEAMS = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4,}")
# What an English reader can say: how a word may begin and end, and nowhere five consonants.
_SAYABLE = re.compile(
    r"(?:SCH|SCR|SHR|SPL|SPR|STR|THR|CHR|[BCFGP][LR]|[DT]R|DW|FR|KN|PH|PS|QU|RH|S[CHKLMNPTW]|TH|TW|W[HR]|GN|CH"
    r"|[B-DF-HJ-NP-TV-Z])?[AEIOUY]+(?:[B-DF-HJ-NP-TV-XZ]{1,4}[AEIOUY]+)*"
    r"(?:NGTH|GHT|MPH|NCH|NGS?|NTH|RCH|RST|RTH|TCH|LTH|CHT?|C[KT]S?|F[FT]S?|GHS?|L[DFKLMPT]S?|M[BNPS]|N[DKST]S?|P[HST]"
    r"|R[BCDFGKLMNPT]S?|S[HKMPT]S?|SS|THS?|W[LNS]|X|XT|TZ|ZZ|[BDGKLMNPRTVWYZFCSH]S?)?"
)
# "TNFalpha", "mtDNA", "autoCPAP": letters and a word run together.
_MIXED = re.compile(r"(?P<a>[a-z]{2,})?(?P<c>[A-Z]{2,})(?P<z>[a-z]{3,})?")
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
        mixed = _MIXED.fullmatch(word)
        if mixed and (mixed["a"] or mixed["z"]) and word not in _AS_WRITTEN:
            return _mixed(mixed)
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
    if len(word) > (2 if shouting else 5) and sayable(word):
        return word.lower() if shouting else word.capitalize()
    return spell(word)


def sayable(word: str) -> bool:
    """Whether an unknown word in capitals is one that a reader would say and not spell."""
    return word not in _SPELLED and word.lower() not in LOWER_SPELLED and bool(_SAYABLE.fullmatch(word))


def _mixed(parts: re.Match[str]) -> str:
    """Return "T N F alpha", "M T D N A", "auto CPAP"."""
    start, capitals, rest = parts["a"] or "", parts["c"], parts["z"] or ""
    whole = capitals in _WORDS or (rest and len(capitals) > 3 and sayable(capitals))
    letters = (capitals if capitals in _WORDS else capitals.capitalize()) if whole else spell(capitals)
    if len(start) == 2 and start != "re":
        start = spell(start)
    return " ".join(part for part in (start, letters, rest) if part)


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
