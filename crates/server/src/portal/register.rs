//! Registering an app: `GET, POST /{workspace}/oauth2/apps/new`.

use super::form::{FormErrors, FormPage, action, check};
use super::list::may_register;
use super::registration::Draft;
use super::secret::go_to_secret;
use crate::form::Fields;
use crate::reader::Reader;
use crate::reply::Failure;
use crate::secrets;
use crate::signing;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::client::{ApplicationType, Registration};
use grantry_protocol::entropy::{self, Entropy};
use grantry_storage::NewClient;

/// `GET W/oauth2/apps/new`; `?type=` chooses the type whose usual grants are ticked.
pub(crate) async fn get(reader: Reader) -> Result<Response, Failure> {
    check_may_register(&reader)?;
    let kind = ApplicationType::parse(&reader.asked("type")).unwrap_or(ApplicationType::Web);
    let draft = Draft::fresh(kind, reader.here.row());
    show(reader, draft, FormErrors::default(), StatusCode::OK)
}

/// `POST W/oauth2/apps/new`.
pub(crate) async fn post(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    check_may_register(&reader)?;
    let draft = Draft::typed(&fields);
    if reader.check_form(&fields, &action(None)).is_err() {
        return show(reader, draft, FormErrors::of_form(super::STALE), StatusCode::FORBIDDEN);
    }
    match check(&reader, None, &draft).await? {
        Ok(registration) => register(reader, registration).await,
        Err(errors) => show(reader, draft, *errors, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

async fn register(reader: Reader, registration: Registration) -> Result<Response, Failure> {
    let (server, workspace) = (&reader.here.server, reader.here.row());
    let mut randomness = server.randomness();
    let method = registration.token_endpoint_auth_method;
    let secret = method.has_secret().then(|| entropy::draw_text::<32>(&mut randomness));
    let digest = |secret| secrets::at_rest(server, workspace.id, method, secret).as_str().to_owned();
    let client_id = new_client_id(&mut randomness);
    let algorithms = registration.chosen_algorithms();
    let new = NewClient {
        client_id: client_id.clone(),
        registration,
        digest: secret.as_deref().map(digest),
        owner: Some(reader.user.id),
        dynamic: None,
    };
    let now = reader.here.now;
    let row = reader.here.write(move |tx| tx.insert_client(&new, now)).await?;
    signing::prepare(&reader.here.server, reader.here.row().slug.as_str(), &algorithms).await;
    Ok(go_to_secret(reader, (row, &client_id), secret))
}

fn check_may_register(reader: &Reader) -> Result<(), Failure> {
    if may_register(reader) {
        return Ok(());
    }
    Err(Failure::Forbidden("in this workspace, only admins register apps"))
}

fn show(reader: Reader, draft: Draft, errors: FormErrors, status: StatusCode) -> Result<Response, Failure> {
    let page = FormPage::new(&reader, None, draft, errors);
    reader.show(&page, status)
}

/// Five bits each, without letters that are easily taken for another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new public identifier: 100 random bits, so that no two are ever the same, in characters that can be read aloud.
pub(crate) fn new_client_id(entropy: &mut dyn Entropy) -> String {
    let drawn: [u8; 20] = entropy::draw(entropy);
    drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_add(13);
                *byte = self.0;
            }
        }
    }

    #[test]
    fn a_client_id_can_be_read_aloud() {
        let mut entropy = Counting(0);
        let (one, other) = (new_client_id(&mut entropy), new_client_id(&mut entropy));
        assert_eq!(one.len(), 20);
        assert_ne!(one, other);
        assert!(one.bytes().all(|letter| ALPHABET.contains(&letter)));
    }
}
