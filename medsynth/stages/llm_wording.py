"""What a model is told of a failed check, in the language of its prompt. Turns are counted from 1."""

from __future__ import annotations

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "turn": "turn {turn}",
        "whole": "the whole dialogue",
        "too_few_turns": "this is no dialogue: patient and doctor must both speak",
        "language": "this is not English; say it in English",
        "copied": "this is read out of the source word for word; retell it the way people talk",
        "altered_fact": "“{said}” is not what the source says; the source has “{source}”",
        "turned_fact": "“{said}”: yes and no are the wrong way round; the source has “{source}” the other way",
        "invented_fact": "“{said}” is not in the source; take it out",
        "dropped_fact": "“{source}” of the source is missing; it must be said by the {role}",
        "foreknowledge": "the doctor mentions “{said}”, which the patient has not told yet",
        "no_advice_at_end": "the last doctor turn must give the source's advice (purpose advice), and not ask",
        "lost_advice": "too little of what the source's doctor advises is said (about {share} percent)",
        "lost_question": "the patient no longer asks what they wanted to know: “{quote}”",
        "lost_complaint": "the patient no longer says what the source's patient came with",
        "patient_opens": "the patient must speak first",
        "doctor_closes": "the doctor must have the last turn",
        "alternate": "the {role} speaks twice running; join the turns or let the other speak",
        "too_many_turns": "{count} turns are too many; at most {most}",
        "purpose": "a doctor turn needs a purpose: inquiry, explanation or advice",
        "asks_nothing": "the purpose is inquiry, but nothing is asked",
        "asks_much": "{count} questions at once; ask one at a time",
        "few_inquiries": "the doctor asks {count} follow-up questions; at least {need} can be answered from the source",
        "known_already": "the doctor asks for what the patient has already said",
        "too_long": "{count} words are over the limit of {most}; shorten or split it",
        "unspeakable": "it cannot be said aloud: {what}",
    },
    "zh": {
        "turn": "第 {turn} 轮",
        "whole": "整段对话",
        "too_few_turns": "这不是对话：患者和医生都要说话",
        "language": "这一轮不是中文，请用中文说",
        "copied": "这是逐字念原文，请用平常说话的方式转述",
        "altered_fact": "“{said}”与原文不符，原文是“{source}”",
        "turned_fact": "“{said}”：有和没有、能和不能说反了，原文“{source}”正相反",
        "invented_fact": "“{said}”原文里没有，请去掉",
        "dropped_fact": "漏了原文的“{source}”，必须由{role}说出来",
        "foreknowledge": "医生提到了“{said}”，而患者还没有说过",
        "no_advice_at_end": "医生的最后一轮必须给出原文的建议（purpose 为 advice），不能是提问",
        "lost_advice": "原文医生的建议说得太少（约百分之{share}）",
        "lost_question": "患者没有再问他想知道的：“{quote}”",
        "lost_complaint": "患者没有说出原文里来看病的缘由",
        "patient_opens": "必须由患者先开口",
        "doctor_closes": "最后一轮必须是医生",
        "alternate": "{role}连续说了两轮，请合并，或者让另一方说话",
        "too_many_turns": "共 {count} 轮，太多了，最多 {most} 轮",
        "purpose": "医生的每一轮都要有 purpose：inquiry、explanation 或 advice",
        "asks_nothing": "purpose 是 inquiry，却没有提问",
        "asks_much": "一次问了 {count} 个问题，请一次只问一个",
        "few_inquiries": "医生只追问了 {count} 个问题，原文至少能回答 {need} 个",
        "known_already": "医生问了患者已经说过的内容",
        "too_long": "共 {count} 个字，超过了 {most} 个字的限制，请缩短或拆开",
        "unspeakable": "无法说出口：{what}",
    },
}
_ROLES_ZH = {"patient": "患者", "doctor": "医生"}
_SPEECH_ZH = {
    "nothing to say": "没有内容",
    "markup or a symbol without a spoken form": "有标记，或没有读法的符号",
    "a bracket": "有括号",
    "a web address": "有网址",
    "a redaction mark or an entity": "有遮蔽符号或实体代码",
    "a list mark or a line break": "有列表编号或换行",
    "a character without a spoken form": "有没有读法的字符",
}


def problem_text(lang: str, text: str, turn: int | None, **values: object) -> str:
    """Return one line for the model: where, and what is wrong (the name of a text). `turn` counts from 0."""
    texts = _TEXTS["zh" if lang == "zh" else "en"]
    if lang == "zh":
        values = {
            name: _ROLES_ZH.get(str(value), value) if name == "role" else _SPEECH_ZH.get(str(value), value)
            for name, value in values.items()
        }
    place = texts["whole"] if turn is None else texts["turn"].format(turn=turn + 1)
    return f"{place}{'：' if lang == 'zh' else ': '}{texts[text].format(**values)}"
