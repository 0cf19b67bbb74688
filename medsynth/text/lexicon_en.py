"""English patterns of the text rules (matched without regard to case)."""

LABEL = (
    r"(?:(?<=\n)|\A)[ \t]*(?:answer|question|assessment|advice|doctor|patient|reply"
    r"|response"
    r"|[qa])[ \t]*:\s*"
)
GREETING = (
    r"(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|greetings)"
    r"(?:[ ,]+(?:there|doctor|doc|dr|sir|madam|ma'am|everyone|all|friend|user|mr|mrs|ms"
    r"|miss))*\s*[,.!:;]+\s*"
    r"|thank(?:s| you)[^,.!]{0,60}[,.!]+(?!\s*for\b)\s*)+"
)
BOILERPLATE = (
    r"\A\W*(?:(?:i'm |so |very )?(?:happy to help|glad (?:to|that|i)|enjoy your"
    r"|congratulations|all the best|good luck|get well soon|have a (?:nice|good|great|lovely)"
    r"|you'll be glad|(?:i )?hope (?:that )?(?:you|he|she|they|your \w+) (?:will )?(?:feel|get|recover)s?))\b|"
    r"\A\W*(?:(?:okay|ok|alright|all right|well)\W+(?:then\W+)?)?(?:good)?bye\b"
    r"|\A\W*(?:NIH|CDC|FDA)\b\W|\A\W*(?:hi|hello|good (?:morning|afternoon|evening)|dear"
    r"|thank|thanks|welcome to|you(?:'re| are) (?:very )?welcome|no problem|my pleasure)\b"
    r"|\bhope (?:this|that|my|it|i)\b[^.]{0,200}\b(?:help|answer|useful|clarif)"
    r"|\b(?:best|warm|kind) (?:wishes|regards)\b|\b(?:wish|wishing) you\b|\btake care\W*\Z"
    r"|\bregards\W*\Z"
    r"|\b(?:feel free|do not hesitate|don't hesitate)\b|\blet me know if you have\b"
    r"|\bfor (?:more|further) (?:information|details|help)\b[^.]{0,200}\b(?:visit|see"
    r"|click"
    r"|contact|call|go to|write|page|topic|link)"
    r"|\bsee the (?:[\w-]+ ){0,4}(?:tables?|figures?|charts?|sections?|pages?|links?|articles?|topics?|lists?"
    r"|references?|resources?|web ?sites?|fact ?sheets?|publications?|pictures?|images?|videos?|box|below|above)\b"
    r"|\b(?:click|table below|listed below|links? below|following links?|this page"
    r"|top of page|web ?site"
    r"|clinicaltrials|medlineplus|pubmed|trademark|copyright|chart below|resources section"
    r"|related pages"
    r"|human phenotype ontology|genetics home reference|this table"
    r"|genetic testing registry)\b"
    r"|\bif the information is available\b|\bi am (?:an? )?(?:ai|language model|bot)\b"
    r"|\blearn more about\b|\bmore information (?:about [^.]{0,80} )?is (?:provided|available)\b"
    r"|\A\W*(?:watch (?:this|a) video|enlarge this image)\b"
)
THANKS = (
    r"\A[^.?!]{0,24}\bthank(?:s| you)\b[^.?!]{0,16}[.!]?\W*\Z|"
    r"\A\W*(?:(?:okay|ok|alright|all right|well)\W+(?:then\W+)?)(?:good)?bye\b"
    r"|\A\W*(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b(?:\W+(?:there"
    r"|doctor|doc|dr|sir|madam|all|everyone))*\W*\Z"
    r"|(?:many |lots of )?(?:thanks?|thank you|thx|cheers|regards|(?:kind|best) regards"
    r"|bye|goodbye|see you|have a (?:nice|good|great))\b"
    r"|(?:please |can you |could you |kindly )(?:please )?(?:help|advise|advice|guide"
    r"|reply|answer|suggest)(?: me| us)?(?: (?:soon|asap|urgently))?\W*\Z"
    r"|(?:any|all) (?:help|advice|suggestions?)\b[^.]*\b(?:appreciated|welcome|grateful)"
    r"|(?:i (?:would|will|'d) be |i am |i'm )?(?:very |so )?grateful\b"
    r"|(?:sorry|apologies) (?:for|about) (?:the|my)\b)"
)

