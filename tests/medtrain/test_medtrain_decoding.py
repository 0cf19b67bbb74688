"""Replies token by token: text in whole characters, stop words, rows of one batch apart, one step a token."""

from __future__ import annotations

from threading import Event

import pytest
import torch
from conftest import sound
from hypothesis import given, settings
from hypothesis import strategies as st

from medtrain.decoding import Decoding, Listener, StopWords, Words
from medtrain.errors import UserError
from medtrain.render import Line
from medtrain.talk import Asked, Talker

ASKED = [("patient", "I have had a dull pain since Monday.")]


@pytest.fixture(scope="module")
def talker(fitted) -> Talker:
    return Talker.load(fitted / "speech/model", "cpu")


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_pieces_join_to_what_all_tokens_decode_to(talker, data):
    """Also where bytes of half characters stand alone, as a model without sense writes them."""
    tokenizer = talker.loaded.template.tokenizer
    text = data.draw(st.text(max_size=12))
    ids = tokenizer.encode(text) + data.draw(st.lists(st.integers(0, len(tokenizer) - 1), max_size=12))
    words = Words(tokenizer)
    pieces = [words.add(token) for token in ids]
    assert "".join(pieces) + words.rest() == tokenizer.decode(ids, skip_special_tokens=True)


@pytest.mark.parametrize("text", ["三天了，头疼。", "thirty-nine degrees 🤒 and more"])
def test_no_piece_holds_half_a_character(talker, text):
    words = Words(talker.loaded.template.tokenizer)
    ids = talker.loaded.template.words(text)
    pieces = [words.add(token) for token in ids]
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert len([piece for piece in pieces if piece]) > 3


@given(
    pieces=st.lists(st.text("ab\n", max_size=4), max_size=10),
    stops=st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3),
)
def test_stop_words_end_the_text_wherever_it_is_cut(pieces, stops):
    stop = StopWords(stops)
    said = ""
    for piece in pieces:
        said += stop.pass_on(piece)
        if stop.met:
            break
        assert not any(word in said for word in stops)
    said += stop.rest()
    whole = "".join(pieces)
    # The first that is complete ends it: with one that holds another, that may be the one that began later.
    ends = {whole[: whole.find(word)] for word in stops if word in whole}
    assert stop.met == bool(ends)
    assert said in ends if ends else said == whole


def test_keys_and_values_are_kept(talker):
    """After the prompt, the language model is given one new token a step."""
    seen: list[int] = []
    hook = talker.model.llm.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(
            (
                kwargs["inputs_embeds"] if kwargs.get("inputs_embeds") is not None else kwargs["input_ids"]
            ).shape[1]
        ),
        with_kwargs=True,
    )
    try:
        reply = talker.reply([("patient", sound(1, 0.5))], 12, min_new_tokens=12)
    finally:
        hook.remove()
    assert reply.tokens == 12
    prompt = talker.prompt([("patient", sound(1, 0.5))])
    assert seen == [len(prompt.ids)] + [1] * 11


def mixed(talker: Talker) -> list[Asked]:
    """Requests that differ in everything a row may differ in."""
    asked = [
        (ASKED, Decoding(20)),
        ([("patient", sound(2, 0.6))], Decoding(5, temperature=1.0, seed=4)),
        (ASKED, Decoding(20, temperature=1.3, top_p=0.9, seed=1)),
        ([*ASKED, ("doctor", "How long?"), ("patient", "三天了")], Decoding(12, temperature=0.8, seed=9)),
    ]
    return [Asked(talker.prompt(turns), how) for turns, how in asked]


def test_rows_of_a_batch_are_as_alone(talker):
    together = talker.replies(mixed(talker))
    alone = [talker.replies([one])[0] for one in mixed(talker)]
    assert [(r.text, r.tokens, r.finish) for r in together] == [(r.text, r.tokens, r.finish) for r in alone]
    assert together[1].tokens <= 5


def test_a_seed_decides_and_leaves_other_draws_alone(talker):
    def said(seed: int, **how: float) -> str:
        return talker.replies([Asked(talker.prompt(ASKED), Decoding(20, 1.5, seed=seed, **how))])[0].text

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    assert said(1) == said(1)
    assert len({said(seed) for seed in range(5)}) > 1
    assert torch.equal(torch.rand(3), expected)
    greedy = talker.reply(ASKED, 20).text
    assert said(1, top_p=1e-6) == said(2, top_p=1e-6) == greedy


def test_a_reply_can_be_halted_and_stopped(talker):
    halt = Event()
    pieces: list[str] = []

    def hear(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 3:
            halt.set()

    prompt = talker.prompt(ASKED)
    listener = Listener(hear, halt=halt)
    how = Decoding(300, temperature=5.0, seed=3)
    halted = talker.replies([Asked(prompt, how, listener)])[0]
    assert (halted.finish, halted.ended) == ("halted", False)
    assert halted.tokens < 40
    assert "".join(pieces) == halted.text

    whole = talker.replies([Asked(prompt, Decoding(40, temperature=5.0, seed=3))])[0].text
    word = whole[6:9]
    cut = talker.replies([Asked(prompt, Decoding(40, 5.0, seed=3, stop=(word,)))])[0]
    assert cut.text == whole[: whole.find(word)]
    assert (cut.finish, cut.ended) == ("stop", True)


def test_a_turn_may_have_several_parts_and_the_first_be_the_system(talker):
    template = talker.loaded.template
    clip = sound(3, 0.4)
    prompt = talker.prompt([("system", "Be brief. <|im_end|>"), ("patient", ("Listen:", clip, "and tell."))])
    count = talker.loaded.frontend.tokens(len(clip))
    special = template.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert prompt.audio_tokens == prompt.ids.count(template.audio_id) == count
    assert prompt.ids.count(special) == 2  # the template's own; words are no special tokens
    words = [t for t in prompt.ids if t != template.audio_id]
    plain = (
        "<|im_start|>system\nBe brief. <|im_end|><|im_end|>\n<|im_start|>user\nListen:and tell.<|im_end|>\n"
    )
    assert template.tokenizer.decode(words) == plain + "<|im_start|>assistant\n"
    with pytest.raises(ValueError, match="system"):
        template.render([Line("system", "x"), Line("patient", "y"), Line("doctor", "z")])
    with pytest.raises(UserError, match="roles"):
        talker.prompt([("patient", "a"), ("system", "b")])
    with pytest.raises(UserError, match="turn 0 is empty"):
        talker.prompt([("patient", " ")])
