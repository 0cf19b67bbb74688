"""Telling medical talk from everything else: how many distinct medical words a text has.

A strong word (fever, 感冒, anything in -itis) is medicine wherever it stands; a weak one (pain, blood, 医生)
also stands in other talk and counts half. Research questions are medicine too: whether a text is a
*consultation* is not judged here. Word lists and suffixes are our own, drawn up from the chapter titles of the
ICD-10 and the Anatomical Therapeutic Chemical classification and completed by reading consultations.
"""

from __future__ import annotations

import re

_EN_STRONG = re.compile(
    r"\b(?:"
    # Complaints and findings.
    r"fever\w*|cough\w*|vomit\w*|nause\w+|diarrh\w+|constipat\w+|headaches?|migraine\w*|dizz\w+|"
    r"vertigo|fatigue\w*|"
    r"bleed\w*|bruis\w+|rash(?:es)?|itch\w*|swell\w+|swollen|seizures?|faint(?:ed|ing)|numbness|"
    r"tremors?|insomnia|"
    r"wheez\w+|breathless\w*|sneez\w+|sore throat|runny nose|heartburn|indigestion|bloat\w+|cramps?|spasms?|"
    r"ulcers?|lumps?|cysts?|tumou?rs?|polyps?|blisters?|hives|pimples?|warts?|moles?|scars?|"
    r"wounds?|sprain\w*|"
    r"fractures?|symptom\w*|syndromes?|diseases?|disorders?|illness\w*|infect\w+|inflam\w+|"
    r"allerg\w+|cancer\w*|"
    r"carcinoma\w*|leuk[ae]?emi\w+|lymphoma\w*|diabet\w+|asthma\w*|hypertens\w+|hypotens\w+|stroke|epilep\w+|"
    r"depression|depressed|anxiety|schizophren\w+|bipolar|autis\w+|dementia|alzheimer\w*|"
    r"parkinson\w*|hiv|aids|"
    r"herpes|influenza|flu|covid\w*|malaria|tubercul\w+|hernias?|gout|eczema|psoriasis|acne|obes\w+|"
    r"cholesterol|hormon\w+|thyroid\w*|pregnan\w+|miscarr\w+|menstru\w+|menopaus\w+|contracept\w+|"
    r"ovulat\w+|abort\w+|"
    r"fertil\w+|infertil\w+|erectile|genetic\w*|chromosom\w+|congenital|hereditary|mutation\w*|"
    r"patholog\w+|overdos\w+|"
    r"suicid\w+|"
    # What is done about it.
    r"surg(?:ery|eries|ical|eon)\w*|operat(?:ion|ed) on|transplant\w*|biops\w+|diagnos\w+|"
    r"prognos\w+|prescri\w+|"
    r"medicin\w*|medicat\w*|medical\w*|antibiotic\w*|antiviral\w*|antidepress\w+|painkill\w+|"
    r"vaccin\w+|immuni[sz]\w+|"
    r"immun\w+|chemotherap\w+|radiotherap\w+|therap(?:y|ies|eutic|ist)\w*|an[ae]?esthe\w+|insulin|"
    r"aspirin|ibuprofen|"
    r"paracetamol|acetaminophen|tylenol|advil|penicillin|steroids?|vitamins?|pills?|tablets?|"
    r"capsules?|ointments?|"
    r"inhalers?|dos(?:e|es|age|ages)|mg|mcg|x-?rays?|mri|ct scan\w*|ultrasound\w*|ecg|ekg|"
    r"endoscop\w+|colonoscop\w+|"
    r"catheter\w*|dialysis|clinic(?:s|al|ian|ians|ally)?|hospital\w*|physicians?|paramedic\w*|"
    r"p[ae]?ediatric\w*|psychiatr\w+|dermatolog\w+|cardiolog\w+|neurolog\w+|oncolog\w+|"
    r"gyn[ae]?ecolog\w+|urolog\w+|"
    # Parts of the body that little other talk names.
    r"kidneys?|renal|livers?|hepatic|lungs?|pulmonary|bladder|urin\w+|bowel\w*|intestin\w+|colon|"
    r"rectal|rectum|"
    r"stomach\w*|abdom\w+|pelvi\w+|uter\w+|ovar\w+|vagin\w+|cervi\w+|prostat\w*|testic\w+|penis|"
    r"penile|genital\w*|"
    r"cardiac|cardiovascular|coronary|arter\w+|veins?|lymph\w*|pancrea\w+|spleen|gall ?bladder|"
    r"tonsil\w*|sinus\w*|"
    r"nostrils?|eyelids?|retina\w*|cornea\w*|eardrums?|spine|spinal|vertebra\w*|ligaments?|tendons?|"
    r"tissues?|platelets?|h[ae]?emoglobin|plasma|sputum|mucus|stool|neuro\w+|psych\w+|"
    r"physiolog\w+|biofeedback|cerebral|bacteri\w+|fung(?:al|us|i)|"
    r"shingles|deficienc\w+|inherited|prevalence|newborns?|degenerat\w+|vision|eyesight|alopecia|"
    r"ataxia|concussion\w*|"
    r"abscess\w*|boils?|bell(?:y|ies)|bellyache|tummy|throw(?:ing|s)? up|threw up|tetanus|"
    r"circumci\w+|foreskin|nasogastric|"
    r"intraven\w+|intub\w+|pacemaker\w*|antiven\w+|serum|testosterone|(?:o)?estrogen\w*|"
    r"gestation\w*|midwi\w+|maternal|"
    r"(?:peri|neo|pre|ante|post)natal\w*|obstetric\w*|ambulance\w*|pharmac\w+|medicaid|medicare|"
    r"syringes?|opioid\w*|narcotic\w*|"
    r"(?:meth)?amphetamine\w*|cocaine|heroin|marijuana|cannabis|tobacco|laryn\w+|uret\w+|nasal|"
    r"oral|dermal|hypersensitiv\w+|"
    r"(?:mammo|radio|tomo|sono|angio|cardio|encephalo)gra\w+|gene[ds]?|genome\w*|polymorphism\w*|"
    r"vascular\w*|macular|"
    r"autoimmun\w+|metaboli\w+|resuscitat\w+|ventilat(?:ion|or)\w*|palliative|hospice|"
    r"rehabilitat\w+|comorbid\w*|epidemi\w+|"
    r"tomography|imaging|lesions?|acuity|cognit\w+|intellectual disabilit\w+|life support|"
    r"incontinen\w+|glands?|"
    # Stems that only medicine has.
    r"\w{3,}(?:itis|ectom(?:y|ies)|opia|opsy|osis|oses|plasia|phobia|gnosia|lysis|ectasis|genesis|"
    r"lithiasis|glycemi\w+|aldosteron\w+|ostomy|otomy|oscopy|plasty|opathy|opathic|algia|"
    r"[ae]?emia|[ae]?emic|uria|oma|omas|trophy|"
    r"penia|plegia|phagia|dynia|rrhea|rrhoea|cillin|mycin|oxacin|azole|pril|sartan|statin|olol|"
    r"prazole|tidine|cortisone|nisone|nisolone))\b",
    re.IGNORECASE | re.ASCII,  # a Han character beside a drug name is no part of the word
)
_EN_WEAK = re.compile(
    r"\b(?:pain\w*|aches?|aching|hurts?|hurting|sore|sick\w*|ill|tired\w*|weak\w*|health\w*|"
    r"unhealthy|doctors?|dr|nurs\w+|"
    r"patients?|treat(?:ed|ing|ment|ments|s)?|cure[ds]?|heal(?:ing|ed)?|blood|hearts?|brain\w*|"
    r"head|neck|back|chest|"
    r"bod(?:y|ies)|skin|eyes?|ears?|nose|mouth|throat|teeth|tooth|gums?|tongue|arms?|legs?|hands?|"
    r"foot|feet|fingers?|"
    r"toes?|knees?|ankles?|wrists?|elbows?|shoulders?|hips?|bones?|joints?|muscles?|nerves?|scalp|"
    r"hair loss|breasts?|"
    r"drugs?|meds|supplements?|herbal|diet\w*|weight|sleep\w*|appetite|cold|virus\w*|viral|"
    r"poison\w*|toxic|injur\w+|"
    r"burns?|cuts?|accident|emergency|tests?|scans?|levels?|sugar|pressure|exercis\w+|smok\w+|"
    r"alcohol\w*|drink\w*|"
    r"sexual\w*|sex|birth|bab(?:y|ies)|infants?|periods?|aging|ageing|mental\w*|stress\w*|"
    r"condition\w*|protein\w*|"
    r"cells?|dental|dentist\w*|surviv\w+|mortality|deaths?|risk factors?|died|feel(?:ing|s)?|"
    r"follow-?\s?ups?|procedures?|discharged?|complaints?|disabilit\w+|laborator\w+|outlook for|"
    r"general practice|disinfect\w+|hygien\w+|affected|caffeine|"
    r"meals?|calories|nutrition\w*|addict\w+|detox\w*|cigarettes?|transmission|gastric|"
    r"adolescen\w+|child abuse|recover\w+)\b",
    re.IGNORECASE | re.ASCII,  # a Han character beside a drug name is no part of the word
)
_ZH_STRONG = re.compile(
    r"发烧|发热|低烧|高烧|退烧|咳嗽|咳|感冒|头痛|头疼|头晕|眩晕|恶心|呕吐|腹泻|拉肚子|便秘|腹痛|"
    r"腹胀|胃痛|胃疼|肚子疼|肚子痛|胸闷|心慌|心悸"
    r"|气短|气喘|哮喘|失眠|乏力|水肿|浮肿|红肿|肿胀|瘙痒|发痒|皮疹|湿疹|过敏|出血|便血|尿血|发炎|炎症|"
    r"[\u4e00-\u9fff]炎|感染|化脓|溃疡"
    r"|囊肿|结节|肿瘤|肿块|息肉|肌瘤|结石|癌|骨折|扭伤|拉伤|脱位|脱臼|关节|腰椎|颈椎|椎间盘|骨质|"
    r"增生|积液|积水|梗死|梗塞|栓塞|血栓|硬化"
    r"|综合[征症]|[\u4e00-\u9fff]病毒|糖尿病|高血压|冠心病|心脏病|乙肝|肝炎|肝硬化|白血病|"
    r"贫血|癫痫|抑郁|焦虑|精神分裂|痴呆|帕金森|艾滋"
    r"|梅毒|淋病|尖锐湿疣|疱疹|结核|甲亢|甲减|甲状腺|前列腺|早泄|阳痿|勃起|遗精|包皮|阴茎|睾丸|"
    r"阴道|白带|月经|痛经|闭经|怀孕|孕妇|孕期|妊娠|流产|人流"
    r"|避孕|排卵|不孕|不育|胎儿|宫颈|子宫|卵巢|乳腺|乳房|哺乳|新生儿|早产|痔疮|肛门|疝|痛风|风湿|"
    r"脑梗|中风|脑出血|偏瘫|瘫痪|抽搐|痉挛|麻木"
    r"|近视|白内障|青光眼|耳鸣|鼻塞|流涕|扁桃体|咽喉|口腔溃疡|牙龈|牙疼|牙痛|龋|智齿|脱发|痤疮|"
    r"青春痘|痘|皮肤病|白癜风|银屑病|牛皮癣|[脚手体股甲]癣|疣"
    r"|[\u4e00-\u9fff]{1,2}(?:疼痛|疼|痛|肿|麻)|酸痛|病情|病症|病因|症状|诊断|确诊|治疗|"
    r"医治|疗法|化疗|放疗|手术|切除|移植|输液|打针|注射"
    r"|疫苗|处方|用药|药物|服药|吃药|药膏|[西中成]药|药片|胶囊|颗粒|口服|外用|"
    r"[\u4e00-\u9fff]{1,3}[片丸](?![面段尸])|抗生素|消炎|激素|维生素|胰岛素|阿司匹林|头孢|"
    r"阿莫西林|布洛芬"
    r"|青霉素|地塞米松|检查结果|化验|血常规|尿常规|彩超|B超|b超|CT|核磁|磁共振|X光|X线|心电图|"
    r"胃镜|肠镜|活检|抗体|抗原|转氨酶|血糖|血压|血脂|尿酸|胆固醇"
    r"|医院|门诊|急诊|住院|就诊|就医|看病|患者|病人|临床|中医|西医|针灸|推拿|艾灸|拔罐|气血|肾虚|"
    r"脾虚|阴虚|阳虚|湿热|上火|舌苔|辨证"
    r"|产后|顺产|剖腹产|剖宫产|分娩|视力|结扎|拔火?罐|服用|推荐药|忌口|中药|灵芝|枸杞|人参|当归|"
    r"黄芪|阿胶|尸斑|原位杂交|免疫|组化|毫克|mg|月子|断奶|母乳|辅食|早教|胎教|预产期|产检|孕"
    r"|决明|痱子|听力|助听|侧弯|[男女]性|性高潮|做爱|两性|穴位?|经络|解剖|细菌|真菌|病毒|肝|肾|"
    r"肺|脾|胆囊|胰腺|肠|膀胱|尿|大便|小便|腹|胃|淋巴|血管|动脉|静脉|神经|骨|脑|心肌|心脏|心率|"
    r"呼吸道"
    r"|[\u4e00-\u9fff]{1,6}病(?![毒房])|染色体|基因|遗传|先天|畸形|发育|自杀|中毒|消毒|"
    r"伤口|疤痕|烧伤|烫伤|咬伤|狂犬|蜂窝|瘤|瘫|昏迷|休克|窒息|发作|复发|并发"
)
_ZH_WEAK = re.compile(
    r"医生|大夫|医师|护士|健康|身体|难受|不舒服|不适|疼|痛|痒|肿|麻|酸|晕|累|疲劳|血|(?<![放小中关开粗])心|头(?![条像])|颈|脖子|"
    r"肩|背|腰|胸|肚子|手(?![机续表工段气法])|脚|腿|膝|眼|耳|鼻"
    r"|嘴|口腔|牙|舌|喉|嗓子|皮肤|头发|指甲|脸|肌肉|肥胖|减肥|瘦|体重|饮食|营养|锻炼|运动|睡眠|"
    r"睡觉|食欲|胃口|戒烟|喝酒|饮酒|药|病|伤|检查|治|疗|毒"
    r"|性生活|性行为|同房|精子|精液|孩子|宝宝|婴儿|老人|保健|养生|心理|情绪|压力|紧张|美容|整形|"
    r"祛斑|色斑|皱纹|吃|泡茶|奶粉|喝奶|小孩|婴|功效|食用|护理|卫生|死|出生|戒|尸"
)
_PATTERNS = {"en": (_EN_STRONG, _EN_WEAK), "zh": (_ZH_STRONG, _ZH_WEAK)}


def medical_score(text: str, lang: str, enough: float = 4.0) -> float:
    """Return the number of distinct medical words of `text`, weak ones counted half.

    Counting stops at `enough`: a long answer need not be read to its end. In Chinese text English words count
    too (drug names, tests). Other languages than Chinese are read as English.
    """
    chinese = lang.lower().startswith("zh")
    score = 0.0
    for key in ("zh", "en") if chinese else ("en",):
        for pattern, weight in zip(_PATTERNS[key], (1.0, 0.5), strict=True):
            found: set[str] = set()
            for match in pattern.finditer(text):
                found.add(match[0].lower())
                if score + weight * len(found) >= enough:
                    return enough
            score += weight * len(found)
    return score
