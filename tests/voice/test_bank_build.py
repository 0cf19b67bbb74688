"""Banks built from corpora in their native layouts, with the faults that real ones have."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
from collections import Counter

import pytest
import soundfile

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.errors import UserError
from medsynth.records import GENDERS
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_build import BuildOptions
from medsynth.voice.bank_check import check_bank
from medsynth.voice.bank_consent import read_consents, refusal
from medsynth.voice.bank_corpus import MOST_RECORDINGS, Recording, SpeechCorpus
from medsynth.voice.bank_folder import build_bank, folder_of, read_description, references, with_paths
from medsynth.voice.bank_reasons import CLIP, PERSON
from medsynth.voice.bank_sources import READERS, read_corpus
from medsynth.voice.bank_splits import assign_splits
from tests.voice.bank_corpora import (
    CV_HEAD,
    TEXTS,
    make_aishell2,
    make_aishell3,
    make_common_voice,
    make_vctk,
    speech,
    write,
)

TAKE = BuildOptions(without_consent=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpora")


@pytest.fixture(scope="module")
def vctk(folder):
    return make_vctk(folder / "vctk")


@pytest.fixture(scope="module")
def vctk_bank(folder, vctk):
    """The bank of the little VCTK, and what was built."""
    built = build_bank(read_corpus("vctk", vctk), TAKE, folder / "vctk-bank")
    return folder / "vctk-bank", built


def people(built):
    return {s.id.split("-", 1)[1]: s for s in built.speakers}


def reasons(built):
    return {(e["where"], e["reason"]) for e in built.left_out}


def test_vctk_speakers_are_those_of_its_table(vctk_bank):
    path, built = vctk_bank
    found = people(built)
    assert {n: (s.gender, s.age_group, s.accent) for n, s in found.items()} == {
        "p225": ("female", "youth", "en-GB"), "p226": ("male", "youth", "en-GB"),
        "p280": ("female", "youth", "en"), "p294": ("female", "adult", "en-US"),
        "p362": ("female", "adult", "en-US"), "p374": ("male", "adult", "en-AU"),
    }  # fmt: skip
    assert reasons(built) == {
        ("p999", "no_row"), ("speaker-info.txt:8", "no_clean_clip"), ("speaker-info.txt:9", "gender_unknown"),
        ("speaker-info.txt:10", "no_recordings"),
    }  # fmt: skip
    assert load_bank(path) == tuple(built.speakers) == load_bank(path / "bank.csv")
    assert {s.licence for s in built.speakers} == {"CC-BY-4.0"} and {s.consent for s in built.speakers} == {
        "recording"
    }


def test_every_fault_of_a_speaker_is_counted_once(vctk_bank):
    path, built = vctk_bank
    assert built.clips_refused == {
        "noisy": 1, "clipped": 1, "gap": 1, "narrow_band": 1, "too_short": 1, "too_long": 1, "no_transcript": 2,
        "odd_transcript": 2, "other_pitch": 1, "low_rate": 1, "silent": 1, "odd_pace": 1, "unreadable": 1,
    }  # fmt: skip
    about = {s["id"]: s for s in read_description(path)["speakers"]}
    assert about["vctk-p225"]["recordings_that_serve"] == 4
    chosen = {clip["recording"] for clip in about["vctk-p225"]["clips"]}
    assert len(chosen) == 3 and chosen <= {f"p225_{n:03d}" for n in (1, 2, 3, 4)}
    assert set(built.clips_refused) <= set(CLIP) and {r for _, r in reasons(built)} <= set(PERSON)


def test_the_first_microphone_serves_and_the_second_where_there_is_no_first(vctk_bank):
    about = {s["id"]: s for s in read_description(vctk_bank[0])["speakers"]}
    clips = {clip["recording"]: clip for clip in about["vctk-p226"]["clips"]}
    assert set(clips) == {"p226_001", "p226_002"} and clips["p226_001"]["snr_db"] > 40


def test_pitch_and_pace_are_measured(vctk_bank):
    by_id = {(s.lang, s.gender, s.age_group): [] for s in load_bank()}
    for s in load_bank():
        by_id[s.lang, s.gender, s.age_group].append(s)
    found = people(vctk_bank[1])
    for name, gender, voice in (("p225", "female", 0), ("p226", "male", 0), ("p294", "female", 4)):
        said = by_id["en", gender, "youth"][voice]
        assert found[name].f0_hz == pytest.approx(said.f0_hz, rel=0.06)
        assert found[name].pace == pytest.approx(said.pace, rel=0.15)
        assert found[name].f0_low_hz < found[name].f0_hz < found[name].f0_high_hz


def test_clips_are_files_of_the_bank(vctk_bank):
    path, built = vctk_bank
    for speaker in built.speakers:
        clips = list(references(speaker))
        assert 1 <= len(clips) <= 3
        for clip in clips:
            file = path / clip.path
            assert hashlib.sha256(file.read_bytes()).hexdigest() == clip.sha256
            info = soundfile.info(file)
            assert (info.samplerate, info.channels, info.format) == (clip.sample_rate, 1, "FLAC")
            assert 3 <= info.duration <= 12 and clip.transcript in TEXTS["en"]
        moved = with_paths(speaker, path)
        assert moved.handle["reference"] == str((path / clips[0].path).resolve())
        assert moved.handle["transcript"] == speaker.handle["transcript"]
    assert not any(f.grave for f in check_bank(path))


def test_bank_json_accounts_for_everybody(vctk_bank, vctk):
    path, _ = vctk_bank
    about = read_description(path)
    assert about["counts"]["speakers"] == 6 and about["counts"]["clips"] == len(
        list((path / "clips").iterdir())
    )
    assert about["left_out"]["people"] == {
        "no_row": 1,
        "no_clean_clip": 1,
        "gender_unknown": 1,
        "no_recordings": 1,
    }
    assert about["options"]["cloning_without_consent"] is True
    rows = [s["where"] for s in about["speakers"]] + [e["where"] for e in about["people_left_out"]]
    assert sorted(rows) == sorted([f"speaker-info.txt:{n}" for n in range(2, 11)] + ["p999"])
    text = (path / "bank.json").read_text() + (path / "bank.csv").read_text()
    assert str(path) not in text and str(vctk) not in text


def test_the_same_corpus_gives_the_same_bank(vctk, vctk_bank, tmp_path):
    options = dataclasses.replace(TAKE, workers=2)
    build_bank(read_corpus("vctk", vctk), options, tmp_path / "again")
    names = {p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file()}
    assert names == {p.relative_to(vctk_bank[0]) for p in vctk_bank[0].rglob("*") if p.is_file()}
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (vctk_bank[0] / name).read_bytes()


def test_old_vctk_numbers_and_wavs(tmp_path):
    (tmp_path / "speaker-info.txt").write_text(
        "ID  AGE  GENDER  ACCENTS  REGION  \n225  23  F    English    Southern  England\n251  26  M    Indian  \n"
        "326 26 male Australian  English  Sydney\n225  40  M  Irish\nnot a row\n"
    )
    for n in ("225", "251"):
        gender = "female" if n == "225" else "male"
        write(tmp_path / f"wav48/p{n}/p{n}_001.wav", speech("en", gender, TEXTS["en"][0]), 48_000)
        (tmp_path / f"txt/p{n}").mkdir(parents=True)
        (tmp_path / f"txt/p{n}/p{n}_001.txt").write_text(TEXTS["en"][0])
    built = build_bank(read_corpus("vctk", tmp_path), TAKE, tmp_path / "bank")
    assert {n: (s.gender, s.age_group, s.accent) for n, s in people(built).items()} == {
        "p225": ("female", "youth", "en-GB"), "p251": ("male", "adult", "en-IN"),
    }  # fmt: skip
    assert ("speaker-info.txt:5", "bad_row") in reasons(built) and (
        "speaker-info.txt:6",
        "bad_row",
    ) in reasons(built)


def test_aishell3(tmp_path):
    corpus = read_corpus("aishell3", make_aishell3(tmp_path / "a3"))
    built = build_bank(corpus, TAKE, tmp_path / "bank")
    found = people(built)
    assert {n: (s.gender, s.age_group, s.accent) for n, s in found.items()} == {
        "SSB0001": ("female", "youth", "zh-CN-south"), "SSB0002": ("male", "adult", "zh-CN"),
        "SSB0004": ("female", "adult", "zh-CN-other"),
    }  # fmt: skip
    assert reasons(built) == {
        ("spk-info.txt:6", "child"), ("spk-info.txt:8", "gender_unknown"), ("spk-info.txt:9", "age_unknown"),
        ("spk-info.txt:10", "bad_row"), ("SSB0099", "no_row"),
    }  # fmt: skip
    assert built.clips_refused == {"no_audio": 1}
    assert built.about["aishell3-SSB0002"]["age_note"] == "42 and older spans adult, elderly: taken for adult"
    texts = {c.transcript for s in built.speakers for c in references(s)}
    assert texts == {text.replace("，", "").replace("。", "") for text in TEXTS["zh"][:2]}
    assert all(c.sample_rate == 24_000 for s in built.speakers for c in references(s))
    assert {s.lang for s in built.speakers} == {"zh"} and {s.licence for s in built.speakers} == {
        "Apache-2.0"
    }


def test_a_child_is_cloned_only_when_asked_for(tmp_path):
    corpus = read_corpus("aishell3", make_aishell3(tmp_path / "a3"))
    built = build_bank(corpus, dataclasses.replace(TAKE, children=True), tmp_path / "bank")
    assert people(built)["SSB0003"].age_group == "child"
    assert not [f for f in check_bank(tmp_path / "bank") if f.grave]
    about = json.loads((tmp_path / "bank/bank.json").read_text())
    about["options"]["cloning_children"] = False
    (tmp_path / "bank/bank.json").write_text(json.dumps(about))
    assert [(f.check, f.where) for f in check_bank(tmp_path / "bank") if f.grave] == [
        ("rights", "aishell3-SSB0003")
    ]


def test_aishell2(tmp_path):
    built = build_bank(read_corpus("aishell2", make_aishell2(tmp_path / "a2")), TAKE, tmp_path / "bank")
    assert {n: (s.gender, s.age_group, s.accent) for n, s in people(built).items()} == {
        "C0001": ("female", "youth", "zh-CN"), "C0002": ("male", "adult", "zh-CN-south"),
        "C0003": ("female", "elderly", "zh-CN-other"), "C0004": ("male", "adult", "zh-CN"),
    }  # fmt: skip
    assert {s.licence for s in built.speakers} == {"research-only"} and not built.left_out


def test_common_voice(tmp_path):
    if "MP3" not in soundfile.available_formats():
        pytest.skip("this libsndfile has no MP3")
    built = build_bank(read_corpus("common-voice", make_common_voice(tmp_path)), TAKE, tmp_path / "bank")
    found = {built.about[s.id]["where"]: s for s in built.speakers}
    assert {w: (s.gender, s.age_group, s.accent) for w, s in found.items()} == {
        "validated.tsv:2": ("female", "elderly", "en-GB"), "validated.tsv:5": ("male", "adult", "en-US"),
        "validated.tsv:11": ("female", "youth", "en-IN"),
    }  # fmt: skip
    assert reasons(built) == {
        ("validated.tsv:6", "child"), ("validated.tsv:7", "gender_unknown"), ("validated.tsv:8", "contradictory"),
        ("validated.tsv:10", "age_unknown"), ("validated.tsv:12", "bad_row"),
    }  # fmt: skip
    assert built.clips_refused == {"votes": 1}
    texts = {c.transcript for c in references(found["validated.tsv:2"])}
    assert texts == {'"' + TEXTS["en"][0], TEXTS["en"][1]}
    assert "aaa" not in (tmp_path / "bank/bank.csv").read_text()
    corpus = read_corpus("common-voice", tmp_path / "en")
    built = build_bank(corpus, dataclasses.replace(TAKE, children=True), tmp_path / "with-teens")
    teens = [s for s in built.speakers if built.about[s.id]["given"]["age"] == "teens"]
    assert [(s.age_group, s.handle["may_be_child"]) for s in teens] == [("youth", 1)]
    assert refusal(teens[0], without_consent=True) == "child"


def test_common_voice_old_header_and_cantonese(tmp_path):
    head = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccent"
    text = TEXTS["zh"][0]
    for part, locale in (("zh-HK", "yue"), ("zh-TW", "zh")):
        folder = tmp_path / part
        write(folder / "clips/one.wav", speech("zh", "female", text))
        (folder / "train.tsv").write_text(
            f"{head}\nx\tone.wav\t{text}\t2\t0\tthirties\tfemale\t\n", encoding="utf-8"
        )
        built = build_bank(read_corpus("common-voice", folder), TAKE, tmp_path / f"bank-{part}")
        assert [(s.lang, s.accent, s.age_group) for s in built.speakers] == [(locale, part, "adult")]


CSV_ROWS = """speaker,audio,text,gender,age,lang,licence,consent
Ann,a1.wav,{0},female ,67,en,CC-BY-4.0,cloning
Ann,a2.wav,{1},,,,,
Bo/b,b1.wav,{0},M,20-25,en,CC-BY-4.0,recording
Cy,c1.wav,{0},male,30,en,,cloning
Di,d1.wav,{0},female,30,en,CC-BY-4.0,cloning
Di,d2.wav,{1},male,30,en,CC-BY-4.0,cloning
,e1.wav,{0},female,30,en,CC-BY-4.0,cloning
"""


def make_csv(folder):
    for name in ("a1", "d1", "c1", "b1"):
        write(folder / f"{name}.wav", speech("en", "male" if name[0] in "bc" else "female", TEXTS["en"][0]))
    write(folder / "a2.wav", speech("en", "female", TEXTS["en"][1]))
    text = CSV_ROWS.format(*(f'"{t}"' for t in TEXTS["en"]))
    (folder / "clips.csv").write_text(text, encoding="utf-8")
    return folder / "clips.csv"


def test_csv_keeps_licence_and_consent_of_each_speaker(tmp_path):
    corpus = read_corpus("csv", make_csv(tmp_path).parent)
    built = build_bank(corpus, BuildOptions(), tmp_path / "bank")
    assert [(s.id, s.gender, s.age_group, s.consent, s.licence) for s in built.speakers] == [
        ("csv-Ann", "female", "elderly", "cloning", "CC-BY-4.0")
    ]
    assert len(list(references(built.speakers[0]))) == 2
    assert reasons(built) == {
        ("clips.csv:4", "no_consent"), ("clips.csv:5", "no_licence"), ("clips.csv:6", "contradictory"),
        ("clips.csv:8", "bad_row"),
    }  # fmt: skip
    more = dataclasses.replace(TAKE, unknown_licence=True)
    built = build_bank(read_corpus("csv", tmp_path / "clips.csv"), more, tmp_path / "more")
    by_name = {s.id: s for s in built.speakers}
    assert len(by_name) == 3 and by_name["csv-Cy"].licence == "unknown"
    assert next(i for i in by_name if i.startswith("csv-Bo-b-"))


def test_nobody_is_cloned_without_consent(vctk, tmp_path):
    with pytest.raises(UserError, match=r"no_consent .*--without-consent"):
        build_bank(read_corpus("vctk", vctk), BuildOptions(), tmp_path / "bank")
    assert not list(tmp_path.iterdir())
    built = build_bank(read_corpus("vctk", vctk), BuildOptions(consent="cloning"), tmp_path / "bank")
    assert {s.consent for s in built.speakers} == {"cloning"}
    (tmp_path / "who.csv").write_text("speaker,consent,licence\np225,cloning,my-licence\np226,recording,\n")
    corpus = read_corpus("vctk", vctk)
    read_consents(tmp_path / "who.csv", corpus)
    built = build_bank(corpus, BuildOptions(), tmp_path / "some")
    assert [(s.id, s.licence) for s in built.speakers] == [("vctk-p225", "my-licence")]


@pytest.mark.parametrize(
    "text, message",
    [("speaker,consent\np225,yes\n", r"who\.csv:2: consent 'yes'"),
     ("speaker,consent\np1,cloning\n", r":2: vctk has no"),
     ("name,consent\np1,cloning\n", r":1: the columns")],
)  # fmt: skip
def test_faults_in_a_file_of_consents(vctk, tmp_path, text, message):
    (tmp_path / "who.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_consents(tmp_path / "who.csv", read_corpus("vctk", vctk))


def test_synthetic_voices_and_named_ones_are_not_cloned(vctk_bank):
    speaker = vctk_bank[1].speakers[0]
    assert refusal(speaker) == "no_consent" and refusal(speaker, without_consent=True) == ""
    teenager = speaker.model_copy(update={"handle": {**speaker.handle, "may_be_child": 1}})
    assert refusal(teenager, without_consent=True) == "child"
    assert refusal(teenager, without_consent=True, children=True) == ""
    assert not any(refusal(s) for s in load_bank())
    assert refusal(speaker.model_copy(update={"handle": {"speaker": "p225"}})) == ""
    assert refusal(speaker.model_copy(update={"consent": "cloning", "licence": "unknown"})) == "no_licence"


def test_speakers_by_name_need_no_recordings(real_data, tmp_path):
    for source, name, n in (("vctk", "vctk", 96), ("aishell3", "aishell3", 191)):
        corpus = read_corpus(source, real_data / "speaker_meta" / name)
        built = build_bank(corpus, BuildOptions(by_name=True), tmp_path / source)
        assert len(built.speakers) == n
        assert all(list(s.handle) == ["speaker"] for s in built.speakers)
        cells = Counter((s.gender, s.age_group) for s in built.speakers)
        splits = Counter((s.gender, s.age_group, s.split) for s in built.speakers)
        for cell, members in cells.items():
            if members >= 3:
                assert splits[*cell, "test"] == splits[*cell, "validation"] == max(1, round(0.1 * members))
        assert not [f for f in check_bank(tmp_path / source) if f.grave]
    built = build_bank(corpus, BuildOptions(by_name=True, engine="openai"), tmp_path / "server")
    assert built.speakers[0].handle == {"voice": built.speakers[0].id.split("-")[1]}


def test_per_cell_takes_some_of_each_and_says_who_was_left(vctk, tmp_path):
    built = build_bank(read_corpus("vctk", vctk), dataclasses.replace(TAKE, per_cell=1), tmp_path / "bank")
    cells = Counter((s.gender, s.age_group, s.accent) for s in built.speakers)
    assert set(cells.values()) == {1} and len(cells) == 5
    assert Counter(r for _, r in reasons(built))["enough"] == 1


def test_splits_hang_on_the_ids_of_the_cell_alone(vctk_bank):
    one = vctk_bank[1].speakers[0]
    many = [one.model_copy(update={"id": f"s{n}", "gender": GENDERS[n % 2]}) for n in range(60)]
    first = {s.id: s.split for s in assign_splits(many)}
    assert first == {s.id: s.split for s in assign_splits(many[::-1])}
    women = {s.id: s.split for s in assign_splits(s for s in many if s.gender == "female")}
    assert women == {i: split for i, split in first.items() if i in women}
    assert Counter(first.values()) == {"train": 48, "validation": 6, "test": 6}
    more = many + [one.model_copy(update={"id": f"t{n}", "gender": GENDERS[n % 2]}) for n in range(6)]
    moved = [i for i, split in ((s.id, s.split) for s in assign_splits(more)) if first.get(i, split) != split]
    assert len(moved) <= 4
    assert [s.split for s in assign_splits(many[:1])] == ["train"]
    assert sorted(s.split for s in assign_splits([many[0], many[2]])) == ["test", "train"]


def test_many_recordings_are_drawn_by_hash(tmp_path):
    corpus = SpeechCorpus("csv", tmp_path)
    for n in range(1000):
        corpus.add("a", Recording(f"r{n}", tmp_path / f"{n}", ""))
    other = SpeechCorpus("csv", tmp_path)
    for n in reversed(range(1000)):
        other.add("a", Recording(f"r{n}", tmp_path / f"{n}", ""))
    assert len(corpus.of("a")) == MOST_RECORDINGS and corpus.seen["a"] == 1000
    assert corpus.of("a") == other.of("a")
    assert [r.name for r in corpus.of("a")][:9] != [f"r{n}" for n in range(9)]


def test_a_bank_is_not_written_over_by_accident(vctk, vctk_bank, tmp_path):
    corpus = read_corpus("vctk", vctk)
    with pytest.raises(UserError, match="--replace"):
        build_bank(corpus, TAKE, vctk_bank[0])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    for replace in (False, True):
        with pytest.raises(UserError, match="another folder"):
            build_bank(corpus, TAKE, tmp_path / "mine", replace=replace)
    bank = tmp_path / "bank"
    build_bank(corpus, TAKE, bank)
    (bank / "clips/old.flac").touch()
    build_bank(corpus, TAKE, bank, replace=True)
    assert not (bank / "clips/old.flac").exists() and folder_of(bank / "bank.csv") == bank


@pytest.mark.parametrize("source", sorted(READERS))
def test_folders_without_a_table_are_refused(tmp_path, source):
    with pytest.raises(UserError, match=str(tmp_path)):
        read_corpus(source, tmp_path)
    with pytest.raises(UserError, match="no-such"):
        read_corpus(source, tmp_path / "no-such")


@pytest.mark.parametrize(
    "source, name, text, message",
    [("csv", "a.csv", "speaker,audio,text\n", r"a\.csv:1: no column gender, age"),
     ("csv", "a.csv", "speaker,audio,text,gender,age,consent\na,b.wav,c,f,3,perhaps\n", r"a\.csv:2: consent 'perhaps'"),
     ("csv", "a.csv", "speaker,audio,text,gender,age\n", "no speaker could be read"),
     ("vctk", "speaker-info.txt", "ID AGE\n???\n", r"1 problems, the first at speaker-info\.txt:2"),
     ("aishell3", "spk-info.txt", "# nothing\n", "no speaker could be read"),
     ("common-voice", "validated.tsv", "a\tb\n", r"validated\.tsv:1: the header"),
     ("common-voice", "validated.tsv", CV_HEAD.replace(" ", "\t") + "\n", "no speaker could be read"),
     ("timit", "x", "", "--from timit: known here: vctk, aishell3, aishell2, common-voice, csv")],
)  # fmt: skip
def test_faults_of_tables_are_one_line(tmp_path, source, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_corpus(source, tmp_path)
    assert "\n" not in str(error.value)


def test_a_csv_without_language_asks_for_one(tmp_path):
    path = make_csv(tmp_path)
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [c for c in rows[0] if c != "lang"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(UserError, match=r"clips\.csv:2: no language; .*--lang"):
        build_bank(read_corpus("csv", path), BuildOptions(), tmp_path / "bank")
    built = build_bank(read_corpus("csv", path), BuildOptions(lang="en"), tmp_path / "bank")
    assert [(s.lang, s.accent) for s in built.speakers] == [("en", "en")]
