"""Acronyms and single letters: MTA -> emtéá, NATO -> nató, quiz options (B -> bé), initials."""

from __future__ import annotations

import re

from vago.text.hungarian.characters import CAPITAL, SMALL
from vago.text.hungarian.inflection import SUFFIX, join
from vago.text.hungarian.numbers import roman

LETTER_NAMES = {
    "a": "á", "b": "bé", "c": "cé", "d": "dé", "e": "é", "f": "ef", "g": "gé", "h": "há",
    "i": "í", "j": "jé", "k": "ká", "l": "el", "m": "em", "n": "en", "o": "ó", "p": "pé",
    "q": "kú", "r": "er", "s": "es", "t": "té", "u": "ú", "v": "vé", "w": "vé", "x": "iksz",
    "y": "ipszilon", "z": "zé", "cs": "csé", "gy": "gyé", "ny": "eny", "sz": "esz",
    "ty": "tyé", "zs": "zsé",
}  # fmt: skip
# Acronyms that the rules would read wrongly, as they sound.
_READ = {
    "AC": "ácé", "AI": "éjáj", "AIDS": "éjdsz", "ÁKK": "ákáká", "BBC": "bíbíszí",
    "CEO": "szííó", "CEU": "céeú", "CIA": "szíájéj", "CNN": "szíenen", "CO": "céó",
    "COVID": "kovid", "CSS": "céeses", "DJ": "dídzséj", "EB": "ébé", "EK": "éká", "EP": "épé",
    "EPP": "épépé", "ETO": "etó", "EU": "eú", "FBI": "efbíáj", "GPS": "dzsípíesz",
    "HIV": "háívé", "ID": "ájdí", "IMAX": "ájmeksz", "IP": "ípé", "IQ": "íkú", "IT": "ájtí",
    "KRE": "káeré", "MSC": "emescé", "BSC": "béescé", "NASA": "nasza", "NATO": "nató",
    "OB": "óbé", "OEP": "óepé", "OK": "oké", "OPEC": "opek", "PC": "píszí", "PHD": "péhádé",
    "PR": "píár", "SIM": "szim", "SMS": "esemes", "SOS": "esóes", "SUV": "esúvé",
    "SZFE": "eszefé", "SZTE": "esztéé", "UFO": "ufó", "UNESCO": "uneszkó", "URL": "úerel",
    "US": "júesz", "USA": "usa", "USD": "úesdé", "UTE": "úteé", "UV": "úvé", "VW": "fauvé",
    "WC": "vécé", "WIFI": "vifi",
}  # fmt: skip
_ANY_CASE = (
    "tv vb dvd cd sms mms wc usb gps pdf phd msc bsc btk ptk szja tb hr dj pc sztk kkv".split()
)
_EXCLAIMED = set("HM HMM BRR GRR PSZT SSS ZZZ PFF PH".split())

# Consonant clusters that a Hungarian word can begin and end with.
_VOWEL = "[aáeéiíoóöőuúüűy]"
_ONSETS = (
    "bl br cl cr cv dr dv dzs dz fl fr gl gn gr kl kn kr kv pl pn pr ps sk skr sl sm sn sp "
    "spr st str sv szf szk szkr szl szm szn szp szpr szt sztr szv szc tr tv vl vr cs gy ly ny "
    "sz ty zs ch chr th ph sch sh kh ts qu"
)
_CODAS = (
    "bb bd cc ccs ch ck cs dd dj dsz dt dv dzs ff ft gd gg gh gsz gy gyd gyj hh jc jd jf jj "
    "jl jt jts js jz kd kk ks ksz kt lb lc lcs ld ldj lf lj lk ll llj lm ln lp ls lsz lt lv "
    "ly lyt mb md mj mm mp nb nc ncs nd ndd ndj ng ngy nj nk nn ns nsz nt nts ny nyt nz nzt "
    "pd pj pp ps psz pt rb rc rcs rd rf rg rgy rj rk rl rm rn rny rp rr rs rsz rt rts rv rz "
    "rzs sch sd sh sk ss ssz st sz szd szk szt th ts tsz tt ty vd vj xt zd zdd zj zs zt zz"
)


def _longest_first(clusters: str) -> str:
    return "|".join(sorted(clusters.split(), key=len, reverse=True))


