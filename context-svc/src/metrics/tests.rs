use kit::telemetry::metrics::page;

use super::*;
use crate::domain::model::ConversationId;

/// Everything that can be counted has been.
fn full_page() -> String {
    let registry = Registry::new("context-svc");
    let metrics = Metrics::new(&registry);
    metrics.bounds(10, 4);
    let counts = crate::domain::model::QueueCounts { by_state: vec![], due_since: None };
    metrics.queue_is(&QueueStatus { counts, oldest_ready_age: None, degraded: vec![] });
    drop(metrics.claimed());
    metrics.completed(Committed::Done, Duration::ZERO);
    metrics.context_saved(&SessionContext::blank(&ConversationId::parse("c1").unwrap()));
    metrics.failed("PANIC", Fate::Dead, true);
    metrics.model_asked(ModelCall { operation: "extract", provider: "local", took: Duration::ZERO, error: None });
    metrics.summary_failed(Fate::Dead, true);
    metrics.replied(&End::Stored { seq: 2, is_cut: false });
    metrics.first_word(Duration::ZERO);
    metrics.search_cache_is(1);
    metrics.heartbeat_failed();
    page(&[registry])
}

#[test]
fn the_page_shows_what_is_declared_and_nothing_else() {
    let page = full_page();

    let on_page: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut declared: Vec<_> = ALL.iter().map(|each| format!("{} {}", each.page_name(), each.kind.as_str())).collect();
    declared.push("afterword_build_info gauge".to_owned());
    declared.sort();
    assert_eq!(on_page, declared);
    for each in ALL {
        assert!(page.contains(&format!("# HELP {} {}", each.page_name(), each.help)), "{}", each.name);
    }
}

#[test]
fn every_line_has_the_labels_that_are_declared_and_its_service() {
    let page = full_page();

    for each in ALL {
        let lines = page.lines().filter(|line| line.starts_with(&format!("{}{{", each.page_name())));
        for line in lines {
            let labels = line.split_once('{').unwrap().1.split_once('}').unwrap().0;
            let mut names: Vec<_> = labels.split(',').map(|pair| pair.split_once('=').unwrap().0.to_owned()).collect();
            let mut declared = each.page_labels();
            declared.push("service_name".to_owned());
            names.sort();
            declared.sort();
            assert_eq!(names, declared, "{line}");
        }
    }
}

#[test]
fn a_failure_whose_lease_was_lost_gave_nothing_up() {
    let registry = Registry::new("context-svc");

    Metrics::new(&registry).failed("PANIC", Fate::Dead, false);

    let page = page(&[registry]);
    assert!(page.contains("afterword_queue_lease_lost_total{service_name=\"context-svc\"} 1"), "{page}");
    assert!(!page.contains("afterword_queue_dead_total{reason=\"PANIC\""), "{page}");
}
