//! What a row is made of: one table of its fields.
//!
//! The enumerations [`Section`] and [`Field`], how a row is searched for them, how they are decoded
//! into an entry and written from one, and the metadata that mirrors some of them follow from the
//! table. A new field is one line here, and one in the public type and in the WIT package.

use super::shape::{
    Class, Country, Domains, Flag, MobileClass, Region, Shape, Signed, Text, Unsigned,
};
use super::span::Span;
use super::write_json::{Json, Value};
use crate::entry::{Consent, Device, Geo, Metadata, PubProperties};
use crate::error::Corrupt;

/// Where the values of a row stand in its text.
pub(super) trait Values {
    /// The row's text.
    fn text(&self) -> &str;

    /// Where the value of a field stands, `null` included.
    fn span(&self, field: Field) -> Option<Span>;

    /// The value of a field that has this shape.
    fn read<S: Shape>(&self, field: Field) -> Option<S::Shown> {
        S::read(self.span(field)?, self.text())
    }
}

/// What decodes a section of a row, and says what is to be written there.
pub(super) trait Part: Sized {
    /// Reads the section's fields.
    fn decode(row: &impl Values) -> Self;

    /// Hands over each field in the order of the table, with its name and its value; `None` where it
    /// has none.
    fn each<'a>(&'a self, member: &mut dyn FnMut(Field, &'static str, Option<Value<'a>>));

    /// Writes the section's fields in a new row.
    fn write(&self, json: &mut Json) {
        self.each(&mut |_, name, value| {
            if let Some(value) = value {
                json.member(name, value);
            }
        });
    }
}

/// The members of the row itself, as a section like the others.
pub(super) struct Root {
    pub(super) v: u8,
    pub(super) created: u64,
    pub(super) last_seen: Option<u64>,
}

/// What was counted of the network. When it was counted is nothing to show.
pub(super) struct Network {
    pub(super) cluster_size: Option<u32>,
    pub(super) cluster_checked: Option<u64>,
}

/// The type of a struct's member, by how the table says that it is present.
macro_rules! read {
    ($row:ident, optional, $shape:ty, $field:ident) => {
        $row.read::<$shape>(Field::$field)
    };
    ($row:ident, $always:ident, $shape:ty, $field:ident) => {
        $row.read::<$shape>(Field::$field).unwrap_or_else(<$shape>::absent)
    };
}

/// What is written for a member of a struct, by how the table says that it is present.
macro_rules! value {
    (optional, $shape:ty, $value:expr) => {
        $value.as_ref().map(<$shape>::written)
    };
    ($always:ident, $shape:ty, $value:expr) => {
        Some(<$shape>::written(&$value))
    };
}

macro_rules! is_required {
    (required) => {
        true
    };
    ($other:ident) => {
        false
    };
}

/// `required`: a row without it is corrupt. `always`: something stands for it where it is absent.
macro_rules! schema {
    (
        root { $($root_field:ident: $root_name:ident, $root_presence:ident $root_shape:ty;)* }
        $($section:ident: $object:ident, $section_presence:ident {
            $($field:ident: $name:ident, $presence:ident $shape:ty;)*
        })*
    ) => {
        /// The known objects of a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Section {
            $($section,)*
            /// The partners' UIDs, whose members are partners and no fields.
            Ids,
            /// When partners' UIDs were removed, by partner.
            Removed,
        }

        impl Section {
            pub(crate) const ALL: &[Self] = &[$(Self::$section,)* Self::Ids, Self::Removed];

            /// The section of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Some(match name {
                    $(stringify!($object) => Self::$section,)*
                    "ids" => Self::Ids,
                    "removed" => Self::Removed,
                    _ => return None,
                })
            }

            /// The name in a row.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$section => stringify!($object),)*
                    Self::Ids => "ids",
                    Self::Removed => "removed",
                }
            }

            /// Whether a row without it is corrupt.
            pub(crate) fn is_required(self) -> bool {
                match self {
                    $(Self::$section => is_required!($section_presence),)*
                    Self::Ids | Self::Removed => false,
                }
            }

            /// The section's field of this name.
            pub(crate) fn field(self, name: &str) -> Option<Field> {
                match self {
                    $(Self::$section => match name {
                        $(stringify!($name) => Some(Field::$field),)*
                        _ => None,
                    },)*
                    Self::Ids | Self::Removed => None,
                }
            }
        }

        /// The known values of a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field {
            $($root_field,)*
            $($($field,)*)*
        }

        impl Field {
            pub(crate) const ALL: &[Self] = &[$(Self::$root_field,)* $($(Self::$field,)*)*];

            /// The field of this name that is a member of the row itself.
            pub(crate) fn of_root(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($root_name) => Some(Self::$root_field),)*
                    _ => None,
                }
            }

            /// The name in a row.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$root_field => stringify!($root_name),)*
                    $($(Self::$field => stringify!($name),)*)*
                }
            }

            /// The name by which errors call it: the section, a dot, and the field.
            pub(crate) fn path(self) -> &'static str {
                match self {
                    $(Self::$root_field => stringify!($root_name),)*
                    $($(Self::$field => concat!(stringify!($object), ".", stringify!($name)),)*)*
                }
            }

            /// Whether a row without it is corrupt.
            pub(crate) fn is_required(self) -> bool {
                match self {
                    $(Self::$root_field => is_required!($root_presence),)*
                    $($(Self::$field => is_required!($presence),)*)*
                }
            }

            /// Whether the row's value is one that the field may have.
            pub(super) fn is_valid(self, row: &impl Values) -> bool {
                let Some(span) = row.span(self) else { return false };
                match self {
                    $(Self::$root_field => <$root_shape>::is_valid(span, row.text()),)*
                    $($(Self::$field => <$shape>::is_valid(span, row.text()),)*)*
                }
            }
        }

        impl Part for Root {
            fn decode(row: &impl Values) -> Self {
                Self { $($root_name: read!(row, $root_presence, $root_shape, $root_field),)* }
            }

            fn each<'a>(&'a self, member: &mut dyn FnMut(Field, &'static str, Option<Value<'a>>)) {
                $(member(
                    Field::$root_field,
                    stringify!($root_name),
                    value!($root_presence, $root_shape, self.$root_name),
                );)*
            }
        }

        $(impl Part for $section {
            fn decode(row: &impl Values) -> Self {
                Self { $($name: read!(row, $presence, $shape, $field),)* }
            }

            fn each<'a>(&'a self, member: &mut dyn FnMut(Field, &'static str, Option<Value<'a>>)) {
                $(member(
                    Field::$field,
                    stringify!($name),
                    value!($presence, $shape, self.$name),
                );)*
            }
        })*
    };
}

