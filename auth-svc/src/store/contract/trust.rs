//! Promises of `TrustStore`.

use super::{Fresh, logged_in, logged_out, sid, t};
use crate::domain::feed::{Ended, Ending};

pub(crate) async fn what_ended_since_a_time_is_told(store: Fresh) {
    logged_out(&store, "ada", "before", t(5)).await;
    logged_out(&store, "ada", "at", t(10)).await;
    logged_out(&store, "bob", "after", t(15)).await;
    logged_in(&store, "bob", "alive").await;

    let endings = store.ended_since(t(10)).await.unwrap();

    let ending = |id, at| Ending { what: Ended::Session(sid(id)), at };
    assert_eq!(endings, [ending("at", t(10)), ending("after", t(15))]);
}
