//! The report for people: the Markdown tables of docs/performance.md.

use std::fmt::Write;

use serde_json::Value;

/// A heading, and a row for each entry of the object at a path; its name, then the values at the paths below it.
struct Table {
    at: &'static str,
    heading: &'static str,
    columns: &'static [&'static str],
}

const TABLES: [Table; 9] = [
    calls("/schedule/queued", "ScheduleExtraction, job queued: clients"),
    calls("/schedule/merged", "ScheduleExtraction, merged: clients"),
    calls("/schedule/celery_delay/appendfsync always", "`.delay()`, `appendfsync always`: clients"),
    calls("/schedule/celery_delay/appendfsync everysec", "`.delay()`, `appendfsync everysec`: clients"),
    calls("/schedule/celery_delay/as installed", "`.delay()`, Redis as installed: clients"),
    Table {
        at: "/work_of_the_service",
        heading: "worker slots | jobs a second | processor ms a job",
        columns: &["/per_second", "/processor_ms_a_job"],
    },
    Table {
        at: "/work_of_the_store_alone",
        heading: "workers on the store alone | jobs a second | claim p50 ms | claim p99 ms | complete p50 ms | complete p99 ms",
        columns: &[
            "/completes/per_second",
            "/claims/p50_ms",
            "/claims/p99_ms",
            "/completes/p50_ms",
            "/completes/p99_ms",
        ],
    },
    Table {
        at: "/depth",
        heading: "queue | pending | claim p50 ms | claim p99 ms | enqueue p99 ms | complete p99 ms | resident MB | peak MB",
        columns: &[
            "/pending",
            "/claim/p50_ms",
            "/claim/p99_ms",
            "/enqueue/p99_ms",
            "/complete/p99_ms",
            "/resident_mb",
            "/peak_mb",
        ],
    },
    Table {
        at: "/killed",
        heading: "worker and queue killed | acknowledged | never done | begun twice | done twice | last done after s",
        columns: &["/acknowledged", "/never_done", "/begun_twice", "/done_twice", "/last_done_after_s"],
    },
];

const fn calls(at: &'static str, heading: &'static str) -> Table {
    Table { at, heading, columns: &["/per_second", "/p50_ms", "/p99_ms", "/max_ms", "/failed"] }
}

/// What has no row of its own because there is one of it.
const LINES: [(&str, &str); 3] = [
    ("/depth/long_against_short", "long queue against short"),
    ("/recovery", "recovery after kill -9"),
    ("/recovery_default_lease", "recovery after kill -9, lease as it comes"),
];

/// Everything that was measured.
pub(super) fn render(report: &Value) -> String {
    let mut text = String::new();
    for table in &TABLES {
        if let Some(Value::Object(rows)) = report.pointer(table.at) {
            render_table(&mut text, table, rows);
        }
    }
    for (at, name) in LINES {
        if let Some(Value::Object(fields)) = report.pointer(at) {
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key} {}", shown(Some(value)))).collect();
            let _ = writeln!(text, "\n{name}: {}", fields.join(", "));
        }
    }
    text
}

fn render_table(text: &mut String, table: &Table, rows: &serde_json::Map<String, Value>) {
    let latencies = if table.heading.contains('|') { "" } else { " | a second | p50 ms | p99 ms | max ms | failed" };
    let _ = writeln!(text, "\n| {}{latencies} |\n|{}", table.heading, "---|".repeat(table.columns.len() + 1));
    for (name, row) in rows {
        let values: Vec<_> = table.columns.iter().map(|column| row.pointer(column)).collect();
        // An entry of another kind, which is shown by itself.
        if values.iter().any(Option::is_some) {
            let values: Vec<_> = values.into_iter().map(shown).collect();
            let _ = writeln!(text, "| {name} | {} |", values.join(" | "));
        }
    }
}

/// A latency to the hundredth of a millisecond; a dash for what never came.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Number(number)) => {
            number.as_f64().map_or_else(String::new, |number| crate::round(number).to_string())
        }
        Some(other) => other.to_string(),
    }
}
