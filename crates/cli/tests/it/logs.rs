//! What a running server writes about requests.

use crate::world::Home;
use serde_json::Value;

/// Asks a demo for something that is not there, and stops it: the id in the answer, and what was logged.
fn logged(format: &str) -> (String, Vec<String>) {
    let mut home = Home::new();
    home.set("GRANTRY_LOG_FORMAT", format);
    let demo = home.start("demo --listen 127.0.0.1:0");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent.get(format!("{}/workflow/oauth2/%0A%22", demo.url())).call().unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let (status, said) = demo.stop();
    assert_eq!(status, Some(0));
    (id, said.lines().map(str::to_owned).collect())
}

#[test]
fn a_line_carries_the_id_that_its_request_was_answered_with() {
    let (id, lines) = logged("text");
    let line = lines.iter().find(|line| line.contains(" grantry_server::observe: answered ")).unwrap();
    assert!(line.ends_with(&format!(" request=\"{id}\"")), "{line}");
    assert!(line.contains(" method=\"GET\" route=\"none\" workspace=\"\" status=404 micros="), "{line}");
    assert!(lines.iter().filter(|line| !line.contains("observe")).all(|line| !line.contains("request=")), "{lines:?}");
}

#[test]
fn as_json_every_line_is_an_object() {
    let (id, lines) = logged("json");
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["message"] == "answered").unwrap();
    assert_eq!((&line["request"], &line["level"]), (&id.into(), &"INFO".into()));
    assert_eq!((&line["target"], &line["status"]), (&"grantry_server::observe".into(), &404.into()));
    let time: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(time.duration_until(jiff::Timestamp::now()).abs().as_secs() < 60, "{time}");
}
