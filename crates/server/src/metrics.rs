//! `/metrics` in the Prometheus text format. Labels are few and fixed: no workspace, no client, nothing a stranger can multiply.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    /// The route as it is written in `routes`, or `none`.
    pub(crate) route: String,
    /// The status.
    pub(crate) status: u16,
}

/// One token that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Issued {
    /// The grant type.
    pub(crate) grant_type: &'static str,
}

/// The counters of this process.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Answered, Counter>,
    pub(crate) seconds: Histogram,
    pub(crate) in_flight: Gauge,
    pub(crate) workspaces: Gauge,
    pub(crate) tokens: Family<Issued, Counter>,
    pub(crate) failed_logins: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
        let mut metrics = Self {
            registry: Registry::with_prefix("grantry"),
            requests: Family::default(),
            seconds: Histogram::new(buckets),
            in_flight: Gauge::default(),
            workspaces: Gauge::default(),
            tokens: Family::default(),
            failed_logins: Counter::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("http_requests", "Requests answered, by route and status", metrics.requests.clone());
        registry.register("http_request_duration_seconds", "Time to answer a request", metrics.seconds.clone());
        registry.register("http_requests_in_flight", "Requests being answered", metrics.in_flight.clone());
        registry.register("workspaces_open", "Workspaces kept in memory", metrics.workspaces.clone());
        registry.register("access_tokens_issued", "Access tokens issued, by grant type", metrics.tokens.clone());
        registry.register(
            "login_failures",
            "User names and passwords that were refused",
            metrics.failed_logins.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// The text of `/metrics`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(fmt::Error) => String::new(),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
