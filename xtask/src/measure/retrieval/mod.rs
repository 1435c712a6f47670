//! How well a search finds the messages that answer a question, through the whole product as a client sees it.

mod history;
mod product;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use self::history::{History, Place, Question, histories};
use self::product::Product;
use super::{rounded, text};
use crate::Failure;

/// How many messages are asked for: what is behind them is not looked at.
const LIMIT: usize = 200;

/// What stands for a name in a question without names.
const BLANK: &str = "they";

/// What is measured, and how.
pub(super) struct Settings<'a> {
    pub(super) file: &'a Path,
    pub(super) corrections: Option<&'a Path>,
    pub(super) blank_names: bool,
    pub(super) only: &'a [usize],
}

/// What all questions came to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    n: usize,
    message: Recall,
    conversation: Ranking,
    categories: BTreeMap<u8, Category>,
    query_ms: Percentiles,
}

/// Which part of the messages that answer a question is among the first so many hits.
#[derive(Debug, Default, Serialize)]
struct Recall {
    r1: f64,
    r5: f64,
    r10: f64,
    r20: f64,
}

/// How often the conversation of the best hit answers, and which part of those that do is among the first five.
#[derive(Debug, Default, Serialize)]
struct Ranking {
    hit1: f64,
    r5: f64,
}

#[derive(Debug, Default, Serialize)]
struct Category {
    n: usize,
    message: Recall,
    conversation: Ranking,
}

#[derive(Debug, Default, Serialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
}

/// How one question was answered.
struct Answered {
    category: u8,
    recall: [f64; 4],
    ranking: [f64; 2],
    took: Duration,
}

pub(super) async fn measure(settings: Settings<'_>) -> Result<Report, Failure> {
    let corrections = settings.corrections.map(text).transpose()?;
    let histories = histories(&text(settings.file)?, corrections.as_deref())?;
    let product = Product::start().await?;
    let mut answered = Vec::new();
    for (number, history) in histories.iter().enumerate() {
        if settings.only.is_empty() || settings.only.contains(&number) {
            answered.extend(answer(&product, number, history, settings.blank_names).await?);
        }
    }
    product.end().await;
    Ok(Report::of(&answered))
}

async fn answer(
    product: &Product,
    number: usize,
    history: &History,
    blank_names: bool,
) -> Result<Vec<Answered>, Failure> {
    let user = product.user(number).await?;
    for session in &history.sessions {
        user.holds(session, &history.speakers).await?;
    }
    let mut answered = Vec::new();
    for question in &history.questions {
        let asked = if blank_names { blanked(&question.text, &history.speakers) } else { question.text.clone() };
        let (found, took) = user.searches(&asked, LIMIT).await?;
        answered.push(Answered::of(question, &found, took));
    }
    Ok(answered)
}

/// A question that names nobody who speaks.
fn blanked(question: &str, names: &[String]) -> String {
    names.iter().fold(question.to_owned(), |question, name| question.replace(name, BLANK))
}

impl Answered {
    fn of(question: &Question, found: &[Place], took: Duration) -> Self {
        let wanted: HashSet<&Place> = question.evidence.iter().collect();
        let conversations: HashSet<&str> =
            question.evidence.iter().map(|(conversation, _)| conversation.as_str()).collect();
        let among = |first: usize| {
            let found = found.iter().take(first).filter(|place| wanted.contains(place)).count();
            found as f64 / wanted.len() as f64
        };
        // In the order of their best hits.
        let mut ranked: Vec<&str> = Vec::new();
        for (conversation, _) in found {
            if !ranked.contains(&conversation.as_str()) {
                ranked.push(conversation);
            }
        }
        let hit = ranked.first().is_some_and(|first| conversations.contains(first));
        let in_five = ranked.iter().take(5).filter(|conversation| conversations.contains(*conversation)).count();
        Self {
            category: question.category,
            recall: [1, 5, 10, 20].map(among),
            ranking: [f64::from(u8::from(hit)), in_five as f64 / conversations.len() as f64],
            took,
        }
    }
}

impl Report {
    fn of(answered: &[Answered]) -> Self {
        let all: Vec<&Answered> = answered.iter().collect();
        let mut by_category: BTreeMap<u8, Vec<&Answered>> = BTreeMap::new();
        for each in answered {
            by_category.entry(each.category).or_default().push(each);
        }
        let category = |of: &Vec<&Answered>| Category { n: of.len(), message: recall(of), conversation: ranking(of) };
        let mut took: Vec<Duration> = answered.iter().map(|each| each.took).collect();
        took.sort();
        let percentile = |share: usize| {
            let place = (took.len() * share).div_ceil(100).saturating_sub(1);
            took.get(place).map_or(0.0, |took| rounded(took.as_secs_f64() * 1000.0))
        };
        Self {
            n: answered.len(),
            message: recall(&all),
            conversation: ranking(&all),
            categories: by_category.iter().map(|(number, of)| (*number, category(of))).collect(),
            query_ms: Percentiles { p50: percentile(50), p99: percentile(99) },
        }
    }
}

fn recall(answered: &[&Answered]) -> Recall {
    let [r1, r5, r10, r20] = [0, 1, 2, 3].map(|at| mean(answered.iter().map(|each| each.recall[at])));
    Recall { r1, r5, r10, r20 }
}

fn ranking(answered: &[&Answered]) -> Ranking {
    let [hit1, r5] = [0, 1].map(|at| mean(answered.iter().map(|each| each.ranking[at])));
    Ranking { hit1, r5 }
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len();
    if count == 0 { 0.0 } else { rounded(numbers.sum::<f64>() / count as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(conversation: &str, seq: i64) -> Place {
        (conversation.to_owned(), seq)
    }

    #[test]
    fn recall_is_the_part_found_and_conversations_rank_by_their_best_hit() {
        let evidence = vec![place("a", 1), place("b", 2)];
        let question = Question { text: String::new(), category: 1, evidence };
        let found: Vec<Place> =
            [place("b", 9), place("a", 1)].into_iter().chain((1..9).map(|seq| place("c", seq))).collect();

        let answered = Answered::of(&question, &found, Duration::from_millis(4));
        let report = Report::of(&[answered]);

        let Recall { r1, r5, r20, .. } = report.message;
        assert_eq!((r1, r5, r20), (0.0, 0.5, 0.5), "one of two is never found");
        assert_eq!((report.conversation.hit1, report.conversation.r5), (1.0, 1.0));
        assert_eq!((report.n, report.categories[&1].n, report.query_ms.p99), (1, 1, 4.0));
    }

    #[test]
    fn a_blank_takes_the_place_of_names() {
        let names = ["Ann".to_owned(), "Bo".to_owned()];

        assert_eq!(blanked("What is Ann's job, Bo?", &names), "What is they's job, they?");
    }
}
