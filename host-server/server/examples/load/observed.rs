//! What the server's own counters say of a load.

use crate::load::Observer;
use crate::service::Service;

/// Sums over all operations: of the graph, and of the store below it.
#[derive(Default, Clone, Copy)]
struct Sums {
    calls: f64,
    call_seconds: f64,
    store_seconds: f64,
}

pub(crate) struct Observed<'s> {
    service: &'s Service,
    before: Sums,
}

impl<'s> Observed<'s> {
    pub(crate) fn new(service: &'s Service) -> Self {
        Self { service, before: Sums::default() }
    }

    fn sums(&self) -> Sums {
        let response = self.service.send("GET", "/metrics", &[], &[]);
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let sum = |name: &str| -> f64 {
            let values = text.lines().filter_map(|line| line.strip_prefix(name)?.split_once("} "));
            values.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
        };
        Sums {
            calls: sum("ec_graph_call_seconds_count{"),
            call_seconds: sum("ec_graph_call_seconds_sum{"),
            store_seconds: sum("ec_graph_store_seconds_sum{"),
        }
    }
}

impl Observer for Observed<'_> {
    fn begin(&mut self) {
        self.before = self.sums();
    }

    fn end(&mut self) -> Vec<String> {
        let (before, after) = (self.before, self.sums());
        let calls = after.calls - before.calls;
        let mean = |seconds: f64| {
            if calls > 0.0 { format!("{:.2}", seconds * 1_000.0 / calls) } else { String::new() }
        };
        let store = after.store_seconds - before.store_seconds;
        vec![mean(after.call_seconds - before.call_seconds), mean(store)]
    }
}
