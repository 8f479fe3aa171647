//! Every store of a server of one's own, opened by its URL.

use std::sync::Arc;

use host_server_postgres::PostgresStore;
use host_server_redb::RedbStore;
use host_server_store::{AsyncStore, Clock, MemoryStore, OpenError, StoreUrl};
use host_server_valkey::ValkeyStore;

/// Opens the store with this URL:
///
/// - `memory:` in this process alone, gone with it
/// - `redb://PATH` in one file, for one process
/// - `postgres://USER:PASSWORD@HOST/DATABASE` and `postgresql:` in PostgreSQL
/// - `valkey://HOST`, `redis:` and, over TLS, `valkeys:` and `rediss:` in Valkey or Redis
///
/// The settings in a URL's query are those of its store.
///
/// # Errors
/// What to correct, without any credentials.
pub async fn open(url: &str, clock: Clock) -> Result<Arc<dyn AsyncStore>, OpenError> {
    let url = StoreUrl::parse(url)?;
    match url.scheme() {
        "memory" => {
            url.finish()?;
            Ok(Arc::new(MemoryStore::new(clock)))
        }
        "redb" => Ok(Arc::new(RedbStore::open(url, clock)?)),
        "postgres" | "postgresql" => Ok(Arc::new(PostgresStore::open(url).await?)),
        "valkey" | "redis" | "valkeys" | "rediss" => Ok(Arc::new(ValkeyStore::open(url).await?)),
        _ => Err(url
            .error("there is no such kind of store; known are memory, redb, postgres and valkey")),
    }
}
