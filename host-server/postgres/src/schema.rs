//! The tables, made at the start.

use tokio_postgres::{Client, Error};

use crate::errors::ConnectError;

/// The version of the tables that this program knows.
const VERSION: i32 = 1;

/// Only one process at a time makes the tables.
const MAKE: &str = "BEGIN; \
    SELECT pg_advisory_xact_lock(7308324465998848); \
    CREATE TABLE IF NOT EXISTS identity_graph ( \
        key text COLLATE \"C\" PRIMARY KEY, \
        generation bigint NOT NULL, \
        expires_at timestamptz NOT NULL, \
        metadata text, \
        body bytea NOT NULL \
    ); \
    CREATE INDEX IF NOT EXISTS identity_graph_expiry ON identity_graph (expires_at); \
    CREATE TABLE IF NOT EXISTS identity_graph_schema (version integer NOT NULL); \
    INSERT INTO identity_graph_schema SELECT 1 \
        WHERE NOT EXISTS (SELECT FROM identity_graph_schema); \
    COMMIT";

/// Makes the tables where there are none, and refuses those of another version.
pub(crate) async fn prepare(client: &Client) -> Result<(), String> {
    let refused = |error: Error| {
        // Its own words, without the address.
        let words = error.as_db_error().map_or("the server broke off", |error| error.message());
        format!("the tables cannot be made or read: {words}")
    };
    let exists = "SELECT to_regclass('identity_graph_schema') IS NOT NULL";
    let exists: bool = client.query_one(exists, &[]).await.map_err(refused)?.get(0);
    if !exists {
        client.batch_execute(MAKE).await.map_err(refused)?;
    }
    let version = "SELECT version FROM identity_graph_schema";
    let version: i32 = client.query_one(version, &[]).await.map_err(refused)?.get(0);
    if version != VERSION {
        return Err(format!(
            "its tables are of version {version}, and this program knows version {VERSION}; use the program that made them"
        ));
    }
    Ok(())
}

/// Refuses a server that acknowledges what is on no disk.
pub(crate) async fn check_durability(client: &Client) -> Result<(), ConnectError> {
    let settings = "SELECT current_setting('synchronous_commit'), current_setting('fsync')";
    let settings = client.query_one(settings, &[]).await.map_err(ConnectError::Failed)?;
    let (commit, fsync): (&str, &str) = (settings.get(0), settings.get(1));
    if !matches!(commit, "on" | "remote_apply") {
        return Err(ConnectError::NotDurable(format!(
            "synchronous_commit is {commit}, so that acknowledged writes can be lost; run ALTER ROLE ... SET synchronous_commit = on"
        )));
    }
    if fsync != "on" {
        return Err(ConnectError::NotDurable(format!(
            "fsync is {fsync}, so that acknowledged writes can be lost; set fsync = on in postgresql.conf and reload the server"
        )));
    }
    Ok(())
}
