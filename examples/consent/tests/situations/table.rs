//! The table, a line for each situation.

use edge_consent::{Policy, Regime, Signal, Unreadable, Why};

use crate::support::{Tcf, gpp, us};

/// The publisher's ID on the Global Vendor List, and the partner's.
pub(crate) const PUBLISHER: u16 = 5;
pub(crate) const PARTNER: u16 = 9;

#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) tcf: Option<String>,
    pub(crate) gpp: Option<String>,
    pub(crate) gpp_sid: Option<&'static str>,
    pub(crate) us_privacy: Option<&'static str>,
    pub(crate) gpc: bool,
}

impl Sent {
    fn gpc(self) -> Self {
        Self { gpc: true, ..self }
    }

    fn gpp(self, sections: &[(u16, &str)], gpp_sid: &'static str) -> Self {
        Self { gpp: Some(gpp(sections)), gpp_sid: Some(gpp_sid), ..self }
    }

    fn us_privacy(self, text: &'static str) -> Self {
        Self { us_privacy: Some(text), ..self }
    }
}

pub(crate) struct Situation {
    /// `?` where nobody knows.
    pub(crate) country: &'static str,
    pub(crate) says: &'static str,
    pub(crate) sent: Sent,
    pub(crate) store: Why,
    pub(crate) share: Why,
    pub(crate) follows: &'static str,
    /// What of the policy is not as it is by default.
    pub(crate) policy: fn(&mut Policy),
    pub(crate) partner_is_no_vendor: bool,
}

fn row(
    country: &'static str,
    says: &'static str,
    sent: Sent,
    (store, share): (Why, Why),
    follows: &'static str,
) -> Situation {
    let policy = |_: &mut Policy| {};
    Situation { country, says, sent, store, share, follows, policy, partner_is_no_vendor: false }
}

fn none() -> Sent {
    Sent::default()
}

fn tcf(tcf: &Tcf) -> Sent {
    Sent { tcf: Some(tcf.text()), ..Sent::default() }
}

fn text(text: &str) -> Sent {
    Sent { tcf: Some(text.to_owned()), ..Sent::default() }
}

fn both(why: Why) -> (Why, Why) {
    (why, why)
}

fn unreadable(signal: Signal, why: Unreadable) -> (Why, Why) {
    both(Why::Unreadable(signal, why))
}

pub(crate) fn situations() -> Vec<Situation> {
    [asked_first(), asked_first_by_gpp(), may_opt_out(), may_opt_out_by_gpp(), elsewhere()]
        .into_iter()
        .flatten()
        .collect()
}

