//! A reader of bytes that names what it reads.

use byteorder::{BigEndian, ByteOrder};
use thiserror::Error;

/// A run of bytes in a message, with its name and meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its name, such as `length`.
    pub name: &'static str,
    /// Its meaning, in a sentence or two.
    pub what: &'static str,
    /// Its offset in bytes from the start of the message.
    pub offset: usize,
    /// Its length in bytes.
    pub len: usize,
    /// What its bytes say, such as `32`, where they say something a person can read.
    pub says: String,
    /// The spans it is made of, in order. They tile it from end to end.
    pub inside: Vec<Span>,
}

/// A message as it was understood: spans from its first byte on, to its last if it could be read to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// The outermost spans, in order.
    pub spans: Vec<Span>,
}

impl Explained {
    /// Lists the innermost spans, in order.
    pub fn leaves(&self) -> impl Iterator<Item = &Span> {
        let mut stack: Vec<_> = self.spans.iter().rev().collect();
        std::iter::from_fn(move || {
            let mut span = stack.pop()?;
            while let Some((first, rest)) = span.inside.split_first() {
                stack.extend(rest.iter().rev());
                span = first;
            }
            Some(span)
        })
    }
}

/// A reason that a message could not be decoded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// It ends inside something.
    #[error("the message ends inside a {what}: {wanted} bytes were to follow, {got} are there")]
    Cut {
        /// What was to be read.
        what: &'static str,
        /// Bytes it takes.
        wanted: usize,
        /// Bytes that are left.
        got: usize,
    },
    /// A field that has to be there is not.
    #[error("the message has no {field}")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field is there twice, so that two readers could take different ones.
    #[error("the message has more than one {field}")]
    Repeated {
        /// Its name.
        field: &'static str,
    },
    /// Fields are in another order than their sender puts them in.
    #[error("the {field} stands in front of another field that belongs before it")]
    OutOfOrder {
        /// Name of the field that comes too early.
        field: &'static str,
    },
    /// A field is known, and not one of this message's.
    #[error("the {field} does not belong into this message")]
    Misplaced {
        /// Its name.
        field: &'static str,
    },
    /// A field has a value that none may have.
    #[error("the {field} has a value that it may not have")]
    BadValue {
        /// Its name.
        field: &'static str,
    },
    /// There is something else where this has to be.
    #[error("there is no {what} where one has to be")]
    NoSuch {
        /// What has to be there.
        what: &'static str,
    },
    /// Something follows where this is complete.
    #[error("the {what} goes on behind its last part")]
    Surplus {
        /// Its name.
        what: &'static str,
    },
    /// More is there than can be.
    #[error("the message has more than {most} {field}s")]
    TooMany {
        /// The name of one of them.
        field: &'static str,
        /// The most there can be.
        most: usize,
    },
    /// A value has a length that it cannot have.
    #[error("the {field} has {len} bytes, not {expected}")]
    WrongLength {
        /// Its name.
        field: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The length that it must have.
        expected: usize,
    },
}

/// The name of the span in front of every other in an element of DER: what kind of element it is, and how long.
pub const ELEMENT_HEADER: &str = "tag and length";

/// The most spans that a message is told in, but for one or two that say so. Whoever sends many small things has them
/// told as one.
pub const MAX_SPANS: usize = 800;

/// Reads a message from its first byte to its last.
#[derive(Debug)]
pub struct Decoder<'m> {
    rest: &'m [u8],
    offset: usize,
    spans: usize,
    /// Spans that are open, the innermost last, with what each is made of so far. The first is the message.
    open: Vec<Vec<Span>>,
}

impl<'m> Decoder<'m> {
    /// Reads `message`.
    pub fn new(message: &'m [u8]) -> Self {
        Self { rest: message, offset: 0, spans: 0, open: vec![Vec::new()] }
    }

