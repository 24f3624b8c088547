//! The SQLite database, in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::DATABASE_LOCKED;
use crate::error::Error;
use crate::pace::{Length, Pace};
use crate::reply::Failure;
use crate::setup::Setup;

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, salt BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users (id));
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users (id),
        name TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL
    );
    CREATE INDEX documents_of_user ON documents (user);
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE, text TEXT NOT NULL
    );
    CREATE INDEX passages_of_document ON passages (document);
    PRAGMA foreign_keys = ON;";

/// The way to the database and back, as if it were on another machine with a disk; nobody else waits for it.
const READ: Length = Length::millis(1, 5);
const WRITE: Length = Length::millis(6, 30);

/// How long a write takes under the fault, so that others meet it.
const SLOW_WRITE: Duration = Duration::from_millis(40);

/// One connection, used by one at a time: there is nothing to wait for but each other, and nothing to be locked out by.
#[derive(Debug)]
pub(super) struct Database {
    pace: Pace,
    connection: Arc<Mutex<Connection>>,
    /// The address of the same database for further connections, which the fault opens for each write.
    shared: Option<String>,
}

/// Tells the databases of one process apart.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl Database {
    pub(super) fn open(setup: &Setup) -> Result<Self, Error> {
        let open = || {
            let shared = setup.fault.is(DATABASE_LOCKED).then(|| {
                let number = COUNT.fetch_add(1, Ordering::Relaxed);
                format!("file:documents-{}-{number}?mode=memory&cache=shared", std::process::id())
            });
            let connection = match &shared {
                Some(address) => Connection::open_with_flags(address, flags())?,
                None => Connection::open_in_memory()?,
            };
            connection.execute_batch(SCHEMA)?;
            if shared.is_some() {
                // So that reads go through while a write holds the tables.
                connection.execute_batch("PRAGMA read_uncommitted = ON")?;
            }
            Ok::<_, rusqlite::Error>((connection, shared))
        };
        let (connection, shared) =
            open().map_err(|error| Error::Store { place: "memory".to_owned(), reason: error.to_string() })?;
        Ok(Self { pace: setup.pace.clone(), connection: Arc::new(Mutex::new(connection)), shared })
    }

    /// Runs a query.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let connection = Arc::clone(&self.connection);
        self.pace.sleep(READ).await;
        self.pace.work(move || query(&connection.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    /// Runs a change as one transaction.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let (connection, shared) = (Arc::clone(&self.connection), self.shared.clone());
        self.pace.sleep(WRITE).await;
        self.pace
            .work(move || match shared {
                None => in_transaction(
                    &mut connection.lock().unwrap_or_else(PoisonError::into_inner),
                    change,
                    Duration::ZERO,
                ),
                Some(address) => {
                    let mut own = Connection::open_with_flags(address, flags())?;
                    own.busy_timeout(Duration::ZERO)?;
                    in_transaction(&mut own, change, SLOW_WRITE)
                }
            })
            .await
    }
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI
}

fn in_transaction<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    hold: Duration,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = change(&transaction)?;
    std::thread::sleep(hold);
    transaction.commit()?;
    Ok(result)
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(error.to_string())
    }
}
