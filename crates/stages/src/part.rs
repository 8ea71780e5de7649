//! The places of fields: in any record of a stage, and in a certain one.

use std::fmt;

use crate::tls13::{CLOSED, PADDING};
use crate::{Field, Role, Stage};

/// The place of a field in any record of its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The field.
    pub field: &'static Field,
    /// Bytes of fixed length in front of it, from the start of the record.
    pub offset: usize,
    /// Whether the text is in front of it too.
    pub is_behind_text: bool,
}

/// A field as it lies in a certain record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'r> {
    /// The field.
    pub field: &'static Field,
    /// Its offset in bytes from the start of the record.
    pub offset: usize,
    /// Its bytes.
    pub bytes: &'r [u8],
}

impl Part<'_> {
    /// Its value, where its bytes are a number.
    pub fn number(&self) -> Option<u64> {
        self.field.number(self.bytes)
    }
}

/// The offset: a number, or a number plus N, the length of the text.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = if self.is_behind_text { " + N" } else { "" };
        write!(f, "{}{n}", self.offset)
    }
}

impl Stage {
    /// Lists the fields of a record, from its first byte to its last.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        places(self.fields)
    }

    /// Cuts a record into its fields, which tile it from end to end. `None` if it is too short to hold them.
    pub fn split<'r>(&self, record: &'r [u8]) -> Option<Vec<Part<'r>>> {
        split(self.fields, 0, record)
    }

    /// Cuts a record as [`split`](Self::split) does, for someone who has opened it and knows that so many of its bytes are
    /// padding. `None` if it is too short for that.
    pub fn split_opened<'r>(&self, record: &'r [u8], padding: usize) -> Option<Vec<Part<'r>>> {
        let mut parts = self.split(record)?;
        let Some(at) = parts.iter().position(|it| it.field.role == Role::InnerType) else {
            return Some(parts);
        };
        if padding == 0 {
            return Some(parts);
        }
        let (text, inner) = (parts.get(at.checked_sub(1)?)?, parts.get(at)?);
        let (begin, end) = (text.offset, inner.offset + inner.bytes.len());
        let of_type =
            end.checked_sub(padding.saturating_add(inner.bytes.len())).filter(|it| *it >= begin)?;
        let behind = of_type + inner.bytes.len();
        let part =
            |field, offset, end| Some(Part { field, offset, bytes: record.get(offset..end)? });
        let opened = [
            part(text.field, begin, of_type)?,
            part(inner.field, of_type, behind)?,
            part(&PADDING, behind, end)?,
        ];
        parts.splice(at - 1..=at, opened);
        Some(parts)
    }

    /// Cuts a record as [`split`](Self::split) does, for someone who cannot open it: where its inner type is, only the key
    /// tells, so that all that is encrypted is one field.
    pub fn split_closed<'r>(&self, record: &'r [u8]) -> Option<Vec<Part<'r>>> {
        let mut parts = self.split(record)?;
        if let Some(at) = parts.iter().position(|it| it.field.role == Role::InnerType) {
            let (inner, text) = (parts.get(at)?, parts.get(at.checked_sub(1)?)?);
            let (offset, end) = (text.offset, inner.offset + inner.bytes.len());
            let closed = Part { field: &CLOSED, offset, bytes: record.get(offset..end)? };
            parts.splice(at - 1..=at, [closed]);
        }
        Some(parts)
    }

    /// Cuts a payload into its fields, their offsets counted from its own start.
    pub fn split_payload<'p>(&self, payload: &'p [u8]) -> Option<Vec<Part<'p>>> {
        split(self.fields, self.header().len(), payload)
    }

    /// Reads the sequence number of a payload. `None` where the stage has none, or the payload is too short
    /// to hold its fields.
    pub fn seq(&self, payload: &[u8]) -> Option<u64> {
        let header_len = self.header().len();
        let place = self.places().find(|place| place.field.role == Role::Seq)?;
        let offset = place.offset.checked_sub(header_len)?;
        let bytes = payload.get(offset..offset + place.field.len?)?;
        let part = Part { field: place.field, offset, bytes };
        part.number().filter(|_| payload.len() >= self.overhead())
    }
}

/// Lists `fields` with their places.
pub fn places(fields: &'static [Field]) -> impl Iterator<Item = Place> + use<> {
    let (mut offset, mut is_behind_text) = (0, false);
    fields.iter().map(move |field| {
        let place = Place { field, offset, is_behind_text };
        offset += field.len.unwrap_or(0);
        is_behind_text |= field.len.is_none();
        place
    })
}

/// Cuts what stands behind the first `left_out` bytes of a record with such fields.
pub(crate) fn split<'r>(
    fields: &'static [Field],
    left_out: usize,
    bytes: &'r [u8],
) -> Option<Vec<Part<'r>>> {
    let fixed: usize = fields.iter().filter_map(|field| field.len).sum();
    let text_len = (left_out + bytes.len()).checked_sub(fixed)?;
    let places = places(fields).filter(|place| place.offset >= left_out);
    let part = |place: Place| {
        let behind_text = if place.is_behind_text { text_len } else { 0 };
        let offset = place.offset + behind_text - left_out;
        let len = place.field.len.unwrap_or(text_len);
        let bytes = bytes.get(offset..offset + len)?;
        Some(Part { field: place.field, offset, bytes })
    };
    places.map(part).collect()
}
