//! What a person can ask for, and how it can end.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use identity_graph::Policy;

/// Keeps an edge identity graph in memory and shows how it answers.
///
/// The graph is the real WebAssembly component, run under wasmtime over a store in memory. Without a
/// command it replays the day of traffic that comes with the program.
#[derive(Parser)]
#[command(version, after_help = EXIT)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXIT: &str = "Exit status: 0 when all went well, 1 when a line of a trace was bad, something of a \
checked trace would be left out, a row was not found, an invariant did not hold or not all rows could be moved, 2 when the arguments or a file cannot be used.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Replay a trace through the component and sum up what it did
    Replay(ReplayArgs),
    /// Tell what of a trace would be left out, by kind and count, without playing it
    Check(CheckArgs),
    /// Write a trace of one day, made from a seed
    Trace(TraceArgs),
    /// Show one row as it is stored and as the graph understands it
    Inspect(InspectArgs),
    /// Tell one visitor's story, from the first visit to the withdrawal and beyond
    Demo,
    /// Run workers of the component against each other over a model of Fastly's store, and check
    /// that nothing is lost, brought back or misreported
    Simulate(SimulateArgs),
    /// Play the requests of one page load against each other over that model, in the common way and
    /// through the graph, and compare what it costs and what is stored
    Storm(StormArgs),
    /// Write every row of a store to a file, one JSON object a line
    Export(ExportArgs),
    /// Store the rows of an export where there are none yet
    Import(ImportArgs),
}

#[derive(Args, Default)]
pub(crate) struct ReplayArgs {
    /// The trace, one event a line, gzipped or not; `-` for standard input; without it the trace
    /// that comes with the program
    pub(crate) file: Option<PathBuf>,
    /// Print what became of each event, one JSON object a line; the summary goes to standard error
    #[arg(long)]
    pub(crate) outcomes: bool,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// The trace, one event a line, gzipped or not; `-` for standard input
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct TraceArgs {
    /// How many visitors the day has
    #[arg(long, value_name = "N", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) visitors: u32,
    /// The seed: the same seed and number of visitors make the same trace everywhere
    #[arg(long, value_name = "S", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Where to write the trace; without it, to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The row's EC ID, looked up after a trace has been replayed
    #[arg(value_name = "EC_ID", required_unless_present = "row", conflicts_with = "row")]
    pub(crate) ec_id: Option<String>,
    /// The trace to replay first; without it the one that comes with the program
    #[arg(long, value_name = "FILE", conflicts_with = "row")]
    pub(crate) trace: Option<PathBuf>,
    /// A file with a stored row: its body as such, or a JSON object of "key", "metadata" and "body"
    #[arg(long, value_name = "FILE")]
    pub(crate) row: Option<PathBuf>,
    /// Show user IDs, consent strings, EC IDs and unknown text whole
    #[arg(long)]
    pub(crate) reveal: bool,
}

#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// How many seeds to run [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: Option<u64>,
    /// The first seed; without `--seeds` only this one, and its story is told
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Go through every schedule of all pairs or triples of operations on one row instead
    #[arg(long, value_name = "OF", conflicts_with_all = ["seeds", "seed"])]
    pub(crate) exhaustive: Option<Exhaustive>,
    /// The policy of the exhaustive search; a seed draws one
    #[arg(long, value_name = "POLICY", default_value = "default", requires = "exhaustive", conflicts_with_all = ["seeds", "seed"])]
    pub(crate) policy: NamedPolicy,
    /// Draw the story that is told (of one seed, or of what went wrong) as an SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) draw: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct StormArgs {
    /// How many seeds to run, each a page load
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: u64,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Draw the comparison as an SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) draw: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The store: `redb://PATH`, `postgres://...` or `valkey://...`
    #[arg(long, value_name = "URL", env = "EC_GRAPH_STORE", hide_env_values = true)]
    pub(crate) store: String,
    /// The file; when an export to it was interrupted, it is gone on with. Without it, or with `-`,
    /// standard output
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The store: `redb://PATH`, `postgres://...` or `valkey://...`
    #[arg(long, value_name = "URL", env = "EC_GRAPH_STORE", hide_env_values = true)]
    pub(crate) store: String,
    /// The file; without it, or with `-`, standard input. After an interruption the same command goes on
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Exhaustive {
    /// Two operations: a second or less
    Pairs,
    /// Three operations: some seconds
    Triples,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum NamedPolicy {
    /// What the graph does when it is not told otherwise
    Default,
    /// That of trusted-server's edge application
    TrustedServer,
}

impl NamedPolicy {
    pub(crate) fn policy(self) -> Policy {
        match self {
            Self::Default => Policy::default(),
            Self::TrustedServer => Policy::trusted_server(),
        }
    }
}

/// How a command ended that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Good,
    /// A line was bad, a row not found, or an invariant did not hold.
    Flawed,
}
