//! Plans: lists of things to do, in the short form in which people note their goals ("1. Walk 30 minutes every day").
//!
//! Nobody says "I" in such a list, so it counts only where it cannot be taken for anything else: under a heading that calls it
//! a plan, or at the very beginning of a message that speaks of goals, of what recurs, or of how sure one is to manage. What is
//! reviewed, what belongs to others and what is to be in some months is left.

mod measure;
mod words;

use self::measure::{is_sure, recurs};
use self::words::{
    BEFORE_CHINESE_NAME, BEFORE_DEED, CHINESE_NAMES, CLAUSE_OPENERS, DEEDS, IN_HEADING, NAMES, NOT_A_PLAN, OWN,
};

/// One thing to do: where it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it begins, after its number and its label.
    pub(super) begin: usize,
    /// Where it ends.
    pub(super) end: usize,
}

const HEADING_BYTES_MAX: usize = 80;
const LABEL_BYTES_MAX: usize = 60;
const ENTRY_BYTES_MAX: usize = 400;
const ENTRIES_MAX: usize = 30;
const NUMBER_MAX: u32 = 30;

/// How many words before a colon may belong to a heading that begins without a full stop before it.
const HEADING_WORDS_MAX: usize = 4;

/// The things to do that `text` lists, in their order.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let opening = skip_blank(text, 0);
    for (at, line) in lines(text) {
        let heading = heading(line);
        if at != opening && heading.is_none() {
            continue;
        }
        let begin = at + heading.unwrap_or(0);
        let list = list(text, begin, heading.is_some());
        if list.is_empty() {
            continue;
        }
        let is_plan = heading.is_some()
            || names_a_plan(text)
            || list.iter().any(|entry| recurs(&text[entry.begin..entry.end]) || is_sure(&text[entry.begin..entry.end]));
        let is_open =
            list.iter().any(|entry| asks(text, entry)) || (heading.is_none() && is_up_for_discussion(text, &list));
        if is_plan && !is_open {
            entries.extend(list);
        }
        if entries.len() >= ENTRIES_MAX {
            break;
        }
    }
    entries.truncate(ENTRIES_MAX);
    entries.dedup();
    entries
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let begin = *at;
        *at += line.len();
        Some((begin + (line.len() - line.trim_start().len()), line.trim()))
    })
}

/// Where the heading of a plan ends, colon included, if `line` begins with one.
fn heading(line: &str) -> Option<usize> {
    let (colon, mark) = line.char_indices().find(|(_, c)| matches!(c, ':' | '：'))?;
    let heading = &line[..colon];
    if colon > HEADING_BYTES_MAX || heading.contains(['.', '?', '!', '。', '"', '“']) {
        return None;
    }
    let words = lower_words(heading);
    (is_english_name(&words) || is_chinese_name(heading)).then_some(colon + mark.len_utf8())
}

/// "Goals", "My plan for the summer", "To do today".
fn is_english_name(words: &[String]) -> bool {
    let is_listed = |word: &String| IN_HEADING.contain(word);
    let has_name = |words: &[String]| {
        let to_do = words.windows(2).any(|pair| pair[0] == "to" && pair[1] == "do");
        to_do || words.iter().any(|word| NAMES.contain(word))
    };
    let all_known = words.iter().all(|word| NAMES.contain(word) || is_listed(word));
    let is_own = words.iter().position(|word| OWN.contain(word)).is_some_and(|own| {
        // "My new goals", not "my boss' goals".
        words[own + 1..].iter().find(|word| !is_listed(word)).is_some_and(|word| NAMES.contain(word))
    });
    has_name(words) && !words.iter().any(|word| NOT_A_PLAN.contain(word)) && (all_known || is_own)
}

fn is_chinese_name(heading: &str) -> bool {
    let mut rest = heading.trim();
    while let Some(after) = BEFORE_CHINESE_NAME.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    CHINESE_NAMES.contain(rest)
}

fn names_a_plan(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("goal")
}

