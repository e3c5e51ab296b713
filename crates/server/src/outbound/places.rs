//! How many requests are under way at once: in all, to one host, and for one who asks, so that neither a slow host nor a stranger
//! with many of them can take every place.

use crate::shares::{Shares, Taken};
use grantry_protocol::WorkspaceId;
use std::net::IpAddr;
use std::sync::Arc;

/// Most requests at once.
const IN_ALL: usize = 128;
/// Most of them to read something, which strangers can cause: the rest is for what apps have to be told.
const TO_READ: usize = 96;
/// Most of them to one host.
const TO_ONE_HOST: usize = 8;
/// Most of them to read something because of what came from one address: fewer than to one host, which others may need too.
const FOR_ONE_PLACE: usize = 6;
/// Most of them to read something for the clients of one workspace.
const FOR_ONE_WORKSPACE: usize = 32;

/// Because of whom something is read.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The workspace whose client it is about.
    pub workspace: WorkspaceId,
    /// The address that the request came from, or its network.
    pub place: IpAddr,
}

/// By whom requests are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    All,
    Host(String),
    Place(IpAddr),
    Workspace(WorkspaceId),
}

/// The requests that are under way.
#[derive(Debug, Default)]
pub(super) struct Places(Arc<Shares<Of>>);

/// A request's place among the others, until it is dropped.
pub(super) type Place = Taken<Of>;

impl Places {
    /// A place for a request to this host that reads something; none when all are taken.
    pub(super) fn take_to_read(&self, host: String, asker: Asker) -> Option<Place> {
        let by = [
            (Of::All, TO_READ),
            (Of::Host(host), TO_ONE_HOST),
            (Of::Place(asker.place), FOR_ONE_PLACE),
            (Of::Workspace(asker.workspace), FOR_ONE_WORKSPACE),
        ];
        self.0.take(by).ok()
    }

    /// A place for a request to this host that tells something; none when all are taken.
    pub(super) fn take_to_tell(&self, host: String) -> Option<Place> {
        self.0.take([(Of::All, IN_ALL), (Of::Host(host), TO_ONE_HOST)]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn host(n: usize) -> String {
        format!("{n}.example")
    }

    /// The one who asks with this number, in a workspace for each few of them.
    fn asker(n: usize) -> Asker {
        let place = Ipv4Addr::from_bits(n as u32).into();
        Asker { workspace: WorkspaceId((n / FOR_ONE_WORKSPACE) as i64), place }
    }

    #[test]
    fn one_host_cannot_take_every_place() {
        let places = Places::default();
        let read = |host: &str, n| places.take_to_read(host.to_owned(), asker(n));
        let mut slow: Vec<Place> = (0..IN_ALL).map_while(|n| read("slow.example", n)).collect();
        assert_eq!(slow.len(), TO_ONE_HOST);
        assert!(read("app.example", 1).is_some());
        slow.pop();
        assert!(read("slow.example", 1).is_some());
    }

    #[test]
    fn one_who_asks_cannot_take_every_place() {
        let places = Places::default();
        let stranger: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_read(host(n), asker(0))).collect();
        assert_eq!(stranger.len(), FOR_ONE_PLACE);
        assert!(places.take_to_read(host(IN_ALL), asker(1)).is_some());
        drop(stranger);
        let at_one_host: Vec<Place> = (0..IN_ALL).map_while(|_| places.take_to_read(host(0), asker(0))).collect();
        assert!(places.take_to_read(host(0), asker(1)).is_some(), "{} are taken there", at_one_host.len());
    }

    #[test]
    fn one_workspace_cannot_take_every_place() {
        let places = Places::default();
        let of_one = |n| Asker { workspace: WorkspaceId(1), ..asker(n) };
        let taken: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_read(host(n), of_one(n))).collect();
        assert_eq!(taken.len(), FOR_ONE_WORKSPACE);
        assert!(places.take_to_read(host(IN_ALL), Asker { workspace: WorkspaceId(2), ..asker(IN_ALL) }).is_some());
    }

    #[test]
    fn places_are_bounded_in_all() {
        let places = Places::default();
        let read: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_read(host(n), asker(n))).collect();
        assert_eq!(read.len(), TO_READ);
        let told: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_tell(host(n))).collect();
        assert_eq!(
            read.len() + told.len(),
            IN_ALL,
            "strangers who have things read leave room for what has to be told"
        );
    }
}
