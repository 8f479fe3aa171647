//! The Worker over HTTP: the requests that the same routes are asked on Fastly's local runtime, and what
//! the Worker itself adds.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

#[path = "../../../../examples/edge-app/tests/http/bad.rs"]
mod bad;
#[path = "../../../../examples/edge-app/tests/http/batch.rs"]
mod batch;
#[path = "../../../../examples/edge-app/tests/support/jar.rs"]
mod jar;
#[path = "../../../../examples/edge-app/tests/support/json.rs"]
mod json;
#[path = "../../../../examples/edge-app/tests/http/life.rs"]
mod life;
#[path = "../../../../examples/edge-app/tests/http/operator.rs"]
mod operator;
mod place;
#[path = "../../../../examples/edge-app/tests/http/scripts.rs"]
mod scripts;
#[path = "../../../../examples/edge-app/tests/http/seeds.rs"]
mod seeds;
#[path = "../../../../examples/edge-app/tests/http/service.rs"]
mod service;
mod worker;

macro_rules! tests {
    ($($file:ident: $($test:ident),*;)*) => {
        $($(#[test] fn $test() { crate::$file::$test(&crate::worker::shared()); })*)*
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
    place: the_address_of_the_browser_is_the_one_that_cloudflare_saw,
        the_secrets_of_the_repository_are_refused_elsewhere, a_batch_over_many_objects_is_all_stored;
}
