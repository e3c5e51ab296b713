//! The form that registers (`/oauth2/apps/new`) and edits (`/oauth2/apps/{client_id}/edit`) an app.

use super::registration::{Draft, Members, Rules};
use crate::endpoints::register::use_one;
use crate::pages::layout::Frame;
use crate::reader::Reader;
use crate::reply::Failure;
use crate::sector;
use askama::Template;
use grantry_protocol::authorize::{OPENID, ResponseType};
use grantry_protocol::client::{AuthMethod, Client, Registration};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::register::{Field, may_have};
use grantry_protocol::types::GrantType;
use grantry_protocol::workspace::{self, ScopeDefinition, Workspace};

/// Posts to its own URL. Fields: `form_token`, `name`, `description`, `type`, `redirect_uris` (one per line), `grant`
/// (repeated), `preselected_for`, `scope` (repeated), `token_endpoint_auth_method`, `access_token_format`, `access_token_signing_alg`, `code_lifetime`,
/// `access_token_lifetime`, `refresh_token_idle`, `refresh_token_absolute` (seconds, empty for the workspace's),
/// `resource_server` (`yes`), `resource`, and the OpenID Connect members by their wire names.
#[derive(Template)]
#[template(path = "en/apps/form.html")]
pub(crate) struct FormPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    /// The app being edited; `None` when registering. Its type is then fixed.
    pub(crate) editing: Option<Editing>,
    pub(crate) name: String,
    pub(crate) description: String,
    /// `web`, `spa`, `native` or `service`.
    pub(crate) kind: String,
    /// One per line, as typed.
    pub(crate) redirect_uris: String,
    pub(crate) grants: Vec<GrantChoice>,
    /// The type whose usual grants were ticked when the form was first shown.
    pub(crate) preselected_for: String,
    pub(crate) scopes: Vec<ScopeChoice>,
    /// The wire value of one of `AuthMethod::ALL`.
    pub(crate) auth_method: String,
    /// `opaque` or `jwt`.
    pub(crate) access_token_format: String,
    /// The algorithm that signs, where the form is `jwt`.
    pub(crate) access_token_alg: String,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) openid: Members,
    /// The workspace's lifetimes, shown where the app's are empty.
    pub(crate) default_lifetimes: Lifetimes,
    /// Whether the reader may make the app a resource server.
    pub(crate) may_set_resource: bool,
    pub(crate) resource_server: bool,
    /// The identifier (URI) that tokens name this resource server by.
    pub(crate) resource: String,
    /// The docs callback of this workspace, offered as a redirect URI for trying things out.
    pub(crate) docs_callback: String,
    pub(crate) errors: FormErrors,
}

/// The app being edited.
pub(crate) struct Editing {
    pub(crate) client_id: String,
    /// The name before this edit.
    pub(crate) name: String,
}

/// One grant type; the template explains it.
pub(crate) struct GrantChoice {
    /// The wire value: `authorization_code`, `implicit`, `password`, `client_credentials`, `refresh_token`.
    pub(crate) name: String,
    pub(crate) checked: bool,
    /// Whether the workspace allows it.
    pub(crate) allowed: bool,
    /// Whether it can be ticked: the workspace allows it, or the app has it from before.
    pub(crate) can_choose: bool,
}

/// One scope of the workspace.
pub(crate) struct ScopeChoice {
    pub(crate) name: String,
    pub(crate) description: String,
    /// One of OpenID Connect's, which every workspace has and which the template explains.
    pub(crate) standard: bool,
    pub(crate) checked: bool,
}

/// Seconds, as typed; empty for the workspace's own.
#[derive(Clone, Default)]
pub(crate) struct Lifetimes {
    pub(crate) code: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token_idle: String,
    pub(crate) refresh_token_absolute: String,
}

