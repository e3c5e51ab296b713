//! Who sees and changes which app.

use super::*;

/// The text of a page, but for the request id.
fn without_id(answer: &Answer) -> String {
    answer.body.replace(answer.header("x-request-id").unwrap(), "")
}

#[test]
fn someone_elses_app_is_the_same_404_as_none() {
    let world = World::new();
    world.create_user("alice", "secret");
    let (client_id, _) = register_web(&mut world.bob());
    let mut alice = signed_in(&world, "alice");
    for rest in ["", "/edit", "/secret", "/rotate", "/secrets/1/retire", "/delete"] {
        let theirs = alice.get(&format!("/acme/oauth2/apps/{client_id}{rest}"));
        let nobodys = alice.get(&format!("/acme/oauth2/apps/00000000000000000000{rest}"));
        assert_eq!((theirs.status, nobodys.status), (404, 404), "{rest}");
        assert_eq!(without_id(&theirs), without_id(&nobodys), "{rest}");
        // What an operator registered belongs to no user.
        assert_eq!(alice.get(&format!("/acme/oauth2/apps/app{rest}")).status, 404);
    }
    for rest in ["/edit", "/rotate", "/secrets/1/retire", "/delete"] {
        let answer = alice.post(&format!("/acme/oauth2/apps/{client_id}{rest}"), &[("confirm_name", "Notebook")]);
        assert_eq!(answer.status, 404, "{rest}");
    }
    assert_eq!(alice.get("/acme/oauth2/apps/a%00b").status, 404);
    assert!(!alice.get("/acme/oauth2/apps").body.contains("Notebook"));
}

#[test]
fn admins_see_every_app_and_owners_their_own() {
    let world = World::new();
    world.create_user("admin", "secret");
    let (client_id, _) = register_web(&mut world.bob());
    let mut admin = signed_in(&world, "admin");
    let list = admin.get("/acme/oauth2/apps");
    for part in ["2 apps", "Notebook", "The app", "<dd>bob</dd>"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    let own = world.bob().get("/acme/oauth2/apps");
    assert!(own.body.contains("1 app<") && !own.body.contains("The app<"), "{}", own.body);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    assert_eq!(fill(&mut admin, &edit, &with("name", "Renamed")).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.name, "Renamed");
}

#[test]
fn the_list_is_searched_and_paged() {
    let world = World::new();
    world.create_user("admin", "secret");
    for number in 1..=44 {
        world.register(&format!("app-{number:02}"), |_| ());
    }
    let mut admin = signed_in(&world, "admin");
    let first = admin.get("/acme/oauth2/apps?q=app-");
    assert!(first.body.contains("44 apps") && first.body.contains("1 to 20 shown"), "{}", first.body);
    assert!(first.body.contains("q=app-&#38;page=2") && !first.body.contains("rel=\"prev\""), "{}", first.body);
    let last = admin.get("/acme/oauth2/apps?q=app-&page=99");
    assert!(last.body.contains("41 to 44 shown") && !last.body.contains("rel=\"next\""), "{}", last.body);
    for query in ["page=0", "page=-1", "page=x", "page=9223372036854775807", "q=%00", "q=a&q=b", "q=%25"] {
        assert_eq!(admin.get(&format!("/acme/oauth2/apps?{query}")).status, 200, "{query}");
    }
    let none = admin.get("/acme/oauth2/apps?q=%3Cscript%3E");
    assert!(none.body.contains("Nothing found") && !none.body.contains("<script>"), "{}", none.body);
}

#[test]
fn a_workspace_can_leave_registering_to_its_admins() {
    let world = World::new();
    world.create_user("admin", "secret");
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let token = bob.get(NEW).form_token(NEW);
    world.change_workspace(|row| row.policy.app_registration = AppRegistration::Admins);
    assert_eq!(bob.get(NEW).status, 403);
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(WEB);
    assert_eq!(bob.post(NEW, &fields).status, 403);
    assert!(!bob.get("/acme/oauth2/apps").body.contains("id=\"register-app\""));
    // What bob has stays his to change.
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}/edit")).status, 200);
    register(&mut signed_in(&world, "admin"), &WEB);
}

#[test]
fn only_admins_make_resource_servers() {
    let world = World::new();
    world.create_user("admin", "secret");
    let mut api = WEB.to_vec();
    api.extend([("resource_server", "yes"), ("resource", "https://api.test")]);
    let mut bob = world.bob();
    assert!(!bob.get(NEW).body.contains("name=\"resource\""));
    let answer = fill(&mut bob, NEW, &api);
    assert_eq!(answer.status, 422);
    let mut admin = signed_in(&world, "admin");
    let client_id = register(&mut admin, &api);
    assert_eq!(client(&world, &client_id).unwrap().registration.resource.as_deref(), Some("https://api.test"));
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    assert_eq!(fill(&mut admin, &edit, &WEB).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.resource, None);
}
