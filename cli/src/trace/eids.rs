//! Partners, and user IDs in the forms that they give them. All values are invented.

use super::draws::Draws;
use super::fields::{Eid, Uid, UidExt};

/// The form of a partner's IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Uuid,
    UpperUuid,
    Id5,
    Envelope,
    Criteo,
    /// A token that changes every four hours.
    Uid2,
    Number,
    Rubicon,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Partner {
    pub(crate) source: &'static str,
    form: Form,
    atype: u32,
    rti: Option<&'static str>,
}

const fn partner(source: &'static str, form: Form, atype: u32) -> Partner {
    Partner { source, form, atype, rti: None }
}

/// Every partner; its place is its number.
pub(crate) const PARTNERS: [Partner; 11] = [
    partner("pubcid.org", Form::Uuid, 1),
    partner("id5-sync.com", Form::Id5, 1),
    partner("criteo.com", Form::Criteo, 1),
    Partner { rti: Some("TDID"), ..partner("adserver.org", Form::Uuid, 1) },
    partner("liveramp.com", Form::Envelope, 3),
    partner("uidapi.com", Form::Uid2, 3),
    partner("liveintent.com", Form::Uuid, 3),
    partner("adnxs.com", Form::Number, 3),
    partner("pubmatic.com", Form::UpperUuid, 3),
    partner("rubiconproject.com", Form::Rubicon, 3),
    partner("openx.net", Form::Uuid, 3),
];
/// How many of them, from the first, have a module in the browser.
pub(crate) const IN_BROWSERS: usize = 7;
/// From which on they sync from server to server.
pub(crate) const FROM_SERVERS: usize = 7;
/// Has a module in the browser and syncs from its servers as well.
pub(crate) const BOTH_WAYS: usize = 2;

impl Partner {
    pub(crate) fn uid(&self, draws: &mut Draws) -> String {
        match self.form {
            Form::Uuid => draws.uuid(),
            Form::UpperUuid => draws.uuid().to_ascii_uppercase(),
            Form::Id5 => format!("ID5*{}", draws.base64url(86)),
            Form::Envelope => format!("A{}", draws.base64url(67)),
            Form::Criteo => format!("{}%3D", draws.base64url(58)),
            Form::Uid2 => format!("A4AAA{}", draws.base64url(159)),
            Form::Number => {
                (1_000_000_000_000_000_000 + draws.bits() % 8_000_000_000_000_000_000).to_string()
            }
            Form::Rubicon => {
                let mut part = |length| draws.alphanumeric(length).to_ascii_uppercase();
                format!("{}-{}-{}", part(8), part(2), part(4))
            }
        }
    }

    pub(crate) fn rotates(&self) -> bool {
        self.form == Form::Uid2
    }

    pub(crate) fn eid(&self, uid: String) -> Eid<'static> {
        let ext = self.rti.map(|name| UidExt { rti_partner: name.into() });
        let uid = Uid { id: uid.into(), atype: self.atype, ext };
        Eid { source: self.source.into(), uids: vec![uid] }
    }
}