_UNIT = r"(?:hour|day|night|week|weekend|fortnight|month|year)s?"
_NUM = (
    r"(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|twenty|thirty|several"
    r"|few|some|many|couple(?: of)?|half an?)"
)
TIME = (
    r"\b(?:for|over|about|around|within|in|during) (?:the )?(?:past|last|about|around"
    rf"|almost|nearly|over|more than)?\s*(?:the )?(?:past |last )?{_NUM}(?: or {_NUM}"
    rf"| to {_NUM})?(?: (?:good|whole|full))? {_UNIT}\b"
    rf"|\b{_NUM}(?: or {_NUM}| to {_NUM})? {_UNIT} (?:ago|now|back)\b"
    r"|\bsince (?:last|yesterday|this|the|my|i|he|she|we|about|around|early|late|mon|tue"
    r"|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer"
    r"|autumn|fall|winter|christmas|then|\d)"
    r"|\b(?:yesterday|last (?:night|week|month|year|mon|tue|wed|thu|fri|sat|sun|spring"
    r"|summer|autumn|winter|fall)|this (?:morning|afternoon|evening)|overnight)"
    r"|\ball (?:day|night|week|month|year)\b"
)
# Says how long it has lasted, as against when it began.
DURATION = (
    r"\b(?:for|over|about|around|during) (?:the )?(?:past|last|about|around|almost|nearly|over|more than|at least)?\s*"
    rf"(?:the )?(?:past |last )?{_NUM}(?: or {_NUM}| to {_NUM})? (?:good |whole |full )?{_UNIT}\b"
    rf"|\b{_NUM}(?: or {_NUM}| to {_NUM})? {_UNIT} now\b|\ball (?:day|night|week|month|year)\b"
    r"|\bfor (?:ages|years|months|weeks|days|a (?:long )?while|a long time|as long as)\b|\bgoing on for\b"
)
SYMPTOM = (
    r"\b(?:pain\w*|ache|aches|aching|hurts?|hurting|sore|cough\w*|fever\w*|temperature"
    r"|rash|itch\w*|swell\w*|swollen|lumps?|bleed\w*|blood in"
    r"|diarrh\w*|constipat\w*|vomit\w*|nause\w*|sick|dizz\w*|faint\w*|headaches?"
    r"|migraine\w*|tired\w*|fatigue\w*|exhaust\w*|weak\w*|numb\w*|tingl\w*"
    r"|breath\w*|wheez\w*|palpitation\w*|heart ?beat|racing|cramps?|burn\w*|discharge"
    r"|spots?|blister\w*|acne|pimples?|bump\w*|sneez\w*|runny|congest\w*|blocked"
    r"|sleep\w*|insomnia|snor\w*|anxi\w*|depress\w*|stress\w*|panic|weight|appetite"
    r"|heartburn|reflux|bloat\w*|indigestion|stiff\w*|tremor|shak(?:y|ing)|twitch\w*"
    r"|vision|blurr\w*|hearing|ringing|buzzing|urin\w*|pee|peeing|wee|period\w*"
    r"|hot flush\w*|hair|peel\w*|crack\w*|wound|cut|bruis\w*|sprain\w*|fell|fall|injur\w*"
    r"|unwell|problem|trouble|struggl\w*|difficult\w*|symptom\w*|infection|cold|flu|bite"
    r"|stung|bitten|forget\w*|confus\w*|memory|cries|crying|sore throat|hoarse\w*"
    r"|lost|losing|wet(?:s|ting)? the bed|limp\w*|red|worse|worried|eczema|asthma"
    r"|psoriasis|gout|migraines?|arthritis|hay fever|reflux|clots?|flutter\w*|snores?"
    r"|scratch\w*|dark|pale|lame|stools?|toilet|nosebleeds?|tick|poo|bowels?|pass water"
    r"|mole|killing me)\b"
)
SLOTS = (
    ("question", 9, r"[?？]\W*\Z"),
    (
        "question",
        7,
        r"\b(?:i(?:'d| would)? (?:like|want|need) to (?:know|ask|understand)|(?:i|we) (?:was"
        r"|am|were|are|'m) wondering|i wonder (?:if|whether|what|how|why)|my question is"
        r"|please (?:tell|advise|suggest|explain|let me know)|(?:i|we) (?:do not"
        r"|don't) know (?:whether|if|what)|what should (?:i|we)|should (?:i"
        r"|we)\b(?! be alright)|can you (?:tell|advise|explain))",
    ),
    ("allergies", 8, r"\ballerg(?:y|ies|ic)\b"),
    ("allergies", 6, r"\bintoleran(?:t|ce)\b"),
    (
        "tests",
        6,
        r"\b(?:blood (?:tests?|work|count|sugar|results?)|x-?rays?|ultrasound|mri|ct scan|ct"
        r"|scans?|ecg|ekg|echocardiogram|endoscopy|colonoscopy|biopsy|smear|swab|urine test"
        r"|test results?|tests?|tested|a1c|hba1c|cholesterol|platelets|haemoglobin|hemoglobin"
        r"|thyroid levels?|readings?)\b",
    ),
    ("tests", 3, r"\b(?:came back|showed|results?|normal range|measured|reads)\b"),
    (
        "medicines",
        6,
        r"\b(?:tablets?|pills?|capsules?|medicines?|medications?|meds|painkillers?"
        r"|antibiotics?|antihistamines?|antacids?|ointment|creams?|drops|inhaler|spray|syrup"
        r"|paracetamol|acetaminophen|tylenol|ibuprofen|advil|aspirin|naproxen|amoxicillin"
        r"|metformin|insulin|lisinopril|amlodipine|ramipril|losartan|atorvastatin|simvastatin"
        r"|omeprazole|lansoprazole|levothyroxine|sertraline|citalopram|fluoxetine|cetirizine"
        r"|loratadine|salbutamol|warfarin|prednisolone|prednisone|gabapentin|supplements?"
        r"|vitamins?|statins?|steroids?|contraceptive pill|the pill|home remed\w+|lozenges?"
        r"|laxatives?|gel|patch(?:es)?|physio\w*|doses?|\d+ ?(?:mg|mcg|ml|micrograms?"
        r"|milligrams?|puffs?))\b",
    ),
    (
        "medicines",
        7,
        r"\b(?:(?:it|this|that|they|which) (?:only |just )?(?:helps?|helped|works?|worked)"
        r"|(?:didn't|doesn't|don't|did not|does not|do not|hasn't|has not|not) (?:really "
        r"|seem to |seemed to )?(?:help|work|helped|worked)\w*|made no difference|no (?:effect"
        r"|relief)|without (?:success|relief|effect))\b",
    ),
    (
        "medicines",
        3,
        r"\b(?:took|taken|taking|(?<!it )takes?(?! (?:ages|a while|long|me|him|her|hours"
        r"|minutes))|tried|prescribed|using|put on|rubbed|applied)\b",
    ),
    (
        "family",
        7,
        r"\b(?:(?:runs|run) in (?:my|the|our|his|her) family|family history|hereditary|both my parents"
        r"|(?:my|his|her|our) (?:own )?(?:mother|father|mum|mom|dad|parents?|grand\w+|sister|brother|aunt"
        r"|uncle|cousin) (?:had|has|have|died|also|was|suffers?|suffered|got|both))\b",
    ),
    (
        "reproductive",
        6,
        r"\b(?:pregnan\w+|menopaus\w+|miscarr\w+|menstru\w+|my periods?|last period|trimester|due date"
        r"|breast-?feeding|caesarean|c-section|gave birth|trying to conceive|my cycles?|weeks along)\b",
    ),
    (
        "child",
        6,
        r"\b(?:vaccinat\w+|immuni[sz]\w+|breast-?fed|bottle-?fed|formula|feeds|weaned|weaning|milestones?"
        r"|crawl(?:s|ing)|birth weight|born (?:at|early|on time|full|pre)\w*|premature\w*|growth chart|percentile"
        r"|teething|nappies|diapers?)\b",
    ),
    (
        "history",
        6,
        r"\b(?:history of|diagnosed|diabet\w+|hypertension|high blood pressure|asthma|eczema"
        r"|hay fever|thyroid|heart (?:attack|disease|failure)|stroke|cancer|surgery"
        r"|operat(?:ed|ion)|operations|hospital\w*"
        r"|otherwise (?:healthy|well|fit)|no other (?:health|medical|conditions?|illness)"
        r"|medical (?:conditions?|problems?)"
        r"|chickenpox|as a (?:child|teenager|baby)|years ago)\b",
    ),
    (
        "history",
        3,
        r"\b(?:already have|used to|in the past|previously|never had|healthy|family"
        r"|ever since childhood)\b",
    ),
    (
        "habits",
        6,
        r"\b(?:smoke[rsd]?|smoking|drink alcohol|alcohol|units of|(?:beers?|wine) (?:a|per|every|each)"
        r"|work (?:as|in|at|from|long|night)|works (?:as|in|at|nights)|my (?:job|work|diet)|desk job|shifts?"
        r"|exercise (?:regularly|daily|every)|sedentary)\b",
    ),
    (
        "modifiers",
        6,
        r"\b(?:worse|better|worst|eases?|easier|relie(?:f|ves?|ved)|improves?|improved"
        r"|settles?|goes away|triggers?|triggered|aggravat\w+|flares?)\b[^.]{0,50}\b(?:when|if"
        r"|after|at night|in the (?:morning|evening|night)|with|by|lying|sitting|walking"
        r"|standing|eating|rest|bend\w*|mov\w*|first thing|towards)\b",
    ),
    (
        "modifiers",
        6,
        r"\b(?:when(?:ever)? (?:i|he|she|it|they|we)|if (?:i|he|she) (?:lie|sit|stand|eat"
        r"|drink|walk|press|bend|move|cough|lies|sits|stands|eats|bends)|every time"
        r"|after (?:meals?|eating|exercise|running|a shower|dinner|breakfast|climbing))\b",
    ),
    (
        "modifiers",
        5,
        r"\b(?:nothing (?:seems to )?helps?|(?:it|this|that) helps?|(?:not"
        r"|n't) (?:seem to )?help|makes? (?:it|the pain|things|them) (?:worse|better)"
        r"|only helps?|helps? (?:a (?:bit|little)|for))\b",
    ),
    ("modifiers", 4, r"\b(?:worse|worst) (?:at|in|on|when|after|with|towards)\b"),
    (
        "onset",
        7,
        r"\b(?:(?:it|this|that|they|these|the \w+|problem|symptoms"
        r"|all) (?:all )?(?:first )?(?:started|began|came on|appeared|happened"
        r"|has been (?:going on|like this|there))|(?:i|we) first noticed|came on"
        r"|started (?:about|around|last|on|after|in|when|suddenly|gradually)|going on for"
        r"|noticed (?:it|this|them) (?:about|around|last|first|on|after|in|when))\b",
    ),
    ("onset", 4, TIME),
    ("duration", 5, DURATION),
    (
        "accompanying",
        5,
        r"\b(?:also|as well|along with|accompanied|together with|on top of that|in addition"
        r"|besides|other symptoms?|apart from|(?:no|not any|any|without|haven't had a"
        r"|not had a|hasn't had a) (?:fever|temperature|cough|vomiting|nausea|rash|pain"
        r"|swelling|blood|bleeding|weight loss|dizziness|diarrhoea|diarrhea|chills|discharge"
        r"|itching|numbness|weakness|headache|sweating|redness|shortness))\b",
    ),
    (
        "place",
        4,
        r"\b(?:(?:left|right|upper|lower|inner|outer|front|back|middle|top|side|both sides?)(?: (?:side|part|half))?"
        r"(?: of)?(?: (?:my|the|his|her))? (?:abdomen|belly|stomach|tummy|chest|breast|back|neck|head|face|eye|ear"
        r"|shoulder|arm|elbow|wrist|hand|finger|thumb|hip|groin|thigh|leg|knee|calf|shin|ankle|heel|foot|toe|jaw"
        r"|rib|lung|kidney|lip|eyelid|buttock)s?|(?:spreads?|radiat\w+|moves?|goes) (?:down |up |in)?to (?:my|the|his"
        r"|her)|behind (?:my|the|his|her) (?:eyes?|ears?|knees?|breastbone))\b",
    ),
    (
        "severity",
        4,
        r"\b(?:severe\w*|mild\w*|unbearable|excruciating|out of ten|out of 10|agony|so bad|very bad|really bad"
        r"|can't (?:sleep|walk|work|stand|eat)|cannot (?:sleep|walk|work|stand|eat)|keeps? me (?:awake|up)|hardly"
        r"|barely|stops me)\b",
    ),
    (
        "character",
        4,
        r"\b(?:sharp|dull|burning|throbbing|stabbing|pounding|pressing|squeezing|tight\w*"
        r"|crampy?|itchy|scaly|raised|watery|yellow\w*|green\w*|brown|dark|red|white|dry|flaky"
        r"|hard|soft|tender|warm to touch|both sides|one side|front"
        r"|back of|behind|bad|comes and goes|constant|on and off|every (?:day|night|few|time"
        r"|morning|hour|\w+ minutes)|(?:once|twice|three times|\w+ times|times) (?:a"
        r"|per) (?:day|night|week)|lasts?|feels? (?:like|as)|looks? like|size of|as big as)\b",
    ),
    (
        "demographics",
        8,
        r"\A\W*(?:(?:hi|hello|hey)\W+)?(?:(?:i(?:'m| am)|he(?:'s| is)|she(?:'s| is)|my \w+ is"
        r"|we are|age|male|female|(?:this|it) is (?:about|for) my|(?:i am|i'm) (?:writing"
        r"|asking) (?:about|for)|about me)\b)(?:[^.!?]{0,40}\b(?:\d{1,3}|\w+teen|twenty|thirty"
        r"|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-]*(?:\w+[\s-]*)?(?:years?[\s-]*old"
        r"|yo|y/o|yrs?|months?[\s-]*old|weeks?[\s-]*old|year-old))?)\b[^.!?,]{0,40}[.!]?\W*\Z",
    ),
    (
        "demographics",
        7,
        r"\A\W*(?:i(?:'m| am)|he(?:'s| is)|she(?:'s| is)|my \w+ is) (?:an? )?(?:\d{1,3}"
        r"|\w+)[\s-]*(?:years?|months?|weeks?)?[\s-]*old\b[^.!?]{0,40}\Z",
    ),
)
CONNECTIVE = (
    r"\W*(?:but|however|so|therefore|yet|although|though|because|which|that is|then|or|nor"
    r"|except|instead|otherwise|even so|still|since then|after that|afterwards"
    r"|in that case|that's why|this is why|as a result|for example|for instance)\b"
)
ANAPHOR = (
    r"\W*(?:(?:and |but |so )?(?:this|these|those|they|it|its|their|them|he|she|his|her"
    r"|such|both|another|others|here|one of|each|all of|some of|neither|either"
    r"|the (?:former|latter|same|first|second|other|following|next)|other (?:symptoms"
    r"|signs|causes|treatments?|types?|factors|features|people|tests|medicines|options))"
    r"|however|therefore|also|moreover|furthermore|in addition|additionally|instead"
    r"|otherwise|thus|hence|then|but|and|or|so|yet|nor|because|for (?:example|instance)"
    r"|similarly|as a result|consequently|rarely, this|in (?:this|these|such|that|those"
    r"|other) \w+|in contrast|on the other hand|if (?:so|not)|that (?:is|said|way)|even so"
    r"|usually|sometimes|still|too)\b"
)
URGENT = (
    r"(?:\A|[,;:] |\b(?:but|and|so|please) )(?:do not|don't|never)\b|\b(?:have|get) (?:it"
    r"|him|her|this|that|them|yourself|the \w+) (?:x-rayed|checked|seen|examined"
    r"|looked at)\b|\b(?:go|take \w+|straight) (?:straight )?to (?:a&e|hospital"
    r"|the hospital|an? emergency|the emergency|casualty)|\b(?:ring|phone|call) (?:at once"
    r"|your|the|us|an|a)\b|\bcome (?:in|back)\b|\bleave \w+ out if\b|\b(?:seen"
    r"|looked at) (?:urgently|the same day|today|within)"
    r"|\b(?:emergency|call (?:911|999|112|an ambulance)|ambulance|immediately|right away"
    r"|urgent\w*|straight away|at once|seek (?:medical|immediate|help|care)"
    r"|(?:see|call|contact|consult|visit|tell|ask) [^.]{0,40}\b(?:doctor|gp|health ?care|physician"
    r"|specialist|pharmacist|dentist|optician|midwife|nurse|clinic)\b[^.]{0,40}\b(?:if|when|before|as soon)"
    r"|if [^.]{0,120}\b(?:see|call|contact|consult|visit|tell) (?:a|an|your|the|us|her|his)"
    r"|life[- ]threatening|do not (?:take|use|stop|give|drive|exceed|drink)|don't (?:take"
    r"|use|stop|give|exceed)|(?:should|must) (?:not|never)\b|never (?:take|give|stop|use)"
    r"|contraindicat\w+|not (?:be )?(?:suitable|safe|used|recommended) (?:for|in|if|during)"
    r"|come back (?:if|sooner|straight)|no more than|maximum (?:dose|of)|overdose"
    r"|red flags?|warning signs?|(?:cough|vomit|spit)(?:s|ing)? (?:up )?(?:bright )?blood)\b"
)
ADVICE = (
    r"\b(?:should|recommend\w*|suggest\w*|advis\w+|try|avoid\w*|need to|have to|best to"
    r"|make sure|drink|rest|take|apply|use|keep|stop|start|treat(?:ed|ment|ments|s)?"
    r"|therapy|consider|increase|reduce|limit|eat|exercise|wear|check|follow[- ]up"
    r"|see (?:a|your)|book|prescri\w+|manage\w*|it is important|help(?:s|ful)?|let me"
    r"|let's|we(?:'ll| will| can)|i(?:'ll| will| would| want| am going))\b"
)
ASSESSMENT = (
    r"\b(?:likely|probabl[ey]|sounds? like|suggests?|may be|might be|could be|seems?"
    r"|appears?|consistent with|caused by|causes?|due to|because|usually|most (?:often"
    r"|common\w*|people)|common\w*|diagnos\w*|is an?|are an?|symptoms?|signs?|risk"
    r"|suspect)\b"
)
REPLY = (
    r"\W*(?:yes|yeah|yep|yup|no|nope|nah|none|not (?:really|that|at|since|so|currently"
    r"|anymore|usually|too)|never|sure|okay|ok|right|correct|exactly|of course|uh|um|hm+"
    r"|mm|well, no|maybe|sometimes|it|its|that|this|those|these|they|just|about|since|for"
    r"|only|oh|nothing|both|neither|he|she|also|and|or|but|all|very|same|here|there|fine"
    r"|good|great|great,|normal|alright|absolutely|definitely|thankfully|i (?:do|don't|did"
    r"|didn't|am|am not|was|have|haven't|can|can't|think so|guess|believe so|would|will"
    r"|quit|stopped)\W*\Z)(?![a-z])"
)
KIN = (
    r"\bmy (?:\w+[- ]){0,2}?(?:son|daughter|child|kid|baby|toddler|boy|girl|wife|husband"
    r"|partner|mother|father|mum|mom|dad|grand\w+|sister|brother|friend|aunt|uncle|newborn"
    r"|infant|mother-in-law|father-in-law|twins?)(?:'s)?\b"
)
# Words of a question in a statement.
NOT_QUESTION = r"(?!)"
# A question is announced here and asked in a later clause.
LEAD = r"(?!)"
ASKS = r"[?]"
# Says when it began or how long it has lasted.
SINCE = TIME
# The patient is a child.
CHILD = (
    r"\b(?:baby|infant|newborn|toddler|child|kid|little (?:one|boy|girl)|son|daughter|grandson|granddaughter"
    r"|(?:[1-9]|1[0-3])[ -]years?[ -]old|\w+[ -]months?[ -]old|\w+[ -]weeks?[ -]old)\b"
)
# Illness in the family, as against kin who is the patient.
INHERITED = r"\b(?:family|hereditary|inherit\w*|also|both|too)\b"
# How much of a medicine, or how often.
DOSE = (
    r"\b(?:\d[\d,.]* ?(?:mg|mcg|micrograms?|milligrams?|ml|millilit\w+|units?)"
    r"|(?:one|two|three|four|\d) (?:tablets?|pills?|capsules?|puffs?|drops?|teaspoons?|tablespoons?)"
    r"|(?:once|twice|(?:three|four|\d) times) (?:a|per|each|every) day|(?:once|twice) daily"
    r"|every (?:\d+|four|six|eight|twelve) (?:to \w+ )?hours)\b"
)
# A question put together from the title of a page.
MALFORMED = (
    r"\b(?:what|who|how|is|are)\b[^?]{0,60}\b(?:what (?:i need|you need|you should) to know|causes causes"
    r"|causes of causes|financial help|your guide to|points to remember|for health care professionals)\b"
)
