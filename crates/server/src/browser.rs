//! The browser in front of a page: its cookies, who is signed in, and whether a form came from our page.

use crate::here::Here;
use crate::reply::Failure;
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use grantry_protocol::account::{Session, User};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::entropy;
use grantry_protocol::sealed::{BrowserCookie, DeviceCookie, FormToken, FreshSecret, SessionCookie};
use grantry_protocol::session_management::browser_state;
use grantry_protocol::types::{Seconds, SessionId, UserId};

/// How long a form can stay open before it has to be loaded again.
const FORM_LIFETIME: Seconds = Seconds::hours(2);
/// How long a browser is remembered as one that a user has signed in with.
const DEVICE_LIFETIME: Seconds = Seconds::days(400);

/// A browser in one workspace.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Who is signed in, and in which session.
    pub(crate) signed_in: Option<(Session, User)>,
    /// What clients compute with to see that the session changes (Session Management §3.2).
    state: Option<String>,
    /// A user who has signed in with this browser before.
    pub(crate) device: Option<DeviceCookie>,
    /// What form tokens are bound to.
    id: [u8; 16],
    /// Cookies to set with the answer.
    cookies: Vec<HeaderValue>,
}

impl Browser {
    /// Which browser this is, until it is closed.
    pub(crate) const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Reads the cookies of a request and finds the session.
    pub(crate) async fn read(here: &Here, headers: &HeaderMap) -> Result<Self, Failure> {
        let device = cookie(here, headers, "dv").and_then(|text| here.open::<DeviceCookie>(text));
        let known = cookie(here, headers, "br").and_then(|text| here.open::<BrowserCookie>(text));
        let signed_in = find_session(here, headers).await?;
        let state = signed_in.as_ref().map(|(session, _)| browser_state(&session.sid));
        let mut cookies: Vec<_> = state_cookie(here, headers, state.as_deref()).into_iter().collect();
        let browser = known.unwrap_or_else(|| {
            let fresh = BrowserCookie { browser: entropy::draw(&mut here.server.randomness()) };
            cookies.extend(set_cookie(here, "br", &here.seal(&fresh), None));
            fresh
        });
        Ok(Self { signed_in, state, device, id: browser.browser, cookies })
    }

    /// Who is signed in, as the protocol needs to know it.
    pub(crate) fn person(&self) -> Option<SignedIn> {
        let (session, user) = self.signed_in.as_ref()?;
        let (session_id, sid) = (session.id, session.sid.clone());
        Some(SignedIn { user: user.id, session: session_id, sid, auth_time: session.auth_time })
    }

    /// Where someone is signed in, what clients compute `session_state` with.
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The user who is signed in.
    pub(crate) fn user(&self) -> Option<&User> {
        self.signed_in.as_ref().map(|(_, user)| user)
    }

    /// A token for a form with this action, to be sent back within two hours by this browser.
    pub(crate) fn form_token(&self, here: &Here, action: &str) -> String {
        let expires_at = here.now.plus(FORM_LIFETIME);
        here.seal(&FormToken { holder: self.holder(self.user()), action: action.to_owned(), expires_at })
    }

    /// What form tokens are bound to: this browser, and who was signed in. Not the session itself: of two tabs that show a form,
    /// the second would lose it when the first signs the same person in again (docs/decisions/0007).
    fn holder(&self, user: Option<&User>) -> Vec<u8> {
        let user = user.map_or(0, |user| user.id.0);
        [self.id.as_slice(), &user.to_be_bytes()].concat()
    }

    /// Whether a posted form is one that we rendered for this browser and this action.
    pub(crate) fn check_form(
        &self,
        here: &Here,
        headers: &HeaderMap,
        token: &str,
        action: &str,
    ) -> Result<(), Failure> {
        if self.posted_action(here, headers, token)? == action { Ok(()) } else { Err(Failure::StaleForm) }
    }

    /// The rest of a posted form's action, where we rendered it for this browser and the action begins with `prefix`:
    /// so a form can name a row without the row's id leaving the server unsealed.
    pub(crate) fn check_form_with_prefix(
        &self,
        here: &Here,
        headers: &HeaderMap,
        token: &str,
        prefix: &str,
    ) -> Result<String, Failure> {
        let action = self.posted_action(here, headers, token)?;
        action.strip_prefix(prefix).map(str::to_owned).ok_or(Failure::StaleForm)
    }

    fn posted_action(&self, here: &Here, headers: &HeaderMap, token: &str) -> Result<String, Failure> {
        check_site(here, headers)?;
        self.open_form_token(here, token).ok_or(Failure::StaleForm)
    }

    /// The action of a token that was made for this browser and is still good. It says nothing of where the request comes
    /// from, so it is for links that come back, not for forms.
    pub(crate) fn open_form_token(&self, here: &Here, token: &str) -> Option<String> {
        let token: FormToken = here.open(token)?;
        // The login page of a second tab was rendered before anyone had signed in.
        let ours = token.holder == self.holder(self.user()) || token.holder == self.holder(None);
        let good = ours && here.now < token.expires_at;
        good.then_some(token.action)
    }

    /// Hands a secret that was just made to the page that shows it, at `path`: sealed, in a cookie that goes nowhere else.
    pub(crate) fn hand_over(&mut self, here: &Here, fresh: &FreshSecret, path: &str) {
        let age = fresh.expires_at.since(here.now);
        self.cookies.extend(set_page_cookie(here, "fs", &here.seal(fresh), (path, age)));
    }

    /// The secret that was handed over to the page at `path`. It is shown once: the cookie goes with the answer.
    pub(crate) fn take_over(&mut self, here: &Here, headers: &HeaderMap, path: &str) -> Option<FreshSecret> {
        let name = page_cookie_name(here, "fs");
        let text = cookie_named(headers, &name)?;
        self.cookies.extend(set_page_cookie(here, "fs", "", (path, Seconds(0))));
        here.open::<FreshSecret>(text).filter(|fresh| here.now < fresh.expires_at)
    }

