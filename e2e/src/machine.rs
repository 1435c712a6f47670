//! What figures depend on, to be stated beside them.

use std::io::Write;
use std::path::Path;

use kit::clock::monotonic;

/// How many processors there are to share.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// What an acknowledged write costs on the disk of `directory` at least: the median of 100 times 4 KiB and a sync.
pub fn fdatasync_ms(directory: &Path) -> std::io::Result<f64> {
    let mut file = std::fs::File::create(directory.join("fdatasync"))?;
    let mut times = Vec::with_capacity(100);
    for _ in 0..100 {
        let start = monotonic();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[50].as_secs_f64() * 1000.0)
}
