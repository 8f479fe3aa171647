//! What the values of a row may be: how each is read leniently, and how it is written.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::scan::Scanner;
use super::span::Span;
use super::write_json::Value;
use crate::entry::{UNKNOWN_COUNTRY, is_class, is_country, is_region};
use crate::limits::{MAX_DOMAIN_BYTES, MAX_SEEN_DOMAINS};

/// The type of a field of the [schema](super::schema).
pub(crate) trait Shape {
    /// What the field is in this program.
    type Shown;

    /// The stored value; `None` when it is of another type or breaks its rule, which counts as
    /// absent.
    fn read(span: Span, text: &str) -> Option<Self::Shown>;

    /// What stands for a value that is absent.
    fn absent() -> Self::Shown;

    /// How a value is written.
    fn written(shown: &Self::Shown) -> Value<'_>;

    /// Whether a row may have this value where the field is required.
    fn is_valid(span: Span, text: &str) -> bool {
        Self::read(span, text).is_some()
    }
}

/// Any text.
pub(super) struct Text;

impl Shape for Text {
    type Shown = String;

    fn read(span: Span, text: &str) -> Option<String> {
        span.string(text).map(String::from)
    }

    fn absent() -> String {
        String::new()
    }

    fn written(shown: &String) -> Value<'_> {
        Value::Text(shown)
    }
}

/// A shape that is a text which keeps a rule.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $rule:ident, else $absent:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Shape for $name {
            type Shown = String;

            fn read(span: Span, text: &str) -> Option<String> {
                Text::read(span, text).filter(|value| $rule(value))
            }

            fn absent() -> String {
                $absent.to_owned()
            }

            fn written(shown: &String) -> Value<'_> {
                Value::Text(shown)
            }

            /// A text that breaks the rule does not make the row unreadable.
            fn is_valid(span: Span, text: &str) -> bool {
                span.string(text).is_some()
            }
        }
    )*};
}

texts! {
    /// A country: two letters.
    Country: is_country, else UNKNOWN_COUNTRY;
    /// A subdivision of a country.
    Region: is_region, else "";
    /// A class of device.
    Class: is_class, else "";
}

/// True or false.
pub(super) struct Flag;

impl Shape for Flag {
    type Shown = bool;

    fn read(span: Span, text: &str) -> Option<bool> {
        span.flag(text)
    }

    fn absent() -> bool {
        false
    }

    fn written(shown: &bool) -> Value<'_> {
        Value::Flag(*shown)
    }
}

/// A number without sign, fraction or exponent. Its type in this program is its limit.
pub(crate) struct Unsigned<N>(core::marker::PhantomData<N>);

impl<N: TryFrom<u64> + Into<u64> + Copy + Default> Shape for Unsigned<N> {
    type Shown = N;

    fn read(span: Span, text: &str) -> Option<N> {
        span.number(text)
    }

    fn absent() -> N {
        N::default()
    }

    fn written(shown: &N) -> Value<'_> {
        Value::Number((*shown).into())
    }
}

/// A number that may have a sign.
pub(super) struct Signed;

impl Shape for Signed {
    type Shown = i64;

    fn read(span: Span, text: &str) -> Option<i64> {
        span.of(text).parse().ok()
    }

    fn absent() -> i64 {
        0
    }

    fn written(shown: &i64) -> Value<'_> {
        Value::Signed(*shown)
    }
}

/// 0 desktop, 1 mobile, 2 unknown.
pub(super) struct MobileClass;

impl Shape for MobileClass {
    type Shown = u8;

    fn read(span: Span, text: &str) -> Option<u8> {
        span.number(text).filter(|class| *class <= 2)
    }

    fn absent() -> u8 {
        2
    }

    fn written(shown: &u8) -> Value<'_> {
        Value::Number(u64::from(*shown))
    }
}

/// The domains seen, sorted: a list, or in older rows an object with a member for each.
pub(super) struct Domains;

impl Shape for Domains {
    type Shown = Vec<String>;

    fn read(span: Span, text: &str) -> Option<Vec<String>> {
        let text = span.of(text);
        let mut domains: Vec<String> = Vec::new();
        let mut add = |domain: Span| {
            let Some(domain) = domain.string(text) else { return };
            let place = domains.binary_search_by(|known| known.as_str().cmp(&domain));
            if let (Err(at), 1..=MAX_DOMAIN_BYTES) = (place, domain.len()) {
                domains.insert(at, domain.into_owned());
                // At once, since a row may hold a hundred thousand.
                domains.truncate(MAX_SEEN_DOMAINS);
            }
        };
        each(&mut Scanner::new(text), &mut add);
        Some(domains)
    }

    fn absent() -> Vec<String> {
        Vec::new()
    }

    fn written(shown: &Vec<String>) -> Value<'_> {
        Value::Texts(shown)
    }
}

/// Every item of a list, or every key of an object. The text has been scanned before.
pub(super) fn each(scanner: &mut Scanner<'_>, add: &mut dyn FnMut(Span)) {
    match scanner.peek() {
        b'[' => {
            scanner.array();
            let mut is_first = true;
            while scanner.item(&mut is_first) {
                add(scanner.value());
            }
        }
        b'{' => {
            let mut object = scanner.object();
            while let Some(key) = scanner.key(&mut object) {
                add(key);
                scanner.value();
            }
        }
        _ => {}
    }
}
