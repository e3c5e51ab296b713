//! What belongs to a person in a workspace: the user, their sessions, and what they agreed to. And what a person may choose who makes an
//! account by themselves.

use crate::claims::Kind;
use crate::scope::Scope;
use crate::types::{ClientRow, Secret, SessionId, Timestamp, UserId};

/// A person who can sign in to one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The row; never leaves the server unsealed.
    pub id: UserId,
    /// The stable public name of the user towards apps (`sub`, RFC 7662 §2.2).
    pub subject: String,
    /// What the person types to sign in. Unique in the workspace, compared exactly.
    pub username: String,
    /// What pages call the person.
    pub display_name: String,
    /// Set for people who administer the workspace.
    pub admin_since: Option<Timestamp>,
    /// Set when the account may not be used any more.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// The person's standard claims as a JSON object (OpenID Connect Core §5.1 names), `{}` when none are known.
    pub claims: String,
}

/// A browser signed in to one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The row; its cookie is a sealed statement about it.
    pub id: SessionId,
    /// What clients call it (Back-Channel Logout §2.1 `sid`).
    pub sid: String,
    /// Who is signed in.
    pub user: UserId,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// When the browser was last seen, to the nearest few minutes.
    pub last_seen_at: Timestamp,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// Set when the person, or an admin, ended it.
    pub ended_at: Option<Timestamp>,
    /// The browser, as it calls itself; for the person to recognise it.
    pub user_agent: String,
    /// The address it signed in from; for the person to recognise it.
    pub address: String,
}

impl Session {
    /// Whether the browser still counts as signed in.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What a user agreed to let a client do, remembered so that they are asked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub user: UserId,
    /// To which client.
    pub client: ClientRow,
    /// The scopes that were allowed; what was unticked is not here.
    pub scope: Scope,
    /// When the user first agreed.
    pub granted_at: Timestamp,
}

/// Shortest password that a person may choose, in characters (NIST SP 800-63B §5.1.1.2: at least eight, and no rules of composition).
pub const SHORTEST_PASSWORD: usize = 8;
/// Longest password, in characters.
const LONGEST_PASSWORD: usize = 1_024;
/// Longest user name that a person may choose, in characters.
pub const LONGEST_OWN_USERNAME: usize = 64;

/// Whether the user of this name may choose this password. Otherwise: why not.
pub fn check_new_password(password: &str, username: &str) -> Result<(), &'static str> {
    match password.chars().count() {
        count if count < SHORTEST_PASSWORD => Err("A password has at least 8 characters."),
        count if count > LONGEST_PASSWORD => Err("A password has at most 1024 characters."),
        _ if password == username => Err("Your user name is no password: it is the first thing that others try."),
        _ => Ok(()),
    }
}

/// What a person asks for who makes an account. Made only by [`read`](Self::read).
#[derive(Clone, Debug)]
pub struct SignUp {
    username: String,
    display_name: String,
    password: Secret<String>,
}

/// What is wrong with each of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignUpProblems {
    /// The user name.
    pub username: Option<&'static str>,
    /// What pages are to call the person.
    pub display_name: Option<&'static str>,
    /// The password.
    pub password: Option<&'static str>,
}

impl SignUp {
    /// Reads what was typed. Without a name to be called by, a person is called by their user name.
    pub fn read(username: &str, display_name: &str, password: &str) -> Result<Self, SignUpProblems> {
        let typed = Some(display_name.trim()).filter(|name| !name.is_empty());
        let problems = SignUpProblems {
            username: check_own_username(username).err(),
            // What the profile page takes as a name.
            display_name: typed
                .and_then(|name| Kind::Text.read(name).err())
                .map(|_| "A name is one line of at most 100 characters."),
            password: check_new_password(password, username).err(),
        };
        if problems != SignUpProblems::default() {
            return Err(problems);
        }
        let [username, display_name, password] = [username, typed.unwrap_or(username), password].map(str::to_owned);
        Ok(Self { username, display_name, password: Secret::new(password) })
    }

    /// What the person will type to sign in.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// What pages will call the person.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The password.
    pub const fn password(&self) -> &Secret<String> {
        &self.password
    }
}

/// Whether a person may call themselves that. Operators may give other names: they know whom they give them to. What a stranger chooses
/// cannot be taken for another name (docs/decisions/0017), nor for an address that somebody has checked.
fn check_own_username(username: &str) -> Result<(), &'static str> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    let has_ends = |text: &str| {
        let ends = [text.bytes().next(), text.bytes().next_back()];
        ends.iter().all(|end| end.is_some_and(|b| b.is_ascii_alphanumeric()))
    };
    if username.len() <= LONGEST_OWN_USERNAME && username.bytes().all(fits) && has_ends(username) {
        return Ok(());
    }
    Err("A user name is 1 to 64 lower-case letters a to z and digits, with dots, hyphens and underscores between them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_calls_themselves_is_taken_for_no_other_name() {
        let longest = "a".repeat(64);
        for good in ["a", "0", "ann", "ann.b-c_d9", longest.as_str()] {
            assert!(SignUp::read(good, "", "long enough").is_ok(), "{good}");
        }
        let too_long = "a".repeat(65);
        for bad in [
            "",
            "Ann",
            "b\u{43e}b",
            "bob\u{200b}",
            "\u{202e}bob",
            "bob ",
            "a b",
            ".bob",
            "bob-",
            "bob@example.com",
            &too_long,
        ] {
            let problems = SignUp::read(bad, "Bob", "long enough").unwrap_err();
            assert_eq!(
                (problems.username.is_some(), problems.display_name, problems.password),
                (true, None, None),
                "{bad}"
            );
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems = SignUp::read("B", "two\nlines", "short").unwrap_err();
        assert!(problems.username.is_some() && problems.display_name.is_some() && problems.password.is_some());
        let called = |name| SignUp::read("ann", name, "long enough").unwrap().display_name().to_owned();
        assert_eq!([called(" Ann "), called(" ")], ["Ann", "ann"]);
    }

    #[test]
    fn a_password_is_long_enough_and_not_the_name() {
        for (password, fits) in [("1234567", false), ("12345678", true), ("ünïcödé!", true), ("long-name", false)] {
            assert_eq!(check_new_password(password, "long-name").is_ok(), fits, "{password}");
        }
        assert!(check_new_password(&"a".repeat(1_025), "ann").is_err());
    }
}
