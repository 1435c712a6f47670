//! Each check finds what it is for, in an account of a run that is right but for one thing.

use std::time::Duration;

use super::super::diary::Believed;
use super::super::ledger::{Asked, Said, Talk};
use super::*;
use crate::store::{Claim, Commit, Ending, Heard, Summarised};

fn talk() -> Talk {
    Talk { user: "u".into(), conversation: "c".into(), life: 0 }
}

fn life() -> Life {
    Life { user: "u".into(), conversation: "c".into(), incarnation: "i".into() }
}

/// One message, said, heard, asked for, extracted, and a logout.
fn right() -> Evidence {
    let said = Said { talk: talk(), client_id: "m1".into(), seq: 1, text: "hello".into(), is_users: true };
    let asked = Asked { talk: talk(), watermark: 1, outcome: "QUEUED".into() };
    let kept = Kept {
        life: life(),
        is_visible: true,
        last_seq: 1,
        state: "DONE".into(),
        want: 1,
        done: 1,
        extracted_to: 1,
        context_seq: Some(1),
        ..Kept::default()
    };
    let commit = Commit { life: life(), upto: 1, fence: 2, fence_before: 2, state_before: "RUNNING".into() };
    let ending = Ending { session: "s".into(), asks_for_extraction: true, outbox: Some("sent".into()) };
    Evidence {
        ledger: Entries {
            messages: vec![said],
            triggers: vec![asked],
            logouts: ["s".to_owned()].into(),
            logouts_away: vec![Duration::from_millis(5); ENOUGH],
            logouts_there: vec![Duration::from_millis(5); ENOUGH],
            ..Entries::default()
        },
        witnessed: Witnessed {
            conversations: vec![kept],
            messages: vec![Heard { life: life(), seq: 1, client_id: "m1".into(), text: "hello".into() }],
            commits: vec![commit],
            claims: vec![
                Claim { life: life(), fence: 1, lease_left_ms: None },
                Claim { life: life(), fence: 2, lease_left_ms: Some(-10) },
            ],
            summarised: vec![Summarised { life: life(), fence: 2 }],
            told: vec![("u".into(), "c".into())],
            endings: vec![ending],
            ..Witnessed::default()
        },
        diary: Diary {
            model_calls: 1,
            believed: vec![Believed { conversation: "c".into(), fence: 2, seq: 1 }],
            ..Diary::default()
        },
        left_alone: true,
        ..Evidence::default()
    }
}

const ENOUGH: usize = 10;

/// The checks that find something, each once.
fn found(evidence: &Evidence) -> Vec<&'static str> {
    let report = evidence.report(&Plan { seed: 1, seconds: 1, faults: vec![] });
    let mut checks: Vec<_> = report.violations.iter().map(|violation| violation.check).collect();
    checks.dedup();
    checks
}

fn found_after(spoil: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = right();
    spoil(&mut evidence);
    found(&evidence)
}

#[test]
fn what_is_right_breaks_no_promise() {
    let report = right().report(&Plan { seed: 1, seconds: 1, faults: vec![] });

    assert_eq!((report.lost, report.doubled, report.violations), (0, 0, vec![]));
}

#[test]
fn a_trigger_or_a_logout_that_came_to_nothing_breaks_the_first() {
    assert_eq!(found_after(|e| e.ledger.triggers[0].watermark = 2), ["Q1"]);
    assert_eq!(found_after(|e| e.witnessed.endings.clear()), ["Q1"]);
    assert_eq!(found_after(|e| e.witnessed.endings[0].outbox = None), ["Q1"]);
    assert_eq!(found_after(|e| e.settled.unsent = 1), ["Q1"]);
    assert_eq!(found_after(|e| e.settled.in_memories = 1), ["Q1"]);
    assert_eq!(found_after(|e| e.settled.unsettled = e.witnessed.conversations.clone()), ["Q1"]);
    assert_eq!(found_after(|e| e.left_alone = false), ["Q1"]);
}

#[test]
fn a_program_that_ends_or_fails_of_itself_is_a_breach() {
    assert_eq!(found_after(|e| e.done.surprises.push("it ended".into())), ["process"]);
    assert_eq!(found_after(|e| _ = e.ledger.refusals.insert("500 Internal Server Error".into(), 1)), ["process"]);
    assert_eq!(found_after(|e| e.diary.model_calls = 0), ["process"]);
}

#[test]
fn a_commit_that_does_not_get_ahead_breaks_the_second() {
    let again = |evidence: &mut Evidence| evidence.witnessed.commits.push(evidence.witnessed.commits[0].clone());
    assert_eq!(found_after(again), ["Q2"]);
}

#[test]
fn a_worker_that_commits_without_holding_the_job_breaks_the_third() {
    assert_eq!(found_after(|e| e.diary.believed[0].fence = 1), ["Q3"]);
    assert_eq!(found_after(|e| e.witnessed.commits[0].state_before = "PENDING".into()), ["Q3"]);
}

