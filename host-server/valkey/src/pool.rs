//! Connections, each for one call at a time: what waits on one, such as a write for its replicas, keeps
//! nobody else waiting.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};

use crate::settings::Settings;

pub(crate) type Pool = managed::Pool<Manager>;

/// Counts the times at which all connections were given up.
pub(crate) type Epoch = Arc<AtomicU64>;

pub(crate) fn pool(settings: &Settings, epoch: &Epoch) -> Result<Pool, String> {
    let timeout = settings.timeout;
    // The time for an answer is kept by who asks, who also ends the connection.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(None);
    let (client, epoch) = (settings.client.clone(), Arc::clone(epoch));
    Pool::builder(Manager { client, config, epoch })
        .max_size(settings.connections as usize)
        .timeouts(managed::Timeouts {
            wait: Some(timeout),
            // The client's own limit comes first, and tells more.
            create: Some(timeout * 2),
            recycle: Some(timeout),
        })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| error.to_string())
}

/// Makes connections.
pub(crate) struct Manager {
    client: Client,
    config: AsyncConnectionConfig,
    epoch: Epoch,
}

/// One connection. It is closed with its last handle, whatever is under way on it.
pub(crate) struct Connection {
    pub(crate) redis: MultiplexedConnection,
    epoch: u64,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> Result<Connection, RedisError> {
        // Before it is made: what is given up meanwhile includes it.
        let epoch = self.epoch.load(Ordering::SeqCst);
        let redis = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        Ok(Connection { redis, epoch })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<RedisError> {
        if connection.epoch != self.epoch.load(Ordering::SeqCst) {
            return Err(RecycleError::message("the server it leads to was given up"));
        }
        Ok(())
    }
}

/// A connection on loan. One that was not answered, for whatever reason, is closed and not used again:
/// what was given up is neither sent nor answered to the next caller.
pub(crate) struct Loan(Option<Object<Manager>>);

impl Loan {
    pub(crate) fn new(connection: Object<Manager>) -> Self {
        Self(Some(connection))
    }

    /// Gives it back after its last answer.
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Deref for Loan {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.as_ref().expect("a loan ends with its connection")
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut Connection {
        self.0.as_mut().expect("a loan ends with its connection")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
