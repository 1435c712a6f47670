//! Files against a context-svc on which nobody works.

use std::path::Path;

use clap::Parser;
use serde_json::Value;

use super::super::admin::tests::World;
use super::super::{Arguments, Command};
use super::Import;

const GOOD: &str = r#"{"conversation_id": "c1", "messages": [{"role": "USER", "text": "I want to swim.", "at": "2025-06-15T15:06:40Z"}]}"#;

fn import_of(file: &Path, flags: &str) -> Import {
    let line = format!("afterword import {} --user alice{flags}", file.display());
    match Arguments::try_parse_from(line.split(' ')).expect(&line).command {
        Some(Command::Import(import)) => import,
        _ => panic!("{line} is an import"),
    }
}

/// What the command answers to a file of these lines, and how it ends.
async fn imports(world: &World, lines: &[&str], flags: &str) -> (String, Result<(), String>) {
    let file = world.directory.path().join("import.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let import = import_of(&file, flags);
    let (answer, outcome) = import.answer(&world.office, &world.clock()).await.expect("context-svc takes it");
    (answer, outcome.map_err(|error| error.to_string()))
}

#[tokio::test]
async fn conversations_are_imported_once_however_often() {
    let world = World::start().await;
    let another = GOOD.replace("c1", "c2");

    let first = imports(&world, &[GOOD, "", &another, GOOD], "").await;
    let second = imports(&world, &[GOOD, &another], "").await;

    let told = |counts: &str| (format!("2 conversations: {counts}; 0 of 0 verdicts taken over\n"), Ok(()));
    assert_eq!(first, told("2 messages added, 1 there already"));
    assert_eq!(second, told("0 messages added, 2 there already"));
    assert_eq!(world.texts("alice", "c1").await, ["I want to swim."]);
}

#[tokio::test]
async fn a_broken_line_is_named_and_nothing_is_written() {
    let world = World::start().await;
    let mut lines = vec![GOOD; 6];
    lines
        .push(r#"{"conversation_id": "c7", "messages": [{"role": "USER", "text": "", "at": "2025-06-15T15:06:40Z"}]}"#);

    let (answer, outcome) = imports(&world, &lines, "").await;

    assert_eq!(answer, "line 7: messages[0].text: must not be empty\n");
    assert_eq!(outcome.unwrap_err(), "1 of 7 lines cannot be imported; nothing was imported");
    assert_eq!(world.texts("alice", "c1").await, [""; 0]);
}

#[tokio::test]
async fn the_rest_is_kept_if_asked_for() {
    let world = World::start().await;

    let (answer, outcome) = imports(&world, &["{", GOOD, "no"], " --on-error skip --json").await;

    let told: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&told["broken"][0]["line"], &told["broken"][1]["line"]), (&Value::from(1), &Value::from(3)));
    assert_eq!((&told["conversations"], &told["lines"]), (&Value::from(1), &Value::from(3)));
    assert_eq!((&told["added"], &told["duplicates"]), (&Value::from(1), &Value::from(0)));
    assert_eq!(outcome.unwrap_err(), "2 of 3 lines cannot be imported; the others are imported");
    assert_eq!(world.texts("alice", "c1").await, ["I want to swim."]);
}

#[tokio::test]
async fn two_messages_under_one_id_are_refused() {
    let world = World::start().await;
    let said = |text: &str| {
        format!(r#"{{"role": "USER", "text": "{text}", "at": "2025-06-15T15:06:40Z", "client_id": "m1"}}"#)
    };
    let line = format!(r#"{{"conversation_id": "c1", "messages": [{}, {}]}}"#, said("one"), said("two"));

    let (answer, _) = imports(&world, &[&line], "").await;

    assert_eq!(answer, "line 1: messages[1].client_id: is used by another message of this request\n");
}

#[tokio::test]
async fn an_import_waits_for_room_in_the_queue() {
    let world = World::start_with(|config| config.schedule.depth = 4).await;
    let lines: Vec<String> = (0..9).map(|n| GOOD.replace("c1", &format!("c{n}"))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let making_room = async {
        loop {
            world.somebody_works().await;
            world.time_passes();
            tokio::task::yield_now().await;
        }
    };

    let (_, outcome) = tokio::select! {
        told = imports(&world, &lines, "") => told,
        () = making_room => unreachable!("it goes on for ever"),
    };

    assert_eq!(outcome, Ok(()));
    assert_eq!(world.texts("alice", "c8").await, ["I want to swim."]);
}

#[tokio::test]
async fn whose_a_line_is_must_be_said() {
    let world = World::start().await;
    let file = world.directory.path().join("import.jsonl");
    std::fs::write(&file, format!("{GOOD}\n{}", GOOD.replacen('{', r#"{"user_id": "bob", "#, 1))).unwrap();
    let line = format!("afterword import {} --on-error skip", file.display());
    let Ok(Arguments { command: Some(Command::Import(import)), .. }) = Arguments::try_parse_from(line.split(' '))
    else {
        panic!("{line} is an import")
    };

    let (answer, _) = import.answer(&world.office, &world.clock()).await.unwrap();

    assert!(answer.starts_with("line 1: user_id: is missing, and no --user was given\n"), "{answer}");
    assert_eq!(world.texts("bob", "c1").await, ["I want to swim."]);
}

#[tokio::test]
async fn what_can_be_read_only_once_is_refused() {
    let world = World::start().await;

    let refused = import_of(Path::new("/dev/null"), "").answer(&world.office, &world.clock()).await.unwrap_err();

    assert!(refused.to_string().starts_with("/dev/null is not a regular file; an import reads it twice"), "{refused}");
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_not_called_imported() {
    let world = World::start().await;
    let path = world.directory.path().join("import.jsonl");
    std::fs::write(&path, format!("{GOOD}\n{}", GOOD.replace("c1", "c2"))).unwrap();
    let import = import_of(&path, "");
    let file = import.open().unwrap();
    let found = import.look_through(&file).unwrap();

    std::fs::write(&path, GOOD).unwrap();
    let outcome = import.send(&file, &found, &world.office, &world.clock()).await.unwrap_err().to_string();

    assert!(outcome.starts_with("context-svc accounts for 1 of 2 messages; "), "{outcome}");
}

#[tokio::test]
async fn two_messages_under_one_id_are_refused_in_whatever_lines_they_stand() {
    let world = World::start().await;
    let said = |conversation: &str, text: &str| {
        let message =
            format!(r#"{{"role": "USER", "text": "{text}", "at": "2025-06-15T15:06:40Z", "client_id": "m1"}}"#);
        format!(r#"{{"conversation_id": "{conversation}", "messages": [{message}]}}"#)
    };
    let lines = [said("c1", "one"), said("c2", "two"), said("c1", "two"), said("c1", "one")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();

    let (stopped, _) = imports(&world, &lines, "").await;
    let nothing = world.texts("alice", "c2").await;
    let (skipped, _) = imports(&world, &lines, " --on-error skip").await;

    let told = "line 3: client_id m1: is used by another message of the conversation, in a line before\n";
    assert_eq!((stopped.as_str(), nothing.len()), (told, 0));
    assert_eq!(
        skipped,
        format!("{told}2 conversations: 2 messages added, 1 there already; 0 of 0 verdicts taken over\n")
    );
    assert_eq!(world.texts("alice", "c1").await, ["one"]);
}