#[test]
fn a_context_that_is_not_what_the_job_did_breaks_the_fourth() {
    assert_eq!(found_after(|e| e.witnessed.conversations[0].context_seq = None), ["Q4"]);
}

#[test]
fn a_lease_that_is_broken_or_forgotten_breaks_the_fifth() {
    assert_eq!(found_after(|e| e.witnessed.claims[1].lease_left_ms = Some(1)), ["Q5"]);
    assert_eq!(found_after(|e| e.witnessed.claims[1].fence = 1), ["Q5"]);
    assert_eq!(found_after(|e| e.settled.overdue = e.witnessed.conversations.clone()), ["Q5"]);
}

#[test]
fn more_jobs_than_there_may_be_or_a_wrong_count_break_the_sixth() {
    assert_eq!(found_after(|e| e.witnessed.depth_most = DEPTH + 1), ["Q6"]);
    assert_eq!(found_after(|e| e.witnessed.depth_counted = 1), ["Q6"]);
}

#[test]
fn a_context_that_is_summarised_twice_breaks_the_seventh() {
    assert_eq!(found_after(|e| e.witnessed.summarised.push(e.witnessed.summarised[0].clone())), ["Q7"]);
    assert_eq!(found_after(|e| e.witnessed.summaries_of_nothing = 1), ["Q7"]);
    assert_eq!(found_after(|e| e.witnessed.told.push(e.witnessed.told[0].clone())), ["Q7"]);
}

#[test]
fn a_logout_that_waits_for_context_svc_breaks_the_eighth() {
    assert_eq!(found_after(|e| e.ledger.logouts_away = vec![Duration::from_secs(1); ENOUGH]), ["Q8"]);
}

#[test]
fn a_message_that_is_gone_twice_there_or_never_read_breaks_the_ninth() {
    assert_eq!(found_after(|e| e.witnessed.messages.clear()), ["Q9"]);
    assert_eq!(found_after(|e| e.witnessed.messages.push(e.witnessed.messages[0].clone())), ["Q9"]);
    assert_eq!(found_after(|e| e.witnessed.messages[0].text = "bye".into()), ["Q9"]);
    let unread = |evidence: &mut Evidence| {
        evidence.ledger.triggers.clear();
        let kept = &mut evidence.witnessed.conversations[0];
        (kept.done, kept.extracted_to, kept.context_seq) = (0, 0, None);
    };
    assert_eq!(found_after(unread), ["Q9"]);
}

#[test]
fn what_was_deleted_may_only_come_back_by_a_try_that_was_never_answered() {
    assert_eq!(found_after(|e| _ = e.ledger.deletions.insert(talk())), ["deletion"]);
    assert_eq!(found_after(|e| e.witnessed.told[0].1 = "gone".into()), ["deletion"]);
    let unanswered = |evidence: &mut Evidence| {
        evidence.ledger.deletions.insert(talk());
        evidence.ledger.unknown.insert("u/m1".into());
    };
    assert!(found_after(unanswered).is_empty());
}

#[test]
fn what_is_lost_or_doubled_is_counted() {
    let counted = |spoil: fn(&mut Evidence)| {
        let mut evidence = right();
        spoil(&mut evidence);
        let report = evidence.report(&Plan { seed: 1, seconds: 1, faults: vec![] });
        (report.lost, report.doubled)
    };

    assert_eq!(counted(|e| e.witnessed.messages.clear()), (1, 0));
    assert_eq!(counted(|e| e.ledger.triggers[0].watermark = 2), (1, 0));
    assert_eq!(counted(|e| e.witnessed.commits.push(e.witnessed.commits[0].clone())), (0, 1));
}

#[test]
fn a_message_after_those_that_were_given_up_is_not_excused() {
    let given_up = |evidence: &mut Evidence| {
        evidence.ledger.triggers.clear();
        let kept = &mut evidence.witnessed.conversations[0];
        (kept.state, kept.reason, kept.want) = ("DEAD".into(), Some("POISON".into()), 0);
        (kept.done, kept.extracted_to, kept.context_seq) = (0, 0, None);
    };

    assert_eq!(found_after(given_up), ["Q9"]);
}

#[test]
fn a_job_that_gives_up_for_another_reason_than_kills_breaks_the_first() {
    let failed = |evidence: &mut Evidence| {
        let kept = &mut evidence.witnessed.conversations[0];
        (kept.state, kept.reason) = ("DEAD".into(), Some("PANIC".into()));
    };

    assert_eq!(found_after(failed), ["Q1"]);
}

#[test]
fn a_dead_letter_with_a_reason_is_no_breach_and_is_reported() {
    let mut evidence = right();
    let kept = &mut evidence.witnessed.conversations[0];
    (kept.state, kept.reason) = ("DEAD".into(), Some("POISON".into()));
    (kept.done, kept.extracted_to, kept.context_seq) = (0, 0, None);

    let report = evidence.report(&Plan { seed: 1, seconds: 1, faults: vec![] });

    assert_eq!((report.violations, report.dead["POISON"]), (vec![], 1));
}
