//! Stored JSON for people: indented, in its own order, with what may identify somebody shortened.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::mask::{Mask, printable, quoted};

/// Columns up to which an object without objects inside stays on one line.
const COLUMNS: usize = 84;
/// Levels that are shown one by one.
const LEVELS: usize = 16;
/// Characters up to which a name of a field that is not known is shown.
const NAME: usize = 32;

/// A JSON text, each line indented; `None` when it is not JSON.
pub(crate) fn pretty(text: &str, mask: Mask) -> Option<Vec<String>> {
    let value: &RawValue = serde_json::from_str(text).ok()?;
    Some(Printer { mask, path: Vec::new() }.value(value))
}

/// Prints one value; knows where it stands.
struct Printer {
    mask: Mask,
    path: Vec<String>,
}

impl Printer {
    fn value(&mut self, raw: &RawValue) -> Vec<String> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if self.path.len() >= LEVELS => {
                vec![format!("… ({} bytes of deeper levels)", text.len())]
            }
            Some(b'{') => match serde_json::from_str::<Members<'_>>(text) {
                Ok(Members(members)) => self.object(members),
                Err(_) => vec![opaque(text)],
            },
            Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(items) => self.array(items),
                Err(_) => vec![opaque(text)],
            },
            Some(b'"') => vec![self.string(text)],
            Some(b't' | b'f' | b'n') => vec![text.to_owned()],
            _ => vec![self.number(text)],
        }
    }

    fn object(&mut self, members: Vec<(String, &RawValue)>) -> Vec<String> {
        let print = |(name, value): (String, &RawValue)| {
            let shown = self.name(&name);
            self.path.push(name);
            let mut lines = self.value(value);
            self.path.pop();
            if let Some(first) = lines.first_mut() {
                first.insert_str(0, &format!("{shown}: "));
            }
            lines
        };
        wrapped("{", members.into_iter().map(print).collect(), "}")
    }

    fn array(&mut self, items: Vec<&RawValue>) -> Vec<String> {
        self.path.push(String::new());
        let printed = items.into_iter().map(|item| self.value(item)).collect();
        self.path.pop();
        wrapped("[", printed, "]")
    }

    fn string(&self, text: &str) -> String {
        if self.mask == Mask::Reveal {
            return printable(text);
        }
        match serde_json::from_str::<String>(text) {
            Ok(string) if self.is_harmless() => quoted(&string),
            Ok(string) => self.mask.apply_quoted(&string),
            Err(_) => opaque(text),
        }
    }

    fn number(&self, text: &str) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let is_shown = match path.as_slice() {
            ["ids", _, name] => matches!(*name, "synced" | "atype" | "expires"),
            ["ids", ..] => false,
            _ => text.len() <= NAME,
        };
        if is_shown || self.mask == Mask::Reveal { text.to_owned() } else { self.mask.apply(text) }
    }

    /// Strings of fields that identify nobody.
    fn is_harmless(&self) -> bool {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        matches!(
            path.as_slice(),
            ["country"]
                | ["geo", "country" | "region"]
                | ["device", "ja4_class" | "platform_class" | "h2_fp_hash"]
                | ["pub_properties", "origin_domain"]
                | ["pub_properties", "seen_domains", ""]
        )
    }

    fn name(&self, name: &str) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let is_key = matches!(path.as_slice(), ["ids"] | ["pub_properties", "seen_domains"]);
        if is_key || name.len() <= NAME || self.mask == Mask::Reveal {
            quoted(name)
        } else {
            self.mask.apply_quoted(name)
        }
    }
}

/// Puts values between brackets: on one line where none has several and all fit.
fn wrapped(open: &str, values: Vec<Vec<String>>, close: &str) -> Vec<String> {
    let width: usize = values.iter().flatten().map(|line| line.chars().count() + 2).sum();
    let is_nested = values.iter().any(|lines| {
        lines.len() > 1 || lines.first().is_some_and(|line| line.ends_with(['}', ']']))
    });
    if width <= COLUMNS && !is_nested {
        let inner: Vec<String> = values.into_iter().flatten().collect();
        return vec![format!("{open}{}{close}", inner.join(", "))];
    }
    let mut lines = vec![open.to_owned()];
    let count = values.len();
    for (at, value) in values.into_iter().enumerate() {
        lines.extend(value.into_iter().map(|line| format!("  {line}")));
        if let Some(last) = lines.last_mut().filter(|_| at + 1 < count) {
            last.push(',');
        }
    }
    lines.push(close.to_owned());
    lines
}

fn opaque(text: &str) -> String {
    format!("… ({} bytes)", text.len())
}

/// An object's members in their order, also those that stand twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_doubles_and_numbers_stay_as_they_are_stored() {
        let text = r#"{"z":1000.0,"a":{"x":[1,2]},"z":null}"#;
        let shown = pretty(text, Mask::Shorten).unwrap().join("\n");
        assert_eq!(
            shown,
            "{\n  \"z\": 1000.0,\n  \"a\": {\n    \"x\": [1, 2]\n  },\n  \"z\": null\n}"
        );
    }

    #[test]
    fn what_may_identify_somebody_is_shortened_wherever_it_stands() {
        let secret = "0123456789abcdef0123456789abcdef-secret";
        let text = format!(
            r#"{{"consent":{{"tcf":"{secret}"}},"new":["{secret}"],"{secret}":{{"{secret}":1}},
                "ids":{{"p":{{"uid":"{secret}"}},"q":"{secret}","r":{{"uid":12345678901234}}}}}}"#
        );
        let shown = pretty(&text, Mask::Shorten).unwrap().join("\n");
        assert!(!shown.contains("secret") && !shown.contains("12345678901234"), "{shown}");
        let revealed = pretty(&text, Mask::Reveal).unwrap().join("\n");
        assert_eq!(revealed.matches("secret").count(), 6);
    }

    #[test]
    fn what_cannot_be_shown_is_told_by_its_length() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(pretty(&deep, Mask::Shorten).unwrap().join("").contains("deeper levels"));
        assert!(pretty(r#""\ud800""#, Mask::Shorten).unwrap()[0].contains("8 bytes"));
        assert!(pretty("{", Mask::Shorten).is_none());
    }
}