impl FormPage {
    /// The form with this draft in it. `app`: the one being edited.
    pub(super) fn new(reader: &Reader, app: Option<&Client>, draft: Draft, errors: FormErrors) -> Self {
        let workspace = reader.here.row();
        let rules = rules(reader, app);
        let grants = GrantType::ALL.into_iter().map(|grant| grant_choice(grant, &draft, &rules));
        let mut scopes: Vec<ScopeChoice> = workspace.scopes.iter().map(|scope| scope_choice(scope, &draft)).collect();
        // The others of OpenID Connect need this one.
        scopes.sort_by_key(|scope| scope.name != OPENID);
        Self {
            frame: reader.frame(),
            form_token: reader.form_token(&action(app)),
            editing: app.map(|app| Editing { client_id: app.client_id.clone(), name: app.registration.name.clone() }),
            grants: grants.collect(),
            scopes,
            default_lifetimes: Lifetimes::default_of(workspace),
            docs_callback: format!("{}/oauth2/grant", reader.here.issuer()),
            name: draft.name,
            description: draft.description,
            kind: draft.kind,
            redirect_uris: draft.redirect_uris,
            preselected_for: draft.preselected_for,
            auth_method: draft.auth_method,
            access_token_format: draft.access_token_format,
            access_token_alg: draft.access_token_alg,
            lifetimes: draft.lifetimes,
            openid: draft.openid,
            may_set_resource: reader.is_admin(),
            resource_server: draft.resource_server,
            resource: draft.resource,
            errors,
        }
    }
}

impl FormPage {
    /// Whether the workspace has scopes beside those of OpenID Connect.
    pub(crate) fn has_own_scopes(&self) -> bool {
        self.scopes.iter().any(|scope| !scope.standard)
    }

    /// Whether the app can have the implicit grant, by which there are response types to choose.
    pub(crate) fn has_implicit(&self) -> bool {
        self.grants.iter().any(|grant| grant.name == GrantType::Implicit.as_str() && grant.can_choose)
    }
}

/// The registration that a draft of this reader describes, or everything that is wrong with it. `app`: the one being edited.
pub(super) async fn check(
    reader: &Reader,
    app: Option<&Client>,
    draft: &Draft,
) -> Result<Result<Registration, Box<FormErrors>>, Failure> {
    let registration = match draft.check(&rules(reader, app)) {
        Ok(registration) => registration,
        Err(errors) => return Ok(Err(errors)),
    };
    let of = |registration: &Registration| {
        (registration.openid.sector_identifier_uri.clone(), registration.redirect_uris.clone())
    };
    if app.is_some_and(|app| of(&app.registration) == of(&registration)) {
        return Ok(Ok(registration));
    }
    if registration.openid.sector_identifier_uri.is_some() {
        use_one(&reader.here)?;
    }
    Ok(sector::check(&reader.here, &registration).await?.map(|()| registration).map_err(|problem| {
        let mut errors = Box::<FormErrors>::default();
        draft.tell(&problem, &mut errors);
        errors
    }))
}

/// What a draft of this reader is measured by.
fn rules<'a>(reader: &'a Reader, app: Option<&'a Client>) -> Rules<'a> {
    Rules { workspace: reader.here.row(), before: app.map(|app| &app.registration), by_admin: reader.is_admin() }
}

/// The form's action, which its token is bound to.
pub(super) fn action(app: Option<&Client>) -> String {
    app.map_or_else(|| "app:new".to_owned(), |app| format!("app:edit:{}", app.client_id))
}

fn grant_choice(grant: GrantType, draft: &Draft, rules: &Rules<'_>) -> GrantChoice {
    GrantChoice {
        name: grant.to_string(),
        checked: draft.grants.iter().any(|name| name == grant.as_str()),
        allowed: rules.workspace.policy.grant_types.contains(&grant),
        can_choose: may_have(grant, rules.before, rules.workspace),
    }
}