    /// Returns whether everything is read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns what is left, which remains to be read.
    pub fn rest(&self) -> &'m [u8] {
        self.rest
    }

    /// Returns whether there is room to tell more: a message has at most [`MAX_SPANS`].
    pub fn has_room(&self) -> bool {
        self.spans < MAX_SPANS
    }

    /// Reads 2 bytes as a big-endian number. What it says is found by `says`.
    pub fn u16(
        &mut self,
        name: &'static str,
        what: &'static str,
        says: impl FnOnce(u16) -> String,
    ) -> Result<u16, DecodeError> {
        let number = BigEndian::read_u16(self.take(2, name)?);
        self.close(Span {
            name,
            what,
            offset: self.offset - 2,
            len: 2,
            says: says(number),
            inside: vec![],
        });
        Ok(number)
    }

    /// Reads `len` bytes.
    pub fn bytes(
        &mut self,
        len: usize,
        name: &'static str,
        what: &'static str,
    ) -> Result<&'m [u8], DecodeError> {
        self.told(len, name, what, |_| String::new())
    }

    /// Reads `len` bytes. What they say is found by `says`.
    pub fn told(
        &mut self,
        len: usize,
        name: &'static str,
        what: &'static str,
        says: impl FnOnce(&'m [u8]) -> String,
    ) -> Result<&'m [u8], DecodeError> {
        let bytes = self.take(len, name)?;
        let offset = self.offset - len;
        self.close(Span { name, what, offset, len, says: says(bytes), inside: vec![] });
        Ok(bytes)
    }

    /// Reads the next `len` bytes by `read`, for which the message ends there, and which has to read them all.
    pub fn within<V>(
        &mut self,
        len: usize,
        what: &'static str,
        read: impl FnOnce(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<V, DecodeError> {
        let got = self.rest.len();
        let cut = DecodeError::Cut { what, wanted: len, got };
        let (inside, behind) = self.rest.split_at_checked(len).ok_or(cut)?;
        self.rest = inside;
        let surplus = Err(DecodeError::Surplus { what });
        let read = read(self).and_then(|read| if self.is_done() { Ok(read) } else { surplus });
        self.give_up("rest", "Bytes whose meaning is not known here.");
        self.rest = behind;
        read
    }

    /// Reads several things as one span, whose name and meaning are known when they are read.
    pub fn span<V>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(V, &'static str, &'static str), DecodeError>,
    ) -> Result<V, DecodeError> {
        self.saying(|decoder| {
            read(decoder).map(|(value, name, what)| (value, name, what, String::new()))
        })
    }

    /// Does as [`span`](Self::span) does, for a span that says something itself.
    pub fn saying<V>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(V, &'static str, &'static str, String), DecodeError>,
    ) -> Result<V, DecodeError> {
        let (offset, spans) = (self.offset, self.spans);
        self.open.push(Vec::new());
        let read = read(self);
        let mut inside = self.open.pop().unwrap_or_default();
        let len = self.offset - offset;
        let is_too_much = !self.has_room();
        if is_too_much {
            self.spans = spans;
            inside.clear();
        }
        match read {
            Ok((value, name, what, says)) => {
                self.close(Span { name, what, offset, len, says, inside });
                Ok(value)
            }
            // What could be read of it is told all the same.
            Err(error) if is_too_much => {
                let (name, what, says) = ("more", "More than is told here.", String::new());
                self.close(Span { name, what, offset, len, says, inside });
                Err(error)
            }
            Err(error) => {
                if let Some(around) = self.open.last_mut() {
                    around.extend(inside);
                }
                Err(error)
            }
        }
    }

    /// Takes what is left as one span.
    pub fn give_up(&mut self, name: &'static str, what: &'static str) {
        if !self.is_done() {
            // Exactly what is left can always be taken.
            _ = self.bytes(self.rest.len(), name, what);
        }
    }

    /// Returns what was read, span by span.
    pub fn explained(mut self) -> Explained {
        Explained { spans: self.open.pop().unwrap_or_default() }
    }

    fn take(&mut self, len: usize, what: &'static str) -> Result<&'m [u8], DecodeError> {
        let got = self.rest.len();
        let cut = DecodeError::Cut { what, wanted: len, got };
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(cut)?;
        self.rest = rest;
        self.offset += len;
        Ok(bytes)
    }

    fn close(&mut self, span: Span) {
        self.spans += 1;
        // Parts of what will be told as one need not be kept.
        let is_kept = self.spans <= MAX_SPANS || self.open.len() == 1;
        if let Some(around) = self.open.last_mut().filter(|_| is_kept) {
            around.push(span);
        }
    }
}
