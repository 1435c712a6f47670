//! What the gateway counts. Routes are templates, never paths: what a stranger asks for adds no line to the page.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use kit::telemetry::metrics::{Declared, Histogram, Level, Raised, Registry, SECONDS, Value};

/// What every request for which there is no route is called.
const UNMATCHED: &str = "unmatched";

/// What a method is called that HTTP does not define.
const OTHER_METHOD: &str = "_OTHER";

const REQUESTS: Declared = Declared::duration(
    "http.server.request.duration",
    SECONDS,
    "How long requests took until their answer began, by route; `unmatched` stands for all that have none.",
)
.by(&["http.request.method", "http.route", "http.response.status_code"]);
const SOCKETS: Declared = Declared::gauge("afterword.gateway.sockets.open", "Chat sockets that are open.");

/// All of them, in the order of the documents.
pub const ALL: &[&Declared] = &[&REQUESTS, &SOCKETS];

/// Everything that the gateway counts. Clones count into the same place.
#[derive(Clone)]
pub struct Metrics {
    requests: Histogram,
    sockets: Level,
}

impl Metrics {
    /// Counts on the page of `registry`.
    pub fn new(registry: &Registry) -> Self {
        Self { requests: registry.histogram(&REQUESTS), sockets: registry.level(&SOCKETS) }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: Option<Arc<str>>, status: StatusCode, took: Duration) {
        let route = route.map_or(Value::from(UNMATCHED), |route| Value::String(route.into()));
        let status = i64::from(status.as_u16());
        self.requests.record(took, [method_name(method).into(), route, status.into()]);
    }

    /// A socket was opened. It stays so for as long as what is returned is held.
    pub(crate) fn opens_socket(&self) -> Raised {
        self.sockets.raise()
    }
}

fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => OTHER_METHOD,
    }
}

#[cfg(test)]
mod tests {
    use kit::telemetry::metrics::page;

    use super::*;

    #[test]
    fn the_page_shows_what_is_declared_with_its_labels() {
        let registry = Registry::new("gateway");
        let metrics = Metrics::new(&registry);

        metrics.answered(&Method::GET, Some("/v1/{id}".into()), StatusCode::OK, Duration::ZERO);

        let page = page(&[registry]);
        let on_page: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let mut declared: Vec<_> =
            ALL.iter().map(|each| format!("{} {}", each.page_name(), each.kind.as_str())).collect();
        declared.push("afterword_build_info gauge".to_owned());
        declared.sort();
        assert_eq!(on_page, declared);
        let line = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                    http_response_status_code=\"200\",http_route=\"/v1/{id}\",service_name=\"gateway\"} 1";
        assert!(page.contains(line), "{page}");
    }

    #[test]
    fn whatever_a_stranger_asks_for_is_one_line() {
        let registry = Registry::new("gateway");
        let metrics = Metrics::new(&registry);

        for method in ["BREW", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            metrics.answered(&method, None, StatusCode::NOT_FOUND, Duration::ZERO);
        }

        let page = page(&[registry]);
        let counts: Vec<_> = page.lines().filter(|line| line.contains("duration_seconds_count")).collect();
        assert_eq!(counts.len(), 1, "{counts:?}");
        assert!(counts[0].contains("\"_OTHER\"") && counts[0].contains("\"unmatched\"") && counts[0].ends_with(" 2"));
    }
}
