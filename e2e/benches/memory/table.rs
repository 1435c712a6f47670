//! The report for people: the Markdown tables of docs/performance.md, to be pasted there.

use std::fmt::Write;

use serde_json::Value;

/// Everything that was measured.
pub(super) fn render(report: &Value) -> String {
    let mut text = String::from("\n| call | calls | p50 ms | p99 ms | max ms | failed |\n|---|---|---|---|---|---|\n");
    rows(&mut text, "", &report["calls"]);
    rows(&mut text, "everybody: ", &report["crowd"]);
    let _ = writeln!(text, "\nfirst after a restart: {}", report["first_after_restart"]);
    let _ = writeln!(text, "\nmemory: {}", report["crowd"]["resident_mb"]);
    text
}

fn rows(text: &mut String, of: &str, calls: &Value) {
    for (name, figures) in calls.as_object().into_iter().flatten() {
        if figures["p99_ms"].is_number() {
            let columns = ["calls", "p50_ms", "p99_ms", "max_ms", "failed"].map(|column| figures[column].to_string());
            let _ = writeln!(text, "| {of}{name} | {} |", columns.join(" | "));
        }
    }
}
