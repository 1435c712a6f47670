//! The grammar of the time of day: "at half past two", "um halb drei", 下午三点半.

use super::said::Hour;
use super::word::{Part, Unit, Word};

const NOON: i32 = 12 * 60;
const MIDNIGHT: i32 = 24 * 60;

/// The time of day that `words` begin with, and how many of them it takes.
///
/// A part of the day may stand before or behind it. `is_led` tells that an "at" has been read already.
pub(super) fn hour(words: &[Word], is_led: bool) -> Option<(Hour, usize)> {
    if let [Word::Part(part), rest @ ..] = words
        && !matches!(part, Part::Am | Part::Pm)
        && let Some((minutes, len)) = behind_part(rest)
    {
        let minutes = adjusted(minutes, Some(*part));
        return Some((Hour { minutes, part: Some(*part), is_plain: true }, len + 1));
    }
    let led = usize::from(matches!(words, [Word::At, ..]));
    let (minutes, taken, is_plain) = core(&words[led..])?;
    if !is_plain && !is_led && led == 0 {
        return None;
    }
    let len = led + taken;
    let (part, more) = part_behind(&words[len..]);
    let is_plain = is_plain || part.is_some();
    Some((Hour { minutes: adjusted(minutes, part), part, is_plain }, len + more))
}

/// The time that follows a part of the day: "tomorrow evening at 9", 晚上九点.
fn behind_part(words: &[Word]) -> Option<(i32, usize)> {
    let led = words.iter().take(2).take_while(|word| matches!(word, Word::At | Word::Comma | Word::Lead)).count();
    let is_led = words[..led].contains(&Word::At);
    let (minutes, len, is_plain) = core(&words[led..])?;
    (is_plain || is_led).then_some((minutes, led + len))
}

/// A part of the day behind a time: "in the morning", "pm".
pub(super) fn part_behind(words: &[Word]) -> (Option<Part>, usize) {
    match *words {
        [Word::Part(part), ..] => (Some(part), 1),
        [Word::In | Word::Lead | Word::At, Word::Part(part), ..] if !matches!(part, Part::Am | Part::Pm) => {
            (Some(part), 2)
        }
        _ => (None, 0),
    }
}

/// Minutes since midnight, how many words, and whether they can mean nothing else.
fn core(words: &[Word]) -> Option<(i32, usize, bool)> {
    let (minutes, len, is_plain) = match *words {
        [Word::Clock(hour, minute), Word::OClock, ..] => (hour * 60 + minute, 2, true),
        [Word::Clock(hour, minute), ..] => (hour * 60 + minute, 1, true),
        [Word::Decimal(hour, minute), Word::OClock | Word::Part(Part::Am | Part::Pm), ..] if minute < 60 => {
            let len = if words[1] == Word::OClock { 2 } else { 1 };
            (hour * 60 + minute, len, true)
        }
        [Word::Shift(shift), Word::Num(hour), Word::OClock, ..] => (hour * 60 + shift, 3, true),
        [Word::Shift(shift), Word::Num(hour), ..] => (hour * 60 + shift, 2, true),
        [Word::Num(hour), Word::OClock, Word::Past(past), ..] => (hour * 60 + past, 3, true),
        [Word::Num(hour), Word::OClock, Word::Num(minute), Word::Unit(Unit::Minute), ..] if minute < 60 => {
            (hour * 60 + minute, 4, true)
        }
        [Word::Num(hour), Word::OClock, Word::Num(minute), ..] if (1..60).contains(&minute) => {
            (hour * 60 + minute, 3, true)
        }
        [Word::Num(hour), Word::OClock, ..] => (hour * 60, 2, true),
        [Word::Num(hour), Word::Past(past), ..] => (hour * 60 + past, 2, true),
        [Word::Num(hour), Word::Part(Part::Am | Part::Pm), ..] => (hour * 60, 1, true),
        [Word::Midnight, ..] => (MIDNIGHT, 1, true),
        [Word::Part(Part::Noon), ..] => (NOON, 1, true),
        [Word::Num(hour), ..] => (hour * 60, 1, false),
        _ => return None,
    };
    (0..=MIDNIGHT).contains(&minutes).then_some((minutes, len, is_plain))
}

/// The time by the 24-hour clock. Where no part of the day is said, the hour is taken as it stands.
fn adjusted(minutes: i32, part: Option<Part>) -> i32 {
    let is_twelve = (NOON..NOON + 60).contains(&minutes);
    match part {
        Some(Part::Pm | Part::Afternoon) if minutes < NOON => minutes + NOON,
        Some(Part::Noon) if minutes < 4 * 60 => minutes + NOON,
        Some(Part::Evening) if (4 * 60..NOON).contains(&minutes) => minutes + NOON,
        // Eleven at night is late, two at night is early.
        Some(Part::Night) if (6 * 60..NOON).contains(&minutes) => minutes + NOON,
        Some(Part::Am | Part::Morning) if is_twelve => minutes - NOON,
        Some(Part::Night | Part::Evening) if minutes == NOON => MIDNIGHT,
        _ => minutes,
    }
}
