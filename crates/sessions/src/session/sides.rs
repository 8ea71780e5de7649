//! Something that each side has.

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
    /// That of one side.
    pub fn of(&self, role: Role) -> &T {
        if role == Role::Client { &self.client } else { &self.server }
    }

    /// That of one side, to be changed.
    pub fn of_mut(&mut self, role: Role) -> &mut T {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }
}
