//! Reports of what was done, with a number: "I ran 12 km this week", "I've saved 300 of 1000 euros".

use super::words::{ADVERBS, BLOCKERS, UNITS};
use super::{Word, is_unhindered, words};
use crate::llm::local::words::Words;

/// What people report on: how they say that it is done, by what it is called.
const DEEDS: &[(&str, Words)] = &[
    ("run", Words("ran run")),
    ("walk", Words("walked")),
    ("swim", Words("swam swum")),
    ("cycle", Words("cycled")),
    ("ride", Words("rode ridden")),
    ("row", Words("rowed")),
    ("jog", Words("jogged")),
    ("hike", Words("hiked")),
    ("climb", Words("climbed")),
    ("save", Words("saved")),
    ("pay", Words("paid")),
    ("earn", Words("earned")),
    ("lose", Words("lost")),
    ("gain", Words("gained")),
    ("read", Words("read")),
    ("write", Words("wrote written")),
    ("learn", Words("learned learnt")),
    ("study", Words("studied")),
    ("practise", Words("practised practiced")),
    ("meditate", Words("meditated")),
    ("sleep", Words("slept")),
    ("drink", Words("drank drunk")),
];

/// Said so, a sentence without "I" is a report all the same.
const BARE: Words = Words("ran walked swam cycled rode rowed jogged hiked climbed saved lost gained wrote");

/// How far after the deed its number may stand: "I ran a total of 12 km".
const NUMBER_WITHIN: usize = 4;

/// What was done, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm::local) struct Reported {
    /// What it is called: "run" of "I ran".
    pub(in crate::llm::local) deed: &'static str,
    pub(in crate::llm::local) value: f64,
    pub(in crate::llm::local) unit: String,
    pub(in crate::llm::local) target: Option<f64>,
}

/// What `sentence` reports, if it is that of one's own deed in figures.
pub(in crate::llm::local) fn find(sentence: &str, is_foreign: impl Fn(usize) -> bool) -> Option<Reported> {
    let words = words(sentence);
    let (deed, next) = done(sentence, &words, is_foreign)?;
    let reach = words.len().min(next + NUMBER_WITHIN);
    let at = (next..reach).find(|at| figure(sentence, &words[*at]).is_some())?;
    if words[next..at].iter().any(|word| BLOCKERS.contain(&word.text)) {
        return None;
    }
    let counted = figure(sentence, &words[at])?;
    let own_unit = counted.unit.or_else(|| unit(words.get(at + 1)));
    let after = if own_unit.is_some() && unit(words.get(at + 1)) == own_unit { at + 2 } else { at + 1 };
    let aimed = target(sentence, &words, after);
    let unit = own_unit.or_else(|| aimed.as_ref().and_then(|aimed| aimed.unit.clone()));
    // A number of nothing may be a time, a year or a house.
    unit.map(|unit| Reported { deed, value: counted.value, unit, target: aimed.map(|aimed| aimed.value) })
}

/// The deed, and where what follows it begins.
fn done(sentence: &str, words: &[Word], is_foreign: impl Fn(usize) -> bool) -> Option<(&'static str, usize)> {
    let first = words.first()?;
    if BARE.contain(&first.text) && !is_foreign(first.at) {
        return deed(first).map(|deed| (deed, 1));
    }
    (0..words.len()).filter(|at| words[*at].text == "i").find_map(|subject| {
        let is_between = |word: &Word| word.text == "have" || ADVERBS.contain(&word.text);
        let between = words[subject + 1..].iter().take_while(|word| is_between(word)).count();
        let verb = subject + 1 + between;
        let deed = deed(words.get(verb)?)?;
        let is_own = !is_foreign(words[subject].at) && is_unhindered(sentence, &words[..subject]);
        is_own.then_some((deed, verb + 1))
    })
}

fn deed(word: &Word) -> Option<&'static str> {
    DEEDS.iter().find(|(_, said)| said.contain(&word.text)).map(|(deed, _)| *deed)
}

/// What it is called that a word says to be done; the word itself if it says nothing of the kind.
pub(in crate::llm::local) fn called(word: &str) -> &str {
    DEEDS.iter().find(|(_, said)| said.contain(word)).map_or(word, |(deed, _)| deed)
}

/// Whether a word counts something.
pub(in crate::llm::local) fn is_unit(word: &str) -> bool {
    UNITS.contain(word)
}

struct Figure {
    value: f64,
    unit: Option<String>,
}

/// The number that a word is, perhaps with its unit: "12", "1,000", "12km", "€300".
fn figure(sentence: &str, word: &Word) -> Option<Figure> {
    let digits = word.text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(word.text.len());
    let (figures, rest) = word.text.split_at(digits);
    let is_whole = |part: &str| part.len() == 3 && !figures.starts_with('0');
    let plain = match figures.rsplit_once(',') {
        Some((_, part)) if is_whole(part) => figures.replace(',', ""),
        Some(_) => figures.replace(',', "."),
        None => figures.to_owned(),
    };
    let value = plain.parse().ok()?;
    let sign = sentence[..word.at].chars().next_back().filter(|c| matches!(c, '€' | '$' | '£'));
    match (rest, sign) {
        ("", sign) => Some(Figure { value, unit: sign.map(String::from) }),
        (rest, None) if UNITS.contain(rest) => Some(Figure { value, unit: Some(rest.to_owned()) }),
        _ => None,
    }
}

fn unit(word: Option<&Word>) -> Option<String> {
    word.filter(|word| UNITS.contain(&word.text)).map(|word| word.text.clone())
}

/// The number aimed at: "of 1000", "out of the 20 pages".
fn target(sentence: &str, words: &[Word], from: usize) -> Option<Figure> {
    let rest = words.get(from..)?;
    let of = if rest.first()?.text == "out" { 1 } else { 0 };
    if rest.get(of)?.text != "of" {
        return None;
    }
    let article = rest.get(of + 1).is_some_and(|word| Words("the my").contain(&word.text));
    let at = of + 1 + usize::from(article);
    let aimed = figure(sentence, rest.get(at)?)?;
    let unit = aimed.unit.or_else(|| unit(rest.get(at + 1)));
    Some(Figure { unit, ..aimed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_deed_a_number_and_what_is_counted() {
        for (said, deed, value, unit, target) in [
            ("I ran 12 km this week.", "run", 12.0, "km", None),
            ("This week I've already run 12.5km.", "run", 12.5, "km", None),
            ("Lost 2 kg so far!", "lose", 2.0, "kg", None),
            ("I've saved 300 of 1,000 euros.", "save", 300.0, "euros", Some(1000.0)),
            ("I have saved €300 out of the 1000.", "save", 300.0, "€", Some(1000.0)),
            ("I read 40 pages of 400.", "read", 40.0, "pages", Some(400.0)),
        ] {
            let expected = Reported { deed, value, unit: unit.to_owned(), target };

            assert_eq!(find(said, |_| false), Some(expected), "{said}");
        }
    }

    #[test]
    fn what_is_asked_supposed_or_counts_nothing_is_no_report() {
        for said in [
            "I ran at 7 this morning.",
            "I never ran 12 km.",
            "If I ran 12 km, I would be tired.",
            "My sister ran 12 km.",
            "I want to run 12 km.",
            "He said I lost 2 kg.",
            "Read 40 pages every day.",
            "I lived in house 12.",
        ] {
            assert_eq!(find(said, |_| false), None, "{said}");
        }
    }
}
