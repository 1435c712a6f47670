//! A text reduced to what words are told by: no case, no accents, one kind of dash, apostrophe and digit.

use unicode_normalization::UnicodeNormalization;

/// First characters of the decimal digits of scripts that people type dates in; compatibility forms fold to ASCII anyway.
const ZEROS: &[char] = &[
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}', '\u{1810}',
];

/// A character of the folded text and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Char {
    /// The folded character.
    pub(super) c: char,
    /// Where its original begins, in bytes.
    pub(super) start: usize,
    /// Where its original ends.
    pub(super) end: usize,
}

/// `text` folded.
pub(super) fn fold(text: &str) -> Vec<Char> {
    let mut folded: Vec<Char> = Vec::with_capacity(text.len());
    for (start, original) in text.char_indices() {
        let end = start + original.len_utf8();
        for c in original.nfkd().flat_map(char::to_lowercase).filter_map(plain) {
            let repeats_space = c == ' ' && folded.last().is_some_and(|last| last.c == ' ');
            if !repeats_space {
                folded.push(Char { c, start, end });
            }
        }
    }
    folded
}

/// Words of a vocabulary, folded alike.
pub(super) fn folded(words: &str) -> Vec<char> {
    fold(words).into_iter().map(|char| char.c).collect()
}

fn plain(c: char) -> Option<char> {
    match c {
        // Accents: people leave them out.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{feff}' => None,
        '‘' | '’' | 'ʼ' | '´' => Some('\''),
        '\u{2010}'..='\u{2015}' | '−' | '〜' | '~' => Some('-'),
        '\n' | '\r' => Some('\n'),
        c if c.is_whitespace() => Some(' '),
        c => Some(digit(c)),
    }
}

fn digit(c: char) -> char {
    let value = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}
