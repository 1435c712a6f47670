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

/// The language of `texts` as a BCP 47 tag; empty if it cannot be told.
pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    let mut scripts = [("zh", 0), ("ja", 0), ("ko", 0), ("ru", 0), ("ar", 0), ("hi", 0), ("", 0)];
    for c in texts.clone().flat_map(str::chars).filter(|c| c.is_alphabetic()) {
        let script = match c {
            // A Chinese character weighs as much as a short word.
            '\u{4e00}'..='\u{9fff}' => 0,
            '\u{3040}'..='\u{30ff}' => 1,
            '\u{ac00}'..='\u{d7af}' => 2,
            '\u{0400}'..='\u{04ff}' => 3,
            '\u{0600}'..='\u{06ff}' => 4,
            '\u{0900}'..='\u{097f}' => 5,
            _ => 6,
        };
        scripts[script].1 += if script < 3 { 3 } else { 1 };
    }
    // Japanese is written with Chinese characters as well; kana give it away.
    if scripts[1].1 * 5 > scripts[0].1 {
        scripts[1].1 += scripts[0].1;
    }
    let (language, letters) = scripts.into_iter().rev().max_by_key(|(_, letters)| *letters).unwrap_or(("", 0));
    match language {
        _ if letters < LETTERS_MIN => "",
        "" => of_latin(texts),
        language => language,
    }
}

fn of_latin<'a>(texts: impl Iterator<Item = &'a str>) -> &'static str {
    let mut seen = [0_usize; COMMON.len()];
    for word in texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())) {
        let word = word.to_lowercase();
        for (count, (_, common)) in seen.iter_mut().zip(COMMON) {
            *count += usize::from(common.contains(&word.as_str()));
        }
    }
    let best = (0..seen.len()).rev().max_by_key(|at| seen[*at]).filter(|at| seen[*at] > 0);
    best.map_or("", |at| COMMON[at].0)
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
            assert_eq!(of([text].into_iter()), language, "{text}");
        }
    }
}
