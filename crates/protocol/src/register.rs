//! RFC 7591 §2: what may be registered about an app, and what of it goes together.
//! It does not know who asks, nor by which form or flag: its messages speak of the thing, in ASCII (RFC 7591 §3.2.2).

use crate::client::{ApplicationType, LifetimeOverrides, Registration};
use crate::error::Rule;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::types::{GrantType, Seconds};
use crate::workspace::{Lifetimes, ScopeDefinition, Workspace};
use std::collections::BTreeSet;
use url::Url;

/// Most redirect URIs of one app.
const MOST_REDIRECT_URIS: usize = 50;
/// Longest identifier of a resource server, in bytes.
const LONGEST_RESOURCE: usize = 500;
const DAY: i64 = 86_400;

/// A member of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`Registration` says what its members are")]
pub enum Field {
    Name,
    Description,
    ApplicationType,
    AuthMethod,
    RedirectUris,
    GrantTypes,
    Scope,
    CodeLifetime,
    AccessTokenForm,
    AccessTokenLifetime,
    RefreshIdle,
    RefreshAbsolute,
    Resource,
    /// Any other, by its name on the wire.
    Other(&'static str),
}

impl Field {
    /// The name on the wire, where it has one.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Name => "client_name",
            Self::Description => "description",
            Self::ApplicationType => "application_type",
            Self::AuthMethod => "token_endpoint_auth_method",
            Self::RedirectUris => "redirect_uris",
            Self::GrantTypes => "grant_types",
            Self::Scope => "scope",
            Self::CodeLifetime | Self::AccessTokenLifetime | Self::RefreshIdle | Self::RefreshAbsolute => "lifetimes",
            Self::AccessTokenForm => "access_token_format",
            Self::Resource => "resource",
            Self::Other(member) => member,
        }
    }
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member.
    pub field: Field,
    /// What would be right, without a capital and a full stop, for a page, a command line and a wire alike.
    pub message: String,
    /// The rule that is broken, where a specification has it.
    pub rule: Option<Rule>,
}

/// Everything that is wrong with a registration. A text, scope, grant or lifetime that it had `before` was not asked
/// for now, so it may stay even where it could not be registered any more.
pub fn check(asked: &Registration, before: Option<&Registration>, workspace: &Workspace) -> Vec<Problem> {
    let mut check = Check { asked, before, problems: Vec::new() };
    check.texts();
    check.kind();
    check.grants(workspace);
    check.redirect_uris();
    check.scope(workspace);
    let own_before = before.map(|before| before.lifetimes).unwrap_or_default();
    check.problems.extend(check_lifetimes(&asked.lifetimes, &own_before, &workspace.policy.lifetimes));
    check.resource();
    check.problems
}

/// Everything that is wrong with the lifetimes that were not so before: an app's own, or those to be its workspace's.
/// `rest` is in force where none is asked for.
pub fn check_lifetimes(asked: &LifetimeOverrides, before: &LifetimeOverrides, rest: &Lifetimes) -> Vec<Problem> {
    let in_force = asked.over(rest);
    let (idle, absolute) = (in_force.refresh_idle.0, in_force.refresh_absolute.0);
    let mut problems = Vec::new();
    let mut check = |field, what, new: Option<Seconds>, before, (least, most)| {
        if new != before && new.is_some_and(|Seconds(new)| !(least..=most).contains(&new)) {
            let rule = (field == Field::CodeLifetime).then_some(Rule::rfc(6749, "4.1.2"));
            let message = format!("the lifetime of {what} is between {least} and {most} whole seconds");
            problems.push(Problem { field, message, rule });
        }
    };
    // RFC 6749 §4.1.2: ten minutes at most; and in less than ten seconds a slow network could not answer.
    check(Field::CodeLifetime, "a code", asked.code, before.code, (10, 600));
    // Up to a day: nothing but revocation ends it earlier.
    check(Field::AccessTokenLifetime, "an access token", asked.access_token, before.access_token, (60, DAY));
    // Up to a year without use, up to ten years in all.
    check(Field::RefreshIdle, "an unused refresh token", asked.refresh_idle, before.refresh_idle, (300, 365 * DAY));
    let family = (asked.refresh_absolute, before.refresh_absolute);
    check(Field::RefreshAbsolute, "a refresh token family", family.0, family.1, (300, 3_650 * DAY));
    // A family that ends before an unused token of it would make the longer number an empty promise.
    let is_new = (asked.refresh_idle, family.0) != (before.refresh_idle, family.1);
    if is_new && asked.refresh_idle.or(family.0).is_some() && absolute < idle {
        let message =
            format!("a refresh token family lives at least as long as an unused refresh token: {idle} seconds");
        problems.push(Problem { field: Field::RefreshAbsolute, message, rule: None });
    }
    problems
}

