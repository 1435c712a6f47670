//! Judges what a model proposes as a report on a goal: the words are the user's, and so is every number.

use jiff::Timestamp;

use super::fold::{fold, on_one_line};
use super::judge::{TEXT_BYTES_MAX, is_supported, says_template_words};
use crate::domain::model::{Evidence, Progress};
use crate::domain::secrets::has_secret;
use crate::llm::Report;

const UNIT_CHARS_MAX: usize = 24;

/// What holds of `report`, whose words the user said `at`, on a goal that rests on `grounds`. `None`: it gives away a secret.
///
/// A number that is not in the words is left out, and a note that is about something else gives way to the words themselves.
pub(super) fn founded(report: &Report, evidence: Evidence, at: Timestamp, grounds: &[Evidence]) -> Option<Progress> {
    let words = on_one_line(&evidence.quote);
    let note = on_one_line(&report.note);
    if has_secret(&note) || has_secret(&words) {
        return None;
    }
    let says_it = (1..=TEXT_BYTES_MAX).contains(&note.len())
        && !says_template_words(&note)
        && is_supported(&note, &[&evidence])
        && numbers(&note).iter().all(|number| occurs(number, &words, grounds));
    let value = report.value.filter(|value| numbers_of(&words).any(|said| said == *value));
    let target = report.target.filter(|target| occurs(&[*target], &words, grounds));
    let unit = on_one_line(&report.unit);
    let is_said = !unit.is_empty() && unit.chars().count() <= UNIT_CHARS_MAX && fold(&words).contains(&fold(&unit));
    let counts = value.is_some() || target.is_some();
    Some(Progress {
        value,
        unit: if is_said && counts { unit } else { String::new() },
        target,
        note: if says_it { note } else { words.chars().take(TEXT_BYTES_MAX / 4).collect() },
        said_at: at,
        evidence: vec![evidence],
    })
}

/// Whether one of the ways to read a number is in the words, or in those that the goal rests on.
fn occurs(readings: &[f64], words: &str, grounds: &[Evidence]) -> bool {
    let texts = std::iter::once(words).chain(grounds.iter().map(|evidence| evidence.quote.as_str()));
    texts.flat_map(numbers_of).any(|said| readings.contains(&said))
}

fn numbers_of(text: &str) -> impl Iterator<Item = f64> {
    numbers(text).into_iter().flatten()
}

/// The numbers in figures that a text holds, each in all ways that it can be read: "1.000" is a thousand, or one.
fn numbers(text: &str) -> Vec<Vec<f64>> {
    let folded = fold(text);
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'');
    folded.split(|c: char| !is_part(c)).map(readings).filter(|readings| !readings.is_empty()).collect()
}

fn readings(figures: &str) -> Vec<f64> {
    let figures = figures.trim_matches(|c: char| !c.is_ascii_digit());
    let mut readings = Vec::new();
    for (thousands, decimal) in [(',', '.'), ('.', ','), ('\'', '.')] {
        let (whole, part) = match figures.rsplit_once(decimal) {
            Some((whole, part)) => (whole, Some(part)),
            None => (figures, None),
        };
        let mut groups = whole.split(thousands);
        let is_first = groups.next().is_some_and(|first| !first.is_empty() && is_digits(first));
        let are_groups = groups.all(|group| group.len() == 3 && is_digits(group));
        if is_first && are_groups && part.is_none_or(is_digits) {
            let plain = format!("{}.{}", whole.replace(thousands, ""), part.unwrap_or("0"));
            readings.extend(plain.parse::<f64>().ok().filter(|number| !readings.contains(number)));
        }
    }
    readings
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ConversationId;
    use crate::llm::Quote;

    fn judged(report: Report) -> Option<Progress> {
        let conversation_id = ConversationId::parse("talk").unwrap();
        let evidence =
            |quote: &str| Evidence { conversation_id: conversation_id.clone(), seq: 1, quote: quote.to_owned() };
        let words = report.quote.text.clone();
        founded(&report, evidence(&words), Timestamp::UNIX_EPOCH, &[evidence("I want to save 1,000 euros")])
    }

    fn report(quote: &str) -> Report {
        Report { note: quote.to_owned(), quote: Quote { seq: 1, text: quote.to_owned() }, ..Report::default() }
    }

    #[test]
    fn a_number_counts_only_if_it_was_said() {
        for (words, value, kept) in [
            ("I ran 12 km", 12.0, true),
            ("I ran 120 km", 12.0, false),
            ("Ich habe 1.500 Euro gespart", 1500.0, true),
            ("I lost 1,5 kg", 1.5, true),
            ("I have read ten books", 10.0, false),
            ("I ran a lot.", 3.0, false),
            ("Ｉ ran １２ km.", 12.0, true),
        ] {
            let held = judged(Report { value: Some(value), ..report(words) }).unwrap();

            assert_eq!(held.value, kept.then_some(value), "{words}");
        }
    }

    #[test]
    fn the_target_may_have_been_said_with_the_goal_and_a_unit_only_counts_something() {
        let saved = Report { value: Some(300.0), target: Some(1000.0), ..report("I have put away 300 euros") };

        let held = judged(Report { unit: "euros".to_owned(), ..saved.clone() }).unwrap();
        let dollars = judged(Report { unit: "dollars".to_owned(), ..saved }).unwrap();
        let nothing = judged(Report { unit: "euros".to_owned(), ..report("I have put euros away") }).unwrap();

        assert_eq!((held.value, held.unit.as_str(), held.target), (Some(300.0), "euros", Some(1000.0)));
        assert_eq!((dollars.unit.as_str(), nothing.unit.as_str()), ("", ""));
    }

    #[test]
    fn a_note_that_says_something_else_gives_way_to_the_words() {
        for note in ["The user won the race.", "I ran 15 km", "", "<one sentence>"] {
            let held = judged(Report { note: note.to_owned(), ..report("I ran 12 km this week") }).unwrap();

            assert_eq!(held.note, "I ran 12 km this week", "{note}");
        }
    }

    #[test]
    fn a_report_that_gives_away_a_secret_is_none() {
        assert_eq!(judged(report("I paid 20 euros with 4111 1111 1111 1111")), None);
    }
}