_RE_WORD = re.compile(
    rf"(?:{_longest_first(_ONSETS)}|[bcdfghjklmnprstvwyz])?{_VOWEL}{{1,3}}"
    rf"(?:[bcdfghjklmnprstvxyz]{{1,4}}{_VOWEL}{{1,2}})*"
    rf"(?:{_longest_first(_CODAS)}|[bcdfghjklmnprstvwxz])?"
)
_TAIL = rf"(?:-({SUFFIX})(?!\w))?"
_RE_ACRONYM = re.compile(
    rf"(?<!\w)(?:({CAPITAL}{{2,}}|(?i:{'|'.join(_ANY_CASE)}))"
    rf"|((?i:kft|zrt|nyrt)|Bt|Rt|(?<=\w )Eb|Wi-?Fi)\.?){_TAIL}(?!\w)"
)
_RE_LETTER = re.compile(rf"(?<![\w'])([A-Za-z])(?:-({SUFFIX})(?!\w)|(\.)|(?![\w']))")
_RE_ITEM = re.compile(
    r"(\w )?(?<![\w(.,])(\d{1,2}|[A-Za-z]|[IVX]{2,4})\.?\)(?! ?[.,;:!?)])(?: ?(pont\w*))?(?=\W|$)"
)
_SUMS = "plusz|mínusz|egyenlő|nem egyenlő|per|osztva|szorozva|nagyobb|kisebb|körülbelül"
_RE_BEFORE_SYMBOL = re.compile(rf"(?:dik|gyök|mint|{_SUMS}) $")
_RE_AFTER_SYMBOL = re.compile(
    rf"-\w| (?:{_SUMS}|négyzet|köb|osztály|oldal|betű|válasz|csoport|jelű|érték)"
)
_RE_ROW_OF_LETTERS = re.compile(r"[:)?!]|-\w|,? (?:és|vagy|meg|illetve) [A-Z](?!\w)|, [A-Z](?!\w)")
_BEFORE_OPTIONS = set(
    "a az vagy és meg hogy is betű jelölöm szerintem legyen marad maradok inkább tehát igen "
    "nem hanem akkor mondom tippem".split()
)


def spell(letters: str) -> str:
    """MSZP -> emeszpé, mp -> empé; other characters stay."""
    parts = re.findall("cs|gy|ny|sz|ty|zs|.", letters.lower())
    return "".join(LETTER_NAMES.get(part, part) for part in parts)


def sounds_like_a_word(letters: str) -> bool:
    """Whether letters are pronounceable in Hungarian: MOL, ELTE are, MTA, OTP and RTL not."""
    return bool(_RE_WORD.fullmatch(letters.lower()))


def read_acronyms(text: str) -> str:
    """MTA -> emtéá, tv -> tévé, NATO-ba -> natóba.

    Capitals are spelt where they are not pronounceable: up to four letters with a vowel, up to six
    without; longer ones are shouted words. Small letters are spelt only from a list (tv, sms).
    """
    return _RE_ACRONYM.sub(_acronym, text)


def _acronym(match: re.Match) -> str:
    acronym, company, suffix = match.groups()
    letters = (acronym or company).replace("-", "").upper()
    spelt = company or letters.lower() in _ANY_CASE or _is_spelt(letters)
    if letters not in _READ and not spelt and not suffix:
        return match[0]

    word = _READ.get(letters) or (spelt and spell(letters)) or letters.lower()
    goes_on = re.match(rf"[,:;]| (?:{SMALL}|\()", match.string[match.end() :])
    ends = match[0].endswith(".") and not goes_on
    return join(word, suffix or "") + "." * ends


def _is_spelt(letters: str) -> bool:
    if letters in _EXCLAIMED or re.search(r"(.)\1\1", letters):
        return False
    if not re.search(_VOWEL, letters.lower().replace("y", "")):
        return len(letters) < 7
    return len(letters) < 5 and not sounds_like_a_word(letters)


def read_items(text: str) -> str:
    """List items: a) igen b) nem -> á: igen, bé: nem; also 1.) and II), but not (in brackets b)."""
    return _RE_ITEM.sub(_item, text)


def _item(match: re.Match) -> str:
    gap, mark, point = match.groups()
    before = match.string[: match.start(2)]
    is_numeral = mark.isupper() and mark not in "CDLMV"
    number = is_numeral and roman(mark)
    in_brackets = before.count("(") > before.count(")")
    if in_brackets or (len(mark) > 1 and not (number or mark.isdecimal())):
        return match[0]

    if number:
        mark = str(number)
    elif not mark.isdecimal():
        mark = _letter_name(mark)
    if point:
        return f"{gap or ''}{mark} {point}"
    if gap and mark not in ("1", "á", "Á"):
        gap = f"{gap[0]}, "  # a pause between items
    return (gap or "") + mark + ":" * bool(match.string[match.end() :].strip())


