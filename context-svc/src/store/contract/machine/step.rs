//! What can happen in a story, and how often.

use std::fmt;

use proptest::prelude::*;
use proptest::strategy::Union;

use super::model::Model;
use crate::domain::model::{Cause, ConversationKey, JobState};
use crate::store::contract::language::key;

/// A conversation of the story: `u1/c2`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) user: u8,
    pub(super) talk: u8,
}

impl Place {
    /// All that a story is about: two users with two conversations each, so that jobs meet.
    pub(super) const ALL: [Self; 4] = [Self::of(1, 1), Self::of(1, 2), Self::of(2, 1), Self::of(2, 2)];

    const fn of(user: u8, talk: u8) -> Self {
        Self { user, talk }
    }

    pub(super) fn key(self) -> ConversationKey {
        key(&user_name(self.user), &format!("c{}", self.talk))
    }

    /// The place of a key that a store answered.
    pub(super) fn found(key: &ConversationKey) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.key() == *key)
    }
}

pub(super) fn user_name(user: u8) -> String {
    format!("u{user}")
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}/c{}", self.user, self.talk)
    }
}

/// One message of an append: `m3 USER`. The number is its client id, so that it may have been there before.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) client: u8,
    pub(super) by_user: bool,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{} {}", self.client, if self.by_user { "USER" } else { "ASSISTANT" })
    }
}

/// What a worker says of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again in so many seconds.
    Retry(i64),
    /// Try again in so many seconds, and do not count it.
    Snooze(i64),
    GivenUp,
}

/// A claim that workers still know of, counted back from the newest.
pub(super) type Back = usize;

/// One thing that happens. All of them can happen at any moment, so that any part of a story is a story.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Append {
        to: Place,
        session: u8,
        says: Vec<Said>,
    },
    Enqueue {
        of: Place,
        cause: Cause,
    },
    EnqueueSession {
        user: u8,
        session: u8,
        cause: Cause,
    },
    Claim {
        worker: u8,
        capped: Option<u8>,
    },
    Heartbeat(Back),
    SecondsPass(i64),
    /// All that was asked for at the claim, but for the last `left_out` messages.
    Complete {
        claim: Back,
        left_out: i64,
    },
    Fail(Back, Verdict),
    Release(Back),
    /// What was read before is to be read again, as many as that.
    Reread {
        of_user: Option<u8>,
        at_most: usize,
    },
    Cancel(Place),
    Redrive(Place),
    Delete(Place),
    Backlog {
        of: Place,
        measured: u64,
    },
    /// Whoever has been silent so long is enqueued, as many as that.
    Sweep {
        silent: i64,
        at_most: usize,
    },
    /// Every worker is gone, and the store is closed and opened again.
    Crash,
    /// Whoever held that claim, which is no longer in force, tries all it could do with it.
    Zombie(Back),
}

impl Step {
    /// Whose messages and contexts are to be looked at afterwards. After a crash everybody's.
    pub(super) fn may_change_memory_of(&self) -> Vec<u8> {
        match self {
            Self::Append { to: place, .. } | Self::Enqueue { of: place, .. } => vec![place.user],
            Self::Cancel(place) | Self::Redrive(place) | Self::Delete(place) => vec![place.user],
            Self::EnqueueSession { user, .. } => vec![*user],
            Self::SecondsPass(_) | Self::Backlog { .. } | Self::Claim { .. } | Self::Heartbeat(_) => vec![],
            Self::Complete { .. } | Self::Sweep { .. } | Self::Crash | Self::Zombie(_) => vec![1, 2],
            Self::Fail(..) | Self::Release(_) | Self::Reread { .. } => vec![],
        }
    }
}

/// What may come next. Workers are only let at claims while there are some.
pub(super) fn next(model: &Model) -> Union<BoxedStrategy<Step>> {
    let mut choices = vec![
        (8, append()),
        (6, (place(), cause()).prop_map(|(of, cause)| Step::Enqueue { of, cause }).boxed()),
        (2, enqueue_session()),
        (7, claim()),
        (4, prop::sample::select(&[60, 30, 19, 4, 1][..]).prop_map(Step::SecondsPass).boxed()),
        (2, reread()),
        (1, place().prop_map(Step::Cancel).boxed()),
        (2, place().prop_map(Step::Redrive).boxed()),
        (1, place().prop_map(Step::Delete).boxed()),
        (1, (place(), 0..4u64).prop_map(|(of, measured)| Step::Backlog { of, measured }).boxed()),
        (1, (0..40i64, 1..4usize).prop_map(|(silent, at_most)| Step::Sweep { silent, at_most }).boxed()),
        (1, Just(Step::Crash).boxed()),
    ];
    if !model.claims.is_empty() {
        choices.extend([
            (7, (back(), left_out()).prop_map(|(claim, left_out)| Step::Complete { claim, left_out }).boxed()),
            (3, (back(), verdict()).prop_map(|(claim, verdict)| Step::Fail(claim, verdict)).boxed()),
            (2, back().prop_map(Step::Heartbeat).boxed()),
            (1, back().prop_map(Step::Release).boxed()),
            (2, back().prop_map(Step::Zombie).boxed()),
        ]);
    }
    let is_running = |place: &Place| model.talks.get(place).is_some_and(|talk| talk.job.state == JobState::Running);
    let running: Vec<_> = Place::ALL.into_iter().filter(is_running).collect();
    if !running.is_empty() {
        choices.push((1, prop::sample::select(running).prop_map(Step::Delete).boxed()));
    }
    if model.claims.iter().any(|claim| model.looks_alive(claim)) {
        choices.push((8, Just(Step::Zombie(0)).boxed()));
    }
    Union::new_weighted(choices)
}

fn place() -> impl Strategy<Value = Place> {
    prop::sample::select(&Place::ALL[..])
}

fn cause() -> impl Strategy<Value = Cause> {
    prop::sample::select(Cause::ALL)
}

/// Mostly the newest.
fn back() -> impl Strategy<Value = Back> {
    prop_oneof![3 => Just(0), 2 => 1..4usize]
}

fn left_out() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 2 => 1..3i64]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        3 => (1..20i64).prop_map(Verdict::Retry),
        1 => (1..20i64).prop_map(Verdict::Snooze),
        2 => Just(Verdict::GivenUp),
    ]
}

fn append() -> BoxedStrategy<Step> {
    let said = (1..16u8, prop::bool::weighted(0.7)).prop_map(|(client, by_user)| Said { client, by_user });
    (place(), 1..3u8, prop::collection::vec(said, 1..4))
        .prop_map(|(to, session, says)| Step::Append { to, session, says })
        .boxed()
}

fn enqueue_session() -> BoxedStrategy<Step> {
    (1..3u8, 1..3u8, cause()).prop_map(|(user, session, cause)| Step::EnqueueSession { user, session, cause }).boxed()
}

fn reread() -> BoxedStrategy<Step> {
    let of_user = prop_oneof![2 => Just(None), 1 => (1..3u8).prop_map(Some)];
    (of_user, 1..4usize).prop_map(|(of_user, at_most)| Step::Reread { of_user, at_most }).boxed()
}

fn claim() -> BoxedStrategy<Step> {
    let capped = prop_oneof![3 => Just(None), 1 => (1..3u8).prop_map(Some)];
    (prop_oneof![3 => Just(1u8), 1 => Just(2)], capped)
        .prop_map(|(worker, capped)| Step::Claim { worker, capped })
        .boxed()
}
