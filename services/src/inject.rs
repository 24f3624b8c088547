//! Small changes for the worse, by amount: what a judgement has to tell from noise. A fault breaks a requirement; this only makes a
//! service a little slower, or a little less reliable.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::every::Every;
use crate::timer::Timer;

/// What is done to each request, but those to `/health`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Inject {
    /// It waits so many milliseconds.
    Sleep(f64),
    /// It hashes so many KiB.
    Cpu(f64),
    /// It waits so many milliseconds, and only one request at a time does so.
    Lock(f64),
    /// It takes so many KiB of memory, writes to all of them and gives them back.
    Alloc(f64),
    /// This share of the questions to `cached-chat` is asked anew although the answer is in the cache, evenly spread.
    Miss(f64),
    /// Each twelfth request waits so many milliseconds.
    Tail(f64),
    /// This share of the requests is answered 500, evenly spread.
    Error(f64),
}

/// What [`Inject::from_str`] understands, for messages and help.
const FORMS: &str = "sleep=MS, cpu=KIB, lock=MS, alloc=KIB, miss=SHARE, tail=MS or error=SHARE";

impl FromStr for Inject {
    type Err = Error;

    /// Reads `NAME=AMOUNT`. Amounts are above 0; shares are at most 0.5, times at most 10 s, KiB at most a million.
    fn from_str(text: &str) -> Result<Self, Error> {
        let error = || Error::BadInject { text: text.to_owned(), known: FORMS };
        let (name, amount) = text.split_once('=').ok_or_else(error)?;
        let amount: f64 = amount.parse().map_err(|_| error())?;
        let (inject, most) = match name {
            "sleep" => (Self::Sleep(amount), 10_000.0),
            "cpu" => (Self::Cpu(amount), 1e6),
            "lock" => (Self::Lock(amount), 10_000.0),
            "alloc" => (Self::Alloc(amount), 1e6),
            "miss" => (Self::Miss(amount), 0.5),
            "tail" => (Self::Tail(amount), 10_000.0),
            "error" => (Self::Error(amount), 0.5),
            _ => return Err(error()),
        };
        if amount > 0.0 && amount <= most { Ok(inject) } else { Err(error()) }
    }
}

/// Each how many-th event makes up a share.
pub(crate) fn each(share: f64) -> u64 {
    (1.0 / share).round().max(1.0) as u64
}

/// One request in so many has a stall.
const TAIL_EACH: u64 = 12;

/// The routes with the change on all of them.
pub(crate) fn wrap(router: Router, inject: Inject, timer: Arc<Timer>) -> Router {
    let turn: Arc<Mutex<()>> = Arc::default();
    let every: Arc<Every> = Arc::default();
    router.layer(from_fn(move |request: Request, next: Next| {
        let (timer, turn, every) = (Arc::clone(&timer), Arc::clone(&turn), Arc::clone(&every));
        async move {
            if request.uri().path() == "/health" {
                return next.run(request).await;
            }
            if let Some(instead) = act(inject, &timer, &turn, &every).await {
                return instead;
            }
            next.run(request).await
        }
    }))
}

/// Does it to one request; gives an answer that takes the place of the service's own.
async fn act(inject: Inject, timer: &Timer, turn: &Mutex<()>, every: &Every) -> Option<Response> {
    let ms = |ms: f64| timer.until(Instant::now() + Duration::from_secs_f64(ms / 1000.0));
    match inject {
        Inject::Sleep(time) => ms(time).await,
        Inject::Lock(time) => {
            let held = turn.lock().await;
            ms(time).await;
            drop(held);
        }
        Inject::Tail(time) => {
            if every.nth(TAIL_EACH) {
                ms(time).await;
            }
        }
        Inject::Cpu(kib) => {
            let mut hash = Sha256::new();
            (0..kib as u64).for_each(|_| hash.update([7; 1024]));
            std::hint::black_box(hash.finalize());
        }
        Inject::Alloc(kib) => {
            // Written to page by page, so that the system really hands it out.
            let mut taken = vec![0_u8; kib as usize * 1024];
            taken.iter_mut().step_by(4096).for_each(|byte| *byte = 7);
            std::hint::black_box(&taken);
        }
        Inject::Error(share) => {
            if every.nth(each(share)) {
                return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response());
            }
        }
        // Only the service itself can do that.
        Inject::Miss(_) => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_checked() {
        assert_eq!("sleep=1.5".parse::<Inject>().unwrap(), Inject::Sleep(1.5));
        assert_eq!("error=0.01".parse::<Inject>().unwrap(), Inject::Error(0.01));
        for wrong in ["sleep", "sleep=", "sleep=-1", "sleep=0", "error=0.6", "miss=nan", "magic=1", "cpu=inf"]
        {
            let error = wrong.parse::<Inject>().unwrap_err().to_string();
            assert!(error.contains("tail=MS"), "{wrong}: {error}");
        }
        assert_eq!([0.5, 0.1, 0.01].map(each), [2, 10, 100]);
    }

    /// No machine hashes 20 MB or writes to 25,000 pages within a millisecond, and each does a thousandth of it.
    #[tokio::test]
    async fn work_and_memory_are_as_much_as_was_asked_for() {
        let (timer, turn, every) = (Timer::new(), Mutex::default(), Every::default());
        for (much, little) in
            [(Inject::Cpu(20_000.0), Inject::Cpu(20.0)), (Inject::Alloc(100_000.0), Inject::Alloc(100.0))]
        {
            let mut took = Vec::new();
            for inject in [much, little] {
                let begun = Instant::now();
                assert!(act(inject, &timer, &turn, &every).await.is_none());
                took.push(begun.elapsed());
            }
            assert!(took[0] >= Duration::from_millis(1) && took[0] > 5 * took[1], "{much:?}: {took:?}");
        }
    }
}
