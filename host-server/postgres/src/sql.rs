//! The statements. Rows past their lifetime count as absent in all of them. Lifetimes are judged by the
//! server's clock, at the moment that a row is written or read.

/// The columns of a row that is read. A body that is too large stays where it is.
macro_rules! select {
    ($body:literal) => {
        concat!(
            "SELECT generation, metadata, CASE WHEN octet_length(body) <= 1048576 THEN ",
            $body,
            " END FROM identity_graph WHERE key = $1 AND expires_at > clock_timestamp()"
        )
    };
}

pub(crate) const GET: &str = select!("body");
pub(crate) const HEAD: &str = select!("NULL::bytea");

/// Key, generation, lifetime, metadata, body.
macro_rules! insert {
    ($condition:literal) => {
        concat!(
            "INSERT INTO identity_graph AS r (key, generation, expires_at, metadata, body) ",
            "VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), $4, $5) ",
            "ON CONFLICT (key) DO UPDATE SET generation = $2, ",
            "expires_at = clock_timestamp() + make_interval(secs => $3), metadata = $4, body = $5",
            $condition,
            " RETURNING 1"
        )
    };
}

pub(crate) const PUT: &str = insert!("");
pub(crate) const CREATE: &str = insert!(" WHERE r.expires_at <= clock_timestamp()");
pub(crate) const UPDATE: &str = "UPDATE identity_graph SET generation = $2, \
    expires_at = clock_timestamp() + make_interval(secs => $3), metadata = $4, body = $5 \
    WHERE key = $1 AND generation = $6 AND expires_at > clock_timestamp() RETURNING 1";

/// Updates of many keys, answered with the numbers of those that were stored. Rows are locked in the
/// order of their keys first, since two batches that lock each other's rows would wait for ever.
pub(crate) const UPDATE_MANY: &str = "WITH wanted AS MATERIALIZED ( \
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::text[], $5::bytea[], \
            $6::bigint[]) WITH ORDINALITY AS w(key, generation, lifetime, metadata, body, expected, number) \
    ), locked AS MATERIALIZED ( \
        SELECT r.key FROM identity_graph AS r WHERE r.key = ANY ($1::text[]) ORDER BY r.key FOR UPDATE \
    ) \
    UPDATE identity_graph AS r SET generation = w.generation, \
        expires_at = clock_timestamp() + make_interval(secs => w.lifetime), \
        metadata = w.metadata, body = w.body \
    FROM wanted AS w JOIN locked AS l ON l.key = w.key \
    WHERE r.key = w.key AND r.generation = w.expected AND r.expires_at > clock_timestamp() \
    RETURNING w.number";

/// Whether there was a row. Where there is none, something is written all the same: a commit of nothing
/// waits for no standby, and a delete before this one, whose wait was cut short, may not be on any.
pub(crate) const DELETE: &str = "WITH gone AS ( \
        DELETE FROM identity_graph WHERE key = $1 RETURNING expires_at > clock_timestamp() AS live \
    ) \
    SELECT coalesce((SELECT live FROM gone), false), \
        CASE WHEN NOT EXISTS (SELECT FROM gone) \
            THEN pg_logical_emit_message(true, 'ec-graph', 'nothing to delete') END";

/// Keys from one to before another, up to a limit.
pub(crate) const COUNT: &str = "SELECT count(*) FROM (SELECT 1 FROM identity_graph \
    WHERE key >= $1 AND key < $2 AND expires_at > clock_timestamp() LIMIT $3) AS counted";

pub(crate) const LIST: &str = "SELECT key FROM identity_graph WHERE key > $1 ORDER BY key LIMIT $2";

/// The rows of many keys by the number of the key, whether the body is too large, and the body unless
/// that, or all up to it make up more than one answer.
pub(crate) const GET_MANY: &str = "SELECT number, generation, metadata, size > 1048576, \
        CASE WHEN size <= 1048576 AND taken <= 16777216 THEN body END \
    FROM (SELECT w.number, r.generation, r.metadata, r.body, octet_length(r.body) AS size, \
            sum(CASE WHEN octet_length(r.body) <= 1048576 THEN octet_length(r.body) ELSE 0 END) \
                OVER (ORDER BY w.number) AS taken \
        FROM unnest($1::text[]) WITH ORDINALITY AS w(key, number) \
        JOIN identity_graph AS r ON r.key = w.key AND r.expires_at > clock_timestamp()) AS found";

/// Removes some of the rows past their lifetime that nobody is at work on.
pub(crate) const SWEEP: &str = "DELETE FROM identity_graph WHERE ctid = ANY (ARRAY( \
    SELECT ctid FROM identity_graph WHERE expires_at <= clock_timestamp() \
    LIMIT 1000 FOR UPDATE SKIP LOCKED)) RETURNING 1";
