//! Numbers and dates in figures, and the numerals of Chinese and Japanese.

use jiff::civil::Date;

use super::fold::Char;
use super::word::Word;

/// Units and signs that make the number before them a quantity.
const MEASURES: &[&str] = &[
    "%", "°", "€", "$", "£", "km", "kg", "mg", "g", "m", "cm", "mm", "ml", "l", "min", "mins", "kcal", "k", "kilo",
    "kilos", "euro", "euros", "dollars", "miles", "x", "公里", "公斤", "元", "キロ", "円", "人", "次", "回", "本",
    "页",
];

/// The figures that `chars` begin with: what they mean and how many characters they are.
pub(super) fn read(chars: &[Char], dots_close: bool) -> (Word, usize) {
    let is_digit = |at: usize| chars.get(at).is_some_and(|char| char.c.is_ascii_digit());
    let mut len = 0;
    while is_digit(len) || (len > 0 && "/-.:,".contains(chars[len.min(chars.len() - 1)].c) && is_digit(len + 1)) {
        len += 1;
    }
    let raw: String = chars[..len].iter().map(|char| char.c).collect();
    let is_dotted = raw.matches('.').count() == 1;
    let closing_dot = chars.get(len).is_some_and(|char| char.c == '.') && (dots_close || is_dotted);
    let word = meaning(&raw, closing_dot);
    let takes_dot = closing_dot && (is_dotted || (matches!(word, Word::Num(_)) && goes_on(&chars[len + 1..])));
    match word {
        Word::Num(number) if takes_dot => (Word::Ord(number), len + 1),
        _ if is_measured(&chars[len..]) => (Word::Other, len),
        _ => (word, len + usize::from(takes_dot)),
    }
}

/// Whether a dot is followed by something on the same line, and so closes an ordinal rather than a sentence.
fn goes_on(rest: &[Char]) -> bool {
    matches!(rest, [space, next, ..] if space.c == ' ' && next.c.is_alphabetic())
}

fn is_measured(rest: &[Char]) -> bool {
    let rest = if rest.first().is_some_and(|char| char.c == ' ') { &rest[1..] } else { rest };
    MEASURES.iter().any(|measure| {
        let len = measure.chars().count();
        let says = rest.len() >= len && measure.chars().eq(rest[..len].iter().map(|char| char.c));
        let ends = measure.chars().next_back().is_some_and(|c| !c.is_ascii_lowercase())
            || rest.get(len).is_none_or(|next| !next.c.is_alphanumeric());
        says && ends
    })
}

fn meaning(raw: &str, closing_dot: bool) -> Word {
    let separators: Vec<char> = raw.chars().filter(|c| !c.is_ascii_digit()).collect();
    let parts: Vec<&str> = raw.split(|c: char| !c.is_ascii_digit()).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if lengths.iter().any(|len| *len > 4) {
        return Word::Other;
    }
    let numbers: Vec<i32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    match (separators.as_slice(), numbers.as_slice(), lengths.as_slice()) {
        ([], [number], _) => Word::Num(*number),
        ([':'] | [':', ':'], [hour, minute, ..], [1 | 2, 2, ..]) => match (*hour, *minute) {
            (24, 0) => Word::Midnight,
            (hour, minute) if hour < 24 && minute < 60 => Word::Clock(hour, minute),
            _ => Word::Other,
        },
        (['-' | '/' | '.', _], [year, month, day], [4, 1 | 2, 1 | 2]) if separators[0] == separators[1] => {
            if is_date(*year, *month, *day) { Word::Iso(*year, *month, *day) } else { Word::Other }
        }
        (['-', '-'] | ['/', '/'] | ['.', '.'], [a, b, year], [1 | 2, 1 | 2, 4]) => figures(*a, *b, Some(*year)),
        (['/', '/'] | ['.', '.'], [a, b, year], [1 | 2, 1 | 2, 2]) => figures(*a, *b, Some(2000 + *year)),
        (['/'], [a, b], [1 | 2, 1 | 2]) if figures(*a, *b, None) != Word::Other => Word::Fraction(*a, *b),
        (['.'], [a, b], [1 | 2, 1 | 2]) if closing_dot => figures(*a, *b, None),
        (['.'], [a, b], [1 | 2, 2]) => Word::Decimal(*a, *b),
        _ => Word::Other,
    }
}

fn figures(a: i32, b: i32, year: Option<i32>) -> Word {
    // A leap year, so that 29 February is a date when no year is given.
    let in_year = year.unwrap_or(2000);
    if is_date(in_year, b, a) || is_date(in_year, a, b) { Word::Figures(a, b, year) } else { Word::Other }
}

fn is_date(year: i32, month: i32, day: i32) -> bool {
    date(year, month, day).is_some()
}

/// The date of these numbers, if there is one.
pub(super) fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The numeral in Chinese characters that `chars` begin with, and its length.
pub(super) fn numeral(chars: &[Char]) -> Option<(Word, usize)> {
    let digits: Vec<i32> = chars.iter().take(5).map_while(|char| numeral_digit(char.c)).collect();
    let number = match digits.as_slice() {
        [] => return None,
        [10] => 10,
        [10, units] if *units < 10 => 10 + units,
        [tens, 10] if *tens < 10 => tens * 10,
        [tens, 10, units] if *tens < 10 && *units < 10 => tens * 10 + units,
        digits if digits.len() <= 4 && digits.iter().all(|digit| *digit < 10) => {
            digits.iter().fold(0, |number, digit| number * 10 + digit)
        }
        _ => return Some((Word::Other, digits.len())),
    };
    Some((Word::Num(number), digits.len()))
}

fn numeral_digit(c: char) -> Option<i32> {
    let value = match c {
        '〇' | '零' => 0,
        '一' => 1,
        '二' | '两' | '兩' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        _ => return None,
    };
    Some(value)
}
