import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.text.dependence import dependences, reads_unseen_report

LEANS = [
    ("en", "I have a rash, please see the picture.", "image"),
    ("en", "The spot looks like the photo I sent.", "image"),
    ("en", "I have attached a scan of my knee.", "image"),
    ("en", "Please find attached my results.", "image"),
    ("en", "From the picture it seems to be eczema.", "image"),
    ("en", "Figure 2 shows where the valve lies.", "image"),
    ("en", "The illustration shows the bile ducts.", "image"),
    ("en", "Could you upload a photo of the mole?", "image"),
    ("en", "The table below lists the doses.", "table"),
    ("en", "Normal ranges are in Table 3.", "table"),
    ("en", "The following chart gives the weights.", "table"),
    ("en", "Click here for a list of clinics.", "link"),
    ("en", "More is available at www.example.org/help.", "link"),
    ("en", "Watch the video to learn more.", "link"),
    ("en", "For details, visit the website of the society.", "link"),
    ("en", "Use this table to learn your BMI.", "table"),
    ("en", "See Drugs Approved for Leukemia for more information.", "link"),
    ("en", "For more information, go to What Causes Cough?", "link"),
    ("en", "More information is provided in the health topic, Kidney Stones.", "link"),
    ("en", "Information about trials can be found in the Trials section of the website.", "link"),
    ("en", "Here are links to more information.", "link"),
    ("en", "See our Side Effects page.", "link"),
    ("en", "More on: Resources for Health Professionals", "link"),
    ("en", "View the schedule [252 KB, 27 pages]", "link"),
    ("zh", "手上起了疙瘩，如图。", "image"),
    ("zh", "化验结果见下图，严重吗？", "image"),
    ("zh", "以下图片是我的检查结果。", "image"),
    ("zh", "从您上传的图片看，像是湿疹。", "image"),
    ("zh", "根据照片来看问题不大。", "image"),
    ("zh", "我已经上传了报告，请帮我看看。", "image"),
    ("zh", "建议您上传清晰的照片给我看看。", "image"),
    ("zh", "没有看到你的图片。", "image"),
    ("zh", "具体剂量见下表。", "table"),
    ("zh", "各项指标如下表所示。", "table"),
    ("zh", "点击下面链接查看详情。", "link"),
    ("zh", "更多内容请看www.example.cn/a", "link"),
]
STANDS = [
    ("en", "CT imaging of the chest was normal."),
    ("en", "An ultrasound makes a picture of the organs."),
    ("en", "Put the pills on the table."),
    ("en", "The patient is stable and comfortable."),
    ("en", "Eat vegetables and table sugar sparingly."),
    ("en", "She lay on the table during the test."),
    ("en", "I cannot figure out what to do."),
    ("en", "The electrodes are attached to your chest."),
    ("en", "My chart says you are forty."),
    ("en", "Tumour cells show up brighter in the picture."),
    ("en", "Visit your doctor if it gets worse."),
    ("en", "For more information, see your child's doctor."),
    ("en", "To learn more, talk with a genetics professional."),
    ("en", "To find out more he went to see the eye specialist."),
    ("en", "Arsenic has been studied for possible links to diabetes."),
    ("en", "Further information was not given to us."),
    ("en", "I read it online and it worried me."),
    ("en", "It includes vitamins for you."),
    ("zh", "做了心电图和脑电图都正常。"),
    ("zh", "B超图像未见异常。"),
    ("zh", "我试图减肥但没有成功。"),
    ("zh", "去医院拍个片子看看。"),
    ("zh", "皮肤表面有红点，如表皮破损请就医。"),
    ("zh", "表现为发热和咳嗽。"),
    ("zh", "建议拍个头颅CT和脑电图检查。"),
    ("zh", "肺部照片显示有阴影。"),
    ("zh", "会染上传染病吗？"),
    ("zh", "比如图书馆里人多。"),
]


@pytest.mark.parametrize(("lang", "text", "kind"), LEANS)
def test_what_leans_is_found(lang: str, text: str, kind: str) -> None:
    assert [d.kind for d in dependences(text, lang)] == [kind]


@pytest.mark.parametrize(("lang", "text"), STANDS)
def test_what_only_looks_alike_stands(lang: str, text: str) -> None:
    assert dependences(text, lang) == []


def test_a_sentence_is_found_in_its_place() -> None:
    text = "Rest for two days. The table below lists the doses. Drink water."
    (found,) = dependences(text, "en")
    assert text[found.start : found.end] == "The table below lists the doses."
    assert not found.rests


def test_what_goes_on_about_a_page_leans_with_it() -> None:
    text = "This page is for you! It includes materials for teens. There are quizzes and games. Sleep well."
    assert [text[d.start : d.end] for d in dependences(text, "en")] == [
        "This page is for you!",
        "It includes materials for teens.",
        "There are quizzes and games.",
    ]


def test_brackets_that_point_go_alone() -> None:
    text = "An MRI (see the General Information section) shows the tumour."
    (found,) = dependences(text, "en")
    assert text[found.start : found.end] == "(see the General Information section)"


def test_reading_a_picture_rests_on_it_and_asking_for_one_does_not() -> None:
    assert dependences("根据图片看，考虑湿疹。", "zh")[0].rests
    assert not dependences("请您上传照片给我看看。", "zh")[0].rests


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["en", "zh"]))
def test_any_text_gives_ordered_disjoint_sentences(text: str, lang: str) -> None:
    last = 0
    for found in dependences(text, lang):
        assert last <= found.start < found.end <= len(text)
        last = found.end


def test_of_a_chinese_sentence_only_the_pointing_clauses_go() -> None:
    text = "建议清淡饮食，方便的话可以点击在线专家按钮，注意休息。"
    (found,) = dependences(text, "zh")
    assert found.kind == "link" and text[found.start : found.end] == "方便的话可以点击在线专家按钮，"
    advice = "建议您将图片传上来我看看，也可以去皮肤科就诊。"
    (found,) = dependences(advice, "zh")
    assert advice[found.start : found.end] == "建议您将图片传上来我看看，"


def test_a_report_whose_values_nobody_gives_was_a_picture() -> None:
    read = "根据你的报告单，抗体阳性，不需要再打疫苗。"
    assert reads_unseen_report("这个报告怎么看？", read, "zh")
    assert not reads_unseen_report("表面抗体45，这个报告怎么看？", read, "zh")
    assert not reads_unseen_report("这个报告怎么看？", "建议清淡饮食，定期复查。", "zh")
    assert not reads_unseen_report("What does it say?", "From your report it is fine.", "en")
