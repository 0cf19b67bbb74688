import pytest

from medsynth.text.language import identify

CASES = [
    ("我最近总是头晕，请问是怎么回事？", "zh"),
    ("乙肝两对半HBsAg阳性，HBeAg阴性，HBV-DNA正常吗", "zh"),
    ("醫生您好，我的頭很痛", "zh"),
    ("I have had a headache for three days.", "en"),
    ("My doctor told me to take 板蓝根 and 双黄连 for the cold, is that all right?", "en"),
    ("Dr. Wang 王 said that the pain in my knee would go away.", "en"),
    ("What are the treatments for Charcot-Marie-Tooth disease ?", "en"),
    ("J'ai mal à la tête depuis trois jours et je ne dors pas.", "other"),
    ("Me duele la cabeza desde hace tres días y no puedo dormir por la noche.", "other"),
    ("Ich habe seit drei Tagen Kopfschmerzen und kann nicht schlafen.", "other"),
    ("Ho mal di testa da tre giorni e non riesco a dormire.", "other"),
    ("Estou com dor de cabeça há três dias e não consigo dormir.", "other"),
    ("Ik heb al drie dagen hoofdpijn en ik kan niet slapen van de pijn.", "other"),
    ("Boli mnie gardło od trzech dni i mam gorączkę.", "other"),
    ("Jag har haft ont i ryggen i två veckor och kan inte sova.", "other"),
    ("Üç gündür başım ağrıyor ve hiç uyuyamıyorum.", "other"),
    ("Kepala saya sakit sejak kemarin dan tidak bisa tidur.", "other"),
    ("Tôi bị đau đầu từ hôm qua và không ngủ được.", "other"),
    ("Mám horečku už tři dny a bolí mě v krku.", "other"),
    ("Mă doare gâtul de trei zile și nu pot dormi.", "other"),
    ("У меня болит голова уже три дня", "other"),
    ("머리가 아파서 잠을 못 자요", "other"),
    ("頭が痛くて眠れませんがどうしたらいいですか", "other"),
    ("عندي صداع منذ ثلاثة أيام", "other"),
    ("", "unknown"),
    ("38.5", "unknown"),
    ("No.", "unknown"),
    ("阳性", "unknown"),
    ("ibuprofen paracetamol aspirin metformin", "unknown"),
    ("qwer asdf zxcv poiu lkjh", "unknown"),
    ("Um, no. Um, not really. Um, I do. No.", "en"),
    ("α-fetoprotein was raised in the blood of my father", "en"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_identify(text: str, expected: str) -> None:
    assert identify(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("吃了 amlodipine 5mg, atorvastatin 20mg, metformin 500mg bid 以后头晕怎么办", "zh"),
        ("Can I take amlodipine, atorvastatin, metformin, lisinopril and clopidogrel with 阿司匹林?", "en"),
        ("amlodipine atorvastatin metformin lisinopril clopidogrel", "unknown"),
        ("HBsAg(+) HBeAg(-) HBV-DNA 1.2E+3 ALT 45 AST 38需要治疗吗？", "unknown"),
        ("服用Sertraline和Bupropion XL，能喝coffee吗", "zh"),
        ("AFP CEA CA19-9 CA125 PSA", "unknown"),
        ("My father takes Ja-Lin, och and Ska tablets for his heart.", "en"),
        ("Is desloratadine de novo or el-something like losartan potassium for a patient?", "en"),
        ("查了 ALT 56 U/L AST 43 U/L GGT 88 HBsAg HBeAb，要紧吗", "unknown"),
    ],
)
def test_drug_and_test_names_do_not_turn_the_balance(text: str, language: str) -> None:
    assert identify(text) == language