/// The European Economic Area, the United Kingdom, Switzerland.
#[rustfmt::skip]
fn asked_first() -> Vec<Situation> {
    let all = Tcf::default;
    let nothing = || Tcf { purposes: vec![], vendors: vec![], ..all() };
    let restricted =
        |kind| Tcf { restrictions: vec![(2, 0, PARTNER), (1, kind, PARTNER)], ..all() };
    let ok = both(Why::TcfConsent);
    vec![
        row("FR", "says nothing", none(), both(Why::Missing), "Directive 2002/58/EC, article 5(3)"),
        row("FR", "TCF: consents to all", tcf(&all()), ok, "TCF Policies, appendix A, purpose 1"),
        row("FR", "TCF: consents to nothing", tcf(&nothing()), both(Why::PurposeRefused), "GDPR, article 7(3)"),
        row("FR", "TCF: consents to the vendors, not to purpose 1", tcf(&Tcf { purposes: vec![2, 3, 4], ..all() }), both(Why::PurposeRefused), "TC String Format, PurposesConsent"),
        row("FR", "TCF: consents to purpose 1 alone and to the vendors", tcf(&Tcf { purposes: vec![1], ..all() }), ok, "TC String Format, PurposesConsent"),
        row("FR", "TCF: consents to purpose 1, not to the publisher's vendor ID", tcf(&Tcf { vendors: vec![PARTNER], ..all() }), both(Why::VendorRefused), "TC String Format, VendorConsent"),
        row("FR", "TCF: consents to the publisher, not to the partner", tcf(&Tcf { vendors: vec![PUBLISHER], ..all() }), (Why::TcfConsent, Why::VendorRefused), "TC String Format, VendorConsent"),
        row("FR", "TCF: consents to all, vendors as ranges", tcf(&Tcf { as_ranges: true, ..all() }), ok, "TC String Format, IsRangeEncoding"),
        row("FR", "TCF: the publisher was not disclosed", tcf(&Tcf { disclosed: Some(vec![PARTNER]), ..all() }), both(Why::VendorNotDisclosed), "TC String Format, DisclosedVendors"),
        row("FR", "TCF: the partner was not disclosed", tcf(&Tcf { disclosed: Some(vec![PUBLISHER]), ..all() }), (Why::TcfConsent, Why::VendorNotDisclosed), "TC String Format, DisclosedVendors"),
        row("FR", "TCF: consents to all; the publisher does not allow purpose 1 to the partner", tcf(&restricted(0)), (Why::TcfConsent, Why::VendorRestricted), "TC String Format, RestrictionType 0"),
        row("FR", "TCF: consents to all; the publisher requires consent of the partner", tcf(&restricted(1)), ok, "TC String Format, RestrictionType 1"),
        row("DE", "TCF: purpose 1 was not disclosed", tcf(&Tcf { purposes: vec![2, 3], not_asked: true, ..all() }), both(Why::PurposeNotAsked), "TC String Format, PurposeOneTreatment"),
        row("FR", "TCF: a string of version 1", text("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA"), unreadable(Signal::Tcf, Unreadable::Version), "TC String Format, Version"),
        row("FR", "TCF: a string that is cut off", text(&all().text()[..30]), unreadable(Signal::Tcf, Unreadable::Short), "GDPR, article 7(1)"),
        row("FR", "TCF: a string that is none", text("granted!"), unreadable(Signal::Tcf, Unreadable::Character), "GDPR, article 7(1)"),
        row("GB", "TCF: consents to all", tcf(&all()), ok, "PECR, regulation 6"),
        row("GB", "says nothing", none(), both(Why::Missing), "PECR, regulation 6"),
        row("IS", "TCF: consents to nothing", tcf(&nothing()), both(Why::PurposeRefused), "EEA Agreement, annex XI"),
        row("CH", "says nothing", none(), both(Why::Missing), "this policy; the Swiss TCA, article 45c, asks for less"),
        row("FR", "TCF: consents to all; the browser sends GPC", tcf(&all()).gpc(), ok, "GDPR, article 4(11): consent is specific"),
        row("FR", "GPC alone", none().gpc(), both(Why::Missing), "Directive 2002/58/EC, article 5(3)"),
        row("FR", "TCF: consents to all; us_privacy 1YYN", tcf(&all()).us_privacy("1YYN"), both(Why::Contradiction), "GDPR, article 4(11): consent is unambiguous"),
        row("FR", "us_privacy 1YYN alone", none().us_privacy("1YYN"), both(Why::UsPrivacyOptOut), "GDPR, article 7(3)"),
        row("FR", "us_privacy 1YNN alone", none().us_privacy("1YNN"), both(Why::Missing), "GDPR, recital 32: silence is no consent"),
        Situation {
            partner_is_no_vendor: true,
            ..row("FR", "TCF: consents to all; the partner has no vendor ID", tcf(&all()), (Why::TcfConsent, Why::NoVendorId), "GDPR, article 4(11): consent is informed")
        },
        Situation {
            partner_is_no_vendor: true,
            policy: |policy| policy.share_without_vendor_id = true,
            ..row("FR", "the same with `share_without_vendor_id`", tcf(&all()), (Why::TcfConsent, Why::SharedWithoutVendorId), "the publisher's decision")
        },
        Situation {
            policy: |policy| policy.vendor_id = None,
            ..row("FR", "TCF: consents to purpose 1 and to the partner; the publisher has no vendor ID", tcf(&Tcf { vendors: vec![PARTNER], ..all() }), ok, "TC String Format, PurposesConsent")
        },
    ]
}