/// The entries that follow one another from `begin` on.
fn list(text: &str, begin: usize, is_headed: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = skip_blank(text, begin);
    let mut number = None;
    while entries.len() < ENTRIES_MAX {
        let marker = Marker::at(text, at);
        let follows = match (marker, number) {
            (Some(marker), None) => marker.number <= NUMBER_MAX,
            (Some(marker), Some(before)) => marker.follows(before),
            // One thing to do needs no number.
            (None, None) => true,
            (None, Some(_)) => false,
        };
        if !follows {
            break;
        }
        number = Some(marker.map_or(0, |marker| marker.number));
        let inner = marker.map_or(at, |marker| marker.end);
        let end = end_of_entry(text, inner, marker);
        let Some(entry_begin) = begin_of_deed(text, inner, end) else {
            break;
        };
        let body = &text[entry_begin..end];
        let says_what = is_deed(body, is_headed) && (marker.is_some() || is_headed || is_sure(body));
        if says_what && body.len() <= ENTRY_BYTES_MAX {
            entries.push(Entry { begin: entry_begin, end });
        }
        if marker.is_none() {
            break;
        }
        at = skip_blank(text, after_stop(text, end));
    }
    entries
}

/// A number or a bullet before an entry.
#[derive(Debug, Clone, Copy)]
struct Marker {
    /// 0 for a bullet.
    number: u32,
    end: usize,
}

impl Marker {
    fn at(text: &str, at: usize) -> Option<Self> {
        let rest = &text[at..];
        if let Some(bullet) = rest.chars().next().filter(|c| matches!(c, '-' | '*' | '•' | '–' | '·')) {
            let end = at + bullet.len_utf8();
            return text[end..].starts_with(' ').then_some(Self { number: 0, end: end + 1 });
        }
        let open = rest.chars().next().filter(|c| matches!(c, '(' | '（')).map_or(0, char::len_utf8);
        let digits = rest[open..].bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[open..open + digits].parse().ok().filter(|_| (1..=2).contains(&digits))?;
        let close = rest[open + digits..].chars().next()?;
        let closes = matches!((open > 0, close), (true, ')' | '）') | (false, '.' | ')' | '、' | '）'));
        let end = at + open + digits + close.len_utf8();
        // "2.5 km" is no second entry.
        let is_apart = close != '.' || text[end..].starts_with(char::is_whitespace) || begins_wide(&text[end..]);
        (closes && is_apart).then_some(Self { number, end })
    }

    fn follows(self, before: u32) -> bool {
        if self.number == 0 { before == 0 } else { before > 0 && self.number == before + 1 }
    }
}

fn begins_wide(text: &str) -> bool {
    text.chars().next().is_some_and(|c| ('\u{3040}'..='\u{9fff}').contains(&c))
}

