//! What the little book beside it includes and names. Nothing compiles this.

// ANCHOR: whole
pub struct Kettle;
// ANCHOR_END: whole

impl Kettle {
    // ANCHOR: half
    pub fn boil(&self) {}
}
