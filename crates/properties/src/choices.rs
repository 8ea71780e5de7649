/// An input as a series of decisions, taken from front to back. An input that has ended decides 0,
/// so every input decides everything, and one byte changed at the end changes one decision.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'i> {
    rest: &'i [u8],
}

impl<'i> Choices<'i> {
    /// The decisions in `input`.
    pub fn new(input: &'i [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether nothing is left to decide.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// The next two bytes as a number.
    pub fn number(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// One of the numbers below `bound`, which is 1 to 256.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// One of `items`, and `None` if there are none.
    pub fn one_of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        let number = self.number();
        items.get(number.checked_rem(items.len())?)
    }

    /// The next `len` bytes, or as many as are left.
    pub fn bytes(&mut self, len: usize) -> &'i [u8] {
        let (bytes, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'i [u8] {
        self.bytes(usize::MAX)
    }
}
