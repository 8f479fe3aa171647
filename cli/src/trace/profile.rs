//! One visitor of a generated day: who it is, and what it does when. All of it is drawn anew
//! whenever it is needed, so that a day of millions of visitors fits in memory.

use super::consent::{ConsentStrings, Regime};
use super::draws::Source;
use super::eids::{BOTH_WAYS, FROM_SERVERS, IN_BROWSERS, PARTNERS};
use super::fields::{DeviceFields, Eid, Fields, GeoFields};

pub(super) const DAY: u32 = 86_400;

/// How often pages are viewed in each hour, in UTC, by visitors of several continents.
const HOURS: [u32; 24] = [
    22, 16, 12, 10, 10, 14, 24, 38, 48, 52, 52, 54, 56, 55, 54, 55, 58, 64, 72, 78, 74, 62, 46, 32,
];
const DOMAINS: [&str; 5] = [
    "news.example",
    "news.example",
    "sport.news.example",
    "www.weather.example",
    "recipes.example",
];
/// Country, region, market area, regime. Autonomous systems are of the range for documentation.
const PLACES: [(&str, Option<&str>, Option<i64>, Regime); 14] = [
    ("DE", Some("BE"), None, Regime::Europe),
    ("DE", Some("BY"), None, Regime::Europe),
    ("FR", Some("IDF"), None, Regime::Europe),
    ("GB", Some("ENG"), None, Regime::Europe),
    ("ES", Some("MD"), None, Regime::Europe),
    ("IT", None, None, Regime::Europe),
    ("US", Some("CA"), Some(807), Regime::UnitedStates),
    ("US", Some("NY"), Some(501), Regime::UnitedStates),
    ("US", Some("OR"), Some(820), Regime::UnitedStates),
    ("US", Some("TX"), Some(618), Regime::UnitedStates),
    ("US", None, None, Regime::UnitedStates),
    ("CA", Some("QC"), None, Regime::Canada),
    ("BR", Some("SP"), None, Regime::Elsewhere),
    ("ZZ", None, None, Regime::Elsewhere),
];
/// Platform, whether it is mobile, class of its TLS fingerprint.
const PLATFORMS: [(&str, u8, &str); 6] = [
    ("ios", 1, "t13d2014h2"),
    ("ios", 1, "t13d2014h2"),
    ("android", 1, "t13d1516h2"),
    ("windows", 0, "t13d1516h2"),
    ("mac", 0, "t13d2014h2"),
    ("linux", 0, "t13d1717h2"),
];

/// What a visitor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// The first page, under a new EC ID.
    First,
    /// A page under an EC ID from another day whose row is not there.
    Again,
    View {
        with_eids: bool,
    },
    Cluster,
    /// A partner's pixel tells its UID.
    Pull {
        partner: usize,
    },
    Withdraw,
    Consent,
    Delete,
}

pub(super) struct Visitor<'a> {
    source: &'a Source,
    number: u32,
}

/// Streams of the source that belong to one visitor.
const PURPOSES: u64 = 64;
const NETWORKS: u64 = 1 << 62;
const FINGERPRINTS: u64 = 3 << 61;

impl<'a> Visitor<'a> {
    pub(super) fn new(source: &'a Source, number: u32) -> Self {
        Self { source, number }
    }

    fn purpose(&self, purpose: u64) -> u64 {
        u64::from(self.number) * PURPOSES + purpose
    }

    /// What happens to this visitor, in the order of time: seconds of the day.
    pub(super) fn actions(&self) -> Vec<(u32, Action)> {
        let mut draws = self.source.draws(self.purpose(0));
        let first = if draws.happens(30) { Action::Again } else { Action::First };
        let mut at = time_of_day(draws.below(HOURS.iter().sum())) + draws.below(3_600);
        let mut actions = vec![(at, first)];
        if draws.happens(300) {
            actions.push((at + 1, Action::Cluster));
        }
        // Many view a page or two and a few view dozens: n pages or more with a chance of 1/n.
        let views = (2_000 / (1 + draws.below(1_000))).min(60);
        for _ in 1..views {
            at +=
                if draws.happens(850) { 8 + draws.below(150) } else { 1_800 + draws.below(14_400) };
            actions.push((at, Action::View { with_eids: draws.happens(400) }));
            if draws.happens(60) {
                let partner = *draws.pick(&[1, 3, FROM_SERVERS, FROM_SERVERS + 2]);
                actions.push((at + 2, Action::Pull { partner }));
            }
        }
        if draws.happens(60) {
            at += 20 + draws.below(1_800);
            actions.push((at, Action::Withdraw));
            if draws.happens(600) {
                actions
                    .push((at + 3 + draws.below(300), Action::Pull { partner: FROM_SERVERS + 1 }));
            }
            if draws.happens(400) {
                actions.push((at + 400 + draws.below(600), Action::View { with_eids: true }));
            }
            if draws.happens(500) {
                at += 1_200 + draws.below(10_000);
                actions.push((at, Action::Consent));
                for _ in 0..draws.below(4) {
                    at += 10 + draws.below(900);
                    actions.push((at, Action::View { with_eids: draws.happens(400) }));
                }
            }
        } else if draws.happens(10) {
            actions.push((at + 600 + draws.below(3_600), Action::Delete));
        }
        actions.retain(|(at, _)| *at < DAY);
        actions.sort_by_key(|(at, _)| *at);
        actions
    }

