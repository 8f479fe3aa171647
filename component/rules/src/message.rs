//! What errors say, put together from fixed words and numbers without formatting, whose code would
//! be a twentieth of the component.

use core::fmt;

use crate::error::{Corrupt, GraphError, InvalidArgument, Outage};
use crate::policy::{
    MAX_BODY_BYTES, MAX_CLASS_BYTES, MAX_DEPTH, MAX_DOMAIN_BYTES, MAX_METADATA_BYTES,
    MAX_PARTNER_BYTES, MAX_READ_BYTES, MAX_REGION_BYTES, MAX_UID_BYTES,
};

/// A piece of a message.
enum Word {
    Text(&'static str),
    Number(u64),
}

use Word::{Number, Text};

/// What a message is written to, piece by piece.
type Out<'a> = &'a mut dyn FnMut(&str);

fn say(words: &[Word], out: Out<'_>) {
    for word in words {
        match word {
            Text(text) => out(text),
            Number(number) => out(itoa::Buffer::new().format(*number)),
        }
    }
}

impl GraphError {
    /// Says what went wrong and what to do, piece by piece: [`Display`](fmt::Display) without the
    /// weight of formatting, for a component that is to be small.
    pub fn say(&self, out: Out<'_>) {
        let rest = match self {
            Self::InvalidArgument(rule) => return rule.say(out),
            Self::Corrupt(problem) => {
                out("the stored row is not an entry: ");
                problem.say(out);
                "; inspect shows it, a withdrawal or a delete removes it"
            }
            Self::Unavailable(outage) => {
                outage.say(out);
                "; every operation is safe to call again"
            }
            Self::NoSuchStore => "no store has this name; create it or correct the configured name",
            Self::AlreadyExists => "the key already holds an entry; create_or_revive accepts that",
            Self::TooLarge => {
                let (body, metadata) = (number(MAX_BODY_BYTES), number(MAX_METADATA_BYTES));
                let between = Text(" bytes of body or ");
                say(&[Text("the row would outgrow "), body, between, metadata], out);
                " bytes of metadata and is unchanged"
            }
            Self::Conflict => {
                "other writers won, or reads lag behind them; nothing was written, call again later"
            }
            Self::Throttled => {
                "the store refused for its rate; nothing was written, call again later"
            }
        };
        out(rest);
    }
}

impl Outage {
    /// Says how the store failed, as [`GraphError::say`] does.
    pub fn say(&self, out: Out<'_>) {
        out(match self {
            Self::Failed => "the store failed and applied nothing",
            Self::Unconfirmed => {
                "the store did not confirm the write, which may or may not have been applied"
            }
            Self::Refused => {
                "the store refuses this request as outside its limits; nothing was written"
            }
        });
    }
}

impl Corrupt {
    /// Says why the row is not an entry, as [`GraphError::say`] does.
    pub fn say(&self, out: Out<'_>) {
        let at = |what, at: &usize| [Text(what), number(*at), Text("")];
        let words = match self {
            Self::TooLong => {
                [Text("its body is longer than "), number(MAX_READ_BYTES), Text(" bytes")]
            }
            Self::NotUtf8(byte) => at("it is not UTF-8 at byte ", byte),
            Self::NotJson(byte) => at("it is not JSON at byte ", byte),
            Self::TooDeep => {
                [Text("it is nested deeper than "), number(MAX_DEPTH), Text(" levels")]
            }
            Self::NotAnObject => [Text("it is not a JSON object"), Text(""), Text("")],
            Self::Missing(name) => {
                [Text("the required field \""), Text(name), Text("\" is missing")]
            }
            Self::WrongType(name) => {
                [Text("the field \""), Text(name), Text("\" has the wrong type or is out of range")]
            }
            Self::Twice(name) => [Text("the field \""), Text(name), Text("\" stands twice")],
        };
        say(&words, out);
    }
}

impl InvalidArgument {
    /// Says which rule is broken and what to pass, as [`GraphError::say`] does.
    pub fn say(&self, out: Out<'_>) {
        let (what, length, expected) = match self {
            Self::EcId(length) => (
                "EC ID",
                length,
                "64 hex digits, then optionally a dot and 6 ASCII letters or digits; pass the cookie's value unchanged",
            ),
            Self::Partner(length) => (
                "partner key",
                length,
                "1 to 255 bytes of a-z 0-9 . _ - such as the partner's source domain",
            ),
            Self::Domain(length) => (
                "domain",
                length,
                "a lower-case hostname of at most 255 bytes whose labels have 1 to 63 letters, digits or inner hyphens, without scheme, port or final dot",
            ),
            Self::Country(length) => {
                ("country", length, "the two letters of ISO 3166-1, or leave geo out")
            }
            Self::Region(length) => (
                "region",
                length,
                "1 to 8 letters, digits or hyphens: an ISO 3166-2 subdivision without the country",
            ),
            Self::Class(name, length) => (*name, length, "1 to 64 printable ASCII characters"),
            Self::UidBlank => {
                return out("partner UID: it is blank; leave the partner out instead");
            }
            Self::UidTooLong(length) => {
                let most = number(MAX_UID_BYTES);
                let words =
                    [Text("partner UID: "), number(*length), Text(" bytes, at most "), most];
                say(&words, out);
                return out(" are stored");
            }
            Self::UidControl(at) => {
                say(&[Text("partner UID: control character at byte "), number(*at)], out);
                return out("; pass the decoded value");
            }
            Self::IsMobile(class) => {
                say(&[Text("is-mobile is "), Number(u64::from(*class))], out);
                return out(": expected 0 (desktop), 1 (mobile) or 2 (unknown)");
            }
            Self::Policy(name, value, least, most) => {
                let [value, least, most] = [value, least, most].map(|n| Number(u64::from(*n)));
                let words =
                    [Text("policy: "), Text(name), Text(" is "), value, Text(", expected "), least];
                say(&words, out);
                return say(&[Text(" to "), most], out);
            }
        };
        let words =
            [Text(what), Text(" ("), number(*length), Text(" bytes): expected "), Text(expected)];
        say(&words, out);
    }
}

fn number(number: usize) -> Word {
    Number(number as u64)
}

/// `Display` by what each of them says.
macro_rules! display {
    ($($error:ty),*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut result = Ok(());
                self.say(&mut |text| result = result.and_then(|()| f.write_str(text)));
                result
            }
        }
    )*};
}

