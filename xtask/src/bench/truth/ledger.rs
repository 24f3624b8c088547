//! What the server really did.

use serde_json::json;

use crate::bench::stats::quantile;

/// Instants of receipt that are told; as many as users are ever released together.
const RECEIPTS: usize = 1000;
/// Records of each kind; a run that goes on and on must not fill memory.
const MOST: usize = 4_000_000;

/// Records since they were last taken, in nanoseconds.
#[derive(Default)]
pub(super) struct Ledger {
    requests: u64,
    receipts: Vec<u64>,
    held: Vec<u64>,
    first_tokens: Vec<u64>,
    gaps: Vec<u64>,
    frozen: u64,
}

fn push(list: &mut Vec<u64>, value: u64) {
    if list.len() < MOST {
        list.push(value);
    }
}

impl Ledger {
    /// A request of the load was read.
    pub(super) fn received(&mut self, at_ns: u64) {
        self.requests += 1;
        if self.receipts.len() < RECEIPTS {
            self.receipts.push(at_ns);
        }
    }

    /// It was held for so long.
    pub(super) fn held(&mut self, ns: u64) {
        push(&mut self.held, ns);
    }

    /// The first token of a stream was written so long after the request was read.
    pub(super) fn first_token(&mut self, ns: u64) {
        push(&mut self.first_tokens, ns);
    }

    /// A token was written so long after the one before it.
    pub(super) fn gap(&mut self, ns: u64) {
        push(&mut self.gaps, ns);
    }

    /// Everything stood still for so long.
    pub(super) fn froze(&mut self, ns: u64) {
        self.frozen += ns;
    }

    /// As JSON, times in milliseconds.
    pub(super) fn told(mut self) -> String {
        let times = |list: &mut Vec<u64>| {
            list.sort_unstable();
            let ms = |q| quantile(list, q).map(|ns| *ns as f64 / 1e6);
            json!({ "n": list.len(), "p50": ms(0.50), "p95": ms(0.95), "p99": ms(0.99), "max": ms(1.0) })
        };
        json!({
            "requests": self.requests,
            "first_ns": self.receipts.first(),
            "receipts": self.receipts.len(),
            "receipts_last_ns": self.receipts.last(),
            "held": times(&mut self.held),
            "ttft": times(&mut self.first_tokens),
            "itl": times(&mut self.gaps),
            "frozen_ms": self.frozen as f64 / 1e6,
        })
        .to_string()
    }
}