    /// Visitors of one household or office share the 64 digits.
    pub(super) fn ec_id(&self) -> String {
        let mut draws = self.source.draws(self.purpose(1));
        let network = match draws.below(100) {
            0..2 => self.number & !63,
            2..40 => self.number & !7,
            _ => self.number,
        };
        let mut ec_id = self.source.draws(NETWORKS + u64::from(network)).hex(64);
        // Visitors from the time before the suffix have kept their cookies.
        if network != self.number || draws.happens(970) {
            ec_id.push('.');
            ec_id.push_str(&draws.alphanumeric(6));
        }
        ec_id
    }

    /// The fields that a request comes with when consent was given just now.
    pub(super) fn visit(&self, at: u64, is_again: bool) -> Fields<'static> {
        let mut draws = self.source.draws(self.purpose(2));
        let (country, region, dma, regime) = *draws.pick(&PLACES);
        let geo = (country != "ZZ").then(|| GeoFields {
            country: country.into(),
            region: region.map(Into::into),
            asn: Some(64_496 + draws.below(16)),
            dma,
        });
        let (platform, is_mobile, ja4) = *draws.pick(&PLATFORMS);
        let fingerprint = FINGERPRINTS + u64::from(draws.below(12));
        let device = draws.happens(950).then(|| DeviceFields {
            is_mobile,
            ja4_class: Some(ja4.into()),
            platform_class: Some(platform.into()),
            h2_fp_hash: Some(self.source.draws(fingerprint).hex(12).into()),
            known_browser: Some(draws.happens(960)),
        });
        let domain = *draws.pick(&DOMAINS);
        let mut draws = self.source.draws(self.purpose(if is_again { 4 } else { 3 }));
        let consent = ConsentStrings::of(regime, at, &mut draws);
        let eids = draws.happens(350).then(|| self.eids(at));
        Fields {
            domain: Some(domain.into()),
            tcf: consent.tcf.map(Into::into),
            gpp: consent.gpp.map(Into::into),
            geo,
            device,
            eids: eids.filter(|eids| !eids.is_empty()),
            ..Fields::default()
        }
    }

    /// The IDs that the browser's modules hold.
    pub(super) fn eids(&self, at: u64) -> Vec<Eid<'static>> {
        let mut draws = self.source.draws(self.purpose(5));
        let held = |(number, chance): (usize, u32)| {
            draws.happens(chance).then(|| PARTNERS[number].eid(self.uid(number, at)))
        };
        let chances = [900, 650, 450, 400, 200, 150, 100];
        (0..IN_BROWSERS).zip(chances).filter_map(held).collect()
    }

    /// What a partner calls this browser.
    pub(super) fn uid(&self, partner: usize, at: u64) -> String {
        let turn = if PARTNERS[partner].rotates() { at / 14_400 % 6 } else { 0 };
        let purpose = self.purpose(8 + partner as u64 + turn * 8);
        PARTNERS[partner].uid(&mut self.source.draws(purpose))
    }

    /// What its servers call this browser, which at times is not what its module does.
    pub(super) fn uid_from_servers(&self, partner: usize, at: u64) -> String {
        let mut draws = self.source.draws(self.purpose(6));
        if partner == BOTH_WAYS && draws.happens(200) {
            return PARTNERS[partner].uid(&mut draws);
        }
        self.uid(partner, at)
    }
}

/// The start of an hour, by the share of all views that it has.
fn time_of_day(mut share: u32) -> u32 {
    let mut hour = 0;
    for weight in HOURS {
        if share < weight {
            break;
        }
        share -= weight;
        hour += 1;
    }
    hour * 3_600
}
