//! Where the instruments of one service are made, and the page they are read on.

use std::collections::BTreeMap;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, TextEncoder};

use super::{Counter, Declared, Gauge, Histogram, Level, MetricKind};
use crate::serve::{Health, Part};

/// The label by which services that share a page are told apart.
const SERVICE: &str = "service.name";

pub(super) const BUILD: Declared =
    Declared::gauge("afterword.build.info", "Always 1; the label says which version runs.").by(&["version"]);

pub(super) const PART_READY: Declared = Declared::gauge(
    "afterword.part.ready",
    "Whether a part of the service works, if badly; while one is 0 the service is not ready.",
)
.by(&["part"]);

pub(super) const PART_DEGRADED: Declared = Declared::gauge(
    "afterword.part.degraded",
    "Whether a part of the service works badly; /readyz says why, and the service still takes work.",
)
.by(&["part"]);

/// The instruments of one service. Clones share them.
#[derive(Clone)]
pub struct Registry {
    meter: Meter,
    collected: prometheus::Registry,
    /// Collects for as long as it lives.
    _provider: SdkMeterProvider,
}

impl Registry {
    /// Nothing is counted yet. `service` stands on every line of the page.
    pub fn new(service: &'static str) -> Self {
        let collected = prometheus::Registry::new();
        let named = Resource::builder_empty().with_attribute(KeyValue::new(SERVICE, service)).build();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(collected.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .with_resource_selector(std::collections::HashSet::from([Key::new(SERVICE)]))
            .build();
        let provider = SdkMeterProvider::builder().with_resource(named);
        let provider = match reader {
            Ok(reader) => provider.with_reader(reader).build(),
            Err(error) => {
                // A registry that was made a moment ago has no other collector; should it refuse, there is no page.
                tracing::error!(error = &error as &dyn std::error::Error, "metrics cannot be collected");
                provider.build()
            }
        };
        let meter = provider.meter(service);
        let registry = Self { meter, collected, _provider: provider };
        registry.gauge(&BUILD).set_as(1.0, [env!("CARGO_PKG_VERSION").into()]);
        registry
    }

    /// Makes what counts `declared`.
    pub fn counter(&self, declared: &Declared) -> Counter {
        debug_assert_eq!(declared.kind, MetricKind::Counter, "{}", declared.name);
        let counter = self.meter.u64_counter(declared.name).with_description(declared.help).with_unit(declared.unit);
        Counter { counter: counter.build(), labels: declared.labels }
    }

    /// Makes what sets `declared`.
    pub fn gauge(&self, declared: &Declared) -> Gauge {
        debug_assert_eq!(declared.kind, MetricKind::Gauge, "{}", declared.name);
        let gauge = self.meter.f64_gauge(declared.name).with_description(declared.help).with_unit(declared.unit);
        Gauge { gauge: gauge.build(), labels: declared.labels }
    }

    /// Makes what raises and lowers `declared`, which has no labels.
    pub fn level(&self, declared: &Declared) -> Level {
        debug_assert_eq!(declared.kind, MetricKind::Gauge, "{}", declared.name);
        let level = self.meter.i64_up_down_counter(declared.name).with_description(declared.help).build();
        level.add(0, &[]);
        Level { level: level.into() }
    }

    /// Makes what records `declared`.
    pub fn histogram(&self, declared: &Declared) -> Histogram {
        let histogram = self.meter.f64_histogram(declared.name).with_description(declared.help);
        let histogram = match declared.kind {
            MetricKind::Histogram(bounds) => histogram.with_unit(declared.unit).with_boundaries(bounds.to_vec()),
            MetricKind::Counter | MetricKind::Gauge => histogram,
        };
        Histogram { histogram: histogram.build(), labels: declared.labels }
    }

    /// Asks `value` for `declared`, which has no labels, whenever the page is read. It must answer at once.
    pub fn observe(&self, declared: &Declared, value: impl Fn() -> f64 + Send + Sync + 'static) {
        let gauge = self.meter.f64_observable_gauge(declared.name).with_description(declared.help);
        gauge.with_unit(declared.unit).with_callback(move |observed| observed.observe(value(), &[])).build();
    }

    /// Shows the parts of `health`.
    pub fn show(&self, health: &Health) {
        self.show_parts(&PART_READY, health, |part| !matches!(part, Part::NotReady(_)));
        self.show_parts(&PART_DEGRADED, health, |part| matches!(part, Part::Degraded(_)));
    }

    fn show_parts(&self, declared: &Declared, health: &Health, is_so: fn(&Part) -> bool) {
        let (health, label) = (health.clone(), declared.labels[0]);
        let gauge = self.meter.f64_observable_gauge(declared.name).with_description(declared.help);
        let shown = gauge.with_callback(move |observed| {
            for (name, part) in health.parts() {
                observed.observe(f64::from(u8::from(is_so(&part))), &[KeyValue::new(label, name)]);
            }
        });
        shown.build();
    }
}

/// The page of all `registries`: each metric once, with the lines of every service that has it.
pub fn page(registries: &[Registry]) -> String {
    let mut families: BTreeMap<String, MetricFamily> = BTreeMap::new();
    for mut family in registries.iter().flat_map(|registry| registry.collected.gather()) {
        match families.get_mut(family.name()) {
            Some(known) => known.mut_metric().append(&mut family.take_metric()),
            None => _ = families.insert(family.name().to_owned(), family),
        }
    }
    let families: Vec<_> = families.into_values().collect();
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&families, &mut text) {
        tracing::error!(error = &error as &dyn std::error::Error, "metrics cannot be written");
    }
    String::from_utf8_lossy(&text).into_owned()
}