/// Whether an app can have a grant: the workspace switched it on, or the app has it from before.
pub fn may_have(grant: GrantType, before: Option<&Registration>, workspace: &Workspace) -> bool {
    workspace.policy.grant_types.contains(&grant) || before.is_some_and(|before| before.grant_types.contains(&grant))
}

/// The grants that a new app of this type is given: the usual ones, as far as the workspace has them.
pub fn usual_grants(kind: ApplicationType, workspace: &Workspace) -> BTreeSet<GrantType> {
    kind.usual_grants().intersection(&workspace.policy.grant_types).copied().collect()
}

/// The scopes that a new app of this type is given: all there are, but those about a person where there is none.
pub fn usual_scope(kind: ApplicationType, workspace: &Workspace) -> Scope {
    let standard = ScopeDefinition::standard();
    let about_person = |name: &str| standard.contains(name);
    let names = workspace.scope_names();
    if kind == ApplicationType::Service { names.iter().filter(|name| !about_person(name)).collect() } else { names }
}

struct Check<'a> {
    asked: &'a Registration,
    before: Option<&'a Registration>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, field: Field, message: impl Into<String>) {
        self.problems.push(Problem { field, message: message.into(), rule: None });
    }

    fn against(&mut self, rule: Rule, field: Field, message: impl Into<String>) {
        self.problems.push(Problem { field, message: message.into(), rule: Some(rule) });
    }

    fn texts(&mut self) {
        let Self { asked, before, .. } = *self;
        // RFC 7591 §2: without a client_name people would be asked about a client_id.
        if asked.name.is_empty() {
            self.wrong(Field::Name, "give the app a name");
        }
        // RFC 7591 §2: names and descriptions are shown to people, so they are short single lines.
        let name = (Field::Name, "a name", &asked.name, before.map(|before| &before.name), 100);
        let description = before.map(|before| &before.description);
        let description = (Field::Description, "a description", &asked.description, description, 300);
        for (field, what, text, before, longest) in [name, description] {
            let (count, plain) = (text.chars().count(), !text.chars().any(char::is_control) && text.trim() == text);
            if before != Some(text) && (count > longest || !plain) {
                let limits = format!("one line of at most {longest} characters, without spaces at its ends");
                self.wrong(field, format!("{what} is {limits}; this one has {count} characters"));
            }
        }
    }

    fn kind(&mut self) {
        let (kind, public) = (self.asked.application_type, self.asked.is_public());
        let stays = "an app stays public or confidential for good; register a new one of the other kind";
        if self.before.is_some_and(|before| before.application_type != kind) {
            self.wrong(Field::ApplicationType, "an app keeps its type; register a new one of the other type");
        }
        // RFC 6749 §2.1: a browser or device cannot keep a secret, a server does; and what was entrusted to an app stays so.
        let message = match self.before {
            Some(before) if before.is_public() != public => stays,
            None if public && kind.keeps_secrets() => {
                "a web app or service keeps a secret: it authenticates by client_secret_basic or client_secret_post"
            }
            None if !public && !kind.keeps_secrets() => {
                "a browser or native app cannot keep a secret: its authentication method is none"
            }
            _ => return,
        };
        self.against(Rule::rfc(6749, "2.1"), Field::AuthMethod, message);
    }

    fn grants(&mut self, workspace: &Workspace) {
        let Self { asked, before, .. } = *self;
        let grants = &asked.grant_types;
        // RFC 9700 §2.1.2, §2.4: a workspace says which grants its apps can have.
        for grant in grants.iter().filter(|grant| !may_have(**grant, before, workspace)) {
            self.wrong(Field::GrantTypes, format!("the grant {grant} is switched off in this workspace"));
        }
        // RFC 6749 §4.4: the client credentials grant is for confidential clients only.
        if asked.is_public() && grants.contains(&GrantType::ClientCredentials) {
            let message = "the client credentials grant is for apps that keep a secret: web apps and services";
            self.against(Rule::rfc(6749, "4.4"), Field::GrantTypes, message);
        }
        // RFC 6749 §1.5: a refresh token comes with an access token that a user's grant bought.
        let brings_refresh = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Password);
        if grants.contains(&GrantType::RefreshToken) && !grants.iter().any(brings_refresh) {
            let message = "the refresh token grant needs one that brings it: authorization code or password";
            self.against(Rule::rfc(6749, "1.5"), Field::GrantTypes, message);
        }
        // RFC 7662 §2.1: a resource server only asks about tokens; every other app is there to get some.
        if grants.is_empty() && asked.resource.is_none() {
            self.wrong(Field::GrantTypes, "choose at least one grant: without one the app can get no token");
        }
    }

    fn redirect_uris(&mut self) {
        let uris = &self.asked.redirect_uris;
        // RFC 6749 §3.1.2.2: clients that use the authorization endpoint register where they are answered.
        let redirects = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit);
        if uris.is_empty() && self.asked.grant_types.iter().any(redirects) {
            let message = "the authorization code and implicit grants need a redirect URI";
            self.against(Rule::rfc(6749, "3.1.2.2"), Field::RedirectUris, message);
        }
        if uris.len() > MOST_REDIRECT_URIS {
            self.wrong(Field::RedirectUris, format!("an app has at most {MOST_REDIRECT_URIS} redirect URIs"));
        }
        let before = self.before.map(|before| before.redirect_uris.as_slice()).unwrap_or_default();
        for uri in uris.iter().filter(|uri| !before.contains(uri)) {
            if let Err(message) = RedirectUri::register(uri.as_str()) {
                self.wrong(Field::RedirectUris, format!("{uri}: {message}"));
            }
        }
        // RFC 9700 §4.1.3: they are compared as strings, so the second of two equal ones could only be a mistake.
        if let Some((_, uri)) = uris.iter().enumerate().find(|(position, uri)| uris[..*position].contains(uri)) {
            self.wrong(Field::RedirectUris, format!("the redirect URI {uri} is there twice"));
        }
    }

    fn scope(&mut self, workspace: &Workspace) {
        let known = workspace.scope_names().union(&self.before.map(|before| before.scope.clone()).unwrap_or_default());
        // RFC 6749 §3.3: the authorization server defines which scopes there are.
        for name in self.asked.scope.iter().filter(|name| !known.contains(name)) {
            self.against(Rule::rfc(6749, "3.3"), Field::Scope, format!("this workspace has no scope called `{name}`"));
        }
    }

    fn resource(&mut self) {
        // RFC 8707 §2: a resource is named by an absolute URI without a fragment.
        let good = |text: &String| {
            let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
            plain && text.len() <= LONGEST_RESOURCE && Url::parse(text).is_ok()
        };
        let is_new = self.before.is_none_or(|before| before.resource != self.asked.resource);
        if is_new && !self.asked.resource.as_ref().is_none_or(good) {
            let what = format!("an absolute URI of at most {LONGEST_RESOURCE} characters without a fragment");
            let message = format!("a resource server is named by {what}, such as https://api.example");
            self.against(Rule::rfc(8707, "2"), Field::Resource, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::AuthMethod;
    use crate::sample;

    fn workspace() -> Workspace {
        let mut workspace = sample::workspace();
        workspace.policy.grant_types.remove(&GrantType::Implicit);
        workspace
    }

    /// What can be registered.
    fn good() -> Registration {
        let mut good = sample::client().registration;
        good.grant_types.remove(&GrantType::Implicit);
        good
    }

    /// The members that something is wrong with.
    fn found(asked: &Registration, before: Option<&Registration>) -> Vec<Field> {
        check(asked, before, &workspace()).into_iter().map(|problem| problem.field).collect()
    }

    /// What is wrong with a good registration after this change.
    fn wrong(change: impl FnOnce(&mut Registration)) -> Vec<Field> {
        let mut asked = good();
        change(&mut asked);
        found(&asked, None)
    }

    #[test]
    fn s2_every_member_has_its_limits_and_all_of_them_are_told() {
        assert_eq!(wrong(|_| ()), []);
        for bad in ["", " App", "a\u{7}b", &"x".repeat(101)] {
            assert_eq!(wrong(|it| it.name = bad.into()), [Field::Name], "{bad}");
        }
        assert_eq!(wrong(|it| it.name = "\u{e9}".repeat(100)), []);
        assert_eq!(wrong(|it| it.description = "x".repeat(301)), [Field::Description]);
        assert_eq!(wrong(|it| it.scope = Scope::parse("read admin").unwrap()), [Field::Scope]);
        for bad in ["", "api", "https://api.example/#x", "https://api.example/ x"] {
            assert_eq!(wrong(|it| it.resource = Some(bad.into())), [Field::Resource], "{bad}");
        }
        let both = |it: &mut Registration| (it.name, it.lifetimes.code) = (String::new(), Some(Seconds(601)));
        assert_eq!(wrong(both), [Field::Name, Field::CodeLifetime]);
    }

    #[test]
    fn what_was_registered_before_may_stay() {
        let mut before = good();
        before.description = "x".repeat(1_000);
        before.grant_types.insert(GrantType::Implicit);
        before.scope = Scope::parse("gone read").unwrap();
        before.lifetimes.code = Some(Seconds(1));
        before.resource = Some("api".into());
        assert_eq!(found(&before, Some(&before)), []);
        let told = [Field::Description, Field::GrantTypes, Field::Scope, Field::CodeLifetime, Field::Resource];
        before.application_type = ApplicationType::Service;
        assert_eq!(found(&before, None), told);
    }

    #[test]
    fn rfc6749_s2_1_an_app_has_a_secret_or_has_none_and_that_for_good() {
        let public = |it: &mut Registration| {
            it.token_endpoint_auth_method = AuthMethod::None;
            it.grant_types.remove(&GrantType::ClientCredentials);
        };
        assert_eq!(wrong(public), [Field::AuthMethod]);
        assert_eq!(wrong(|it| it.application_type = ApplicationType::Native), [Field::AuthMethod]);
        let mut spa = Registration { application_type: ApplicationType::Spa, ..good() };
        public(&mut spa);
        assert_eq!(found(&spa, None), []);
        assert_eq!(found(&spa, Some(&good())), [Field::ApplicationType, Field::AuthMethod]);
    }

    #[test]
    fn rfc6749_s4_grants_go_together() {
        let with = |grants: &[GrantType]| wrong(|it| it.grant_types = grants.iter().copied().collect());
        use GrantType::{ClientCredentials, Implicit, Password, RefreshToken};
        assert_eq!(with(&[Implicit]), [Field::GrantTypes]);
        assert_eq!(with(&[]), [Field::GrantTypes]);
        assert_eq!(with(&[ClientCredentials, RefreshToken]), [Field::GrantTypes]);
        assert_eq!(with(&[Password, RefreshToken]), []);
        let api =
            |it: &mut Registration| (it.grant_types, it.resource) = ([].into(), Some("https://api.example".into()));
        assert_eq!(wrong(api), []);
        let mut public = sample::public().registration;
        public.application_type = ApplicationType::Spa;
        public.grant_types = [ClientCredentials].into();
        let problems = check(&public, None, &workspace());
        assert_eq!(problems.iter().map(|it| it.rule).collect::<Vec<_>>(), [Some(Rule::rfc(6749, "4.4"))]);
    }

    #[test]
    fn rfc6749_s3_1_2_2_some_redirect_uris_each_once() {
        let uris = |count: usize, of: usize| {
            let uri = |n| RedirectUri::register(&format!("https://app.test/{}", n % of)).unwrap();
            wrong(|it| it.redirect_uris = (0..count).map(uri).collect())
        };
        for (count, of, told) in [(0, 1, 1), (1, 1, 0), (50, 50, 0), (51, 51, 1), (3, 2, 1)] {
            assert_eq!(uris(count, of), vec![Field::RedirectUris; told], "{count} of {of}");
        }
    }

    #[test]
    fn lifetimes_have_bounds_and_what_lives_longest_lives_longer() {
        let lifetimes = |code, access_token, refresh_idle, refresh_absolute| {
            let seconds = |n: i64| (n != 0).then_some(Seconds(n));
            let [code, access_token] = [code, access_token].map(seconds);
            let [refresh_idle, refresh_absolute] = [refresh_idle, refresh_absolute].map(seconds);
            wrong(|it| it.lifetimes = LifetimeOverrides { code, access_token, refresh_idle, refresh_absolute })
        };
        assert_eq!(lifetimes(10, 60, 300, 300), []);
        assert_eq!(lifetimes(600, 86_400, 31_536_000, 315_360_000), []);
        assert_eq!(lifetimes(9, 59, 299, 300), [Field::CodeLifetime, Field::AccessTokenLifetime, Field::RefreshIdle]);
        assert_eq!(lifetimes(601, 86_401, 0, 0), [Field::CodeLifetime, Field::AccessTokenLifetime]);
        for (idle, absolute) in [(600, 599), (0, 600), (31_536_000, 0)] {
            assert_eq!(lifetimes(0, 0, idle, absolute), [Field::RefreshAbsolute], "{idle} {absolute}");
        }
    }
}
