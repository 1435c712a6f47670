//! Places at which a test may make this process die as if the machine had lost power.
//!
//! Only with the feature `failpoints`, which nothing but the test programs turns on: without it a place costs nothing.
//! `AFTERWORD_DIE_AT=place:count` kills the process when it comes to that place for the `count`-th time.

/// The process has come to `place`.
///
/// Named `noun-verb`, for what has just happened; each name stands in one place.
#[cfg(feature = "failpoints")]
pub fn reached(place: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static DIE_AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let die_at = DIE_AT.get_or_init(|| parse(&std::env::var("AFTERWORD_DIE_AT").ok()?));
    let Some((_, count)) = die_at.as_ref().filter(|(name, _)| name == place) else { return };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        // The signal that no handler, destructor or buffer survives.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // It is delivered before the call returns to this thread; others are to come no further either.
        std::process::abort();
    }
}

/// The process has come to `place`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reached(_place: &'static str) {}

/// How many pages a test lets a store's file have, so that its disk is full after them: `AFTERWORD_STORE_PAGES`, 0 for any.
pub(crate) fn store_pages() -> Option<u32> {
    let set = cfg!(feature = "failpoints").then(|| std::env::var("AFTERWORD_STORE_PAGES").ok()).flatten();
    set.and_then(|pages| pages.parse().ok()).filter(|pages| *pages > 0)
}

#[cfg(feature = "failpoints")]
fn parse(setting: &str) -> Option<(String, u64)> {
    let (place, count) = setting.split_once(':')?;
    Some((place.to_owned(), count.parse().ok().filter(|count| *count > 0)?))
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    use super::*;

    #[test]
    fn a_place_and_a_count_are_read_and_anything_else_is_no_failpoint() {
        assert_eq!(parse("job-claimed:3"), Some(("job-claimed".to_owned(), 3)));
        for nonsense in ["", "job-claimed", "job-claimed:", "job-claimed:0", "job-claimed:x"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
