//! What follows from what a visitor sent.

use std::fmt;

use crate::bits::Unreadable;
use crate::gpp::{Applicable, Gpp};
use crate::policy::{Policy, Regime};
use crate::tcf::Tcf;
use crate::us::{Choice, Refusal, US_PRIVACY, is_section};

/// The section of a GPP string that holds a TC string.
const TCF_SECTION: u16 = 2;

/// What a visitor sent, or what was stored of it. Strings are as the consent managers write them, without
/// quotes and percent-encoding; an empty one counts as not sent.
#[derive(Clone, Copy, Default)]
pub struct Signals<'a> {
    /// Where the visitor is, as an ISO 3166-1 alpha-2 code in capitals; none when nobody knows.
    pub country: Option<&'a str>,
    /// TC string, version 2.
    pub tcf: Option<&'a str>,
    /// GPP string.
    pub gpp: Option<&'a str>,
    /// The sections of the GPP string that apply, as in `2,6`; without them all do.
    pub gpp_sid: Option<&'a str>,
    /// U.S. Privacy String.
    pub us_privacy: Option<&'a str>,
    /// Global Privacy Control.
    pub gpc: bool,
}

impl Signals<'_> {
    /// Without the empty strings.
    fn given(self) -> Self {
        let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        Self {
            tcf: self.tcf.filter(|_| given(self.tcf)),
            gpp: self.gpp.filter(|_| given(self.gpp)),
            gpp_sid: self.gpp_sid.filter(|_| given(self.gpp_sid)),
            us_privacy: self.us_privacy.filter(|_| given(self.us_privacy)),
            ..self
        }
    }
}

/// A string that a visitor sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// TC string.
    Tcf,
    /// GPP string.
    Gpp,
    /// The sections of the GPP string that apply.
    GppSid,
    /// U.S. Privacy String.
    UsPrivacy,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcf => "the TCF string",
            Self::Gpp => "the GPP string",
            Self::GppSid => "the list of GPP sections that apply",
            Self::UsPrivacy => "us_privacy",
        })
    }
}

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// It may.
    Ok,
    /// The visitor refused. After a consent this is a withdrawal.
    Denied,
    /// Nobody can tell: it may not, but nothing is withdrawn either.
    Unknown,
}

impl Consent {
    /// As answers have it: `ok`, `denied` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

/// Why something may be done or not. The text quotes nothing of the visitor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A TC string consents to purpose 1 and to the vendor in question.
    TcfConsent,
    /// The visitor need not be asked, and has not opted out.
    NoOptOut,
    /// The configuration shares with partners that have no vendor ID.
    SharedWithoutVendorId,
    /// A TC string does not consent to purpose 1.
    PurposeRefused,
    /// A TC string does not consent to the vendor.
    VendorRefused,
    /// The publisher does not allow purpose 1 to the vendor.
    VendorRestricted,
    /// A section of the GPP string opts out of sale, sharing or targeted advertising.
    UsOptOut,
    /// A section of the GPP string says that the visitor is a child and that consent is missing.
    UsChild,
    /// `us_privacy` opts out of sale.
    UsPrivacyOptOut,
    /// Global Privacy Control, by the header or by a section of the GPP string.
    Gpc,
    /// The visitor has to be asked, and no signal says what the answer is.
    Missing,
    /// One signal consents and another one refuses.
    Contradiction,
    /// A signal cannot be read.
    Unreadable(Signal, Unreadable),
    /// Purpose 1 was not put to the visitor.
    PurposeNotAsked,
    /// The vendor was not disclosed to the visitor.
    VendorNotDisclosed,
    /// The partner has no vendor ID that the visitor could have consented to.
    NoVendorId,
    /// The visitor was not told that data are sold, shared or used for targeted advertising.
    NoNotice,
}

