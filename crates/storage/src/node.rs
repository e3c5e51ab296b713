//! What all connections of one process share.

use crate::changes::Changes;
use crate::ids::Ids;

/// A process that has the database open, maybe one of several.
#[derive(Debug)]
pub(crate) struct Node {
    /// The row ids that it gives out.
    pub(crate) ids: Ids,
    /// What it changed.
    pub(crate) changes: Changes,
}
