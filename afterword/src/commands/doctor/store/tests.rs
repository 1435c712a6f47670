use std::path::Path;

use super::super::finding::Status;
use super::*;

fn config(directory: &Path) -> Config {
    Config { data_dir: directory.to_owned(), ..Config::default() }
}

/// As a service leaves it.
fn seen(schema: usize, health: Health) -> Inspection {
    let content = Content { schema, schema_known: 5, health, newest: Some(Timestamp::UNIX_EPOCH) };
    Inspection { file: "/d/x.db".into(), free_bytes: 1 << 40, is_in_use: false, content: Some(content) }
}

#[tokio::test]
async fn stores_that_are_not_there_will_be_made_and_are_not_made_by_looking() {
    let directory = tempfile::tempdir().unwrap();

    let stores = examine(&config(&directory.path().join("new"))).await;

    let told: Vec<_> =
        stores.findings.iter().map(|finding| (finding.status, finding.message.contains("not there yet"))).collect();
    assert_eq!(told, [(Status::Ok, true), (Status::Ok, true)]);
    assert!(!directory.path().join("new").exists());
}

#[tokio::test]
async fn stores_at_work_are_well() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let shared = config.clone().shared();
    let auth = auth_svc::store::open::open(&shared.auth.store, None).await.unwrap();
    let context = context_svc::store::open::open(&shared.context.store).await.unwrap();

    let stores = examine(&config).await;

    assert_eq!(stores.findings.len(), 2, "{:?}", stores.findings);
    for finding in &stores.findings {
        assert_eq!(finding.status, Status::Ok);
        assert!(finding.message.ends_with("in use by a running service"), "{}", finding.message);
    }
    auth.store.close().await;
    context.close().await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_and_a_store_of_another_kind_are_told() {
    let mut config = config(Path::new("/proc/nowhere"));
    config.context.store = "mongodb://db/context".to_owned();

    let [auth, context] = <[Finding; 2]>::try_from(examine(&config).await.findings).unwrap();

    assert_eq!((auth.status, auth.reason), (Status::Fail, Some("STORE_UNUSABLE")));
    assert!(auth.message.starts_with("auth-svc: store: cannot write to /proc/nowhere"), "{}", auth.message);
    assert_eq!(auth.advice.as_deref(), Some("choose a writable directory"));
    assert_eq!(context.message, "context-svc: store: MongoDB is not built yet");
    assert_eq!(context.advice.as_deref(), Some("write sqlite:PATH"));
}

#[test]
fn an_older_schema_is_well_and_a_newer_one_is_not() {
    let (older, newer) = (state("auth-svc", &seen(4, Health::Whole)), state("auth-svc", &seen(6, Health::Whole)));

    assert_eq!(older.status, Status::Ok);
    assert_eq!(older.message, "auth-svc: /d/x.db is whole, schema 4, will be brought to 5 at the next start");
    assert_eq!((newer.status, newer.reason), (Status::Fail, Some("STORE_NEWER")));
    assert_eq!(newer.message, "auth-svc: /d/x.db was written by a newer version (schema 6, known 5)");
}

#[test]
fn damage_is_told_before_anything_else() {
    let finding = state("auth-svc", &seen(6, Health::Damaged("page 3 is never used".to_owned())));

    assert_eq!((finding.status, finding.reason), (Status::Fail, Some("STORE_DAMAGED")));
}

#[test]
fn room_is_told_before_it_runs_out() {
    let with =
        |mebibytes: u64| space("auth-svc", &Inspection { free_bytes: mebibytes << 20, ..seen(5, Health::Whole) });

    assert_eq!(with(256), None);
    assert_eq!(with(255).unwrap().reason, Some("STORE_NEARLY_FULL"));
    assert_eq!(with(3).unwrap().message, "auth-svc: 3 MiB are left for /d/x.db");
    assert_eq!(with(3).unwrap().status, Status::Fail);
}

#[test]
fn a_master_key_that_is_gone_is_missed_once_it_was_needed() {
    let unused = Inspection { content: None, ..seen(5, Health::Whole) };

    assert_eq!(key_is_lost(&seen(5, Health::Whole), false).unwrap().reason, Some("MASTER_KEY_MISSING"));
    assert_eq!(key_is_lost(&seen(5, Health::Whole), true), None);
    assert_eq!(key_is_lost(&unused, false), None);
}
