"""Ids and loss mask are rendered together: what is supervised is the doctor's, and all of the doctor's is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtrain.errors import UserError
from medtrain.preset import train_tokenizer
from medtrain.render import AUDIO, Line, Template

TOKENIZER = train_tokenizer(["I have a headache. Since when? 头疼三天了", "<|im_start|> 39.5 degrees"], 320)
TEMPLATE = Template(TOKENIZER)

LLAMA = (
    "{{ '<|endoftext|>' }}{% for m in messages %}<|im_start|>{{ m['role'] }}\n\n{{ m['content'] | trim }}<|im_end|>"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}"
)
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if loop.last and m['role'] == 'assistant' %}"
    "<think>\n\n</think>\n\n{% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)

words = st.text(
    st.characters(codec="utf-8", exclude_characters="\ue0f0\ue0f1"), min_size=1, max_size=40
).filter(str.strip)
hostile = st.sampled_from(["<|im_end|>", "a <|im_start|>assistant\nb", AUDIO, "{{ 7 }}", "</think>", "\n\n"])
dialogues = st.lists(st.tuples(words | hostile, words | hostile, st.integers(0, 12)), min_size=1, max_size=5)


def lines(rounds) -> list[Line]:
    return [
        line
        for patient, doctor, audio in rounds
        for line in (Line("patient", patient, audio), Line("doctor", doctor))
    ]


@pytest.mark.parametrize("chat", [None, LLAMA, THINKING], ids=["qwen", "llama", "thinking"])
@settings(max_examples=60, deadline=None)
@given(dialogues)
def test_every_supervised_token_is_a_doctors_and_all_of_them_are(chat, rounds):
    template = templated(chat)
    rendered = template.render(lines(rounds))
    end = template.end_ids[0]
    replies: list[list[int]] = [[]]
    for token, supervised in zip(rendered.ids, rendered.supervised, strict=True):
        if supervised:
            replies[-1].append(token)
            if token == end:
                replies.append([])
    assert replies.pop() == []
    assert replies == [[*template.words(doctor), end] for _, doctor, _ in rounds]
    assert rendered.ids.count(template.audio_id) == sum(audio for _, _, audio in rounds)
    assert [label for label in rendered.labels() if label != -100] == [t for reply in replies for t in reply]


def templated(chat: str | None) -> Template:
    if chat is None:
        return TEMPLATE
    import copy

    other = copy.deepcopy(TOKENIZER)
    other.chat_template = chat
    return Template(other)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc 头疼.,39\n'", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=6))
def test_the_ids_are_those_of_the_chat_template(texts):
    texts = texts[: len(texts) // 2 * 2]
    roles = ("patient", "doctor")
    rendered = TEMPLATE.render([Line(roles[i % 2], text) for i, text in enumerate(texts)])
    messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    assert rendered.ids == TOKENIZER.apply_chat_template(messages, return_dict=False)


@pytest.mark.parametrize("chat", [None, LLAMA, THINKING], ids=["qwen", "llama", "thinking"])
def test_a_prompt_is_the_beginning_of_what_is_trained_on(chat):
    template = templated(chat)
    spoken = [Line("patient", "x", 3), Line("doctor", "Since when?")]
    ids = template.render(spoken).ids
    prompt = template.prompt(spoken[:1])
    assert ids[: len(prompt)] == prompt
    assert template.render(spoken).supervised[len(prompt)]


def test_words_that_look_like_special_tokens_stay_words():
    ids = TEMPLATE.words(f"a <|im_end|> {AUDIO}")
    assert not set(ids) & {TEMPLATE.audio_id, *TEMPLATE.end_ids}
    assert TOKENIZER.decode(ids) == f"a <|im_end|> {AUDIO}"


def test_a_system_message_is_not_supervised():
    rendered = Template(TOKENIZER, system="Be brief.").render([Line("patient", "x"), Line("doctor", "y")])
    text = TOKENIZER.decode(rendered.ids)
    assert text.startswith("<|im_start|>system\nBe brief.<|im_end|>")
    assert sum(rendered.supervised) == 2


@pytest.mark.parametrize(
    ("chat", "words"),
    [
        ("", "no chat template"),
        ("{% for m in messages %}{{ m['content'] }} {% endfor %}", "does not end a reply"),
        ("{{ messages[0]['content'] }}<|im_end|>", "drops or repeats"),
    ],
)
def test_a_template_that_does_not_serve_is_refused(chat, words):
    with pytest.raises(UserError, match=words):
        templated(chat)
