//! The service over HTTP, on Viceroy, with the graph linked and composed. The stored rows are looked
//! at through the admin route.
//!
//! What is asked does not depend on where the service runs: the tests of `host-server` ask the same.
//!
//! The tests of one form share one service with the stores of `fastly.toml`; each has browsers of its
//! own, and no two touch one seed.

mod bad;
mod batch;
#[path = "../support/jar.rs"]
mod jar;
#[path = "../support/json.rs"]
mod json;
mod life;
mod operator;
mod scripts;
mod seeds;
mod service;
mod viceroy;

/// Every test, for each form.
macro_rules! tests {
    ($($file:ident: $($test:ident),*;)*) => {
        mod linked {
            $($(#[test] fn $test() { crate::$file::$test(&crate::viceroy::linked()); })*)*
        }
        mod composed {
            $($(#[test] fn $test() { crate::$file::$test(&crate::viceroy::composed()); })*)*
        }
    };
}

tests! {
    life: an_identity_lives_and_is_withdrawn, browsers_of_one_network_share_a_hash,
        a_page_load_mints_one_id, each_request_is_told_in_a_line,
        an_id_from_elsewhere_is_shared_by_no_two_browsers;
    operator: the_operator_looks_at_a_row_withdraws_and_deletes_it;
    batch: a_thousand_mappings_are_all_stored, a_batch_goes_on_past_mappings_that_fail,
        a_compressed_batch_is_stored, a_partner_takes_its_uid_back;
    scripts: ids_that_are_known_after_the_page_has_loaded_arrive, a_page_is_told_its_eids,
        a_page_of_a_listed_origin_may_ask, pages_of_other_origins_are_refused;
    seeds: a_corrupt_row_is_shown_skipped_and_withdrawn, fields_of_a_later_version_survive,
        a_stored_identity_is_served, a_stored_withdrawal_holds;
    bad: tokens_are_refused, bodies_are_refused, ids_and_cookies_are_refused,
        consent_that_cannot_be_read_is_logged_without_it,
        addresses_and_methods_are_refused;
}