fn scope_choice(scope: &ScopeDefinition, draft: &Draft) -> ScopeChoice {
    ScopeChoice {
        name: scope.name.clone(),
        description: scope.description.clone(),
        standard: ScopeDefinition::is_standard(&scope.name),
        checked: draft.scopes.contains(&scope.name),
    }
}

impl Lifetimes {
    fn default_of(workspace: &Workspace) -> Self {
        let workspace::Lifetimes { code, access_token, refresh_idle, refresh_absolute, .. } =
            workspace.policy.lifetimes;
        Self {
            code: code.0.to_string(),
            access_token: access_token.0.to_string(),
            refresh_token_idle: refresh_idle.0.to_string(),
            refresh_token_absolute: refresh_absolute.0.to_string(),
        }
    }
}

/// What is wrong with each field, in a sentence that says what would be right.
#[derive(Default)]
pub(crate) struct FormErrors {
    /// The form itself, e.g. it was too old.
    pub(crate) form: Option<String>,
    /// The lines of lists of redirect URIs.
    pub(crate) lines: Vec<(Field, LineError)>,
    /// The first error of each other field.
    pub(crate) others: Vec<(Field, String)>,
}

/// What is wrong with one line of a list of redirect URIs.
pub(crate) struct LineError {
    /// Counted from 1; 0 when the error is about all of them.
    pub(crate) line: usize,
    pub(crate) uri: String,
    pub(crate) message: String,
}

impl FormErrors {
    /// An error of the form itself.
    pub(super) fn of_form(message: &str) -> Self {
        Self { form: Some(message.to_owned()), ..Self::default() }
    }

    /// Puts an error beside its field, unless one is there already.
    pub(super) fn put(&mut self, field: Field, message: String) {
        let is_told = self.fields().any(|other| other == field);
        match field {
            _ if is_told => {}
            Field::RedirectUris | Field::Other("post_logout_redirect_uris") => {
                self.lines.push((field, LineError { line: 0, uri: String::new(), message }));
            }
            _ => self.others.push((field, message)),
        }
    }

    /// What is wrong with this field.
    pub(crate) fn of(&self, field: Field) -> Option<&str> {
        self.others.iter().find(|(other, _)| *other == field).map(|(_, message)| message.as_str())
    }

    /// What is wrong with the field of the member with this wire name.
    pub(crate) fn of_member(&self, name: &'static str) -> Option<&str> {
        self.of(Field::Other(name))
    }

    /// What is wrong with the lines of this field.
    pub(crate) fn lines_of(&self, field: Field) -> Vec<&LineError> {
        self.lines.iter().filter(|(other, _)| *other == field).map(|(_, error)| error).collect()
    }

    /// Whether a field under *Signing out, and links for people* is wrong, so that it must be open.
    pub(crate) fn links(&self) -> bool {
        self.fields().any(|field| LINKS.contains(&field))
    }

    /// Whether a field under *Advanced* is wrong, so that it must be open.
    pub(crate) fn advanced(&self) -> bool {
        self.fields().any(|field| !ALWAYS_SHOWN.contains(&field) && !LINKS.contains(&field))
    }

    /// Whether anything is wrong.
    pub(crate) fn any(&self) -> bool {
        self.form.is_some() || self.fields().next().is_some()
    }

    fn fields(&self) -> impl Iterator<Item = Field> {
        self.lines.iter().map(|(field, _)| *field).chain(self.others.iter().map(|(field, _)| *field))
    }
}

/// The fields that everybody sees.
const ALWAYS_SHOWN: [Field; 6] =
    [Field::Name, Field::Description, Field::ApplicationType, Field::RedirectUris, Field::GrantTypes, Field::Scope];
/// The fields under *Signing out, and links for people*.
const LINKS: [Field; 6] = [
    Field::Other("post_logout_redirect_uris"),
    Field::Other("initiate_login_uri"),
    Field::Other("client_uri"),
    Field::Other("logo_uri"),
    Field::Other("policy_uri"),
    Field::Other("tos_uri"),
];