display!(GraphError, Outage, Corrupt, InvalidArgument);

/// Limits that stand in the words above.
const _: () = assert!(
    MAX_PARTNER_BYTES == 255
        && MAX_DOMAIN_BYTES == 255
        && MAX_REGION_BYTES == 8
        && MAX_CLASS_BYTES == 64
);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn errors_say_what_is_wrong_and_what_to_do() {
        let errors: [(GraphError, &str); 9] = [
            (
                GraphError::InvalidArgument(InvalidArgument::Partner(3)),
                "partner key (3 bytes): expected 1 to 255 bytes of a-z 0-9 . _ - such as the partner's source domain",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::Class("ja4-class", 0)),
                "ja4-class (0 bytes): expected 1 to 64 printable ASCII characters",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::UidTooLong(513)),
                "partner UID: 513 bytes, at most 512 are stored",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::UidControl(4)),
                "partner UID: control character at byte 4; pass the decoded value",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::IsMobile(9)),
                "is-mobile is 9: expected 0 (desktop), 1 (mobile) or 2 (unknown)",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::Policy("entry-ttl", 1, 2, 3)),
                "policy: entry-ttl is 1, expected 2 to 3",
            ),
            (
                GraphError::Corrupt(Corrupt::NotJson(17)),
                "the stored row is not an entry: it is not JSON at byte 17; inspect shows it, a withdrawal or a delete removes it",
            ),
            (
                GraphError::TooLarge,
                "the row would outgrow 65536 bytes of body or 2000 bytes of metadata and is unchanged",
            ),
            (
                GraphError::Unavailable(Outage::Failed),
                "the store failed and applied nothing; every operation is safe to call again",
            ),
        ];
        for (error, expected) in errors {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_corrupt_row_is_told_by_the_field_that_is_wrong() {
        for (problem, expected) in [
            (Corrupt::TooLong, "its body is longer than 1048576 bytes"),
            (Corrupt::NotUtf8(2), "it is not UTF-8 at byte 2"),
            (Corrupt::NotAnObject, "it is not a JSON object"),
            (Corrupt::Missing("v"), "the required field \"v\" is missing"),
            (Corrupt::WrongType("v"), "the field \"v\" has the wrong type or is out of range"),
            (Corrupt::Twice("geo"), "the field \"geo\" stands twice"),
        ] {
            assert_eq!(problem.to_string(), expected);
        }
    }
}
