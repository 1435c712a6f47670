//! From the words of a time ("tomorrow at 10", "bis Weihnachten", "下个月底") to the date and the moment they come to.
//!
//! Pure reckoning: it knows no clock, only the moment and the time zone in which the words were said. Which reading was chosen
//! where people differ: `docs/adr/0009-times-said.md`.
//!
//! A text is folded (`fold`), cut into words that mean something of a time (`lexer`, by the `lexicon` of each
//! `language`), read by one grammar for all languages (`phrase`, `date`, `clock`) and reckoned (`reckon`).

mod clock;
mod date;
mod figures;
mod fold;
mod language;
mod lexer;
mod lexicon;
mod named;
mod phrase;
mod reckon;
mod said;
mod spot;
mod value;
mod word;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::model::Due;
use crate::llm::When;

pub use named::{Named, named};

use lexer::Lexed;
use lexicon::Ways;
use phrase::{Care, Phrase};
use reckon::Saying;
use spot::Spot;
use word::Word;

/// The longest words of a time inside `text`, if there are any that can be resolved.
///
/// A due is when something is to happen: "yesterday", "every Friday", "for two weeks" and "some day" are not found, nor is
/// what may as well be something else: "at 10", "in ten minutes".
pub fn find(text: &str) -> Option<&str> {
    let phrase = longest(text, Care::Strict).phrase?;
    let words = text.get(phrase.start..phrase.end)?;
    // What only the rest of the sentence makes a time ("in 31. bis") would come to nothing, or to another, by itself.
    let alone = longest(words, Care::Lenient).phrase?;
    (alone.said == phrase.said).then_some(words)
}

/// What `when` comes to, if it was said at `at` in `zone`.
///
/// What code understands of the words counts; what the model takes them for, only where it understands nothing. A date that
/// a model made up for "some day" or "every Friday" is no date.
pub fn resolve(when: &When, at: Timestamp, zone: &TimeZone) -> Due {
    let saying = Saying::new(zone.to_datetime(at), zone);
    let read = longest(&when.phrase, Care::Lenient);
    let spot = match read.phrase {
        Some(phrase) => saying.spot(phrase.said),
        None if read.is_timeless => return Spot::due(None, &when.phrase, zone),
        None => value::read(&when.phrase),
    };
    let spot = spot.or_else(|| {
        let value = value::read(when.value.as_deref()?)?;
        value.is_plausible(at, zone).then_some(value)
    });
    Spot::due(spot, &when.phrase, zone)
}

/// Whether `due` was over when it was said at `at`. What could not be resolved is not.
pub fn is_past(due: &Due, at: Timestamp) -> bool {
    due.instant.is_some_and(|instant| instant < at)
}

/// What was read in a text.
struct Read {
    phrase: Option<Phrase>,
    /// Whether some words say that there is no single time. 以后 alone is vague, too.
    is_timeless: bool,
}

/// The longest phrase in the language that knows most of the text; in any other only if that is sure to be a time.
fn longest(text: &str, care: Care) -> Read {
    let chars = fold::fold(text);
    let lexed = language::lexicons().iter().map(|lexicon| (lexer::lexed(&chars, lexicon), lexicon.ways));
    let lexed: Vec<_> = lexed.collect();
    let most = lexed.iter().map(|(lexed, _)| lexed.known).max().unwrap_or(0);
    let (own, foreign): (Vec<_>, Vec<_>) = lexed.iter().partition(|(lexed, _)| lexed.known == most);
    let read_in = |languages: &[&(Lexed, Ways)]| {
        let phrases = languages.iter().flat_map(|(lexed, ways)| phrase::phrases(&lexed.tokens, *ways, care));
        phrases.reduce(|longest, phrase| if phrase.len() > longest.len() { phrase } else { longest })
    };
    let mut words = own.iter().flat_map(|(lexed, _)| &lexed.tokens).map(|token| token.word);
    let is_timeless = words.any(|word| matches!(word, Word::Every | Word::Vague | Word::After));
    let phrase = read_in(&own).or_else(|| if care == Care::Lenient && !is_timeless { read_in(&foreign) } else { None });
    Read { phrase, is_timeless }
}
