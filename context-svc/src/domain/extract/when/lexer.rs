//! From a text to the words of a time in it, as one language would have them.

use super::figures;
use super::fold::Char;
use super::lexicon::Lexicon;
use super::word::{Token, Unit, Word};

/// A text as the words of one language.
pub(super) struct Lexed {
    /// The words, without those that carry no weight, and with those put together that mean one thing.
    pub(super) tokens: Vec<Token>,
    /// How many characters are words of the language.
    pub(super) known: usize,
}

/// `chars` as the words of a language.
pub(super) fn lexed(chars: &[Char], lexicon: &Lexicon) -> Lexed {
    let mut tokens: Vec<Token> = Vec::new();
    let mut known = 0;
    let (mut at, mut is_habit) = (0, false);
    while at < chars.len() {
        let (meaning, len) = match lexicon.look_up(chars, at) {
            Some((meaning, len)) => {
                known += len;
                (meaning.clone(), len + abbreviation_dot(chars, at + len, meaning))
            }
            None => other(chars, at, lexicon, tokens.last()),
        };
        let (start, end) = (chars[at].start, chars[at + len - 1].end);
        for word in meaning {
            match word {
                Word::The => {}
                Word::Habit => is_habit = true,
                word => {
                    tokens.push(Token { word, start, end, is_habit });
                    is_habit = false;
                }
            }
        }
        at += len;
    }
    Lexed { tokens: combined(tokens, lexicon.ways.which_follows), known }
}

/// What is in no vocabulary: figures, signs, any other words.
fn other(chars: &[Char], at: usize, lexicon: &Lexicon, last: Option<&Token>) -> (Vec<Word>, usize) {
    let c = chars[at].c;
    let one = |word: Word| (vec![word], 1);
    if c.is_ascii_digit() {
        let (word, len) = number(chars, at, lexicon);
        return (vec![word], len);
    }
    if lexicon.ways.is_unspaced
        && let Some((word, len)) = figures::numeral(&chars[at..])
    {
        return (vec![word], len);
    }
    match c {
        ' ' | '\'' => (Vec::new(), 1),
        ',' | '、' => one(Word::Comma),
        '-' => {
            let inside = at.checked_sub(1).and_then(|before| chars.get(before)).zip(chars.get(at + 1));
            let joins = inside.is_some_and(|(a, b)| a.c.is_alphabetic() && b.c.is_alphabetic());
            let is_range = !joins || last.is_some_and(|last| matches!(last.word, Word::Weekday(_)));
            if is_range { one(Word::To) } else { (Vec::new(), 1) }
        }
        '\n' | '.' | '!' | '?' | ';' | ':' | '。' => one(Word::Break),
        c if c.is_alphanumeric() && (c.is_ascii() || !lexicon.ways.is_unspaced) => {
            let len = chars[at..].iter().take_while(|char| char.c.is_alphanumeric()).count();
            (vec![Word::Other], len)
        }
        // Of a run of unknown signs one token is enough.
        _ if last.is_some_and(|last| last.word == Word::Other && last.end == chars[at].start) => (Vec::new(), 1),
        _ => one(Word::Other),
    }
}

/// One if a dot behind a short month or weekday belongs to it.
fn abbreviation_dot(chars: &[Char], at: usize, meaning: &[Word]) -> usize {
    let is_short = matches!(meaning, [Word::Month(_) | Word::Weekday(_)]);
    let follows = chars.get(at + 1).filter(|next| next.c != ' ').or(chars.get(at + 2));
    let goes_on = follows.is_some_and(|next| next.c.is_ascii_digit() || next.c == ',');
    usize::from(is_short && chars.get(at).is_some_and(|char| char.c == '.') && goes_on)
}

/// A number with what is written onto it: 9h30, 31st, 10k.
fn number(chars: &[Char], at: usize, lexicon: &Lexicon) -> (Word, usize) {
    let (word, len) = figures::read(&chars[at..], lexicon.ways.dot_is_ordinal);
    let after_money = at > 0 && "€$£¥#".contains(chars[at - 1].c);
    if after_money {
        return (Word::Other, len);
    }
    let rest = &chars[at + len..];
    let Some(next) = rest.first().filter(|next| next.c.is_alphabetic()) else { return (word, len) };
    let Word::Num(number) = word else { return (word, len) };
    if lexicon.ways.writes_9h30 && next.c == 'h' && number < 24 {
        match rest.get(1) {
            Some(minute) if minute.c.is_ascii_digit() => {
                if let (Word::Num(minute @ 0..=59), minutes) = figures::read(&rest[1..], false) {
                    return (Word::Clock(number, minute), len + 1 + minutes);
                }
            }
            Some(letter) if letter.c.is_alphabetic() => {}
            _ => return (Word::Clock(number, 0), len + 1),
        }
    }
    let letters = rest.iter().take_while(|char| char.c.is_alphabetic()).count();
    let end: Vec<char> = rest[..letters].iter().map(|char| char.c).collect();
    if lexicon.ordinal_ends.contains(&end) {
        return (Word::Ord(number), len + letters);
    }
    let is_known = !next.c.is_ascii() || lexicon.look_up(chars, at + len).is_some();
    if is_known { (word, len) } else { (Word::Other, len + letters) }
}

/// Puts together what means one thing: "next" and "month"; 三 and 月.
fn combined(tokens: Vec<Token>, which_follows: bool) -> Vec<Token> {
    let mut combined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let second = tokens.get(at + 1);
        let third = tokens.get(at + 2).map(|token| token.word);
        let counts = matches!(third, Some(Word::After | Word::Before));
        let word = match (tokens[at].word, second.map(|token| token.word)) {
            (Word::Which(which), Some(Word::Unit(unit) | Word::Mark(unit))) => Some(Word::Rel(unit, which)),
            (Word::Unit(unit), Some(Word::Which(which))) if which_follows => Some(Word::Rel(unit, which)),
            (Word::Num(month @ 1..=12), Some(Word::Mark(Unit::Month))) => i8::try_from(month).ok().map(Word::Month),
            (Word::Num(year @ 1900..=2199), Some(Word::Mark(Unit::Year))) => Some(Word::Year(year)),
            (Word::Num(day @ 1..=31), Some(Word::Mark(Unit::Day))) if !counts => Some(Word::Ord(day)),
            (Word::Num(quarter @ 1..=4), Some(Word::Mark(Unit::Quarter)))
            | (Word::Ord(quarter @ 1..=4), Some(Word::Unit(Unit::Quarter))) => {
                i8::try_from(quarter).ok().map(Word::Quarter)
            }
            _ => None,
        };
        match (word, second) {
            (Some(word), Some(second)) => {
                combined.push(Token { word, end: second.end, ..tokens[at] });
                at += 2;
            }
            _ => {
                let word = match tokens[at].word {
                    Word::Mark(unit) => Word::Unit(unit),
                    word => word,
                };
                combined.push(Token { word, ..tokens[at] });
                at += 1;
            }
        }
    }
    combined
}
