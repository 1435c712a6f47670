//! Finds the words of a time among all the words of a text.

use super::clock;
use super::date::{self, has_edge};
use super::lexicon::Ways;
use super::said::{Day, Hour, Said};
use super::word::{Token, Unit, Word};

/// How much is taken for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Only what is to happen, in words that can hardly mean anything else: the text is any sentence.
    Strict,
    /// The same, whether it is over or still to come: the text asks about it.
    Sure,
    /// Whatever can be read as a time: somebody said that the text is one.
    Lenient,
}

/// The words of a time in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phrase {
    /// What they say.
    pub(super) said: Said,
    /// Where they begin, in bytes.
    pub(super) start: usize,
    /// Where they end.
    pub(super) end: usize,
}

impl Phrase {
    /// How long it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// All words of times among `tokens`, in their order.
pub(super) fn phrases(tokens: &[Token], ways: Ways, care: Care) -> Vec<Phrase> {
    let words: Vec<Word> = tokens.iter().map(|token| token.word).collect();
    let mut phrases = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if words[at] == Word::Every {
            at += words[at..].iter().take_while(|word| !ends_a_run(**word)).count().max(1);
            continue;
        }
        if words[at] == Word::Since || (words[at] == Word::From && care != Care::Lenient) {
            at = behind_a_range(&words, at, ways);
            continue;
        }
        if let [Word::Day(_), Word::Is, Word::Weekday(_), ..] = words[at..] {
            at += 3;
            continue;
        }
        let Some(mut reading) = read(&words[at..], ways) else {
            at += 1;
            continue;
        };
        let mut end = at + reading.len;
        // What ends a range, or is said to come again, is not the time of one thing.
        let is_week_long = matches!(words[at..], [Word::Weekday(_), Word::Lead, Word::Weekday(_), ..]);
        let is_open = is_week_long || matches!(words.get(end), Some(Word::From | Word::To | Word::Every | Word::After));
        if words.get(end) == Some(&Word::Before) && ways.is_unspaced {
            end += 1;
            reading.is_led = true;
        }
        if care == Care::Lenient || (!is_open && reading.is_certain(&words, tokens, at, end, care)) {
            phrases.push(Phrase { said: reading.said, start: tokens[at].start, end: tokens[end - 1].end });
        }
        at = if is_open { behind_a_range(&words, end, ways) } else { end };
    }
    phrases
}

fn ends_a_run(word: Word) -> bool {
    matches!(word, Word::Other | Word::Break | Word::Comma)
}

/// Behind "from Monday to Friday", of which no day is a due.
fn behind_a_range(words: &[Word], at: usize, ways: Ways) -> usize {
    let mut at = at;
    while matches!(words.get(at), Some(Word::From | Word::Since | Word::To | Word::Lead | Word::After | Word::Every)) {
        at += 1;
        at += read(&words[at..], ways).map_or(0, |reading| reading.len);
    }
    at
}

/// What a row of words says.
struct Reading {
    said: Said,
    len: usize,
    /// Whether the words for the day may mean something else.
    is_weak: bool,
    /// Whether a preposition shows that they are a time nevertheless.
    is_led: bool,
}

/// The time that `words` begin with.
fn read(words: &[Word], ways: Ways) -> Option<Reading> {
    for led in 0..=2 {
        let rest = words.get(led..)?;
        let is_led = led > 0;
        let after_at = is_led && words[led - 1] == Word::At;
        if let Some((day, len, is_weak)) = date::day(rest, ways)
            && !matches!(day, Day::Stretch(stretch, Some(edge)) if !has_edge(stretch, edge))
        {
            let (hour, more) = hour_behind(&rest[len..]);
            let said = Said { day: Some(day), hour: hour.filter(|_| is_a_day(day)) };
            return Some(Reading { said, len: led + len + more, is_weak: is_weak && hour.is_none(), is_led });
        }
        if let Some((hour, len)) = clock::hour(rest, after_at) {
            let (day, more) = day_behind(&rest[len..], ways);
            let is_weak = day.is_none() && (!hour.is_plain || (ways.is_unspaced && hour.part.is_none()));
            // Only a day makes "at 9" a time; a preposition does not.
            return Some(Reading {
                said: Said { day, hour: Some(hour) },
                len: led + len + more,
                is_weak,
                is_led: false,
            });
        }
        if !matches!(rest.first(), Some(Word::Lead | Word::In | Word::At | Word::Before | Word::From)) {
            return None;
        }
    }
    None
}

/// The time of day behind a day, or only its part: "tomorrow morning" is a day.
fn hour_behind(words: &[Word]) -> (Option<Hour>, usize) {
    for between in 0..=2 {
        let Some(rest) = words.get(between..) else { break };
        if let Some((hour, len)) = clock::hour(rest, false)
            && (hour.is_plain || between == 0 || words[between - 1] != Word::Comma)
        {
            return (Some(hour), between + len);
        }
        if !matches!(rest.first(), Some(Word::Comma | Word::Lead | Word::In)) {
            break;
        }
    }
    let (_, len) = clock::part_behind(words);
    (None, len)
}

/// The day behind a time of day.
fn day_behind(words: &[Word], ways: Ways) -> (Option<Day>, usize) {
    let led = words.iter().take(2).take_while(|word| matches!(word, Word::Comma | Word::Lead | Word::In)).count();
    let is_led = words[..led].iter().any(|word| matches!(word, Word::Lead | Word::In));
    match date::day(&words[led..], ways) {
        Some((day, len, is_weak)) if is_a_day(day) && (is_led || !is_weak) => (Some(day), led + len),
        _ => (None, 0),
    }
}

/// Whether a time of day can be told of it.
fn is_a_day(day: Day) -> bool {
    match day {
        Day::Stretch(..) => false,
        Day::Count(_, unit) => matches!(unit, Unit::Day | Unit::Week),
        _ => true,
    }
}

impl Reading {
    /// Whether the words at `begin..end` are surely a time, and for a strict reader of something that is to happen.
    fn is_certain(&self, words: &[Word], tokens: &[Token], begin: usize, end: usize, care: Care) -> bool {
        let before = begin.checked_sub(1).map(|before| words[before]);
        let is_a_bare_weekday = matches!(words[begin], Word::Weekday(_)) && end == begin + 1;
        let is_a_habit = is_a_bare_weekday && tokens[begin].is_habit;
        // "the second Friday", "on a Monday".
        let is_counted =
            matches!(words[begin], Word::Weekday(_)) && matches!(before, Some(Word::Num(_) | Word::Ord(_)));
        // "on the 2nd floor".
        let is_numbered = matches!(self.said.day, Some(Day::Numbered { months: None, .. })) && self.said.hour.is_none();
        let counts_things = is_numbered && words.get(end) == Some(&Word::Other);
        let is_a_part = words[begin..end].iter().any(|word| matches!(word, Word::Fraction(..)));
        // "asleep by 11pm" is said of every night, "in a day" of what takes one.
        let is_of_no_day = match self.said.day {
            None | Some(Day::Count(1, Unit::Day)) => true,
            Some(_) => is_a_part,
        };
        let is_vouched = (!self.is_weak || self.is_led) && !is_of_no_day;
        let is_to_come = (care == Care::Sure || !self.said.is_past()) && !self.said.is_by_the_clock();
        is_vouched && is_to_come && !is_a_habit && !is_counted && !counts_things
    }
}
