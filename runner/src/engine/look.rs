//! A look at the target from outside of the load: one request on a connection of its own, one answer.
//!
//! It goes over the load's own client, so that whatever the load can reach, TLS and Unix sockets and all, can be waited for and
//! probed. The client lives on one thread with a runtime of its own, and so does each look: it neither waits for the load nor
//! for the runtime of the caller.

use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;

use super::client::{self, Connection, Endpoint, Endpoints, Reach, TransportError};

/// What the target answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LookError {
    /// What happened, and where it is known what to do.
    pub message: String,
    /// Whether looking again would see the same, as with a certificate that is not trusted.
    pub is_lasting: bool,
}

/// GETs a path below the target's URL, or a whole URL. Redirects are not followed: they are an answer.
///
/// # Errors
/// No complete answer `within` that time.
pub async fn get(reach: &Reach, path: &str, within: Duration) -> Result<Answer, LookError> {
    let (reach, path) = (reach.clone(), path.to_owned());
    alone(within, move || async move {
        let mut asked = ask(&reach, &path).await?;
        asked.connection.receive_body().await?;
        asked.connection.unpack()?;
        let (headers, body) = (asked.connection.headers(), asked.connection.body().to_vec());
        Ok(Answer { status: asked.status, headers, body })
    })
    .await
}

/// The status of the answer to a GET; its body, which may never end, is not read.
///
/// # Errors
/// No answer `within` that time.
pub async fn status(reach: &Reach, path: &str, within: Duration) -> Result<u16, LookError> {
    let (reach, path) = (reach.clone(), path.to_owned());
    alone(within, move || async move { Ok(ask(&reach, &path).await?.status) }).await
}

/// Whether anybody listens.
///
/// # Errors
/// No connection `within` that time.
pub async fn knock(reach: &Reach, within: Duration) -> Result<(), LookError> {
    let reach = reach.clone();
    alone(within, move || async move {
        Endpoint::resolve(&reach)?.connect(false).await?;
        Ok(())
    })
    .await
}

struct Asked {
    connection: Connection,
    status: u16,
}

async fn ask(reach: &Reach, path: &str) -> Result<Asked, LookError> {
    let endpoints = Endpoints::new(reach.clone(), Endpoint::resolve(reach)?);
    let (endpoint, request) = client::plain_get(path, reach.url().path(), &endpoints)
        .map_err(|error| LookError { message: error.message, is_lasting: true })?;
    let mut connection = Connection::open(&endpoint).await?;
    connection.send(&request, &[]).await?;
    let head = connection.receive_head(&Method::GET).await?;
    Ok(Asked { connection, status: head.status })
}

/// Does a piece of work on a thread of its own, which ends when nobody waits for it any more.
async fn alone<T, W, F>(within: Duration, work: W) -> Result<T, LookError>
where
    T: Send + 'static,
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, LookError>>,
{
    let passing = |message: String| LookError { message, is_lasting: false };
    let (mut seen, awaited) = oneshot::channel();
    let look = move || {
        let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
            Ok(runtime) => runtime,
            Err(error) => return drop(seen.send(Err(passing(error.to_string())))),
        };
        let looked = runtime.block_on(async {
            tokio::select! {
                biased;
                () = seen.closed() => None,
                looked = tokio::time::timeout(within, work()) => Some(looked),
            }
        });
        if let Some(looked) = looked {
            let late = |_| Err(passing(format!("no answer within {within:?}")));
            // Nobody may wait for it any more.
            let _ = seen.send(looked.unwrap_or_else(late));
        }
    };
    let thread = std::thread::Builder::new().name("look".to_owned()).spawn(look);
    thread.map_err(|error| passing(format!("a thread could not be started: {error}")))?;
    awaited.await.unwrap_or_else(|_| Err(passing("the look ended without an answer".to_owned())))
}

impl From<TransportError> for LookError {
    fn from(error: TransportError) -> Self {
        Self { message: error.message, is_lasting: error.is_lasting }
    }
}

impl From<client::EndpointError> for LookError {
    fn from(error: client::EndpointError) -> Self {
        // A name that nobody knows yet may be known in a moment.
        Self { message: error.message, is_lasting: false }
    }
}
