//! Cuts a message into sentences that its author says for themselves: without code, markup and quoted speech.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// One sentence of a message, as written, without the white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sentence<'a> {
    /// The words.
    pub(super) text: &'a str,
    /// Where it begins in the message.
    offset: usize,
    /// Whether a question followed in the same breath.
    goes_on_asking: bool,
}

/// A message with the places in it that are not its author's own words.
pub(super) struct Reading<'a> {
    text: &'a str,
    foreign: Vec<(usize, usize)>,
}

const ABBREVIATIONS: &[&str] =
    &["mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e.", "approx.", "no.", "min.", "p.m.", "a.m."];

const LETTERLESS_RUN_MAX: usize = 64;

/// Chinese words that make a question of what follows.
const ASKING: &[&str] = &["是不是", "是否", "难道", "難道", "会不会", "會不會", "要不要", "为什么", "為什麼", "因为"];

const FENCE: &str = "```";

const QUOTES: &[(char, char)] = &[('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」'), ('『', '』')];

impl<'a> Reading<'a> {
    /// Marks what is code or quoted speech. An opening mark without its closing one reaches to the end of the paragraph,
    /// a code fence to the end of the message.
    pub(super) fn of(text: &'a str) -> Self {
        let mut foreign = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let end = if let Some(code) = rest.strip_prefix(FENCE) {
                Some(code.find(FENCE).map_or(text.len(), |end| at + end + 2 * FENCE.len()))
            } else if c == '`' {
                inline_end(rest, '`').map(|end| at + end)
            } else if let Some((_, close)) = QUOTES.iter().find(|(open, _)| *open == c) {
                let inch_mark = c == '"' && text[..at].ends_with(|before: char| before.is_ascii_digit());
                (!inch_mark).then(|| at + quote_end(rest, *close))
            } else {
                None
            };
            match end {
                Some(end) => {
                    foreign.push((at, end));
                    at = end;
                }
                None => at += c.len_utf8(),
            }
        }
        Self { text, foreign }
    }

    /// The sentences in order, by the rules of Unicode (UAX #29), with common abbreviations not ending one.
    pub(super) fn sentences(&self) -> Vec<Sentence<'a>> {
        let mut sentences: Vec<Sentence<'a>> = Vec::new();
        let mut begin = 0;
        let pieces = stretches(self.text).into_iter().flat_map(|(offset, stretch)| {
            stretch.split_sentence_bound_indices().map(move |(at, piece)| (offset + at, piece))
        });
        for (offset, piece) in pieces {
            let end = offset + piece.len();
            let abbreviated = ends_in_abbreviation(piece) && end < self.text.len();
            if abbreviated {
                continue;
            }
            let raw = &self.text[begin..end];
            let text = raw.trim();
            if text.chars().any(char::is_alphanumeric) {
                let offset = begin + (raw.len() - raw.trim_start().len());
                sentences.push(Sentence { text, offset, goes_on_asking: false });
            }
            begin = end;
        }
        sentences
    }

    /// Whether the byte at `at` of `sentence` lies in code or in quoted speech.
    pub(super) fn is_foreign(&self, sentence: &Sentence<'_>, at: usize) -> bool {
        self.is_foreign_at(sentence.offset + at)
    }

    /// Whether the byte at `at` of the message lies in code or in quoted speech.
    pub(super) fn is_foreign_at(&self, at: usize) -> bool {
        self.first_foreign_after(at).is_some_and(|(from, _)| from <= at)
    }

    /// Whether a sentence holds anything that is not its author's own words.
    pub(super) fn quotes_others(&self, sentence: &Sentence<'_>) -> bool {
        let (begin, end) = (sentence.offset, sentence.offset + sentence.text.len());
        self.first_foreign_after(begin).is_some_and(|(from, _)| from < end)
    }

    /// The first foreign place that ends after the byte at `at` of the message.
    fn first_foreign_after(&self, at: usize) -> Option<(usize, usize)> {
        let place = self.foreign.partition_point(|(_, to)| *to <= at);
        self.foreign.get(place).copied()
    }
}

/// Where the span that `text` opens with ends, closing mark included.
fn inline_end(text: &str, close: char) -> Option<usize> {
    let mut chars = text.char_indices();
    chars.next();
    chars.find(|(_, c)| *c == close).map(|(at, c)| at + c.len_utf8())
}

/// Where the quotation that `text` opens with ends: at its closing mark, or with the paragraph.
fn quote_end(text: &str, close: char) -> usize {
    let mut before = None;
    for (at, c) in text.char_indices().skip(1) {
        if c == close {
            return at + c.len_utf8();
        }
        if c == '\n' && before == Some('\n') {
            return at - 1;
        }
        before = Some(c);
    }
    text.len()
}

