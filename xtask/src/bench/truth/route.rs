//! What the server does with a path.
//!
//! | path | answer |
//! |---|---|
//! | `/small` | at once |
//! | `/chat` | at once, a JSON document with a new session and the request's body in it |
//! | `/fixed/MICROSECONDS` | after that time |
//! | `/mixed` | after 2 ms, one of 19 after 40 ms |
//! | `/stream/TOKENS/FIRST/GAP` | tokens as server-sent events, the first after `FIRST` µs, then every `GAP` µs |
//! | `/control/freeze/AFTER/FOR` | stops everything for `FOR` ms, `AFTER` ms after the next request |
//! | `/control/take` | what has been recorded, which is then forgotten |

use super::wire::Request;

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Hold it and answer.
    Load {
        hold_ns: u64,
        route: Route,
    },
    /// Stream.
    Stream {
        first_ns: u64,
        gap_ns: u64,
        tokens: u32,
    },
    Freeze {
        after_ns: u64,
        for_ns: u64,
    },
    Take,
    Unknown,
}

/// Which answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Small,
    Chat,
}

/// One request of so many is slow in the mixture: 5.3 %. With 5 % sharp the 95th percentile would lie on the very edge between
/// fast and slow, and a single request more or less would decide it.
const SLOW_ONE_OF: u64 = 19;
const FAST_NS: u64 = 2_000_000;
const SLOW_NS: u64 = 40_000_000;

/// Which requests of the mixture are slow: one of each 19, at a random place among them. Independent choices would put the 95th
/// percentile of a short run on either side of the edge.
pub(super) struct Mixture {
    dice: u64,
    /// Place among the 19, and that of the slow one.
    at: u64,
    slow: u64,
}

impl Default for Mixture {
    fn default() -> Self {
        Self { dice: 0x9e37_79b9_7f4a_7c15, at: 0, slow: 0 }
    }
}

impl Mixture {
    fn hold_ns(&mut self) -> u64 {
        if self.at == 0 {
            self.slow = roll(&mut self.dice) % SLOW_ONE_OF;
        }
        let is_slow = self.at == self.slow;
        self.at = (self.at + 1) % SLOW_ONE_OF;
        if is_slow { SLOW_NS } else { FAST_NS }
    }
}

/// Decides.
pub(super) fn plan(request: &Request<'_>, mixture: &mut Mixture) -> Plan {
    let mut words = request.path.trim_start_matches('/').split('/');
    let name = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let number = |at: usize| rest.get(at).and_then(|word| word.parse::<u64>().ok());
    let at_once = |route| Plan::Load { hold_ns: 0, route };
    match (name, rest.first(), number(0), number(1), number(2)) {
        ("small", None, ..) => at_once(Route::Small),
        ("chat", None, ..) => at_once(Route::Chat),
        ("fixed", _, Some(us), ..) => Plan::Load { hold_ns: us * 1000, route: Route::Small },
        ("mixed", None, ..) => Plan::Load { hold_ns: mixture.hold_ns(), route: Route::Small },
        ("stream", _, Some(tokens), Some(first), Some(gap)) => {
            Plan::Stream { first_ns: first * 1000, gap_ns: gap * 1000, tokens: tokens as u32 }
        }
        ("control", Some(&"freeze"), None, Some(after), Some(length)) => {
            Plan::Freeze { after_ns: after * 1_000_000, for_ns: length * 1_000_000 }
        }
        ("control", Some(&"take"), ..) => Plan::Take,
        _ => Plan::Unknown,
    }
}

/// xorshift64* (Vigna: An experimental exploration of Marsaglia's xorshift generators, scrambled, 2016).
fn roll(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Plan {
        plan(&Request { path, body: b"", length: 0 }, &mut Mixture::default())
    }

    #[test]
    fn paths_by_table() {
        let load = |hold_ns, route| Plan::Load { hold_ns, route };
        for (path, expected) in [
            ("/small", load(0, Route::Small)),
            ("/chat", load(0, Route::Chat)),
            ("/fixed/1000", load(1_000_000, Route::Small)),
            ("/stream/50/20000/1000", Plan::Stream { first_ns: 20_000_000, gap_ns: 1_000_000, tokens: 50 }),
            ("/control/freeze/4500/1050", Plan::Freeze { after_ns: 4_500_000_000, for_ns: 1_050_000_000 }),
            ("/control/take", Plan::Take),
            ("/fixed/soon", Plan::Unknown),
            ("/", Plan::Unknown),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn the_mixture_is_slow_as_often_as_it_says() {
        let mut mixture = Mixture::default();
        for block in 0..100 {
            let slow = (0..SLOW_ONE_OF).filter(|_| mixture.hold_ns() == SLOW_NS).count();
            assert_eq!(slow, 1, "block {block}");
        }
    }
}
