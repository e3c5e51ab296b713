//! A data directory of a test's own, and the binary run in it.

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A mistake shows as a failure, not as a test that never ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place for data, and for the process to run in.
pub(crate) struct Home {
    directory: TempDir,
    /// Flags and variables of every run.
    flags: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Longer than the address of a socket may be.
        let data = directory.path().join("d".repeat(120));
        let flags = vec!["--data-dir".to_owned(), data.display().to_string()];
        Self { directory, flags, variables: Vec::new() }
    }

    /// The same place with other flags for every run.
    pub(crate) fn with_flags(mut self, flags: &[&str]) -> Self {
        self.flags = flags.iter().map(ToString::to_string).collect();
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Where the process runs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file of the data directory.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        Path::new(&self.flags[1]).join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grantry"));
        command.current_dir(&self.directory).args(words.split_whitespace().map(|word| word.replace('~', " ")));
        command.args(&self.flags).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Variables of the tests' own are none of its business.
        command.env_clear().envs(self.variables.clone()).env("GRANTRY_TEST_X", "ignored");
        command
    }

    /// Runs words separated by spaces (`~` stands for a space within one) to their end.
    pub(crate) fn run(&self, words: &str, input: &str) -> Output {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        // Who does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// What a run that succeeds prints as JSON.
    pub(crate) fn json(&self, words: &str) -> Value {
        self.json_with(words, "")
    }

    pub(crate) fn json_with(&self, words: &str, input: &str) -> Value {
        let output = self.run(&format!("{words} --json"), input);
        assert!(output.status.success(), "{words}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words}: {error}: {output:?}"))
    }

    /// What a run that fails with this status says, which is one line.
    pub(crate) fn fails(&self, status: i32, words: &str) -> String {
        let output = self.run(words, "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{words}: {said}");
        assert!(output.stdout.is_empty(), "{words}: {:?}", String::from_utf8(output.stdout));
        assert_eq!(said.lines().count(), 1, "{words}: {said}");
        said.trim_start_matches("grantry: ").trim_end().to_owned()
    }

    /// Starts something that serves, and waits until it says that it is ready.
    pub(crate) fn start(&self, words: &str) -> Serving {
        let mut child = self.command(&format!("{words} --json")).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let _ = child.kill();
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{words} is not ready, but says {line:?} and {said}");
        };
        Serving { child, ready }
    }
}

/// A running process, which ends with the test.
pub(crate) struct Serving {
    child: Child,
    /// What it said when it was ready.
    pub(crate) ready: Value,
}

impl Serving {
    /// What the address begins with.
    pub(crate) fn url(&self) -> String {
        match self.ready["public_url"].as_str() {
            Some(url) => url.to_owned(),
            None => self.ready["issuer"].as_str().unwrap().trim_end_matches("/workflow").to_owned(),
        }
    }

    /// Asks it to stop, and waits until it has; what it exits with and says.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The status with which the token endpoint of a workspace answers an app.
    pub(crate) fn token(&self, workspace: &str, id: &str, secret: &str, form: &str) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent
            .post(format!("{}/{workspace}/oauth2/token", self.url()))
            .content_type("application/x-www-form-urlencoded")
            .send(format!("client_id={id}&client_secret={secret}&{form}"))
            .unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or_default())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