    /// The cookies of a browser that has just signed in: a new session, and the memory of this device.
    pub(crate) fn sign_in(&mut self, here: &Here, (session, sid): (SessionId, &str), user: UserId) {
        let known = self.device.filter(|device| device.user == user);
        let device =
            known.unwrap_or_else(|| DeviceCookie { user, device: entropy::draw(&mut here.server.randomness()) });
        self.cookies.extend(set_cookie(here, "se", &here.seal(&SessionCookie { session }), None));
        self.cookies.extend(set_state_cookie(here, &browser_state(sid), None));
        self.cookies.extend(set_cookie(here, "dv", &here.seal(&device), Some(DEVICE_LIFETIME)));
    }

    /// The cookie of a browser that has just signed out.
    pub(crate) fn sign_out(&mut self, here: &Here) {
        self.cookies.extend(set_cookie(here, "se", "", Some(Seconds(0))));
        self.cookies.extend(set_state_cookie(here, "", Some(Seconds(0))));
    }

    /// Adds the cookies to an answer.
    pub(crate) fn finish(self, mut response: Response) -> Response {
        for cookie in self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

async fn find_session(here: &Here, headers: &HeaderMap) -> Result<Option<(Session, User)>, Failure> {
    let Some(cookie) = cookie(here, headers, "se").and_then(|text| here.open::<SessionCookie>(text)) else {
        return Ok(None);
    };
    let found = here.read(move |tx| tx.find_session(cookie.session)).await?;
    let live = found.filter(|(session, user)| session.is_live(here.now) && user.disabled_at.is_none());
    if let Some((session, _)) = &live {
        let (id, now) = (session.id, here.now);
        if now.since(session.last_seen_at) >= Seconds::minutes(5) {
            here.server.store().write_later(here.row().id, move |tx| tx.touch_session(id, now));
        }
    }
    Ok(live)
}

/// Where the browser says which site a form comes from, it has to be ours (beside the form token).
///
/// `Sec-Fetch-Site` is the better witness: with our `Referrer-Policy: no-referrer` browsers send `Origin: null` from our
/// own pages too (Fetch §3.2), so `null` says nothing by itself.
fn check_site(here: &Here, headers: &HeaderMap) -> Result<(), Failure> {
    let ours = match headers.get(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin" || site == "none",
        None => headers
            .get(ORIGIN)
            .is_none_or(|origin| origin == here.server.settings().public_url.as_str() || origin == "null"),
    };
    if ours { Ok(()) } else { Err(Failure::StaleForm) }
}

/// RFC 6265bis §4.1.3.2: the `__Host-` prefix where the cookie can be `Secure`; the workspace is part of the name.
fn cookie_name(here: &Here, kind: &str) -> String {
    let prefix = if here.server.settings().public_url.is_https() { "__Host-" } else { "" };
    format!("{prefix}gry_{kind}_{}", here.row().slug)
}

fn cookie<'h>(here: &Here, headers: &'h HeaderMap, kind: &str) -> Option<&'h str> {
    cookie_named(headers, &cookie_name(here, kind))
}

fn cookie_named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lists = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// The name of the cookie that tells the frame of session management which session this browser has.
pub(crate) fn state_cookie_name(here: &Here) -> String {
    cookie_name(here, "bs")
}

/// Sets that cookie right where it is not: the session may have ended elsewhere, or have run out.
fn state_cookie(here: &Here, headers: &HeaderMap, state: Option<&str>) -> Option<HeaderValue> {
    match (cookie(here, headers, "bs"), state) {
        (known, state) if known == state => None,
        (_, Some(state)) => set_state_cookie(here, state, None),
        (_, None) => set_state_cookie(here, "", Some(Seconds(0))),
    }
}

/// Session Management §3.3: a script in a frame on a page of any site reads it, so it is neither `HttpOnly` nor `SameSite=Lax`; where
/// it cannot be `Secure`, on this machine, browsers take nothing but `Lax`.
fn set_state_cookie(here: &Here, value: &str, max_age: Option<Seconds>) -> Option<HeaderValue> {
    let name = state_cookie_name(here);
    let site = if here.server.settings().public_url.is_https() { "None; Secure" } else { "Lax" };
    let max_age = max_age.map(|seconds| format!("; Max-Age={}", seconds.0)).unwrap_or_default();
    HeaderValue::try_from(format!("{name}={value}; Path=/; SameSite={site}{max_age}")).ok()
}

/// RFC 6265bis §4.1.3.1: a cookie with a path of its own cannot have the `__Host-` prefix, so it has `__Secure-`.
fn page_cookie_name(here: &Here, kind: &str) -> String {
    let prefix = if here.server.settings().public_url.is_https() { "__Secure-" } else { "" };
    format!("{prefix}gry_{kind}_{}", here.row().slug)
}

fn set_page_cookie(here: &Here, kind: &str, value: &str, (path, age): (&str, Seconds)) -> Option<HeaderValue> {
    let name = page_cookie_name(here, kind);
    let secure = if here.server.settings().public_url.is_https() { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}; Max-Age={}", age.0))
        .ok()
}

fn set_cookie(here: &Here, kind: &str, value: &str, max_age: Option<Seconds>) -> Option<HeaderValue> {
    let name = cookie_name(here, kind);
    let secure = if here.server.settings().public_url.is_https() { "; Secure" } else { "" };
    let max_age = max_age.map(|seconds| format!("; Max-Age={}", seconds.0)).unwrap_or_default();
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}")).ok()
}
