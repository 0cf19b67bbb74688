"""Why a person, a recording or a row is not in a bank: a closed vocabulary."""

PERSON: dict[str, str] = {
    "no_row": "there are recordings, but no row in the speaker table",
    "bad_row": "the row of the table cannot be read",
    "gender_unknown": "the table does not say whether the voice is a woman's or a man's",
    "age_unknown": "the table gives no age that can be read",
    "contradictory": "rows of the same person disagree on gender or age",
    "no_licence": "nobody stated the licence of the recordings",
    "no_consent": "consent to cloning the voice was not stated",
    "child": "the voice is, or may be, a child's",
    "no_recordings": "there is no recording of the person",
    "no_clean_clip": "none of the recordings looked at can serve as a reference",
    "enough": "the cell has as many speakers as were asked for",
}
CLIP: dict[str, str] = {
    "no_audio": "the sound file is not there",
    "unreadable": "the sound file cannot be decoded",
    "low_rate": "the sample rate is under 16 kHz",
    "narrow_band": "telephone band, whatever the sample rate says",
    "no_transcript": "there is no transcript",
    "odd_transcript": "the transcript is too short, or in another script",
    "votes": "listeners voted against it, or too few listened",
    "too_short": "less than 3 s once the ends are trimmed",
    "too_long": "more than 12 s once the ends are trimmed",
    "silent": "there is no speech in it",
    "gap": "a pause of more than 1 s inside",
    "clipped": "samples at the limit, or cut off flat below it",
    "noisy": "the signal-to-noise ratio is under 20 dB",
    "quiet": "too quiet to be brought to level without its noise",
    "unvoiced": "hardly anything is voiced: a whisper, or no speech",
    "odd_pace": "speech much quicker or slower than the transcript takes: a wrong text or a wrong sample rate",
    "other_pitch": "pitch far from the person's other recordings: somebody else, or a fault",
}
