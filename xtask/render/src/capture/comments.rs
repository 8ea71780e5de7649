//! What passes by in one direction, in words: which record a packet carries, and what it holds.

use framing::Cutter;
use framing::cutter::Cut;
use stages::Stage;
use transcript::Direction;

/// Makes the comments on the packets of one direction.
pub struct Comments {
    stage: &'static Stage,
    direction: Direction,
    cutter: Cutter,
    /// Which record is under way.
    index: u64,
    /// How many of its bytes have passed.
    passed: usize,
}

impl Comments {
    pub fn new(stage: &'static Stage, direction: Direction) -> Self {
        let cutter = Cutter::new(stage.header(), stage.limits());
        Self { stage, direction, cutter, index: 0, passed: 0 }
    }

    /// Takes the bytes of the next packet, and returns a line for each record, or part of one, among them.
    pub fn packet(&mut self, bytes: &[u8]) -> Vec<String> {
        let direction = self.direction;
        let mut left = bytes.len();
        let mut lines = Vec::new();
        self.cutter.push(bytes, |cut| match cut {
            Cut::Record { index, bytes: record } => {
                let part = match self.passed {
                    0 => String::new(),
                    passed => range(passed, record.len()),
                };
                let fields = fields(self.stage, &record);
                lines.push(format!("{part}record {index}, {direction}, {fields}"));
                left -= record.len() - self.passed;
                (self.index, self.passed) = (index + 1, 0);
            }
            Cut::Loose(_) => {
                let what = if self.stage.has_records() { "in no record" } else { "as they are" };
                lines.push(format!("{}, {direction}, {what}", count(left)));
                (left, self.passed) = (0, 0);
            }
        });
        if left > 0 {
            let part = range(self.passed, self.passed + left);
            lines.push(format!("{part}record {}, {direction}", self.index));
            self.passed += left;
        }
        lines
    }

    /// Returns a line for the end of the stream, if that cuts a record.
    pub fn end(&self) -> Option<String> {
        let passed = count(self.passed);
        let line = format!("record {}, {}, cut after {passed}", self.index, self.direction);
        (self.passed > 0).then_some(line)
    }
}

/// `101 bytes: length 4, seq 8, nonce 12, ciphertext 61, tag 16`
fn fields(stage: &Stage, record: &[u8]) -> String {
    let parts = stage.split(record).unwrap_or_default();
    let lengths = parts.iter().map(|part| format!("{} {}", part.field.name, part.bytes.len()));
    format!("{}: {}", count(record.len()), lengths.collect::<Vec<_>>().join(", "))
}

/// `bytes 4 to 6 of `
fn range(from: usize, to: usize) -> String {
    match to - from {
        1 => format!("byte {from} of "),
        _ => format!("bytes {from} to {} of ", to - 1),
    }
}

fn count(bytes: usize) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}
