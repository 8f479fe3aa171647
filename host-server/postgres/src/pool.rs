//! Connections, with their statements prepared.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::Settings;
use crate::{errors, sql};

pub(crate) type Pool = managed::Pool<Manager>;

pub(crate) fn pool(settings: Settings) -> Result<Pool, String> {
    let Settings { config, tls, connections, timeout } = settings;
    Pool::builder(Manager { config, tls })
        .max_size(connections)
        .timeouts(managed::Timeouts {
            wait: Some(timeout),
            create: Some(timeout),
            recycle: Some(timeout),
        })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| error.to_string())
}

/// Makes connections.
pub(crate) struct Manager {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    /// Whether the server has warned of something since this was last reset.
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
    /// A connection without prepared statements, which want the tables.
    pub(crate) async fn connect(&self) -> Result<(Client, Arc<AtomicBool>), Error> {
        let is_warned = Arc::new(AtomicBool::new(false));
        let client = if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            tokio::spawn(drive(connection, Arc::clone(&is_warned)));
            client
        } else {
            let (client, connection) = self.config.connect(NoTls).await?;
            tokio::spawn(drive(connection, Arc::clone(&is_warned)));
            client
        };
        Ok((client, is_warned))
    }
}

/// Carries a connection's messages until it ends. A warning is noted before the answer that it belongs
/// to is handed over.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, is_warned: Arc<AtomicBool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notice(notice) = message
            && notice.parsed_severity() == Some(Severity::Warning)
        {
            is_warned.store(true, Ordering::SeqCst);
        }
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let (client, is_warned) = self.connect().await?;
        let statements = Statements::prepare(&client).await?;
        Ok(Connection { client, statements, is_warned })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
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

    /// Gives it back after its last answer, unless that says that the connection ends.
    pub(crate) fn give_back_after<T>(mut self, answer: &Result<T, Error>) {
        if answer.as_ref().err().is_none_or(errors::is_refusal) {
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
