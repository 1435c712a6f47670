//! The report for people: the Markdown tables of docs/performance.md, to be pasted there.

use std::fmt::Write;

use serde_json::{Map, Value};

/// A table of one or more objects of the report, each entry of which is a row.
struct Table {
    heading: &'static [&'static str],
    /// Where the values of a row are in its entry.
    columns: &'static [&'static str],
    /// Where the objects are, and what stands before the names of its entries; nothing if that would go without saying.
    objects: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 5] = [
    Table {
        heading: &["call", "clients", "a second", "p50 ms", "p99 ms", "max ms", "failed"],
        columns: &["/per_second", "/p50_ms", "/p99_ms", "/max_ms", "/failed"],
        objects: &[
            ("/schedule/queued", "`ScheduleExtraction`, a new job"),
            ("/schedule/merged", "`ScheduleExtraction`, merged"),
            ("/schedule/celery_delay/appendfsync always", "`.delay()`, `appendfsync always`"),
            ("/schedule/celery_delay/appendfsync everysec", "`.delay()`, `appendfsync everysec`"),
            ("/schedule/celery_delay/as installed", "`.delay()`, Redis as installed"),
        ],
    },
    Table {
        heading: &["worker slots", "jobs a second", "processor ms a job"],
        columns: &["/per_second", "/processor_ms_a_job"],
        objects: &[("/work_of_the_service", "")],
    },
    Table {
        heading: &["workers on the store alone", "jobs a second", "claim p50 ms", "p99", "complete p50 ms", "p99"],
        columns: &[
            "/completes/per_second",
            "/claims/p50_ms",
            "/claims/p99_ms",
            "/completes/p50_ms",
            "/completes/p99_ms",
        ],
        objects: &[("/work_of_the_store_alone", "")],
    },
    Table {
        heading: &[
            "queue",
            "pending",
            "claim p50 ms",
            "p99",
            "trigger p50 ms",
            "p99",
            "complete p50 ms",
            "p99",
            "resident MB",
            "peak",
        ],
        columns: &[
            "/pending",
            "/claim/p50_ms",
            "/claim/p99_ms",
            "/enqueue/p50_ms",
            "/enqueue/p99_ms",
            "/complete/p50_ms",
            "/complete/p99_ms",
            "/resident_mb",
            "/peak_mb",
        ],
        objects: &[("/depth", "")],
    },
    Table {
        heading: &["killed", "acknowledged", "never done", "begun twice", "done twice", "last done after s"],
        columns: &["/acknowledged", "/never_done", "/begun_twice", "/done_twice", "/last_done_after_s"],
        objects: &[("/killed", "")],
    },
];

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
        let mut rows = String::new();
        for (at, label) in table.objects {
            if let Some(Value::Object(entries)) = report.pointer(at) {
                render_rows(&mut rows, table, label, entries);
            }
        }
        if !rows.is_empty() {
            let heading = table.heading.join(" | ");
            let _ = write!(text, "\n| {heading} |\n|{}\n{rows}", "---|".repeat(table.heading.len()));
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

fn render_rows(rows: &mut String, table: &Table, label: &str, entries: &Map<String, Value>) {
    for (name, entry) in entries {
        let values: Vec<_> = table.columns.iter().map(|column| entry.pointer(column)).collect();
        // An entry of another kind is shown by itself.
        if values.iter().all(Option::is_none) {
            continue;
        }
        let label = if label.is_empty() { String::new() } else { format!("{label} | ") };
        let values: Vec<_> = values.into_iter().map(shown).collect();
        let _ = writeln!(rows, "| {label}{name} | {} |", values.join(" | "));
    }
}

/// To the hundredth; a dash for what there is not.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Number(number)) => {
            number.as_f64().map_or_else(String::new, |number| crate::round(number).to_string())
        }
        Some(other) => other.to_string(),
    }
}
