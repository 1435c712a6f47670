//! Guesses the language of a talk from its script and its commonest words.

/// Commonest short words of languages that share the Latin script, none of them in two lists.
const COMMON: &[(&str, &[&str])] = &[
    ("en", &["the", "and", "to", "i", "is", "my", "you", "it", "that", "want", "with", "have", "hello", "hi"]),
    ("de", &["ich", "und", "der", "die", "das", "nicht", "ist", "mit", "zu", "den", "mein", "habe", "hallo"]),
    ("es", &["el", "los", "yo", "quiero", "es", "con", "por", "mi", "una", "pero", "hola", "muy"]),
    ("fr", &["le", "les", "je", "et", "est", "pas", "mon", "une", "avec", "pour", "veux", "bonjour"]),
    ("pt", &["o", "os", "eu", "não", "com", "meu", "minha", "uma", "quero", "para", "olá", "muito"]),
    ("it", &["il", "gli", "io", "non", "che", "per", "mio", "voglio", "ciao", "sono", "molto"]),
];

const LETTERS_MIN: usize = 2;

/// What tells the language of one text, or of several together.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    /// Letters by script, in the order of [`SCRIPTS`].
    letters: [usize; SCRIPTS.len()],
    /// Common words by language, in the order of [`COMMON`].
    words: [usize; COMMON.len()],
}

/// A language for each script that one language is written in, as far as can be told; the last is Latin and all others.
const SCRIPTS: [&str; 7] = ["zh", "ja", "ko", "ru", "ar", "hi", ""];

const CHINESE: usize = 0;
const JAPANESE: usize = 1;
const LATIN: usize = SCRIPTS.len() - 1;

impl Tally {
    /// Counts what is in `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut tally = Self::default();
        for c in text.chars().filter(|c| c.is_alphabetic()) {
            let script = match c {
                '\u{4e00}'..='\u{9fff}' => CHINESE,
                '\u{3040}'..='\u{30ff}' => JAPANESE,
                '\u{ac00}'..='\u{d7af}' => 2,
                '\u{0400}'..='\u{04ff}' => 3,
                '\u{0600}'..='\u{06ff}' => 4,
                '\u{0900}'..='\u{097f}' => 5,
                _ => LATIN,
            };
            // A Chinese character weighs as much as a short word.
            tally.letters[script] += if script < 3 { 3 } else { 1 };
        }
        if tally.letters[LATIN] > 0 {
            for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
                let word = word.to_lowercase();
                for (count, (_, common)) in tally.words.iter_mut().zip(COMMON) {
                    *count += usize::from(common.contains(&word.as_str()));
                }
            }
        }
        tally
    }

    /// Counts `other` as well.
    pub(super) fn add(&mut self, other: &Self) {
        self.letters.iter_mut().zip(other.letters).for_each(|(own, other)| *own += other);
        self.words.iter_mut().zip(other.words).for_each(|(own, other)| *own += other);
    }

    /// The language as a BCP 47 tag; empty if it cannot be told.
    pub(super) fn language(&self) -> &'static str {
        let mut letters = self.letters;
        // Japanese is written with Chinese characters as well; kana give it away.
        if letters[JAPANESE] * 5 > letters[CHINESE] {
            letters[JAPANESE] += letters[CHINESE];
        }
        let script = (0..SCRIPTS.len()).rev().max_by_key(|at| letters[*at]).unwrap_or(LATIN);
        match SCRIPTS[script] {
            _ if letters[script] < LETTERS_MIN => "",
            "" => self.latin(),
            language => language,
        }
    }

    fn latin(&self) -> &'static str {
        let best = (0..COMMON.len()).rev().max_by_key(|at| self.words[*at]).filter(|at| self.words[*at] > 0);
        best.map_or("", |at| COMMON[at].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_told_by_script_or_by_common_words() {
        for (text, language) in [
            ("Hello, my name is Emily.", "en"),
            ("我叫张曼婷，很高兴认识你", "zh"),
            ("毎朝三十分勉強することに決めました", "ja"),
            ("Ich möchte bis Weihnachten fünf Kilo abnehmen und das ist mein Ziel", "de"),
            ("Quero parar de fumar, mas não com remédio", "pt"),
            ("Hola, quiero correr cinco kilómetros", "es"),
            ("أريد أن أتعلم السباحة", "ar"),
            ("1234 …", ""),
            ("", ""),
        ] {
            assert_eq!(Tally::of(text).language(), language, "{text}");
        }
    }

    #[test]
    fn texts_together_are_told_by_what_there_is_most_of() {
        let mut tally = Tally::of("Hola, quiero correr con mi hermano por el parque.");
        tally.add(&Tally::of("And you?"));

        assert_eq!(tally.language(), "es");
    }
}
