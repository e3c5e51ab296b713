//! Renders every page with sample content to `target/preview/`, so that it can be looked at, and checks what outside tools rely on.

mod account_pages;
mod docs_pages;
mod interaction_pages;
mod portal_pages;
mod try_pages;

use super::layout::{Frame, SignedIn, When};
use askama::Template;
use std::path::Path;

/// Where the stylesheet lies, seen from a preview file.
const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");

fn frame(signed_in: bool) -> Frame {
    Frame {
        workspace_slug: "workflow".into(),
        workspace_name: "Workflow".into(),
        signed_in: signed_in.then(|| SignedIn {
            display_name: "Bob Builder".into(),
            username: "bob".into(),
            is_admin: false,
        }),
        form_token: "gry_ft_sample".into(),
        return_to: Some("/workflow/oauth2".into()),
        css_href: format!("file://{ASSETS}/grantry.css"),
        script_href: format!("file://{ASSETS}/grantry.js"),
    }
}

fn admin() -> Frame {
    let mut frame = frame(true);
    frame.signed_in = Some(SignedIn { display_name: "Ada Admin".into(), username: "admin".into(), is_admin: true });
    frame
}

fn when(text: &str) -> When {
    When { iso: "2026-11-22T17:00:00Z".into(), text: text.into() }
}

/// Renders, checks what holds for every page and for this one, and writes the file.
fn page(name: &str, page: &impl Template, contains: &[&str]) {
    let html = page.render().expect("renders");
    for text in contains {
        assert!(html.contains(text), "{name} lacks {text}");
    }
    assert_eq!(html.matches("<h1").count(), 1, "{name}: one h1");
    // The content security policy allows neither inline styles nor inline scripts.
    assert!(!html.contains(" style=") && !html.contains("<style"), "{name}: inline style");
    assert!(
        !html.contains(" onclick=") && html.matches("<script").count() == html.matches("<script src=").count(),
        "{name}"
    );
    for form in html.split("<form").skip(1).filter(|form| form.contains("method=\"post\" action=\"/")) {
        let form = form.split("</form>").next().unwrap_or_default();
        assert_eq!(form.matches("name=\"form_token\"").count(), 1, "{name}: a POST form has one form token: {form}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/preview");
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join(format!("{name}.html")), html).expect("file");
}
