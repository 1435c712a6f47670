use kit::telemetry::metrics::page;

use super::*;
use crate::domain::hashing::{Cost, Room};

/// Everything that can be counted has been.
fn full_page() -> String {
    let registry = Registry::new("auth-svc");
    let metrics = Metrics::new(&registry);
    let cost = Cost { memory_kib: 64, iterations: 1, lanes: 1 };
    Metrics::show_hashing(&registry, &Hasher::new(cost, Room { running: 1, waiting: 1 }).unwrap());
    metrics.outbox_is(0, Duration::ZERO);
    metrics.store_failed("relay");
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
