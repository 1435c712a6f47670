//! How long to wait before trying again.

use std::time::Duration;

/// The wait before try `attempt + 1`, after `attempt` failures (1, 2, …): `base` doubled each time, never over `ceiling`,
/// times a random factor of 0.5 to 1 so that many callers do not come back at once.
///
/// "Equal jitter" of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
pub fn backoff(attempt: u32, base: Duration, ceiling: Duration) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    let full = base.saturating_mul(1 << doublings).min(ceiling);
    full.mul_f64(0.5 + crate::id::fraction() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_ceiling_with_half_of_it_random() {
        let (base, ceiling) = (Duration::from_secs(2), Duration::from_secs(900));
        for (attempt, full) in [(1, 2), (2, 4), (5, 32), (9, 512), (10, 900), (1000, 900)] {
            let full = Duration::from_secs(full);
            let wait = backoff(attempt, base, ceiling);
            assert!(wait >= full / 2 && wait <= full, "attempt {attempt}: {wait:?} of {full:?}");
        }
    }
}
