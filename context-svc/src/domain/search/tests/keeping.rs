//! What is kept between searches is always true.

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn what_is_said_extracted_rejected_and_deleted_is_seen_by_the_next_search() {
    let memory = Memory::new().await;
    assert_eq!(memory.messages("swim").await, [""; 0]);

    memory.hears("c1", vec![user("I want to swim.")]).await;
    assert_eq!((memory.messages("swim").await.len(), memory.items("swim").await.len()), (1, 0));
    memory.remembers("c1").await;
    assert_eq!(memory.items("swim").await, ["I want to swim."]);
    memory.rejects("c1", 0).await;
    assert_eq!(memory.items("swim").await, [""; 0]);
    memory.hears("c1", vec![user("I swim daily.")]).await;
    assert_eq!(memory.messages("swim").await.len(), 2);
    memory.deletes("c1").await;
    assert_eq!(memory.messages("swim").await, [""; 0]);
    memory.hears("c1", vec![user("I like to swim.")]).await;
    assert_eq!(memory.messages("swim").await, ["I like to swim."]);
}

#[tokio::test]
async fn searches_at_once_read_everything_once() {
    let memory = Memory::new().await;
    memory.hears("c1", vec![user("I want to swim.")]).await;

    let searches = (0..8).map(|_| memory.messages("swim"));
    let found = futures::future::join_all(searches).await;

    assert!(found.iter().all(|found| found.len() == 1));
    let slot = memory.search.cache.take(&memory.user, Duration::ZERO);
    let index = slot.lock().await.clone();
    let looked = look(&*memory.store, &memory.user, &index).await.unwrap();
    assert_eq!(looked.found, Freshness::Fresh);
    assert!(Arc::ptr_eq(&looked.index, &index), "nothing is copied when nothing is new");
}

#[tokio::test]
async fn without_a_cache_everything_is_found_all_the_same() {
    let memory = Memory::keeping(SearchSettings { cache_mib: 0, ..SearchSettings::default() }).await;
    memory.hears("c1", vec![user("I want to swim.")]).await;

    assert_eq!(memory.messages("swim").await.len(), 1);
    assert_eq!(memory.messages("swim").await.len(), 1);
    assert_eq!(memory.search.cache.bytes(), 0);
}

#[tokio::test]
async fn what_nobody_searches_is_forgotten_after_a_while() {
    let memory = Memory::new().await;
    memory.hears("c1", vec![user("I want to swim.")]).await;
    memory.messages("swim").await;
    assert!(memory.search.cache.bytes() > 0);

    let forgetting = tokio::spawn(memory.search.clone().keep_forgetting());
    while memory.search.cache.bytes() > 0 {
        memory.clock.advance(Duration::from_secs(600));
        tokio::task::yield_now().await;
    }

    forgetting.abort();
}

/// Something that happens to a memory; numbers choose conversations, words and items.
#[derive(Debug, Clone)]
enum Event {
    Said(u8, u8),
    Extracted(u8),
    Rejected(u8, u8),
    Deleted(u8),
    Erased,
    Searched,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (0..2_u8, any::<u8>()).prop_map(|(talk, words)| Event::Said(talk, words)),
        8 => (0..2_u8).prop_map(Event::Extracted),
        3 => (0..2_u8, 0..3_u8).prop_map(|(talk, item)| Event::Rejected(talk, item)),
        1 => (0..2_u8).prop_map(Event::Deleted),
        1 => Just(Event::Erased),
        10 => Just(Event::Searched),
    ]
}

const WORDS: [&str; 6] = [
    "I want to swim in the sea.",
    "Ich will nicht mehr rauchen und das ist gut.",
    "我打算明天去报名。",
    "Running!",
    "Je veux apprendre le piano avec ma fille.",
    "Yes.",
];

impl Memory {
    async fn lives(&self, event: Event, index: &mut Arc<Index>) {
        let id = |talk: u8| format!("c{talk}");
        match event {
            Event::Said(talk, words) => {
                let role = if words % 3 == 0 { Role::Assistant } else { Role::User };
                let name = ["", "Anna", "Ben Okri"][usize::from(words) % 3];
                let message = by(role, name, WORDS[usize::from(words) % WORDS.len()]);
                self.append(&id(talk), message).await;
            }
            Event::Extracted(talk) if self.exists(&id(talk)).await => self.remembers(&id(talk)).await,
            Event::Rejected(talk, item) => self.rejects(&id(talk), usize::from(item)).await,
            Event::Deleted(talk) => self.deletes(&id(talk)).await,
            Event::Erased => self.is_erased().await,
            Event::Searched => *index = look(&*self.store, &self.user, index).await.unwrap().index,
            Event::Extracted(_) => {}
        }
    }

    async fn exists(&self, id: &str) -> bool {
        self.store.find_conversation(&self.key(id)).await.unwrap().is_some()
    }

    /// Says it, unless an erased conversation of that id is still there.
    async fn append(&self, id: &str, message: NewMessage) {
        let addition =
            Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages: vec![message] };
        self.store.append(&self.key(id), &addition, &trigger()).await.unwrap();
    }

    async fn is_erased(&self) {
        use crate::domain::model::ErasureRequest;
        use crate::store::ErasureStore;
        let (user_id, at) = (self.user.clone(), day(20));
        let request = ErasureRequest { user_id, request_id: None, closes_account: false, at, again_at: at };
        self.store.begin_erasure(&request).await.unwrap();
        let lease = self.store.claim_erasure(&WorkerId::random(), at, at).await.unwrap();
        while let Some(lease) = &lease
            && self.store.erase_some(lease, 100, at).await.unwrap().is_some_and(|removed| removed > 0)
        {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_index_brought_up_to_date_is_the_one_that_would_be_made_anew(events in prop::collection::vec(event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (updated, anew) = runtime.block_on(async {
            let memory = Memory::new().await;
            let mut index = Arc::default();
            for event in events {
                memory.lives(event, &mut index).await;
            }
            let updated = look(&*memory.store, &memory.user, &index).await.unwrap().index;
            let anew = look(&*memory.store, &memory.user, &Arc::default()).await.unwrap().index;
            (updated, anew)
        });

        prop_assert_eq!(updated.talks().collect::<Vec<_>>(), anew.talks().collect::<Vec<_>>());
        prop_assert_eq!(updated.languages(), anew.languages());
    }
}
