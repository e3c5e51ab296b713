//! The workspace that a unit of work is bound to.

use crate::error::Result;
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::workspace::Policy;

struct WithPolicy(Policy);

impl FromRow for WithPolicy {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        row.take_json().map(Self)
    }
}

impl Tx<'_> {
    /// The rules of the workspace, which stay so until the unit of work ends; none where it was switched off, or is gone. Requests are
    /// answered as the workspace was read a moment ago: too late for what may be written only if it stands.
    pub fn hold_policy(&mut self) -> Result<Option<Policy>> {
        let held = self.row(
            "SELECT policy FROM workspaces WHERE id = $1 AND disabled_at IS NULL
             FOR NO KEY UPDATE",
            &[],
        )?;
        Ok(held.map(|WithPolicy(policy)| policy))
    }
}
