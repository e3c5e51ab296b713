//! What stands in the URL of one of our own pages: axum's extractors, with our refusals.

use crate::reply::Failure;
use axum::extract::{self, FromRequestParts};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let refused = "the address lacks a part, or has one twice; open the page from the one that links to it";
        // A NUL is nowhere in what we store, and one of the engines cannot even be asked for it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Failure::BadForm(refused));
        }
        let query = extract::Query::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|_| Failure::BadForm(refused))
    }
}

/// The named parts of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = extract::Path::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Failure::NotFound)
    }
}
