//! The identity graph over HTTP, with a store of choice.

use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use host_server::{Config, REQUEST_TIMEOUT, Service, cache_folder, serve, threads};
use host_server_runtime::system_clock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serve the identity graph over HTTP: page views, withdrawals, identify, batch-sync, an operator's view
/// of a row, /healthz, /readyz and /metrics.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration file
    #[arg(long, default_value = "ec-graph-server.toml")]
    config: PathBuf,
    /// Where to listen, in place of what the file says
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The store, in place of what the file says: `redb://PATH`, `postgres://...`, `valkey://...` or `memory:`
    #[arg(long, value_name = "URL", env = "EC_GRAPH_STORE", hide_env_values = true)]
    store: Option<String>,
}

fn main() -> ExitCode {
    let is_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .with_target(false)
        .init();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ec-graph-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let file = arguments.config.display();
    let text = fs::read_to_string(&arguments.config)
        .with_context(|| format!("{file} (--config names another file)"))?;
    let (listen, store) = (arguments.listen.as_deref(), arguments.store.as_deref());
    let mut config = Config::parse(&text, listen, store).with_context(|| file.to_string())?;
    config.cache = cache_folder(config.cache).with_context(|| file.to_string())?;
    threads()?.block_on(start(config))
}

async fn start(config: Config) -> Result<()> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let store = host_server_stores::open(&config.store, system_clock()).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    if config.is_example {
        tracing::warn!(
            "the secrets are those of the repository, which everybody knows: whoever reaches this address can read every row; for more than a first look put secrets and partners of your own into the configuration"
        );
    }
    let service = Service::new(config, store)?;
    tracing::info!("listening on http://{address}");
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
        tracing::info!(
            "stopping: no more connections, and requests that were accepted are answered"
        );
    };
    serve(service, listener, stop, REQUEST_TIMEOUT).await?;
    tracing::info!("stopped");
    Ok(())
}
