//! Everything a request can reach: made once, shared by all threads, and nothing of it global.

use crate::allowance::Allowance;
use crate::endpoints::health::Readiness;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::passwords::Passwords;
use crate::random::Randomness;
use crate::settings::Settings;
use crate::slow::SlowThreads;
use crate::throttle::Throttle;
use crate::workspace::OpenWorkspaces;
use grantry_protocol::sealed::MasterKey;
use grantry_protocol::types::{Seconds, WorkspaceId};
use grantry_storage::{Clock, Store};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Notify;

/// Apps that may register themselves from one address: at once, and then one after each pause. A program that tests a server by
/// registering an app for each test needs a few hundred an hour.
const REGISTRATIONS: (i64, Seconds) = (200, Seconds(9));

/// Accounts that may be made from one address, where people make them by themselves: enough for a class of pupils behind one
/// address, too few to ask for every name.
const SIGN_UPS: (i64, Seconds) = (40, Seconds::minutes(1));

/// The same in one workspace, from anywhere: many addresses together do not fill it in an hour.
const SIGN_UPS_BY_WORKSPACE: (i64, Seconds) = (400, Seconds(6));

/// A server that is not listening yet: what the command line works on, and what [`crate::listen`] serves.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    settings: Settings,
    parts: Parts,
    outbound: Outbound,
    passwords: Passwords,
    key_makers: SlowThreads,
    throttle: Throttle,
    registrations: Allowance<IpAddr>,
    sign_ups: Allowance<IpAddr>,
    sign_ups_by_workspace: Allowance<WorkspaceId>,
    workspaces: OpenWorkspaces,
    signed_out: Notify,
    metrics: Metrics,
    readiness: Readiness,
}

/// What the server is made of and cannot make itself.
pub struct Parts {
    /// What it remembers.
    pub store: Store,
    /// What its keys rest under.
    pub master_key: MasterKey,
    /// What time it is.
    pub clock: Clock,
    /// Where unpredictable bytes come from.
    pub randomness: Randomness,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.0.settings.public_url)
    }
}

impl Server {
    /// A server from its settings and parts.
    pub fn new(settings: Settings, parts: Parts) -> Self {
        let passwords = Passwords::start(settings.workers, settings.password_queue, &parts.randomness);
        let key_makers = SlowThreads::start(settings.workers, settings.password_queue);
        let outbound = Outbound::new(settings.outbound.clone(), parts.clock.clone());
        Self(Arc::new(Inner {
            settings,
            parts,
            outbound,
            passwords,
            key_makers,
            throttle: Throttle::default(),
            registrations: Allowance::new(REGISTRATIONS.0, REGISTRATIONS.1),
            sign_ups: Allowance::new(SIGN_UPS.0, SIGN_UPS.1),
            sign_ups_by_workspace: Allowance::new(SIGN_UPS_BY_WORKSPACE.0, SIGN_UPS_BY_WORKSPACE.1),
            workspaces: OpenWorkspaces::default(),
            signed_out: Notify::new(),
            metrics: Metrics::default(),
            readiness: Readiness::default(),
        }))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.0.parts.master_key
    }

    /// The clock; read once per request.
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    /// A source of unpredictable bytes.
    pub fn randomness(&self) -> Randomness {
        self.0.parts.randomness.clone()
    }

    /// The client that asks other servers.
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// How many apps may register themselves from one address.
    pub(crate) fn registrations(&self) -> &Allowance<IpAddr> {
        &self.0.registrations
    }

    /// How many people may ask for an account from one address.
    pub(crate) fn sign_ups(&self) -> &Allowance<IpAddr> {
        &self.0.sign_ups
    }

    /// How many people may ask for an account in one workspace.
    pub(crate) fn sign_ups_by_workspace(&self) -> &Allowance<WorkspaceId> {
        &self.0.sign_ups_by_workspace
    }

    pub(crate) fn workspaces(&self) -> &OpenWorkspaces {
        &self.0.workspaces
    }

    /// Woken when there may be clients to tell of the end of a session.
    pub(crate) fn signed_out(&self) -> &Notify {
        &self.0.signed_out
    }

    /// The threads that make RSA keys: nobody who signs in waits for them.
    pub(crate) fn key_makers(&self) -> &SlowThreads {
        &self.0.key_makers
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }
}
