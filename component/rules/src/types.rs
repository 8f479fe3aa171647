//! Values that check themselves where they are made.

mod ec_id;
mod ext;
mod generation;
mod partner_key;
mod timestamp;
mod uid;

pub use ec_id::EcId;
pub use ext::Ext;
pub use partner_key::PartnerKey;
pub use timestamp::Timestamp;
pub use uid::Uid;

pub(crate) use generation::Generation;
pub(crate) use timestamp::Now;
