//! Any text as a consent string of any kind.

use edge_consent::{Consent, Policy, Signals};

/// Decides on what a visitor sent: a line each for TCF, GPP, the sections of GPP that apply, and `us_privacy`.
///
/// # Panics
/// When a decision contradicts itself.
pub fn consent(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let (tcf, gpp, gpp_sid, us_privacy) = (lines.next(), lines.next(), lines.next(), lines.next());
    for country in ["FR", "US"] {
        let country = Some(country);
        let signals = Signals { country, tcf, gpp, gpp_sid, us_privacy, gpc: false };
        for vendor_id in [None, Some(1), Some(u16::MAX)] {
            let policy = Policy { vendor_id, ..Policy::default() };
            let decision = policy.decide(&signals);
            let (store, share) = (decision.consent(), decision.share(vendor_id));
            assert!(store == Consent::Ok || share == decision.why(), "shared, not stored");
            // The publisher as its own partner is judged alike.
            let asked = country == Some("FR") && vendor_id.is_some();
            assert!(!asked || store != Consent::Ok || share.consent() == Consent::Ok);
            // Asked again with GPC, nothing is allowed that was not allowed before.
            let with_gpc = policy.decide(&Signals { gpc: true, ..signals });
            assert!(store == Consent::Ok || with_gpc.consent() != Consent::Ok);
        }
    }
}
