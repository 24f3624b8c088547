//! A real Redis to keep state in, where a service is given one.

use std::time::Duration;

use http::StatusCode;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

use crate::error::Error;
use crate::reply::Failure;

/// How long to wait for the store before giving up.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection to Redis, shared by all requests; keys begin with `loadgate:` and the service's name.
#[derive(Clone)]
pub(crate) struct Redis {
    connection: MultiplexedConnection,
    prefix: String,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The store did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the store does not answer: {0}")]
pub(crate) struct StoreDown(#[from] redis::RedisError);

impl From<StoreDown> for Failure {
    fn from(down: StoreDown) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_down", down.to_string())
    }
}

impl Redis {
    /// Connects to `redis://host:port/db`.
    pub(crate) async fn open(url: &str, service: &str) -> Result<Self, Error> {
        let bad = |place: String, error: redis::RedisError| Error::Store { place, reason: error.to_string() };
        // An address that cannot be read is not repeated: it may hold a password in the wrong place.
        let client = redis::Client::open(url).map_err(|error| bad("the given address".to_owned(), error))?;
        let place = client.get_connection_info().addr().to_string();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| bad(place, error))?;
        Ok(Self { connection, prefix: format!("loadgate:{service}:") })
    }

    /// The full name of a key.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Removes every key whose name begins so; returns how many.
    pub(crate) async fn remove_all(&self, start: &str) -> Result<usize, StoreDown> {
        let script = redis::Script::new(
            "local keys = redis.call('KEYS', ARGV[1]) \
             for _, key in ipairs(keys) do redis.call('DEL', key) end \
             return #keys",
        );
        let mut connection = self.connection();
        Ok(script.arg(format!("{}*", self.key(start))).invoke_async(&mut connection).await?)
    }
}