/// Where the entry ends that begins at `begin`: with its line, its sentence, the next number, or the next heading.
fn end_of_entry(text: &str, begin: usize, marker: Option<Marker>) -> usize {
    let mut colons = 0;
    let limit = text.len().min(begin + 2 * ENTRY_BYTES_MAX);
    for (offset, c) in text[begin..].char_indices() {
        let at = begin + offset;
        if at > limit {
            return at;
        }
        let after = &text[at + c.len_utf8()..];
        let is_end = match c {
            '\n' | '!' | '?' | '。' | '；' | '！' | '？' => true,
            '.' => ends_sentence(after),
            ' ' => is_next(text, at + 1, marker),
            ':' if after.starts_with(' ') => {
                colons += 1;
                let run_on =
                    (colons > 1 || offset > LABEL_BYTES_MAX).then(|| begin_of_run_on(text, begin, at)).flatten();
                if let Some(heading) = run_on {
                    return heading;
                }
                // Without a label the first colon may already be that of the next heading.
                let first = (colons == 1).then(|| begin_of_run_on(text, begin, at)).flatten();
                match first {
                    Some(heading) if heading > begin + 1 && is_deed(text[begin..heading].trim(), false) => {
                        return heading;
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if is_end {
            return at;
        }
    }
    text.len()
}

fn ends_sentence(after: &str) -> bool {
    let next = after.trim_start_matches(' ').chars().next();
    let is_apart = after.is_empty() || after.starts_with(char::is_whitespace);
    is_apart
        && next.is_none_or(|c| {
            c.is_uppercase() || c.is_whitespace() || c == '(' || Marker::at(after.trim_start(), 0).is_some()
        })
}

fn is_next(text: &str, at: usize, marker: Option<Marker>) -> bool {
    let Some(before) = marker.filter(|marker| marker.number > 0) else {
        return false;
    };
    Marker::at(text, at).is_some_and(|next| next.follows(before.number))
}

/// Where the heading before the colon at `colon` begins, if one runs on from the entry: its first word is in capitals or a
/// number.
fn begin_of_run_on(text: &str, begin: usize, colon: usize) -> Option<usize> {
    let mut first = None;
    let mut end = colon;
    for _ in 0..HEADING_WORDS_MAX {
        let word = text[begin..end].rfind(' ').map(|space| begin + space + 1)?;
        let initial = text[word..].chars().next()?;
        if initial.is_uppercase() || (initial.is_ascii_digit() && first.is_none() && end < colon) {
            first = Some(word);
        } else if first.is_some() || matches!(initial, '(' | ')') {
            break;
        }
        end = word - 1;
    }
    first.map(|word| word - 1)
}

/// Where the deed begins in the entry between `begin` and `end`: after a label. `None`: the label says that it is no plan.
fn begin_of_deed(text: &str, begin: usize, end: usize) -> Option<usize> {
    let begin = skip_blank(text, begin).min(end);
    let body = &text[begin..end];
    let Some(colon) = body.find(": ").filter(|colon| *colon <= LABEL_BYTES_MAX) else {
        return Some(begin);
    };
    let label = lower_words(&body[..colon]);
    if label.iter().any(|word| NOT_A_PLAN.contain(word)) {
        return None;
    }
    Some(skip_blank(text, begin + colon + 1).min(end))
}

/// Whether `body` is something to do.
fn is_deed(body: &str, is_headed: bool) -> bool {
    let wide = body.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    if wide > 0 {
        return is_headed && (3..=60).contains(&wide);
    }
    let clause = lower_words(body).first().is_some_and(|word| CLAUSE_OPENERS.contain(word));
    let deed = if clause { body.find(", ").map_or("", |comma| &body[comma + 2..]) } else { body };
    let words = lower_words(deed);
    let first = words.iter().position(|word| !BEFORE_DEED.contain(word));
    let does = first.is_some_and(|first| DEEDS.contain(&words[first]) && words.len() > first + 1);
    // "Do I walk enough" and "Have you slept" ask.
    let asks =
        words.iter().skip(1).take(1).any(|word| matches!(word.as_str(), "i" | "you" | "we" | "they" | "he" | "she"));
    does && !asks
}

fn asks(text: &str, entry: &Entry) -> bool {
    text[entry.end..].trim_start().starts_with(['?', '？'])
}

/// Whether the next thing said after the list is a question.
fn is_up_for_discussion(text: &str, list: &[Entry]) -> bool {
    let rest = list.last().map_or("", |last| &text[after_stop(text, last.end)..]);
    let ends =
        |(at, c): (usize, char)| matches!(c, '?' | '？' | '!' | '。') || (c == '.' && ends_sentence(&rest[at + 1..]));
    let end = rest.char_indices().find(|end| ends(*end));
    end.is_some_and(|(_, c)| matches!(c, '?' | '？'))
}

fn after_stop(text: &str, at: usize) -> usize {
    let stop = text[at..].chars().next().filter(|c| matches!(c, '.' | ';' | '；' | '。' | '!' | '！'));
    at + stop.map_or(0, char::len_utf8)
}

fn skip_blank(text: &str, at: usize) -> usize {
    at + (text[at..].len() - text[at..].trim_start().len())
}

fn lower_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
