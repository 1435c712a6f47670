//! How many exports of their own one user may have under way: each reads all that is held of them.

use std::collections::HashMap;
use std::sync::Arc;

use kit::id::UserId;
use parking_lot::Mutex;

use super::ExportError;

/// So many in one process.
const AT_ONCE: usize = 2;

/// Who exports at present. Clones share it.
#[derive(Clone, Default)]
pub struct AtOnce {
    of_users: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One export under way. Dropped, it is no longer.
pub struct Place {
    at_once: AtOnce,
    user: UserId,
}

impl AtOnce {
    /// A place for one more export of `user`.
    pub fn take(&self, user: &UserId) -> Result<Place, ExportError> {
        let mut of_users = self.of_users.lock();
        let taken = of_users.entry(user.clone()).or_default();
        if *taken >= AT_ONCE {
            return Err(ExportError::TooMany);
        }
        *taken += 1;
        Ok(Place { at_once: self.clone(), user: user.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_users = self.at_once.of_users.lock();
        if let Some(taken) = of_users.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                of_users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_export_too_many_is_refused_until_another_ends() {
        let at_once = AtOnce::default();
        let (alice, bob) = (UserId::parse("alice").unwrap(), UserId::parse("bob").unwrap());
        let (first, second) = (at_once.take(&alice).unwrap(), at_once.take(&alice).unwrap());

        let third = at_once.take(&alice).err();
        let foreign = at_once.take(&bob);
        drop(first);
        let later = at_once.take(&alice);

        assert!(matches!(third, Some(ExportError::TooMany)));
        assert!(foreign.is_ok() && later.is_ok());
        drop((second, foreign, later));
        assert!(at_once.of_users.lock().is_empty());
    }
}