impl Why {
    /// Whether it may be done.
    #[must_use]
    pub fn consent(self) -> Consent {
        match self {
            Self::TcfConsent | Self::NoOptOut | Self::SharedWithoutVendorId => Consent::Ok,
            Self::PurposeRefused
            | Self::VendorRefused
            | Self::VendorRestricted
            | Self::UsOptOut
            | Self::UsChild
            | Self::UsPrivacyOptOut
            | Self::Gpc => Consent::Denied,
            Self::Missing
            | Self::Contradiction
            | Self::Unreadable(..)
            | Self::PurposeNotAsked
            | Self::VendorNotDisclosed
            | Self::NoVendorId
            | Self::NoNotice => Consent::Unknown,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::TcfConsent => "TCF consents to purpose 1 and to the vendor",
            Self::NoOptOut => "the visitor has not opted out",
            Self::SharedWithoutVendorId => "the configuration shares without a vendor ID",
            Self::PurposeRefused => "TCF does not consent to purpose 1",
            Self::VendorRefused => "TCF does not consent to the vendor",
            Self::VendorRestricted => "the publisher does not allow purpose 1 to the vendor",
            Self::UsOptOut => "GPP says that the visitor opted out",
            Self::UsChild => "GPP says that consent for a child is missing",
            Self::UsPrivacyOptOut => "us_privacy says that the visitor opted out of sale",
            Self::Gpc => "the browser sends Global Privacy Control",
            Self::Missing => "the visitor has to be asked and no signal says what the answer is",
            Self::Contradiction => "one signal consents and another one refuses",
            Self::Unreadable(signal, why) => return write!(f, "{signal} cannot be read: {why}"),
            Self::PurposeNotAsked => "purpose 1 was not put to the visitor",
            Self::VendorNotDisclosed => "the vendor was not disclosed to the visitor",
            Self::NoVendorId => "the partner has no vendor ID",
            Self::NoNotice => "the visitor was not told of a sale or of sharing",
        };
        f.write_str(text)
    }
}

/// What follows from a visitor's signals.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    why: Why,
    partners: Partners<'a>,
}

/// Which partners the ID may be shared with, once it may be stored.
#[derive(Debug, Clone)]
enum Partners<'a> {
    /// Those whose vendor ID each of these consents to.
    Consented { strings: Vec<Tcf<'a>>, without_vendor_id: bool },
    /// All, when the visitor was told of it.
    All { unnoticed: bool },
}

impl Decision<'_> {
    /// Whether an ID may be stored: `denied` is a withdrawal where there is one.
    #[must_use]
    pub fn consent(&self) -> Consent {
        self.why.consent()
    }

    /// Why an ID may be stored or not.
    #[must_use]
    pub fn why(&self) -> Why {
        self.why
    }

    /// Whether the ID may be shared with the partner that has this ID on the Global Vendor List of TCF.
    #[must_use]
    pub fn share(&self, vendor_id: Option<u16>) -> Why {
        if self.consent() != Consent::Ok {
            return self.why;
        }
        match (&self.partners, vendor_id) {
            (Partners::All { unnoticed: true }, _) => Why::NoNotice,
            (Partners::All { unnoticed: false }, _) => Why::NoOptOut,
            (Partners::Consented { without_vendor_id: true, .. }, None) => {
                Why::SharedWithoutVendorId
            }
            (Partners::Consented { without_vendor_id: false, .. }, None) => Why::NoVendorId,
            (Partners::Consented { strings, .. }, Some(vendor)) => strings
                .iter()
                .map(|tcf| vendor_consent(tcf, vendor))
                .find(|why| *why != Why::TcfConsent)
                .unwrap_or(Why::TcfConsent),
        }
    }
}

/// What the strings say, taken together.
#[derive(Default)]
struct Heard<'a> {
    tcf: Vec<Tcf<'a>>,
    choices: Vec<(Choice, Why)>,
    unreadable: Option<Why>,
}

impl<'a> Heard<'a> {
    fn listen(signals: &Signals<'a>) -> Self {
        let mut heard = Self::default();
        if let Some(text) = signals.tcf {
            heard.tcf(Signal::Tcf, text);
        }
        if let Some(text) = signals.us_privacy {
            heard.us_privacy(Signal::UsPrivacy, text);
        }
        if let Some(text) = signals.gpp {
            heard.gpp(text, signals.gpp_sid);
        }
        heard
    }

