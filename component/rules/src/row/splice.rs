//! Changing a text by splicing it: what is not replaced stays as it was to the byte.

use alloc::vec::Vec;

use super::scan::Object;
use super::span::Span;
use super::write_json::{Json, Value};

/// A member to set: its key, where its value stands if it is there, and its new value.
pub(crate) type Member<'a> = (&'a str, Option<Span>, Value<'a>);

/// A text and what is to be replaced in it.
pub(crate) struct Splice<'a> {
    text: &'a str,
    /// Sorted by where they start.
    edits: Vec<Replacement>,
    added: Json,
}

/// What is replaced, and where in the added text stands what replaces it.
struct Replacement {
    old: Span,
    from: usize,
    to: usize,
}

impl<'a> Splice<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, edits: Vec::with_capacity(4), added: Json::with_capacity(128) }
    }

    pub(crate) fn replace(&mut self, old: Span, value: Value<'_>) {
        self.edit(old, &mut |json| json.value(value));
    }

    #[inline(never)]
    pub(crate) fn edit(&mut self, old: Span, write: &mut dyn FnMut(&mut Json)) {
        let from = self.added.written().len();
        write(&mut self.added);
        let to = self.added.written().len();
        // Nearly always the last, since rows are gone through from left to right.
        let at = self.edits.partition_point(|edit| edit.old.start() <= old.start());
        self.edits.insert(at, Replacement { old, from, to });
    }

    /// Sets members of an object: replaces those that stand somewhere and appends the others.
    #[inline(never)]
    pub(crate) fn set(&mut self, object: Object, members: &[Member<'_>]) {
        let mut missing = 0_usize;
        for (_, old, value) in members {
            match old {
                Some(old) => self.replace(*old, *value),
                None => missing += 1,
            }
        }
        if missing == 0 {
            return;
        }
        self.edit(Span::new(object.close, object.close), &mut |json| {
            let mut is_first = object.is_empty;
            for (key, _, value) in members.iter().filter(|(_, old, _)| old.is_none()) {
                if !is_first {
                    json.raw(b",");
                }
                is_first = false;
                json.key(key);
                json.value(*value);
            }
        });
    }

    /// Takes members out of an object, and sets new ones in their place at its end. Each member is
    /// given by its key and its value, in the order in which they stand, and whether it goes.
    pub(crate) fn take_out(
        &mut self,
        object: Object,
        standing: impl Iterator<Item = (Span, Span, bool)>,
        added: &[Member<'_>],
    ) {
        let mut kept_until = None;
        let mut cut_from = None;
        for (key, value, goes) in standing {
            if goes {
                // Behind a member that stays, the comma goes too.
                cut_from = cut_from.or(Some(kept_until.unwrap_or(key.start())));
                continue;
            }
            if let Some(from) = cut_from.take() {
                // Before a member that stays, the comma between what stays on both sides is kept.
                self.edit(Span::new(from, key.start()), &mut |json| {
                    if kept_until.is_some() {
                        json.raw(b",");
                    }
                });
            }
            kept_until = Some(value.end());
        }
        if let Some(from) = cut_from {
            self.edit(Span::new(from, object.close), &mut |_| {});
        }
        self.set(Object { is_empty: kept_until.is_none(), ..object }, added);
    }

    /// The text with all edits made; they do not overlap.
    pub(crate) fn finish(self) -> Vec<u8> {
        let (text, added) = (self.text.as_bytes(), self.added.written());
        let mut result = Vec::with_capacity(text.len().saturating_add(added.len()));
        let mut from = 0;
        for edit in &self.edits {
            result.extend_from_slice(text.get(from..edit.old.start()).unwrap_or_default());
            result.extend_from_slice(added.get(edit.from..edit.to).unwrap_or_default());
            from = edit.old.end();
        }
        result.extend_from_slice(text.get(from..).unwrap_or_default());
        result
    }
}
