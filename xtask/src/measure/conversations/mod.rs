//! Small conversations with what must and what must not be remembered of them.

mod case;
mod matcher;
mod play;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use context_svc::llm::Model;
use serde::Serialize;

use self::case::Case;
use self::play::Played;
use super::read;
use crate::Failure;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    cases: usize,
    held: usize,
    /// Each case that does not hold, with what is wrong.
    broken: Vec<Broken>,
    /// What the cases ask for that is not looked at here.
    unchecked: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Broken {
    name: String,
    problems: Vec<String>,
}

impl Report {
    /// Whether every case holds.
    pub(super) fn is_held(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Plays the cases of `file` whose name contains `only` with `model` reading; with `expects_all` a capable model's whole
/// expectation is checked, otherwise only what must not be remembered by any reader.
pub(super) async fn measure(
    file: &Path,
    model: Arc<dyn Model>,
    expects_all: bool,
    only: &str,
) -> Result<Report, Failure> {
    let cases: Vec<Case> = read(file)?;
    let mut report = Report::default();
    for case in cases.iter().filter(|case| case.name.contains(only)) {
        report.cases += 1;
        let problems = match play::play(case, model.clone()).await {
            Ok(played) if expects_all => all_problems(case, &played),
            Ok(played) => forbidden(&case.local_ok.must_not, &played),
            Err(failure) => vec![format!("does not run: {failure}")],
        };
        if problems.is_empty() {
            report.held += 1;
        } else {
            report.broken.push(Broken { name: case.name.clone(), problems });
        }
        if expects_all {
            report.unchecked.extend(case.unchecked().map(|what| format!("{}: {what}", case.name)));
        }
    }
    Ok(report)
}

fn forbidden(must_not: &[matcher::Matcher], played: &Played) -> Vec<String> {
    must_not.iter().filter_map(|matcher| matcher.breach(played)).collect()
}

fn all_problems(case: &Case, played: &Played) -> Vec<String> {
    let expect = &case.expect;
    let mut problems = forbidden(&expect.must_not, played);
    let missing = expect.must.iter().filter(|matcher| !matcher.is_met(played));
    problems.extend(missing.map(|matcher| format!("nothing matches {matcher}")));
    if let Some(most) = expect.items_max.filter(|most| played.standing() > *most) {
        problems.push(format!("{} items, at most {most} allowed", played.standing()));
    }
    if let Some(calls) = expect.calls.filter(|calls| played.calls != *calls) {
        problems.push(format!("{} calls instead of {calls}", played.calls));
    }
    if let Some(most) = expect.calls_max.filter(|most| played.calls > *most) {
        problems.push(format!("{} calls, at most {most} allowed", played.calls));
    }
    if !expect.language.allows(&played.language) {
        problems.push(format!("the language is {:?}", played.language));
    }
    if expect.script.as_deref() == Some("Latin") && !played.is_latin() {
        problems.push("an item is not in Latin letters".to_owned());
    }
    if expect.roundtrip && !played.is_kept_as_said {
        problems.push("a message did not come back as it was".to_owned());
    }
    if expect.again.is_some() && !played.is_the_same_again {
        problems.push("a second extraction gives other items".to_owned());
    }
    problems
}
