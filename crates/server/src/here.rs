//! Where a request is: in which workspace, on which server, at what time. Every handler starts from it.

use crate::outbound::Asker;
use crate::reply::Failure;
use crate::server::Server;
use crate::throttle::place_of;
use crate::workspace::OpenWorkspace;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures_util::TryFutureExt as _;
use grantry_protocol::ClientRow;
use grantry_protocol::client::Client;
use grantry_protocol::sealed::{self, Statement};
use grantry_protocol::types::Timestamp;
use grantry_protocol::workspace::Workspace;
use grantry_storage::{StorageError, Tx};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A request's place and time.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    /// The server.
    pub(crate) server: Server,
    /// The workspace of the path.
    pub(crate) workspace: Arc<OpenWorkspace>,
    /// When the request arrived; read once.
    pub(crate) now: Timestamp,
    /// Who connected, looking through trusted proxies.
    pub(crate) address: IpAddr,
}

impl FromRequestParts<Server> for Here {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        let path = RawPathParams::from_request_parts(parts, server).await.map_err(|_| Failure::NotFound)?;
        let slug = path.iter().find(|(name, _)| *name == "workspace").map(|(_, slug)| slug).ok_or(Failure::NotFound)?;
        let workspace = server.workspaces().find(server, slug).await?;
        let address = address(parts, server);
        Ok(Self { server: server.clone(), workspace, now: server.clock().now(), address })
    }
}

impl Here {
    /// Where the server does something by itself, which nobody asked for just now.
    pub(crate) async fn within(server: &Server, slug: &str) -> Result<Self, Failure> {
        let workspace = server.workspaces().find(server, slug).await?;
        let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Ok(Self { server: server.clone(), workspace, now: server.clock().now(), address })
    }

    /// The settings of the workspace.
    pub(crate) fn row(&self) -> &Workspace {
        &self.workspace.row
    }

    /// The issuer of the workspace (RFC 8414 §2).
    pub(crate) fn issuer(&self) -> &str {
        &self.workspace.issuer
    }

    /// Because of whom another server is asked for something.
    pub(crate) fn asker(&self) -> Asker {
        Asker { workspace: self.row().id, place: place_of(self.address) }
    }

    /// The path of something in this workspace; `rest` begins with a slash.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.workspace.row.slug)
    }

    /// Seals a statement of this workspace.
    pub(crate) fn seal<S: Statement>(&self, statement: &S) -> String {
        sealed::seal(&self.workspace.ring, statement, &mut self.server.randomness())
    }

    /// Opens a text that this workspace sealed.
    pub(crate) fn open<S: Statement>(&self, text: &str) -> Option<S> {
        sealed::open(&self.workspace.ring, text)
    }

    /// The client with this identifier, as it was read after the workspace was.
    pub(crate) async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, Failure> {
        if let Some(known) = self.workspace.clients.find(client_id) {
            return Ok(Some(known));
        }
        let wanted = client_id.to_owned();
        let found = self.read(move |tx| tx.find_client(&wanted)).await?;
        Ok(found.map(|client| self.workspace.clients.keep(client)))
    }

    /// The client in this row, as it was read after the workspace was.
    pub(crate) async fn client_by_row(&self, row: ClientRow) -> Result<Option<Arc<Client>>, Failure> {
        if let Some(known) = self.workspace.clients.find_by_row(row) {
            return Ok(Some(known));
        }
        let found = self.read(move |tx| tx.find_client_by_row(row)).await?;
        Ok(found.map(|client| self.workspace.clients.keep(client)))
    }

    /// The `sub` that a client is told of the user with this public one (OpenID Connect Core §8).
    pub(crate) fn told(&self, client: &Client, public: &str) -> String {
        self.workspace.pairwise.told(public, &client.registration)
    }

    /// Reads from this workspace's rows.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> impl Future<Output = Result<T, Failure>> {
        self.server.store().read(self.workspace.row.id, work).err_into()
    }

    /// Changes this workspace's rows; what is answered has been committed, and counts from the next request on.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> impl Future<Output = Result<T, Failure>> {
        self.server.store().write(self.workspace.row.id, work).err_into()
    }
}

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The nearest address that is not one of our proxies.
fn address(parts: &Parts, server: &Server) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let trusted = |address: IpAddr| server.settings().trusted_proxies.iter().any(|network| network.contains(address));
    let mut nearest = peer.to_canonical();
    for claimed in forwarded_for(&parts.headers).rev() {
        // What stands left of something that is no address was not written by our proxy.
        let Ok(claimed) = claimed.trim().parse::<IpAddr>() else { break };
        if !trusted(nearest) {
            break;
        }
        nearest = claimed.to_canonical();
    }
    nearest
}

fn forwarded_for(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    let lists = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
    lists.flat_map(|list| list.split(','))
}
