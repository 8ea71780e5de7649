//! A pair: what the client has, and what the server has.

use transcript::Role;

/// The client's and the server's.
#[derive(Default)]
pub struct Sides<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Sides<T> {
    /// Returns that of one side.
    pub fn of(&self, role: Role) -> &T {
        if role == Role::Client { &self.client } else { &self.server }
    }

    /// Returns that of one side, to be changed.
    pub fn of_mut(&mut self, role: Role) -> &mut T {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }
}
