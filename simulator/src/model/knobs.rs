//! How the modelled store behaves.

/// How the modelled store behaves. [`Knobs::fastly`] has the values in parentheses, each with its
/// source: *published* values are those of Fastly's documentation (the guide to data stores, the
/// reference of the KV store API, the product's limits), *chosen* ones make rare things common enough to be
/// met in every few runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knobs {
    /// Places from which the store is used, each with its own view of each key (3; chosen: one
    /// neighbour that agrees and one that does not).
    pub places: usize,
    /// Most milliseconds by which a place's reads lag behind a write (300; published: reads take or
    /// lag "up to 300 ms" for data that has just changed). A key that is new elsewhere is missing
    /// for as long.
    pub lag_ms: u64,
    /// Of a thousand pairs of a write and a place, how many lag at all (600; chosen).
    pub lagging: u32,
    /// Milliseconds that must lie between two writes of one key (1,000; published: one write per
    /// second and key), else the later one is refused as throttled (429).
    pub write_interval_ms: u64,
    /// Whether a refused write hands over the value that it is refused for (no; published: the answer
    /// has the generation alone). Other stores do, whose clients ask for both at once.
    pub hands_over: bool,
    /// Most seconds that a value stays readable after its time to live (86,400; published: an
    /// expired value is deleted "within 24 hours").
    pub overstay_s: u64,
    /// Milliseconds that a call takes to the origin or the place's cache, and as many back
    /// (0 to 12; published: reads are "typically under a millisecond", in practice up to 25 ms in
    /// all).
    pub travel_ms: (u64, u64),
    /// Of a thousand calls, how many are slow (20; chosen).
    pub slow: u32,
    /// Milliseconds that a slow call takes more (100 to 3,000; chosen: from worse than any lag to
    /// longer than any client waits).
    pub slow_ms: (u64, u64),
    /// Of a thousand calls, how many fail before anything is applied (15; chosen).
    pub failing: u32,
    /// Of a thousand writes, how many are applied and not confirmed (15; chosen).
    pub losing_answers: u32,
    /// Of a thousand writes, how many are neither applied nor answered (10; chosen).
    pub losing_requests: u32,
    /// Of a thousand writes, how many are applied only after the client gave up (10; chosen).
    pub landing_late: u32,
}

impl Knobs {
    /// Fastly KV on a bad day.
    #[must_use]
    pub fn fastly() -> Self {
        Self {
            failing: 15,
            losing_answers: 15,
            losing_requests: 10,
            landing_late: 10,
            slow: 20,
            ..Self::fair()
        }
    }

    /// Fastly KV on a good day: nothing fails. Reads are stale, rates limited and deletions late all
    /// the same.
    #[must_use]
    pub fn fair() -> Self {
        Self {
            places: 3,
            lag_ms: 300,
            lagging: 600,
            write_interval_ms: 1_000,
            hands_over: false,
            overstay_s: 86_400,
            travel_ms: (0, 12),
            slow: 0,
            slow_ms: (100, 3_000),
            failing: 0,
            losing_answers: 0,
            losing_requests: 0,
            landing_late: 0,
        }
    }
}