/// `text` cut within every long run of characters that are no letters, and where each part begins.
///
/// No sentence reaches over such a run, and the rules of Unicode look ahead to the end of it from each of its characters: a
/// message of nothing but brackets would take seconds.
fn stretches(text: &str) -> Vec<(usize, &str)> {
    let (mut stretches, mut begin, mut run) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        run = if c.is_alphabetic() && !is_combining_mark(c) { 0 } else { run + 1 };
        if run > LETTERLESS_RUN_MAX {
            stretches.push((begin, &text[begin..at]));
            (begin, run) = (at, 0);
        }
    }
    stretches.push((begin, &text[begin..]));
    stretches
}

fn ends_in_abbreviation(piece: &str) -> bool {
    if piece.ends_with('\n') {
        return false;
    }
    let last = piece.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    ABBREVIATIONS.contains(&last.as_str())
}

impl Sentence<'_> {
    /// Whether it has anything in common with what stands between `begin` and `end` in the message.
    pub(super) fn overlaps(&self, begin: usize, end: usize) -> bool {
        self.offset < end && begin < self.offset + self.text.len()
    }

    /// What it states: all of it, or, if it ends in a question to the listener, what comes before. `None`: it only asks.
    pub(super) fn stated(self) -> Option<Self> {
        if !self.is_question() {
            return Some(self);
        }
        let (comma, _) = self.text.char_indices().rev().find(|(_, c)| matches!(c, ',' | '，'))?;
        let (statement, question) = self.text.split_at(comma);
        let lower = question.to_lowercase();
        let asks_listener = question.contains(['你', '您']) || lower.split(' ').any(|word| word.starts_with("you"));
        let text = statement.trim_end();
        let rest = Sentence { text, goes_on_asking: true, ..self };
        let asks_already = rest.is_question() || ASKING.iter().any(|asking| text.contains(asking));
        (asks_listener && !asks_already).then_some(rest)
    }

    /// Whether it is what was stated before a question.
    pub(super) fn goes_on_asking(&self) -> bool {
        self.goes_on_asking
    }

    /// Whether it asks rather than states: a question mark anywhere, or a Chinese question particle at its end.
    fn is_question(&self) -> bool {
        if self.text.contains(['?', '？', '؟']) {
            return true;
        }
        let bare = self.text.trim_end_matches(|c: char| !c.is_alphanumeric());
        bare.ends_with(['吗', '嗎', '呢', '么', '麼'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(message: &str) -> Vec<&str> {
        Reading::of(message).sentences().iter().map(|s| s.text).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        assert_eq!(
            texts("Hi! I saw Dr. Brown at 9 a.m. today. It went well…"),
            ["Hi!", "I saw Dr. Brown at 9 a.m. today.", "It went well…"]
        );
        assert_eq!(texts("我想学画画。你觉得呢？好的！"), ["我想学画画。", "你觉得呢？", "好的！"]);
        assert_eq!(texts("one\ntwo\r\n\n🙂\n"), ["one", "two"]);
    }

    #[test]
    fn what_is_stated_before_a_question_is_kept_apart() {
        let stated = |text| Sentence { text, offset: 0, goes_on_asking: false }.stated().map(|sentence| sentence.text);

        assert_eq!(stated("I love jazz."), Some("I love jazz."));
        assert_eq!(stated("I love jazz, what about you?"), Some("I love jazz"));
        assert_eq!(stated("我喜欢爵士乐，你呢？"), Some("我喜欢爵士乐"));
        assert_eq!(stated("Do you know, perhaps, what time it is?"), None);
        assert_eq!(stated("是不是我喜欢甜食，你才这样说？"), None);
        assert_eq!(stated("I love jazz?"), None);
    }

    #[test]
    fn a_long_run_without_letters_ends_a_sentence() {
        let message = format!("I want to swim{}and to dive.", ")".repeat(200));

        let texts = texts(&message);

        assert!(texts[0].starts_with("I want to swim)") && texts.last().is_some_and(|last| last.ends_with("to dive.")));
    }

    #[test]
    fn quoted_speech_and_code_are_not_the_authors_own_words() {
        for (message, foreign) in [
            ("She said: \"I will leave.\" OK.", "I will"),
            ("He wrote “I decided to go”.", "I decided"),
            ("Look: `I want to`", "I want"),
            ("```\nI want to\n```", "I want"),
            ("「我想去」と言った", "我想"),
            ("\"I want to go and never closes", "I want"),
        ] {
            let reading = Reading::of(message);
            let at = message.find(foreign).unwrap();
            let whole = Sentence { text: message, offset: 0, goes_on_asking: false };
            assert!(reading.is_foreign(&whole, at), "{message}");
        }
        let message = "I'm 6'2\" tall and I want to jump.";
        let whole = Sentence { text: message, offset: 0, goes_on_asking: false };
        assert!(!Reading::of(message).is_foreign(&whole, message.find("I want").unwrap()));
    }
}
