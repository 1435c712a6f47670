//! The way it was: the caller of logout waits for the extraction.

use std::time::Duration;

use afterword::client::Login;
use e2e::Processes;
use kit::clock::monotonic;
use kit::process::Failure;

use crate::seed::Seeded;

/// The median time in milliseconds from asking to log out until the conversation is extracted, for `count` users one by one.
pub(super) async fn measure(world: &Processes, seeded: &Seeded, count: usize) -> Result<f64, Failure> {
    let client = world.client();
    let mut times = Vec::with_capacity(count);
    for (token, watcher, conversation) in seeded.last(count) {
        let (leaving, watching) = (Login::with_token(&client, &token), Login::with_token(&client, &watcher));
        let start = monotonic();
        leaving.logout().await?;
        while watching.extraction(&conversation).await?["state"] != "DONE" {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[count / 2].as_secs_f64() * 1000.0)
}
