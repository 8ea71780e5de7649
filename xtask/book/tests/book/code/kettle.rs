//! What the little book beside it includes and names. Nothing compiles this, and no Teapot::boil is in it.

// ANCHOR: whole
pub struct Kettle;
// ANCHOR_END: whole

impl Kettle {
    // ANCHOR: half
    pub fn boil(&self) {}
}
