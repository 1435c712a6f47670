//! What operators do with the memory of users, by the real programs: export, import, erase, back up, restore.

use std::path::Path;

use e2e::{Processes, Service, User, beside_the_tests, program};
use serde_json::Value;
use tokio::process::Command;

const GOAL: &str = "My goal is to run the half marathon in Lyon.";

/// What `afterword` said, if it ended well.
async fn afterword(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program("afterword"));
    let output = command.args(arguments).kill_on_drop(true).output().await.expect("the program can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        code => Err(format!("{code:?} {}{}", text(&output.stdout), text(&output.stderr))),
    }
}

/// The same at a service of `world`, whose operator keeps the token in a file.
async fn at(world: &Processes, line: &str) -> Result<String, String> {
    let token = world.data().join("token");
    std::fs::write(&token, world.internal_token()).unwrap();
    let (token, endpoint) = (token.display().to_string(), world.endpoint(Service::Context));
    let words: Vec<&str> = line.split(' ').collect();
    afterword(&[&words[..], &["--endpoint", &endpoint, "--internal-token-file", &token]].concat()).await
}

/// The same on the stores of `world`.
async fn with_stores_of(world: &Processes, arguments: &[&str]) -> Result<String, String> {
    let store = |service| world.store(service).display().to_string();
    let (auth, context) = (store(Service::Auth), store(Service::Context));
    let (auth, context) = (format!("auth.store=sqlite:{auth}"), format!("context.store=sqlite:{context}"));
    afterword(&[&["--set", &auth, "--set", &context][..], arguments].concat()).await
}

/// The records of an export that are not made anew or counted here, without what only tells where they are held.
fn taken_along(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of an export is JSON"));
    lines.filter(|line| line["kind"] == "message" || line["kind"] == "verdict").collect()
}

#[tokio::test]
async fn what_is_exported_is_imported_elsewhere_and_reads_the_same() {
    let (here, there) = (Processes::start(&[]).await, Processes::start(&[]).await);
    let mut alice = User::of(&here.client(), "alice").await.logged_in().await;
    alice.says("c1", GOAL).await;
    alice.says("c1", "I decided to run on Monday, Wednesday and Saturday.").await;
    alice.logout().await.unwrap();
    alice.log_in().await;
    alice.until_goals("c1", &[GOAL, "I decided to run on Monday, Wednesday and Saturday."]).await;
    let listed = alice.login().get("/api/v1/memory/items").await.unwrap();
    let item = listed["items"][0]["id"].as_str().unwrap();
    let rejection = format!("/api/v1/memory/items/{item}:reject");
    alice.login().call(http::Method::POST, &rejection, Some(serde_json::json!({}))).await.unwrap();
    let again = User::of(&there.client(), "alice").await.logged_in().await;
    let (old, new) = (here.data().join("old.jsonl"), there.data().join("new.jsonl"));
    let (from, to) = (&alice.login().user_id, &again.login().user_id);

    at(&here, &format!("export --user {from} --out {}", old.display())).await.unwrap();
    let told = at(&there, &format!("import {} --user {to}", old.display())).await.unwrap();
    again.until_extraction("c1", "DONE").await;
    at(&there, &format!("export --user {to} --out {}", new.display())).await.unwrap();

    assert_eq!(told, "1 conversations: 2 messages added, 0 there already; 1 of 1 verdicts taken over\n");
    assert_eq!((taken_along(&new), taken_along(&new).len()), (taken_along(&old), 3));
    let remembered = |items: Value| items["items"].clone();
    let items = "/api/v1/memory/items";
    let (before, after) = (alice.login().get(items).await.unwrap(), again.login().get(items).await.unwrap());
    assert_eq!(remembered(after), remembered(before));
    assert_eq!(again.context().await, alice.context().await);
}

#[tokio::test]
async fn a_broken_line_7_is_named_and_nothing_is_imported() {
    let world = Processes::start(&[]).await;
    let alice = User::of(&world.client(), "alice").await.logged_in().await;
    let good = format!(
        r#"{{"conversation_id": "c1", "messages": [{{"role": "USER", "text": "{GOAL}", "at": "2025-06-15T15:06:40Z"}}]}}"#
    );
    let file = world.data().join("import.jsonl");
    std::fs::write(&file, format!("{}oh no\n", format!("{good}\n").repeat(6))).unwrap();
    let import = format!("import {} --user {}", file.display(), alice.login().user_id);

    let refused = at(&world, &import).await.unwrap_err();
    let talks = alice.login().get("/api/v1/conversations").await.unwrap();
    let skipped = at(&world, &format!("{import} --on-error skip")).await.unwrap_err();

    assert!(refused.starts_with("Some(1) line 7: not valid JSON"), "{refused}");
    assert!(refused.ends_with("1 of 7 lines cannot be imported; nothing was imported\n"), "{refused}");
    assert_eq!(talks["conversations"].as_array().map(Vec::len), Some(0));
    assert!(
        skipped.contains("1 conversations: 1 messages added, 5 there already; 0 of 0 verdicts taken over"),
        "{skipped}"
    );
    alice.until_goals("c1", &[GOAL]).await;
}

#[tokio::test]
async fn a_logout_that_was_on_its_way_when_the_backup_was_made_arrives_after_the_restore() {
    let mut here = Processes::start(&[]).await;
    let mut alice = User::of(&here.client(), "alice").await.logged_in().await;
    alice.says("c1", GOAL).await;
    here.kill(Service::Context).await;
    alice.logout().await.expect("a logout needs no context-svc");
    let mut there = Processes::new(&beside_the_tests(), &[]);
    let backup = there.data().join("backup").display().to_string();

    with_stores_of(&here, &["backup", &backup]).await.unwrap();
    with_stores_of(&there, &["restore", &backup]).await.unwrap();
    there.launch_all().await;
    alice.moves_to(&there.client());
    alice.log_in().await;

    alice.until_goals("c1", &[GOAL]).await;
    let occupied = with_stores_of(&here, &["restore", &backup]).await.unwrap_err();
    assert!(
        occupied.contains("is in use; stop the service first") || occupied.contains("is there already"),
        "{occupied}"
    );
}
