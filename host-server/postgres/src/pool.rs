//! Connections, with their statements prepared.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use host_server_store::FailureLog;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::errors::{self, ConnectError};
use crate::settings::Settings;
use crate::{schema, sql};

pub(crate) type Pool = managed::Pool<Manager>;

pub(crate) fn pool(settings: Settings) -> Result<Pool, String> {
    let Settings { hosts, tls, connections, timeout } = settings;
    // Each host has its time, and so have the statements.
    let create = timeout.saturating_mul(u32::try_from(hosts.len()).unwrap_or(u32::MAX)) + timeout;
    let (first, log) = (AtomicUsize::new(0), FailureLog::new("postgres"));
    Pool::builder(Manager { hosts, first, tls, timeout, log })
        .max_size(connections)
        .timeouts(managed::Timeouts {
            wait: Some(timeout),
            create: Some(create),
            recycle: Some(timeout),
        })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| error.to_string())
}

/// Makes connections.
pub(crate) struct Manager {
    /// Each host of the address.
    hosts: Vec<Config>,
    /// The one that is tried first, since it was the last that took writes.
    first: AtomicUsize,
    tls: Option<MakeRustlsConnect>,
    /// How long one host is waited for.
    timeout: Duration,
    pub(crate) log: FailureLog,
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    /// Whether the server has said since this was last reset that a commit was not waited for.
    pub(crate) is_warned: Arc<AtomicBool>,
}

macro_rules! statements {
    ($($name:ident = $sql:ident),+) => {
        /// The statements, prepared.
        pub(crate) struct Statements {
            $(pub(crate) $name: Statement),+
        }

        impl Statements {
            async fn prepare(client: &Client) -> Result<Self, Error> {
                Ok(Self { $($name: client.prepare(sql::$sql).await?),+ })
            }
        }
    };
}

statements! {
    get = GET, head = HEAD, put = PUT, create = CREATE, update = UPDATE, update_many = UPDATE_MANY,
    delete = DELETE, count = COUNT, list = LIST, get_many = GET_MANY, sweep = SWEEP
}

impl Manager {
    /// A connection without prepared statements, which want the tables: to the first host that takes
    /// writes, and keeps those that it acknowledges.
    pub(crate) async fn connect(&self) -> Result<(Client, Arc<AtomicBool>), ConnectError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut failed = ConnectError::Timeout(self.timeout);
        for index in (first..self.hosts.len()).chain(0..first) {
            // The client's own limit ends when the host has taken the connection, not when it answers.
            match tokio::time::timeout(self.timeout, self.connect_to(&self.hosts[index])).await {
                Ok(Ok(connected)) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(connected);
                }
                Ok(Err(error)) => failed = error,
                Err(_) => failed = ConnectError::Timeout(self.timeout),
            }
        }
        Err(failed)
    }

    async fn connect_to(&self, host: &Config) -> Result<(Client, Arc<AtomicBool>), ConnectError> {
        let is_warned = Arc::new(AtomicBool::new(false));
        let client = if let Some(tls) = &self.tls {
            let connected = host.connect(tls.clone()).await;
            let (client, connection) = connected.map_err(ConnectError::Failed)?;
            tokio::spawn(drive(connection, Arc::clone(&is_warned)));
            client
        } else {
            let (client, connection) = host.connect(NoTls).await.map_err(ConnectError::Failed)?;
            tokio::spawn(drive(connection, Arc::clone(&is_warned)));
            client
        };
        // Of each connection, since a server's settings change, and with the server that takes over.
        schema::check_durability(&client).await?;
        Ok((client, is_warned))
    }
}

/// Carries a connection's messages until it ends. That a wait was cut short is noted before the answer
/// that it belongs to is handed over.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, is_warned: Arc<AtomicBool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notice(notice) = message
            && errors::is_wait_cut_short(&notice)
        {
            is_warned.store(true, Ordering::SeqCst);
        }
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let (client, is_warned) = self.connect().await?;
        let statements = Statements::prepare(&client).await.map_err(ConnectError::Statements)?;
        Ok(Connection { client, statements, is_warned })
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<ConnectError> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        Ok(())
    }
}

/// A connection on loan. One whose statement was not answered, for whatever reason, is closed and not
/// used again: the answer would come to the next caller, or never.
pub(crate) struct Loan(Option<Object<Manager>>);

impl Loan {
    pub(crate) fn new(connection: Object<Manager>) -> Self {
        Self(Some(connection))
    }

    /// Gives it back after its last answer, unless that says that the connection ends, or leads to a
    /// server that takes no writes.
    pub(crate) fn give_back_after<T>(mut self, answer: &Result<T, Error>) {
        let is_kept = |error| errors::is_refusal(error) && !errors::is_read_only(error);
        if answer.as_ref().err().is_none_or(is_kept) {
            drop(self.0.take());
        }
    }
}

impl Deref for Loan {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.as_ref().expect("a loan ends with its connection")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
