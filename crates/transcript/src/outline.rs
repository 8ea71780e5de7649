//! A message as a tree that a person can read: what is there for the form alone takes no line of its own.

use messages::Span;
use messages::decoder::ELEMENT_HEADER;

/// Bytes of the longest span that is told by what it says. A longer one is opened, to tell what it is made of.
pub const FOLDED: usize = 128;

/// A line of the tree.
#[derive(Clone, Copy, Debug)]
pub struct Item<'s> {
    /// The span.
    pub span: &'s Span,
    /// How many others it is part of.
    pub depth: usize,
    /// What it says, if that is more than its name.
    pub says: &'s str,
    /// Its first bytes, in front of the items that it is made of: all of them, if those are not told. The own bytes
    /// of all items are the message.
    pub own: usize,
    /// Whether what it is made of is told.
    pub is_open: bool,
}

impl Item<'_> {
    /// Returns whether its bytes are made of others, which are not told.
    pub fn is_folded(&self) -> bool {
        !self.is_open && !self.span.inside.is_empty()
    }
}

/// Lists the spans of a message as lines of a tree. One that says something is told by that alone, unless it has more
/// than `folded` bytes.
pub fn outline(spans: &[Span], folded: usize) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    for span in spans {
        add(&mut items, span, 0, folded);
    }
    items
}

fn add<'s>(items: &mut Vec<Item<'s>>, span: &'s Span, depth: usize, folded: usize) {
    // An element around one of the same name is its form.
    let (mut inner, mut says) = (span, span.says.as_str());
    while let [only] = content(inner)
        && only.name == inner.name
    {
        inner = only;
        says = if says.is_empty() { &only.says } else { says };
    }
    let content = content(inner);
    let is_open = !content.is_empty() && (says.is_empty() || span.len > folded);
    let begin = content.first().filter(|_| is_open).map(|first| first.offset - span.offset);
    let own = begin.unwrap_or(span.len);
    let says = if says == span.name { "" } else { says };
    let has_line = !is_open || own > 0;
    if has_line {
        items.push(Item { span, depth, says, own, is_open });
    }
    if is_open {
        for span in content {
            add(items, span, depth + usize::from(has_line), folded);
        }
    }
}

/// What a span is made of, without the tag and the length in front of it.
fn content(span: &Span) -> &[Span] {
    match span.inside.split_first() {
        Some((header, content)) if header.name == ELEMENT_HEADER => content,
        _ => &span.inside,
    }
}
