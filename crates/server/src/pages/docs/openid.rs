//! What the OpenID Connect section of the docs page says of this workspace and this app.

use super::GrantState;
use super::app::Chosen;
use super::state;
use crate::browser::Browser;
use crate::here::Here;
use crate::reply::Failure;
use crate::words;
use grantry_protocol::authorize::OPENID;
use grantry_protocol::client::{Client, ID_TOKEN_ALGORITHM};
use grantry_protocol::id_token;
use grantry_protocol::metadata::Metadata;
use serde_json::{Map, Value};

/// The part of the page's content that OpenID Connect needs.
pub(crate) struct DocsOpenid {
    /// Whether the app may ask for `openid`.
    pub(crate) scope: GrantState,
    /// The `state` of the live link, which remembers its `nonce`.
    pub(crate) state: String,
    /// The `nonce` of the live link.
    pub(crate) nonce: String,
    /// By which algorithm the app's ID Tokens are signed.
    pub(crate) algorithm: &'static str,
    /// How long an ID Token can be relied upon, in words.
    pub(crate) lifetime: String,
    /// Where the browser may come back to after signing out.
    pub(crate) post_logout_redirect_uri: Option<String>,
    /// The published metadata: what the section says is supported is what is published.
    pub(crate) metadata: Map<String, Value>,
}

impl DocsOpenid {
    /// For the app that the page is filled with.
    pub(crate) fn of(here: &Here, browser: &Browser, chosen: &Chosen) -> Result<Self, Failure> {
        let (state, nonce) = state::make_with_nonce(here, browser, &chosen.app.client_id);
        let client = chosen.client.as_ref();
        let registered = client.map(|client| &client.registration.openid);
        let metadata = serde_json::to_value(Metadata::of(here.row(), here.issuer()));
        let Ok(Value::Object(metadata)) = metadata else { return Err(Failure::Internal) };
        Ok(Self {
            scope: scope(here, client),
            state,
            nonce,
            algorithm: registered.map_or(ID_TOKEN_ALGORITHM, |openid| openid.id_token_signed_response_alg).as_str(),
            lifetime: words::duration(id_token::LIFETIME),
            post_logout_redirect_uri: registered
                .and_then(|openid| openid.post_logout_redirect_uris.first())
                .map(|uri| uri.as_str().to_owned()),
            metadata,
        })
    }

    /// The texts of a member of the metadata that is an array.
    pub(crate) fn listed(&self, member: &str) -> Vec<&str> {
        let values = self.metadata.get(member).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A member of the metadata that is a text, such as an endpoint that not every workspace has.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.metadata.get(member).and_then(Value::as_str)
    }

    /// Whether a member of the metadata says yes.
    pub(crate) fn says(&self, member: &str) -> bool {
        self.metadata.get(member).and_then(Value::as_bool).unwrap_or_default()
    }
}

fn scope(here: &Here, client: Option<&Client>) -> GrantState {
    if !here.row().scope_names().contains(OPENID) {
        GrantState::OffInWorkspace
    } else if client.is_some_and(|client| !client.registration.scope.contains(OPENID)) {
        GrantState::OffForApp
    } else {
        GrantState::Usable
    }
}