#[rustfmt::skip]
fn asked_first_by_gpp() -> Vec<Situation> {
    let all = Tcf::default().text();
    let nothing = Tcf { purposes: vec![], vendors: vec![], ..Tcf::default() }.text();
    let us_ok = us(1, "1111 00 222 000000000000 00 0 2 0 0");
    let accepted = || tcf(&Tcf::default());
    let not_gpp = || Sent { gpp: Some("DBABM".to_owned()), ..none() };
    let header = Unreadable::Malformed("its header does not list its sections");
    vec![
        row("FR", "GPP, section 2 applies: consents to all", none().gpp(&[(2, &all)], "2"), both(Why::TcfConsent), "GPP, section 2 (tcfeuv2)"),
        row("FR", "GPP, section 2 applies: consents to nothing", none().gpp(&[(2, &nothing)], "2"), both(Why::PurposeRefused), "GPP, section 2 (tcfeuv2)"),
        row("FR", "GPP, sections 2 and 7, 7 applies: consents to all", none().gpp(&[(2, &all), (7, &us_ok)], "7"), both(Why::Missing), "GPP CMP API, applicableSections"),
        row("FR", "GPP, section 7 alone: did not opt out", none().gpp(&[(7, &us_ok)], "7"), both(Why::Missing), "GDPR, recital 32: silence is no consent"),
        row("FR", "TCF: consents to all; GPP, section 2: the same", accepted().gpp(&[(2, &all)], "2"), both(Why::TcfConsent), "GPP, section 2 (tcfeuv2)"),
        row("FR", "TCF: consents to all; GPP, section 2: consents to nothing", accepted().gpp(&[(2, &nothing)], "2"), both(Why::Contradiction), "GDPR, article 4(11): consent is unambiguous"),
        row("FR", "TCF: consents to all; GPP: cannot be read", Sent { gpp: not_gpp().gpp, ..accepted() }, unreadable(Signal::Gpp, header), "GDPR, article 7(1)"),
        row("FR", "TCF: consents to nothing; GPP: cannot be read", Sent { gpp: not_gpp().gpp, ..text(&nothing) }, both(Why::PurposeRefused), "GDPR, article 7(3)"),
    ]
}

/// The United States.
#[rustfmt::skip]
fn may_opt_out() -> Vec<Situation> {
    let nothing = Tcf { purposes: vec![], vendors: vec![], ..Tcf::default() };
    let ok = both(Why::NoOptOut);
    let opted_out = both(Why::UsPrivacyOptOut);
    let malformed = Unreadable::Malformed("it has a field that is none of Y, N and -");
    vec![
        row("US", "says nothing", none(), ok, "Cal. Civ. Code 1798.120(a)"),
        row("US", "GPC", none().gpc(), both(Why::Gpc), "Cal. Code Regs. title 11, 7025(c)"),
        row("US", "us_privacy 1YNN", none().us_privacy("1YNN"), ok, "U.S. Privacy String, opt-out sale"),
        row("US", "us_privacy 1YYN", none().us_privacy("1YYN"), opted_out, "U.S. Privacy String, opt-out sale"),
        row("US", "us_privacy 1YYY", none().us_privacy("1YYY"), opted_out, "U.S. Privacy String, opt-out sale"),
        row("US", "us_privacy 1---", none().us_privacy("1---"), ok, "U.S. Privacy String, not applicable"),
        row("US", "us_privacy 1NNN", none().us_privacy("1NNN"), (Why::NoOptOut, Why::NoNotice), "Cal. Civ. Code 1798.120(b)"),
        row("US", "us_privacy 1YQN", none().us_privacy("1YQN"), unreadable(Signal::UsPrivacy, malformed), "U.S. Privacy String, format"),
        row("US", "us_privacy 1YNN; GPC", none().us_privacy("1YNN").gpc(), both(Why::Gpc), "Cal. Code Regs. title 11, 7025(c)(3)"),
        row("US", "TCF: consents to nothing", tcf(&nothing), both(Why::PurposeRefused), "this policy: a refusal is one everywhere"),
        row("US", "TCF: consents to all; GPC", tcf(&Tcf::default()).gpc(), both(Why::Gpc), "Cal. Code Regs. title 11, 7025(c)(3)"),
        row("US", "TCF: a string that is none", text("granted!"), unreadable(Signal::Tcf, Unreadable::Character), "this policy: what cannot be read may refuse"),
    ]
}

