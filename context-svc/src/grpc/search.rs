//! What a user looks for, out of the words of the contract, and what was found, in them.

use kit::error::InvalidField;
use proto::context::v1 as pb;
use proto::context::v1::search_memory_request::Kind;

use super::{answer, field};
use crate::domain::model::ItemKind;
use crate::domain::search::{Hit, Quest, Scope, Subject};

const QUERY_BYTES_MAX: usize = 1024;
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 200;

/// What is looked for by somebody in `time_zone`.
pub(super) fn quest(request: pb::SearchMemoryRequest, time_zone: Option<String>) -> Result<Quest, InvalidField> {
    let query = match request.query.len() {
        1..=QUERY_BYTES_MAX => request.query,
        bytes => {
            return Err(InvalidField::new("query", format!("must have 1 to {QUERY_BYTES_MAX} bytes, has {bytes}")));
        }
    };
    let limit = match usize::try_from(request.limit) {
        Ok(0) => LIMIT_DEFAULT,
        Ok(limit @ 1..=LIMIT_MAX) => limit,
        Ok(_) | Err(_) => {
            return Err(InvalidField::new("limit", format!("must be 1 to {LIMIT_MAX}, or 0 for {LIMIT_DEFAULT}")));
        }
    };
    let mut scope = kinds(&request.kinds)?;
    scope.since = field::time("since", request.since)?;
    scope.until = field::time("until", request.until)?;
    if let (Some(since), Some(until)) = (scope.since, scope.until)
        && since > until
    {
        return Err(InvalidField::new("until", "must not be earlier than `since`"));
    }
    Ok(Quest { query, scope, limit, time_zone })
}

fn kinds(numbers: &[i32]) -> Result<Scope, InvalidField> {
    if numbers.is_empty() {
        return Ok(Scope { items: ItemKind::ALL.to_vec(), messages: true, ..Scope::default() });
    }
    let mut scope = Scope::default();
    for (place, number) in numbers.iter().enumerate() {
        match Kind::try_from(*number) {
            Ok(Kind::Goal) => field::add(&mut scope.items, ItemKind::Goal),
            Ok(Kind::Decision) => field::add(&mut scope.items, ItemKind::Decision),
            Ok(Kind::Insight) => field::add(&mut scope.items, ItemKind::Insight),
            Ok(Kind::Message) => scope.messages = true,
            Ok(Kind::Unspecified) | Err(_) => {
                let problem = "must be GOAL, DECISION, INSIGHT or MESSAGE";
                return Err(InvalidField::new(format!("kinds[{place}]"), problem));
            }
        }
    }
    Ok(scope)
}

/// What was found.
pub(super) fn hits(hits: Vec<Hit>) -> pb::SearchMemoryResponse {
    pb::SearchMemoryResponse { hits: hits.into_iter().map(hit).collect() }
}

fn hit(hit: Hit) -> pb::SearchHit {
    use pb::search_hit::Subject as Found;
    let subject = match hit.subject {
        Subject::Item(item) => Found::Item(answer::item(*item)),
        Subject::Message(said) => Found::Message(answer::message(&said.conversation_id, said.message)),
    };
    let evidence = hit.evidence.into_iter().map(answer::evidence).collect();
    pb::SearchHit { subject: Some(subject), score: hit.score, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_named_again_and_again_counts_once() {
        let numbers = [Kind::Goal, Kind::Message, Kind::Insight].map(i32::from).repeat(1000);

        let scope = kinds(&numbers).unwrap();

        assert_eq!((scope.items, scope.messages), (vec![ItemKind::Goal, ItemKind::Insight], true));
    }
}
