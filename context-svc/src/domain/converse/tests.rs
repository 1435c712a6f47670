//! Replies, told with a coach who says what the story has him say.

use std::collections::VecDeque;

use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::*;
use crate::domain::append::Draft;
use crate::domain::model::{ClientId, ConversationId, Role};
use crate::domain::schedule::{Schedule, ScheduleSettings};
use crate::llm::{Piece, Question};
use crate::store::SqliteStore;

mod answers;
mod troubles;

type Said = Result<Piece, ModelError>;

/// A coach who answers each question as the story goes on.
#[derive(Default)]
struct ScriptedCoach {
    asked: watch::Sender<Vec<Question>>,
    answers: Mutex<VecDeque<BoxStream<'static, Said>>>,
}

impl Coach for ScriptedCoach {
    fn provider(&self) -> &'static str {
        "scripted"
    }

    fn reply(&self, question: Question) -> BoxStream<'static, Said> {
        self.asked.send_modify(|asked| asked.push(question));
        self.answers.lock().pop_front().expect("the story has an answer to every question")
    }
}

/// An answer on its way from the coach. Dropped, it is broken off.
struct Answer(mpsc::UnboundedSender<Said>);

impl Answer {
    fn says(&self, words: &str) {
        self.0.send(Ok(Piece::Words(words.to_owned()))).expect("somebody listens");
    }

    fn ends(self, text: &str) {
        self.0.send(Ok(Piece::Whole { text: text.to_owned(), is_cut: false })).expect("somebody listens");
    }

    fn fails(self, error: ModelError) {
        self.0.send(Err(error)).expect("somebody listens");
    }

    /// Nobody listens any more.
    async fn is_given_up(&self) {
        self.0.closed().await;
    }
}

/// A store, a coach, and time that stands still.
struct Story {
    replies: Replies,
    append: Append,
    store: Arc<dyn Store>,
    coach: Arc<ScriptedCoach>,
    clock: TestClock,
    lifecycle: Lifecycle,
}

fn terms() -> Terms {
    Terms {
        prompt: "Be kind.".to_owned(),
        context_tokens: 1000,
        history_messages: 40,
        history_tokens: 3000,
        concurrency: 2,
        first_word: Duration::from_secs(30),
        whole: Duration::from_secs(90),
        drain: Duration::from_secs(5),
    }
}

impl Story {
    async fn begin() -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
        let clock = TestClock::frozen_at("2026-03-10T09:00:00Z".parse::<Timestamp>().unwrap());
        let shared: SharedClock = Arc::new(clock.clone());
        let bell = Arc::new(Notify::new());
        let schedule = Schedule::new(store.clone(), shared.clone(), bell, ScheduleSettings::default());
        let append = Append::new(store.clone(), schedule);
        let (coach, lifecycle) = (Arc::new(ScriptedCoach::default()), Lifecycle::new());
        let replies = Replies::new(Converse {
            store: store.clone(),
            append: append.clone(),
            recall: Recall::new(store.clone()),
            coach: coach.clone(),
            terms: terms(),
            clock: shared,
            lifecycle: lifecycle.clone(),
            metrics: Metrics::unread(),
        });
        Self { replies, append, store, coach, clock, lifecycle }
    }

    /// The next question is answered by this.
    fn answer(&self) -> Answer {
        let (answer, said) = mpsc::unbounded_channel();
        self.coach.answers.lock().push_back(UnboundedReceiverStream::new(said).boxed());
        Answer(answer)
    }

    async fn says(&self, key: &ConversationKey, client_id: &str, text: &str) {
        let draft = Draft {
            client_id: ClientId::parse(client_id),
            role: Role::User,
            name: String::new(),
            text: text.to_owned(),
            at: None,
        };
        self.append.append(key, session(), None, vec![draft]).await.unwrap();
    }

    /// Has the conversation answered in; its login session never ends.
    fn reply(&self, key: &ConversationKey) -> Following {
        self.replies.reply(key, Box::pin(std::future::pending()))
    }

    async fn until_asked(&self, times: usize) -> Question {
        let mut asked = self.coach.asked.subscribe();
        let asked = asked.wait_for(|asked| asked.len() >= times).await.unwrap();
        asked[times - 1].clone()
    }

    fn questions(&self) -> usize {
        self.coach.asked.borrow().len()
    }

    async fn texts(&self, key: &ConversationKey) -> Vec<String> {
        let messages = self.store.list_messages(key, 0, 100).await.unwrap();
        messages.into_iter().map(|message| message.text).collect()
    }
}

fn session() -> SessionId {
    SessionId::parse("s1").unwrap()
}

fn talk(user: &str, conversation: &str) -> ConversationKey {
    ConversationKey::new(UserId::parse(user).unwrap(), ConversationId::parse(conversation).unwrap())
}

/// All words up to the end, and the end.
async fn hears(following: &mut Following) -> (String, End) {
    let mut text = String::new();
    let listening = async {
        loop {
            match following.next().await {
                Heard::Words(words) => text += &words,
                Heard::End(end) => return end,
            }
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(20), listening).await.expect("the reply ends");
    (text, end)
}

fn stored(seq: i64) -> End {
    End::Stored { seq, is_cut: false }
}