#[rustfmt::skip]
fn may_opt_out_by_gpp() -> Vec<Situation> {
    let nat = |fields| us(1, fields);
    let ok = nat("1111 00 222 000000000000 00 0 2 0 0");
    let with_gpc = format!("{ok}.YA");
    let without_gpc = format!("{ok}.QA");
    let of = |section: u16, text: &str, sid| none().gpp(&[(section, text)], sid);
    let opted_out = both(Why::UsOptOut);
    let fine = both(Why::NoOptOut);
    let california = us(1, "110 12 000000000 00 0 2 0 0");
    let two = [(7, ok.as_str()), (8, california.as_str())];
    let item = Unreadable::Malformed("it has an item that is no section ID");
    vec![
        row("US", "GPP, section 7: did not opt out", of(7, &ok, "7"), fine, "US National section, SaleOptOut"),
        row("US", "GPP, section 7: opted out of sale", of(7, &nat("1111 00 122 000000000000 00 0 2 0 0"), "7"), opted_out, "US National section, SaleOptOut"),
        row("US", "GPP, section 7: opted out of sharing", of(7, &nat("1111 00 212 000000000000 00 0 2 0 0"), "7"), opted_out, "US National section, SharingOptOut"),
        row("US", "GPP, section 7: opted out of targeted advertising", of(7, &nat("1111 00 221 000000000000 00 0 2 0 0"), "7"), opted_out, "US National section, TargetedAdvertisingOptOut"),
        row("US", "GPP, section 7, version 2: opted out of sale", of(7, &us(2, "1111 00 122 0000000000000000 000 0 2 0 0"), "7"), opted_out, "US National section, version 2"),
        row("US", "GPP, section 7, version 3", of(7, &us(3, "1111 00 122 0000000000000000"), "7"), unreadable(Signal::Gpp, Unreadable::Version), "this policy: what cannot be read may refuse"),
        row("US", "GPP, section 7: did not opt out; sub-section GPC", of(7, &with_gpc, "7"), both(Why::Gpc), "US National section, GPC sub-section"),
        row("US", "GPP, section 7: did not opt out; sub-section without GPC", of(7, &without_gpc, "7"), fine, "US National section, GPC sub-section"),
        row("US", "GPP, section 7: a known child, no consent", of(7, &nat("1111 00 222 000000000000 10 0 2 0 0"), "7"), both(Why::UsChild), "Cal. Civ. Code 1798.120(c)"),
        row("US", "GPP, section 7: no notice of the opt-out", of(7, &nat("1211 00 022 000000000000 00 0 2 0 0"), "7"), (Why::NoOptOut, Why::NoNotice), "US National section, SaleOptOutNotice"),
        row("US", "GPP, section 7: did not opt out; us_privacy 1YYN", of(7, &ok, "7").us_privacy("1YYN"), both(Why::UsPrivacyOptOut), "Cal. Code Regs. title 11, 7025(c)(3)"),
        row("US", "GPP, section 8: opted out of sale", of(8, &california, "8"), opted_out, "California section, SaleOptOut"),
        row("US", "GPP, section 9: opted out of targeted advertising", of(9, &us(1, "111 21 00000000 0 2 0 0"), "9"), opted_out, "Virginia section, TargetedAdvertisingOptOut"),
        row("US", "GPP, section 10: did not opt out; sub-section GPC", of(10, &format!("{}.YA", us(1, "111 22 0000000 0 2 0 0")), "10"), both(Why::Gpc), "Colorado section, GPC sub-section"),
        row("US", "GPP, section 11: opted out of sale", of(11, &us(1, "111 0 12 00000000 0 2 0 0"), "11"), opted_out, "Utah section, SaleOptOut"),
        row("US", "GPP, section 12: a child of 13 to 16, no consent to sale", of(12, &us(1, "111 22 00000000 010 2 0 0"), "12"), both(Why::UsChild), "Connecticut section, KnownChildSensitiveDataConsents"),
        row("US", "GPP, section 16: opted out of sale", of(16, &us(1, "111 12 00000000 0 0 2 0 0"), "16"), opted_out, "Texas section, SaleOptOut"),
        row("US", "GPP, section 24", of(24, "BVVAAAAA", "24"), unreadable(Signal::Gpp, Unreadable::Section(24)), "this policy: what cannot be read may refuse"),
        row("US", "GPP, section 6: 1YYN", of(6, "1YYN", "6"), both(Why::UsPrivacyOptOut), "GPP, section 6 (uspv1)"),
        row("US", "GPP, sections 7 and 8, 7 applies: opted out in 8", none().gpp(&two, "7"), fine, "GPP CMP API, applicableSections"),
        row("US", "GPP, sections 7 and 8, both apply: opted out in 8", none().gpp(&two, "7,8"), opted_out, "GPP CMP API, applicableSections"),
        row("US", "GPP, sections 7 and 8, none applies: opted out in 8", none().gpp(&two, "-1"), fine, "GPP CMP API, applicableSections"),
        row("US", "GPP, sections 7 and 8, nobody says which applies: opted out in 8", none().gpp(&two, ""), opted_out, "GPP CMP API, applicableSections"),
        row("US", "GPP without sections", none().gpp(&[], "7"), fine, "Cal. Civ. Code 1798.120(a)"),
        row("US", "GPP; the list of sections that apply is none", none().gpp(&two, "seven"), unreadable(Signal::GppSid, item), "GPP CMP API, applicableSections"),
    ]
}