    fn gpp(&mut self, text: &'a str, sid: Option<&str>) {
        let Some(gpp) = self.read(Signal::Gpp, Gpp::decode(text)) else { return };
        let Some(applicable) = self.read(Signal::GppSid, Applicable::decode(sid)) else { return };
        for (section, text) in gpp.sections().filter(|(section, _)| applicable.has(*section)) {
            match section {
                TCF_SECTION => self.tcf(Signal::Gpp, text),
                US_PRIVACY => self.us_privacy(Signal::Gpp, text),
                _ if is_section(section) => {
                    let choice = Choice::decode(section, text);
                    let choice = self.read(Signal::Gpp, choice);
                    self.choices.extend(choice.map(|choice| (choice, Why::UsOptOut)));
                }
                // One that nobody says applies is somebody else's.
                _ if applicable.lists(section) => {
                    let unknown: Result<(), _> = Err(Unreadable::Section(section));
                    self.read(Signal::Gpp, unknown);
                }
                _ => {}
            }
        }
    }

    fn tcf(&mut self, signal: Signal, text: &'a str) {
        let tcf = self.read(signal, Tcf::decode(text));
        self.tcf.extend(tcf);
    }

    fn us_privacy(&mut self, signal: Signal, text: &str) {
        let choice = self.read(signal, Choice::of_us_privacy(text));
        self.choices.extend(choice.map(|choice| (choice, Why::UsPrivacyOptOut)));
    }

    fn read<T>(&mut self, signal: Signal, read: Result<T, Unreadable>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(why) => {
                self.unreadable.get_or_insert(Why::Unreadable(signal, why));
                None
            }
        }
    }

    /// What the choices of the United States refuse.
    fn opt_out(&self) -> Option<Why> {
        self.choices.iter().find_map(|(choice, opted_out)| {
            Some(match choice.refusal? {
                Refusal::OptedOut => *opted_out,
                Refusal::Gpc => Why::Gpc,
                Refusal::Child => Why::UsChild,
            })
        })
    }
}

impl Policy {
    /// Decides. The work is linear in the length of the strings.
    #[must_use]
    pub fn decide<'a>(&self, signals: &Signals<'a>) -> Decision<'a> {
        let signals = signals.given();
        let regime = self.regime(signals.country);
        let heard = Heard::listen(&signals);
        let gpc = (signals.gpc && self.honours_gpc(signals.country)).then_some(Why::Gpc);
        let said: Vec<_> = heard.tcf.iter().map(|tcf| self.publisher_consent(tcf)).collect();
        let with = |consent| said.iter().copied().find(|why: &Why| why.consent() == consent);
        let refusal = gpc.or_else(|| heard.opt_out()).or_else(|| with(Consent::Denied));
        let consent = with(Consent::Ok);
        let why = match (refusal, regime) {
            // Where nobody has to ask, a refusal stands whatever else is said.
            (Some(_), Regime::OptIn) if consent.is_some() => Why::Contradiction,
            (Some(refusal), _) => refusal,
            (None, Regime::OptIn) => {
                let why = heard.unreadable.or_else(|| with(Consent::Unknown)).or(consent);
                why.unwrap_or(Why::Missing)
            }
            (None, Regime::OptOut) => heard.unreadable.unwrap_or(Why::NoOptOut),
        };
        let partners = match regime {
            Regime::OptIn => Partners::Consented {
                strings: heard.tcf,
                without_vendor_id: self.share_without_vendor_id,
            },
            Regime::OptOut => {
                let unnoticed = heard.choices.iter().any(|(choice, _)| choice.unnoticed);
                Partners::All { unnoticed }
            }
        };
        Decision { why, partners }
    }

    fn publisher_consent(&self, tcf: &Tcf) -> Why {
        match self.vendor_id {
            Some(vendor) => vendor_consent(tcf, vendor),
            None => purpose_consent(tcf),
        }
    }
}

fn purpose_consent(tcf: &Tcf) -> Why {
    match (tcf.purpose_one, tcf.purpose_one_not_asked) {
        (_, true) => Why::PurposeNotAsked,
        (true, false) => Why::TcfConsent,
        (false, false) => Why::PurposeRefused,
    }
}

fn vendor_consent(tcf: &Tcf, vendor: u16) -> Why {
    match purpose_consent(tcf) {
        Why::TcfConsent if tcf.did_not_disclose(vendor) => Why::VendorNotDisclosed,
        Why::TcfConsent if !tcf.consents_to(vendor) => Why::VendorRefused,
        Why::TcfConsent if tcf.restricts(vendor) => Why::VendorRestricted,
        why => why,
    }
}