def read_codes(text: str) -> str:
    """Letters beside digits: M3-as -> Em 3-as, H2O -> Há 2 Ó, 5G-s -> 5 Gés, 4.B -> 4. bé."""
    # Classes and musical keys.
    text = re.sub(
        rf"(?<![\d.,])(\d{{1,2}})\.([A-Za-z]){_TAIL}(?!\w)",
        lambda m: f"{m[1]}. {join(_letter_name(m[2].lower()), m[3] or '')}",
        text,
    )
    text = re.sub(
        rf"(?<=\d)/([A-Za-z])(?!\w)(?:\.(?= {SMALL}|,))?",
        lambda m: " per " + _letter_name(m[1]),
        text,
    )
    keys = r"(?<=\d\. )a(?= osztály)|(?<!\w)[ae](?=-moll|-dúr)"
    text = re.sub(keys, lambda m: LETTER_NAMES[m[0]], text)

    # A letter before a digit, then one after it; 5L, 230V and 100W are measures.
    before_digit = r"(?<!\w)([A-Z]|v(?=\d+\.\d))(?=\d)"
    text = re.sub(before_digit, lambda m: _letter_name(m[1]) + " ", text)
    after_digit = rf"(?<=\d)((?![LVW])[A-Z]){_TAIL}(?!\w)"
    return re.sub(after_digit, lambda m: " " + join(_letter_name(m[1]), m[2] or ""), text)


def read_letters(text: str) -> str:
    """Single letters by name: options, initials, unknowns.

    A, E, O and S may be words, so they are read only where they cannot be. A "b." that is left
    becomes bé: the stock cleaner would read it as bácsi.
    """
    text = _RE_LETTER.sub(_letter, text)
    return re.sub(r"\b([Bb])\.", r"\1é.", text)


def _letter_name(letter: str) -> str:
    name = "dupla vé" if letter in "Ww" else LETTER_NAMES[letter.lower()]
    return name if letter.islower() else name.capitalize()


def _letter(match: re.Match) -> str:
    letter, suffix, mark = match.groups()
    before, rest = match.string[: match.start()], match.string[match.end() :]
    after = match.string[match.end(1) :]

    if letter.islower():
        marked = suffix or mark or _is_a_symbol(letter, before, after)
        if letter in "aeious" or before.endswith("-") or not marked:
            return match[0]
    if letter in "AEOS" and not suffix and not _cannot_be_a_word(letter, before, after):
        return match[0]

    name = _letter_name(letter)
    if mark:
        return name + _after_letter(before, rest)
    return join(name, suffix or "")


def _is_a_symbol(letter: str, before: str, after: str) -> bool:
    """Whether a small letter is a name: an unknown (x, n), a class (6. b), a term of a sum."""
    if letter in "xyznqw":
        return True
    return bool(_RE_BEFORE_SYMBOL.search(before) or _RE_AFTER_SYMBOL.match(after))


def _after_letter(before: str, rest: str) -> str:
    """What replaces the full stop after a letter.

    Nothing in Kovács B. Péter and a C. válasz, a full stop after A válasz a B.
    """
    last = re.search(r"(\w+)\W*$", before)
    option = last and (
        last[1].lower() in _BEFORE_OPTIONS
        or last[1].startswith("válasz")
        or re.search("[:(] ?$", before)
    )
    initial = not option or re.match(r" ?[A-Z]\. ?\w", rest)

    if re.match(r"\w", rest):
        return " "
    goes_on = re.match(rf" ?{SMALL}|[,;:-]", rest) or (initial and re.match(r" \w", rest))
    return "" if goes_on else "."


def _cannot_be_a_word(letter: str, before: str, after: str) -> bool:
    """Whether A, E, O or S (a, e, s mean the, this, and) can only be a letter.

    So after az, before a colon, in a row of letters.
    """
    if re.search(r"(?<!\w)[Aa]z $", before) or _RE_ROW_OF_LETTERS.match(after):
        return True
    if after.startswith(".") and re.search(rf"{CAPITAL}\w+ $", before):
        return True  # Petőfi S.
    if letter == "S":
        return False
    if re.match(r"[.,;](?!\.)|$", after):
        return True
    # Azt mondta, A Duna szép; but inkább, A válasz.
    before_small = re.match(f" {SMALL}", after)
    return bool(re.search(f"{SMALL} $", before) or (before_small and before.endswith(", ")))