#[rustfmt::skip]
fn elsewhere() -> Vec<Situation> {
    let all = Tcf::default;
    let opt_out = |policy: &mut Policy| policy.elsewhere = Regime::OptOut;
    vec![
        row("JP", "says nothing", none(), both(Why::Missing), "this policy: strict elsewhere"),
        row("JP", "TCF: consents to all", tcf(&all()), both(Why::TcfConsent), "this policy: strict elsewhere"),
        row("JP", "GPC", none().gpc(), both(Why::Gpc), "this policy: a refusal is one everywhere"),
        Situation {
            policy: opt_out,
            ..row("JP", "says nothing, with `elsewhere = \"opt-out\"`", none(), both(Why::NoOptOut), "the publisher's decision")
        },
        row("CA", "GPP, section 5 applies (TCF Canada)", none().gpp(&[(5, &all().text())], "5"), unreadable(Signal::Gpp, Unreadable::Section(5)), "this policy: what cannot be read may refuse"),
        row("?", "says nothing", none(), both(Why::Missing), "this policy: strict elsewhere"),
        row("?", "TCF: consents to all", tcf(&all()), both(Why::TcfConsent), "TCF Policies, appendix A, purpose 1"),
        row("?", "GPC", none().gpc(), both(Why::Gpc), "Cal. Code Regs. title 11, 7025(c)"),
    ]
}
