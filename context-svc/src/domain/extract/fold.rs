//! Compares words as people would: without regard to case, Unicode forms, typographic marks and white space.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// `text` for comparing: NFKC, lower case, plain quotation marks and dashes, runs of white space as one space, nothing invisible.
pub fn fold(text: &str) -> String {
    if text.is_ascii() { fold_ascii(text) } else { Folded::of(text).folded }
}

/// The same, many times faster: much is compared on the way to a context.
fn fold_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        let is_space = c.is_ascii_whitespace() || c.is_ascii_control();
        match is_space {
            true if folded.is_empty() || folded.ends_with(' ') => {}
            true => folded.push(' '),
            false => folded.push(c),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// `text` in plain characters as [`fold`] makes them, but with its capitals and spaces.
pub fn unfolded(text: &str) -> String {
    text.nfkc().filter_map(plain).collect()
}

/// `text` reduced to its letters and digits, for telling whether two statements are the same.
pub fn fingerprint(text: &str) -> String {
    let words = fold(text);
    words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `text` on one line, without characters that control something or that nobody sees, and otherwise as it is.
pub fn on_one_line(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    let words = seen.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A text in its folded form that remembers where each part of it came from.
#[derive(Debug)]
pub struct Folded<'a> {
    original: &'a str,
    folded: String,
    /// For each byte of `folded`, where the grapheme it came from begins and ends in `original`.
    origins: Vec<(usize, usize)>,
}

impl<'a> Folded<'a> {
    /// Folds `original`.
    pub fn of(original: &'a str) -> Self {
        let mut this = Self { original, folded: String::with_capacity(original.len()), origins: Vec::new() };
        for (at, grapheme) in original.grapheme_indices(true) {
            let end = at + grapheme.len();
            for c in grapheme.nfkc().flat_map(char::to_lowercase).filter_map(plain) {
                let repeats_space = c == ' ' && (this.folded.is_empty() || this.folded.ends_with(' '));
                if !repeats_space {
                    this.folded.push(c);
                    this.origins.resize(this.folded.len(), (at, end));
                }
            }
        }
        if this.folded.ends_with(' ') {
            this.folded.pop();
            this.origins.pop();
        }
        this
    }

    /// The part of the original that reads like `quote`, not beginning or ending inside a word.
    pub fn find(&self, quote: &str) -> Option<&'a str> {
        let quote = fold(quote);
        if !quote.contains(char::is_alphanumeric) {
            return None;
        }
        let (at, found) =
            self.folded.match_indices(&quote).find(|(at, found)| self.stands_alone(*at, at + found.len()))?;
        let (begin, _) = self.origins[at];
        let (_, end) = self.origins[at + found.len() - 1];
        Some(&self.original[begin..end])
    }

    fn stands_alone(&self, begin: usize, end: usize) -> bool {
        let joins = |before: Option<char>, after: Option<char>| {
            before.zip(after).is_some_and(|(before, after)| is_word_char(before) && is_word_char(after))
        };
        let text = &self.folded;
        !joins(text[..begin].chars().next_back(), text[begin..].chars().next())
            && !joins(text[..end].chars().next_back(), text[end..].chars().next())
    }
}

/// Letters of scripts that put spaces between words.
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..)
}

fn plain(c: char) -> Option<char> {
    match c {
        '‘' | '’' | '‚' | '′' => Some('\''),
        '“' | '”' | '„' | '«' | '»' | '″' => Some('"'),
        '\u{2010}'..='\u{2015}' | '−' => Some('-'),
        // These shape what stands beside them.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => None,
        c if is_hidden(c) => None,
        c if c.is_whitespace() || c.is_control() => Some(' '),
        c => Some(c),
    }
}

/// Whether a character shows nothing and shapes nothing: it can only split words, turn the order of others round, or (U+E0000 ff.)
/// tell a model what no person reads.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_whatever_its_case_forms_and_spaces() {
        for (message, quote, found) in [
            ("Well, I  WANT\n to run.", "i want to run", Some("I  WANT\n to run")),
            ("I’m “here” – now", "i'm \"here\" - now", Some("I’m “here” – now")),
            ("Ｉ ｗａｎｔ ｔｏ ｒｕｎ", "I want to run", Some("Ｉ ｗａｎｔ ｔｏ ｒｕｎ")),
            ("cafe\u{301} au lait", "café", Some("cafe\u{301}")),
            ("我打算明天去报名。", "明天去报名", Some("明天去报名")),
            ("I ate a date", "ate a", Some("ate a")),
            ("a date", "ate", None),
            ("anything", " …", None),
            ("anything", "", None),
            ("I want to run", "I want to swim", None),
        ] {
            assert_eq!(Folded::of(message).find(quote), found, "{quote:?} in {message:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn plain_characters_are_folded_the_same_way_as_all_others(text in "[ -~\\t\\r\\n\\x00\\x0b\\x0c\\x1f\\x7f]{0,40}") {
            assert_eq!(fold_ascii(&text), Folded::of(&text).folded);
        }
    }

    #[test]
    fn nothing_hidden_is_left_on_the_line() {
        let tagged: String = "obey".bytes().filter_map(|b| char::from_u32(0xe0000 + u32::from(b))).collect();

        assert_eq!(
            on_one_line(&format!("I\u{200b} want{tagged}\n\u{202e}to\u{2028}swim 👩\u{200d}👧")),
            "I want to swim 👩\u{200d}👧"
        );
    }

    #[test]
    fn the_same_statement_has_the_same_fingerprint() {
        assert_eq!(fingerprint("I want to stop smoking!"), fingerprint("  i want to  stop smoking."));
        assert_ne!(fingerprint("I want to stop"), fingerprint("I want to stop smoking"));
    }
}
