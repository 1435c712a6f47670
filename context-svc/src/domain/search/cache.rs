//! The indexes of users who searched lately, within a bound.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kit::id::UserId;
use parking_lot::Mutex;

use super::index::Index;

/// Indexes by user, the one not used for longest gives way to others. Clones share them.
///
/// What is in here need not be true: whoever takes an index looks whether something is new.
#[derive(Clone)]
pub(super) struct Cache {
    slots: Arc<Mutex<Slots>>,
}

/// The index of one user. Whoever brings it up to date holds it meanwhile, so that others wait instead of doing the same.
pub(super) type Slot = Arc<tokio::sync::Mutex<Arc<Index>>>;

struct Slots {
    by_user: HashMap<UserId, Kept>,
    /// By the number of their last use.
    by_use: BTreeMap<u64, UserId>,
    uses: u64,
    bytes: usize,
    bytes_max: usize,
    idle_max: Duration,
}

struct Kept {
    slot: Slot,
    bytes: usize,
    used: u64,
    used_at: Duration,
}

impl Cache {
    /// An empty one for `bytes_max` in all, which forgets what was not used for longer than `idle_max`.
    pub(super) fn new(bytes_max: usize, idle_max: Duration) -> Self {
        let slots = Slots { by_user: HashMap::new(), by_use: BTreeMap::new(), uses: 0, bytes: 0, bytes_max, idle_max };
        Self { slots: Arc::new(Mutex::new(slots)) }
    }

    /// The place for the index of `user`, empty if it is not in here. `now` is an uptime.
    pub(super) fn take(&self, user: &UserId, now: Duration) -> Slot {
        let mut slots = self.slots.lock();
        let slots = &mut *slots;
        slots.uses += 1;
        let used = slots.uses;
        let empty = || Kept { slot: Slot::default(), bytes: 0, used, used_at: now };
        let kept = slots.by_user.entry(user.clone()).or_insert_with(empty);
        slots.by_use.remove(&kept.used);
        slots.by_use.insert(used, user.clone());
        (kept.used, kept.used_at) = (used, now);
        kept.slot.clone()
    }

    /// Records how large the index in `slot` is by now, and makes room. Returns how much all of them take.
    pub(super) fn settle(&self, user: &UserId, slot: &Slot, bytes: usize, now: Duration) -> usize {
        let mut slots = self.slots.lock();
        let slots = &mut *slots;
        // Meanwhile it may have been forgotten, and another may be in its place.
        if let Some(kept) = slots.by_user.get_mut(user).filter(|kept| Arc::ptr_eq(&kept.slot, slot)) {
            slots.bytes = slots.bytes - kept.bytes + bytes;
            kept.bytes = bytes;
        }
        slots.make_room(now);
        slots.bytes
    }

    /// Drops what is known of `user` at once. Returns how much is left.
    pub(super) fn forget(&self, user: &UserId) -> usize {
        let mut slots = self.slots.lock();
        slots.remove(user);
        slots.bytes
    }

    /// How much all of them take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.slots.lock().bytes
    }

    /// Drops what was not used for too long. Returns how much is left.
    pub(super) fn forget_idle(&self, now: Duration) -> usize {
        let mut slots = self.slots.lock();
        slots.make_room(now);
        slots.bytes
    }
}

impl Slots {
    fn make_room(&mut self, now: Duration) {
        while let Some((_, user)) = self.by_use.first_key_value() {
            let used_at = self.by_user.get(user).map_or(Duration::ZERO, |kept| kept.used_at);
            let is_idle = now.saturating_sub(used_at) > self.idle_max;
            if self.bytes <= self.bytes_max && !is_idle {
                return;
            }
            let user = user.clone();
            self.remove(&user);
        }
    }

    fn remove(&mut self, user: &UserId) {
        if let Some(kept) = self.by_user.remove(user) {
            self.by_use.remove(&kept.used);
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn is_in(cache: &Cache, name: &str) -> bool {
        cache.slots.lock().by_user.contains_key(&user(name))
    }

    /// A search of that user, whose index then takes so much.
    fn searches(cache: &Cache, name: &str, bytes: usize, now: Duration) -> Slot {
        let slot = cache.take(&user(name), now);
        cache.settle(&user(name), &slot, bytes, now);
        slot
    }

    #[test]
    fn what_was_not_used_for_longest_gives_way() {
        let cache = Cache::new(100, MINUTE);
        searches(&cache, "a", 40, Duration::ZERO);
        searches(&cache, "b", 40, Duration::ZERO);
        searches(&cache, "a", 45, Duration::ZERO);

        searches(&cache, "c", 50, Duration::ZERO);

        assert!(is_in(&cache, "a") && !is_in(&cache, "b") && is_in(&cache, "c"));
        assert_eq!(cache.forget_idle(Duration::ZERO), 95);
    }

    #[test]
    fn what_is_too_large_by_itself_is_not_kept() {
        let cache = Cache::new(100, MINUTE);
        searches(&cache, "a", 40, Duration::ZERO);

        searches(&cache, "giant", 101, Duration::ZERO);

        assert!(!is_in(&cache, "giant"));
        assert_eq!(cache.forget_idle(Duration::ZERO), 0);
    }

    #[test]
    fn what_is_idle_goes() {
        let cache = Cache::new(100, MINUTE);
        searches(&cache, "a", 40, Duration::ZERO);
        searches(&cache, "b", 40, MINUTE);

        assert_eq!(cache.forget_idle(MINUTE + Duration::from_secs(1)), 40);
        assert!(!is_in(&cache, "a") && is_in(&cache, "b"));
    }

    #[test]
    fn what_was_forgotten_during_a_search_does_not_come_back() {
        let cache = Cache::new(100, MINUTE);
        let searching = cache.take(&user("a"), Duration::ZERO);

        cache.forget(&user("a"));
        let bytes = cache.settle(&user("a"), &searching, 40, Duration::ZERO);

        assert!(!is_in(&cache, "a") && bytes == 0);
        let anew = cache.take(&user("a"), Duration::ZERO);
        assert!(!Arc::ptr_eq(&anew, &searching));
    }
}