schema! {
    root {
        V: v, required Unsigned<u8>;
        Created: created, required Unsigned<u64>;
        LastSeen: last_seen, optional Unsigned<u64>;
    }
    Consent: consent, required {
        Tcf: tcf, optional Text;
        Gpp: gpp, optional Text;
        GppSid: gpp_sid, optional Text;
        Ok: ok, required Flag;
        Updated: updated, required Unsigned<u64>;
        Withdrawn: withdrawn, optional Unsigned<u64>;
    }
    Geo: geo, required {
        Country: country, required Country;
        Region: region, optional Region;
        Asn: asn, optional Unsigned<u32>;
        Dma: dma, optional Signed;
    }
    PubProperties: pub_properties, optional {
        OriginDomain: origin_domain, always Text;
        SeenDomains: seen_domains, always Domains;
    }
    Device: device, optional {
        IsMobile: is_mobile, always MobileClass;
        Ja4Class: ja4_class, optional Class;
        PlatformClass: platform_class, optional Class;
        H2FpHash: h2_fp_hash, optional Class;
        KnownBrowser: known_browser, optional Flag;
    }
    Network: network, optional {
        ClusterSize: cluster_size, optional Unsigned<u32>;
        ClusterChecked: cluster_checked, optional Unsigned<u64>;
    }
}

/// The table of the metadata: its members in the order in which they are written, and the field that
/// each mirrors.
macro_rules! mirror {
    ($($name:ident, $presence:ident $shape:ty, mirrors $field:ident;)*) => {
        /// The names of the metadata's members.
        pub(super) const MIRRORED: [&str; [$(stringify!($name)),*].len()] =
            [$(stringify!($name)),*];

        /// The metadata that goes with a row.
        pub(super) fn mirror(row: &impl Values) -> Metadata {
            Metadata { $($name: read!(row, $presence, $shape, $field),)* }
        }

        /// Reads the metadata from where its members stand.
        pub(super) fn read_mirror(
            [$($name),*]: [Option<Span>; MIRRORED.len()],
            text: &str,
        ) -> Result<Metadata, Corrupt> {
            $(required!($presence, $shape, $name, text);)*
            Ok(Metadata { $($name: member!($presence, $shape, $name, text),)* })
        }

        /// What each member of the metadata is to be; `None` leaves it out.
        pub(super) fn mirrored(metadata: &Metadata) -> [Option<Value<'_>>; MIRRORED.len()] {
            [$(value!($presence, $shape, metadata.$name),)*]
        }
    };
}

macro_rules! required {
    (required, $shape:ty, $name:ident, $text:ident) => {
        let path = concat!("metadata.", stringify!($name));
        let span = $name.ok_or(Corrupt::Missing(path))?;
        if !<$shape>::is_valid(span, $text) {
            return Err(Corrupt::WrongType(path));
        }
    };
    (optional, $shape:ty, $name:ident, $text:ident) => {};
}

macro_rules! member {
    (required, $shape:ty, $name:ident, $text:ident) => {
        member!(optional, $shape, $name, $text).unwrap_or_else(<$shape>::absent)
    };
    (optional, $shape:ty, $name:ident, $text:ident) => {
        $name.and_then(|span| <$shape>::read(span, $text))
    };
}

mirror! {
    ok, required Flag, mirrors Ok;
    country, required Country, mirrors Country;
    v, required Unsigned<u8>, mirrors V;
    cluster_size, optional Unsigned<u32>, mirrors ClusterSize;
    is_mobile, optional MobileClass, mirrors IsMobile;
    known_browser, optional Flag, mirrors KnownBrowser;
}
