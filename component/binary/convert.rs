//! Between the types of the rules and those of the WIT package: each record and each variant is
//! listed once, and both directions follow. What is missing from a list does not compile.
//!
//! wasmtime generates these types anew for each host, with synchronous or with asynchronous calls. So
//! this file is a module of each of them, beside the module `bindings`.

use identity_graph as rules;

use super::bindings::exports::trusted_server::ec::identity_graph as wit;
use super::bindings::trusted_server::ec::kv_cas;

/// Turns a value of one side into the type that the other side has for it.
pub(super) trait Convert<T>: Sized {
    fn convert(self) -> T;

    /// Several values. Where both sides have the same type the list is handed over as it is.
    fn convert_all(values: Vec<Self>) -> Vec<T> {
        values.into_iter().map(Self::convert).collect()
    }
}

macro_rules! same {
    ($($plain:ty),+) => {$(
        impl Convert<$plain> for $plain {
            fn convert(self) -> $plain {
                self
            }

            fn convert_all(values: Vec<$plain>) -> Vec<$plain> {
                values
            }
        }
    )+};
}

macro_rules! records {
    ($wit:ident: $($record:ident { $($field:ident),+ })+) => {$(
        impl Convert<$wit::$record> for rules::$record {
            fn convert(self) -> $wit::$record {
                let Self { $($field),+ } = self;
                $wit::$record { $($field: $field.convert()),+ }
            }
        }

        impl Convert<rules::$record> for $wit::$record {
            fn convert(self) -> rules::$record {
                let Self { $($field),+ } = self;
                rules::$record { $($field: $field.convert()),+ }
            }
        }
    )+};
}

macro_rules! variants {
    ($wit:ident: $($theirs:ident = $ours:ident { $($case:ident $(($value:ident))?),+ })+) => {$(
        impl Convert<$wit::$theirs> for rules::$ours {
            fn convert(self) -> $wit::$theirs {
                match self {
                    $(Self::$case $(($value))? => $wit::$theirs::$case $(($value.convert()))?),+
                }
            }
        }

        impl Convert<rules::$ours> for $wit::$theirs {
            fn convert(self) -> rules::$ours {
                match self {
                    $(Self::$case $(($value))? => rules::$ours::$case $(($value.convert()))?),+
                }
            }
        }
    )+};
}

same!((), bool, u8, u32, u64, i64, String);

records! { wit:
    Consent { tcf, gpp, gpp_sid, ok, updated, withdrawn }
    Device { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser }
    Entry { v, created, last_seen, consent, geo, device, pub_properties, cluster_size, ids }
    Geo { country, region, asn, dma }
    LeftOut { field, why }
    Mapping { ec_id, uid, synced, atype, expires, ext }
    Metadata { ok, country, v, cluster_size, is_mobile, known_browser }
    NewEntry { tcf, gpp, gpp_sid, geo, device, domain, ids, now }
    PartnerUid { partner, uid, synced, atype, expires, ext }
    Policy {
        entry_ttl, max_age, tombstone_ttl, last_seen_debounce, max_cas_attempts, cluster_recheck,
        clock_skew, resync, max_partners, order
    }
    PubProperties { origin_domain, seen_domains }
    RawRow { body, metadata, generation, problem }
}

records! { kv_cas:
    Item { body, metadata, generation }
    ItemHead { metadata, generation }
}

variants! { wit:
    CreateOutcome = CreateOutcome { Created, AlreadyLive, Revived, Withdrawn }
    GraphError = Failure {
        InvalidArgument(rule), NoSuchStore, AlreadyExists, Corrupt(why), TooLarge, Conflict,
        Throttled, Unavailable(how)
    }
    IfMissing = IfMissing { Skip, CreateMinimal }
    Order = Order { Time, Arrival }
    TouchOutcome = TouchOutcome { Written, Debounced, Stale, Withdrawn, NotFound }
    WithdrawOutcome = WithdrawOutcome { Written, Unchanged, NotFound }
    UpsertOutcome = UpsertOutcome {
        Written, Unchanged, Stale, Withdrawn, NotFound, Invalid(rule), Full
    }
    VisitOutcome = VisitOutcome { Created, Revived, Written, Unchanged, Withdrawn }
}

variants! { kv_cas:
    KvError = KvError {
        NoSuchStore, Invalid, Throttled, Unavailable, UnknownOutcome, TooLarge, NotRead
    }
    Precondition = Precondition { None, Absent, Matches(generation) }
    WriteOutcome = WriteOutcome { Stored, Conflict(item) }
}

impl<T: Convert<U>, U> Convert<Option<U>> for Option<T> {
    fn convert(self) -> Option<U> {
        self.map(T::convert)
    }
}

impl<T: Convert<U>, U> Convert<Vec<U>> for Vec<T> {
    fn convert(self) -> Vec<U> {
        T::convert_all(self)
    }
}

impl<T: Convert<U>, U, E: Convert<F>, F> Convert<Result<U, F>> for Result<T, E> {
    fn convert(self) -> Result<U, F> {
        self.map(T::convert).map_err(E::convert)
    }
}

impl Convert<rules::Report<()>> for wit::Report {
    fn convert(self) -> rules::Report<()> {
        let Self { ids, left_out } = self;
        rules::Report { outcome: (), ids: ids.convert(), left_out: left_out.convert() }
    }
}

macro_rules! reports {
    ($($report:ident => $outcome:ident;)+) => {$(
        impl Convert<rules::Report<rules::$outcome>> for wit::$report {
            fn convert(self) -> rules::Report<rules::$outcome> {
                let Self { outcome, ids, left_out } = self;
                let (outcome, ids) = (outcome.convert(), ids.convert());
                rules::Report { outcome, ids, left_out: left_out.convert() }
            }
        }
    )+};
}

reports! {
    CreateReport => CreateOutcome;
    VisitReport => VisitOutcome;
}

/// One outcome of a batch.
impl Convert<Result<rules::UpsertOutcome, rules::Failure>> for wit::MappingOutcome {
    fn convert(self) -> Result<rules::UpsertOutcome, rules::Failure> {
        match self {
            Self::Done(outcome) => Ok(outcome.convert()),
            Self::Failed(error) => Err(error.convert()),
        }
    }
}

impl<'a> Convert<rules::Write<'a>> for &'a kv_cas::Write {
    fn convert(self) -> rules::Write<'a> {
        let kv_cas::Write { key, body, metadata, time_to_live, condition } = self;
        let (time_to_live, condition) = (*time_to_live, condition.convert());
        rules::Write { key, body, metadata, time_to_live, condition }
    }
}
