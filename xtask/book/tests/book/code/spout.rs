//! More of the kettle.

impl Kettle {
    pub fn whistle(&self) {}
}
