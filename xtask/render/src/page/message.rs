//! A message of a handshake, field by field, beside what it was.

use messages::{Span, explain, tls13};
use transcript::outline::{FOLDED, Item, outline};

/// Fields of a message that are shown one by one. No honest one has as many.
const SHOWN: usize = 16;

/// The name of what is behind the fields that are shown.
const REST: &str = "more";

/// Names of what a message of TLS has for its form.
const LENGTH: &str = "length";
const EXTENSIONS: &str = "extensions";

/// A field of a message: for those of parts 3 and 4, a tag, a length and a value.
#[derive(Clone, Debug)]
pub struct Field<'m> {
    /// As its decoder read it.
    pub span: Span,
    /// Its bytes.
    pub bytes: &'m [u8],
}

/// A field, and the one it was before.
#[derive(Debug)]
pub struct Pair<'m> {
    /// `None` if it was added.
    pub before: Option<Field<'m>>,
    /// `None` if it was taken out.
    pub after: Option<Field<'m>>,
}

/// Cuts a message into its fields, which tile it from end to end.
pub fn fields(message: &[u8]) -> Vec<Field<'_>> {
    let mut spans = explain(message).spans;
    if let Some(first) = spans.get(SHOWN) {
        let offset = first.offset;
        let what = "Fields that are not shown one by one: no honest message has so many.";
        let len = message.len().saturating_sub(offset);
        spans.truncate(SHOWN);
        spans.push(Span { name: REST, what, offset, len, says: String::new(), inside: vec![] });
    }
    let field = |span: Span| {
        let bytes = message.get(span.offset..span.offset + span.len)?;
        Some(Field { span, bytes })
    };
    spans.into_iter().filter_map(field).collect()
}

/// Lists what a message says at a glance: its fields, and what they say, where that is short.
pub fn said(message: &[u8]) -> Vec<(&'static str, String)> {
    let spans = explain(message).spans;
    let mut said = Vec::new();
    if !tls13::is_one(message) || message.len() < tls13::handshake::HEADER_LEN {
        said.extend(spans.iter().map(|span| (span.name, short(span))));
        return said;
    }
    // Type and length say nothing of their own, and an extension counts like a field.
    for span in spans.iter().skip(1).flat_map(|body| &body.inside) {
        let parts = match span.name {
            LENGTH => &[],
            EXTENSIONS => &span.inside[..],
            _ => std::slice::from_ref(span),
        };
        said.extend(parts.iter().filter(|part| part.name != LENGTH).map(|it| (it.name, short(it))));
    }
    said.truncate(SHOWN);
    said
}

/// What a span says, or what the parts of it say, if that is short.
fn short(span: &Span) -> String {
    let parts = span.inside.iter().filter(|part| part.name != LENGTH);
    let parts = parts.map(|part| &*part.says).filter(|says| !says.is_empty());
    if span.says.is_empty() && span.inside.iter().any(|part| part.name == LENGTH) {
        parts.collect::<Vec<_>>().join(", ")
    } else {
        span.says.clone()
    }
}

/// Joins each field of a message with what it was: one with the same bytes, or else one of the same name. Those
/// that were taken out come last.
pub fn compare<'m>(before: &'m [u8], after: &'m [u8]) -> Vec<Pair<'m>> {
    let mut left = fields(before);
    let mut pairs: Vec<_> =
        fields(after).into_iter().map(|field| Pair { before: None, after: Some(field) }).collect();
    let is_same = |one: &Field, other: &Field| one.bytes == other.bytes;
    let is_alike = |one: &Field, other: &Field| one.span.name == other.span.name;
    for is_it in [is_same, is_alike] {
        for pair in pairs.iter_mut().filter(|pair| pair.before.is_none()) {
            let found =
                left.iter().position(|old| pair.after.as_ref().is_some_and(|new| is_it(old, new)));
            pair.before = found.map(|at| left.remove(at));
        }
    }
    pairs.extend(left.into_iter().map(|field| Pair { before: Some(field), after: None }));
    pairs
}

impl<'m> Field<'m> {
    /// Lists what it is made of as the lines of a tree, each with its own bytes, in order.
    pub fn items(&self) -> Vec<(Item<'_>, &'m [u8])> {
        let own = |item: Item<'_>| {
            let from = item.span.offset.saturating_sub(self.span.offset);
            self.bytes.get(from..from + item.own).unwrap_or_default()
        };
        let items = outline(std::slice::from_ref(&self.span), FOLDED).into_iter();
        items.map(|item| (item, own(item))).collect()
    }
}

#[cfg(test)]
mod tests {
    use messages::fields::{DH_GENERATOR, DH_PUBLIC_VALUE, Tag, X25519_KEY};

    use super::*;

    const STRANGE: Tag = Tag { number: 0x4242, name: "", what: "" };

    fn message(fields: &[(&Tag, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        for (tag, value) in fields {
            tag.append(value, &mut message);
        }
        message
    }

    /// The names of pairs: before, after.
    fn named(before: &[u8], after: &[u8]) -> Vec<(&'static str, &'static str)> {
        let name = |field: &Option<Field>| field.as_ref().map_or("", |field| field.span.name);
        compare(before, after).iter().map(|pair| (name(&pair.before), name(&pair.after))).collect()
    }

    #[test]
    fn fields_find_what_they_were_wherever_others_were_added() {
        let key = (&X25519_KEY, &[7; 32][..]);
        let (before, grown) = (message(&[key]), message(&[(&STRANGE, b"hi"), key]));
        assert_eq!(named(&before, &grown), [("", "unknown field"), ("X25519 key", "X25519 key")]);
        let twice = message(&[(&X25519_KEY, b"no"), key]);
        let pairs = compare(&before, &twice);
        assert!(pairs[0].before.is_none());
        assert_eq!(pairs[1].before.as_ref().unwrap().bytes, pairs[1].after.as_ref().unwrap().bytes);
        let changed = message(&[(&X25519_KEY, &[8; 32])]);
        assert_eq!(named(&before, &changed), [("X25519 key", "X25519 key")]);
    }

    #[test]
    fn fields_that_were_taken_out_come_last() {
        let before = message(&[(&DH_GENERATOR, &[2]), (&DH_PUBLIC_VALUE, &[9])]);
        let after = message(&[(&DH_PUBLIC_VALUE, &[9])]);
        let expected = [("public value", "public value"), ("generator g", "")];
        assert_eq!(named(&before, &after), expected);
    }

    #[test]
    fn fields_and_what_they_are_made_of_tile_any_message() {
        let many = vec![0; 65_535];
        let cut = message(&[(&X25519_KEY, &[7; 32])])[..20].to_vec();
        for message in [&many[..], &cut, &[], &[1]] {
            let fields = fields(message);
            assert!(fields.len() <= SHOWN + 1);
            let bytes: Vec<u8> = fields
                .iter()
                .flat_map(|field| field.items().into_iter().flat_map(|(_, bytes)| bytes.to_vec()))
                .collect();
            assert_eq!(bytes, message);
        }
    }
}
