//! Backups of stores that are worked with, and what becomes of them.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use context_svc::domain::model::{
    Addition, Cause, ClientId, ConversationId, ConversationKey, NewMessage, Role, Trigger,
};
use jiff::Timestamp;
use kit::id::{SessionId, UserId};
use kit::lifecycle::Lifecycle;

use super::*;

/// A data directory, and the services that work with it.
struct World {
    directory: tempfile::TempDir,
    config: Config,
}

/// The services, at work.
struct Services {
    auth: auth_svc::App,
    context: context_svc::App,
}

impl World {
    fn new() -> Self {
        kit::authn::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: directory.path().join("data"), ..Config::default() };
        config.auth.password.memory_kib = 7168;
        Self { directory, config }
    }

    async fn start(&self) -> Services {
        let (shared, lifecycle) = (self.config.clone().shared(), Lifecycle::new());
        let clock: kit::clock::SharedClock = Arc::new(SystemClock);
        let auth = auth_svc::App::open(shared.auth, clock.clone(), &lifecycle).await.unwrap();
        let context = context_svc::App::open(shared.context, clock, &lifecycle).await.unwrap();
        Services { auth, context }
    }

    fn backup(&self) -> Backup {
        Backup { directory: self.directory.path().join("backup"), json: false }
    }

    fn restore(&self, replace: bool) -> Restore {
        Restore { directory: self.backup().directory, replace }
    }

    async fn brings_back(&self, replace: bool) -> Result<Vec<PathBuf>, String> {
        let brought = self.restore(replace).bring_back(&self.config).await;
        brought.map(|(_, aside)| aside).map_err(|error| error.to_string())
    }
}

impl Services {
    async fn says(&self, text: &str) {
        let at = Timestamp::UNIX_EPOCH;
        let message =
            NewMessage { client_id: ClientId::random(), role: Role::User, name: String::new(), text: text.into(), at };
        let session_id = SessionId::parse("s1").unwrap();
        let addition = Addition { session_id, time_zone: None, messages: vec![message] };
        let wait = Duration::ZERO;
        let trigger = Trigger { cause: Cause::Manual, trace: None, at, wait, wait_max: wait, depth_limit: 9 };
        self.context.store().append(&key(), &addition, &trigger).await.unwrap().expect("it is stored");
    }

    async fn texts(&self) -> Vec<String> {
        let messages = self.context.store().list_messages(&key(), 0, 99).await.unwrap();
        messages.into_iter().map(|message| message.text).collect()
    }

    async fn end(self) {
        self.auth.store().close().await;
        self.context.store().close().await;
    }
}

fn key() -> ConversationKey {
    ConversationKey::new(UserId::parse("u1").unwrap(), ConversationId::parse("c1").unwrap())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_backup_made_at_work_brings_back_what_was_there() {
    let world = World::new();
    let services = world.start().await;
    services.says("before").await;

    let manifest = world.backup().copy(&world.config).await.unwrap();
    services.says("after").await;
    services.end().await;
    let aside = world.brings_back(true).await.unwrap();

    let services = world.start().await;
    assert_eq!(services.texts().await, ["before"]);
    let parts: Vec<_> = manifest.files.iter().map(|file| (file.part, file.schema.is_some())).collect();
    assert_eq!(parts, [(Part::MasterKey, false), (Part::Auth, true), (Part::Context, true)], "auth-svc first");
    assert!(aside[0].join("context.db").is_file() && aside[0].join(MASTER_KEY).is_file(), "nothing is destroyed");
    services.end().await;
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone_and_is_never_mixed_with_another() {
    let world = World::new();
    let services = world.start().await;
    world.backup().copy(&world.config).await.unwrap();

    let again = world.backup().copy(&world.config).await.unwrap_err().to_string();

    let directory = world.backup().directory;
    assert!(again.starts_with(&format!("{}: ", directory.display())), "{again}");
    assert_eq!(mode(&directory), 0o700);
    for file in ["auth.db", "context.db", MASTER_KEY, manifest::FILE_NAME] {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
    services.end().await;
}

#[tokio::test]
async fn nothing_that_is_there_is_overwritten_unasked() {
    let world = World::new();
    let services = world.start().await;
    services.says("before").await;
    world.backup().copy(&world.config).await.unwrap();
    services.says("after").await;

    let at_work = world.brings_back(true).await.unwrap_err();
    services.end().await;
    let unasked = world.brings_back(false).await.unwrap_err();

    assert!(at_work.ends_with("is in use; stop the service first"), "{at_work}");
    assert!(unasked.contains("is there already; choose another --data-dir"), "{unasked}");
    let services = world.start().await;
    assert_eq!(services.texts().await, ["before", "after"]);
    services.end().await;
}

#[tokio::test]
async fn an_altered_backup_is_refused_before_anything_is_written() {
    let world = World::new();
    world.start().await.end().await;
    world.backup().copy(&world.config).await.unwrap();
    std::fs::remove_dir_all(&world.config.data_dir).unwrap();
    let file = world.backup().directory.join("context.db");
    let whole = std::fs::read(&file).unwrap();

    let mut bitten = whole.clone();
    bitten[5000] ^= 1;
    std::fs::write(&file, &bitten).unwrap();
    let digest = world.brings_back(false).await.unwrap_err();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let length = world.brings_back(false).await.unwrap_err();

    assert!(digest.contains("context.db is not what was backed up: its digest is another"), "{digest}");
    assert!(length.contains("bytes instead of"), "{length}");
    assert!(!world.config.data_dir.exists(), "nothing was written");
}

#[tokio::test]
async fn a_manifest_that_is_none_is_refused() {
    let world = World::new();
    world.start().await.end().await;
    world.backup().copy(&world.config).await.unwrap();
    let path = world.backup().directory.join(manifest::FILE_NAME);
    let good = std::fs::read_to_string(&path).unwrap();

    for (text, told) in [
        ("{}".to_owned(), "missing field `format`"),
        (good.replacen("\"format\": 1", "\"format\": 2", 1), "its format is 2, this program reads 1"),
        (good.replacen("\"auth.db\"", "\"../auth.db\"", 1), "is no name of a file"),
    ] {
        std::fs::write(&path, text).unwrap();
        let refused = world.brings_back(true).await.unwrap_err();
        assert!(refused.contains("is no manifest of a backup") && refused.contains(told), "{refused}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(world.brings_back(true).await.unwrap_err().contains("is no manifest of a backup"));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let world = World::new();
    world.start().await.end().await;
    world.backup().copy(&world.config).await.unwrap();
    let directory = world.backup().directory;
    let mut manifest = Manifest::read(&directory).unwrap();
    let file = manifest.files.iter_mut().find(|file| file.part == Part::Context).unwrap();
    let path = directory.join(&file.name);
    let mut bytes = std::fs::read(&path).unwrap();
    // The user version of a database lies at byte 60 (https://sqlite.org/fileformat.html).
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    *file = Entry::of(&directory, "context.db", Part::Context, file.copied_at).unwrap();
    manifest.write(&directory).unwrap();

    let refused = world.brings_back(true).await.unwrap_err();

    assert!(refused.starts_with("context.db was written by a newer version (schema 99, known "), "{refused}");
}

#[tokio::test]
async fn stores_of_another_kind_or_none_are_told_so() {
    let world = World::new();
    let missing = world.backup().copy(&world.config).await.unwrap_err().to_string();
    let mut elsewhere = world.config.clone();
    elsewhere.context.store = "mongodb://db/context".into();
    let mongo = world.backup().copy(&elsewhere).await.unwrap_err().to_string();

    assert!(missing.starts_with("auth-svc has no store at "), "{missing}");
    assert!(mongo.starts_with("context-svc keeps its data in MongoDB: use mongodump"), "{mongo}");
    assert!(!world.backup().directory.exists());
}

#[tokio::test]
async fn services_that_share_their_stores_keep_a_restore_out_too() {
    let mut world = World::new();
    world.config.context.store_shared = true;
    let services = world.start().await;
    services.says("before").await;
    world.backup().copy(&world.config).await.unwrap();
    services.says("after").await;
    services.auth.store().close().await;

    let at_work = world.brings_back(true).await.unwrap_err();

    assert!(at_work.ends_with("context.db is in use; stop the service first"), "{at_work}");
    assert_eq!(services.texts().await, ["before", "after"]);
    services.end().await;
}

#[tokio::test]
async fn a_restore_for_which_there_is_no_room_leaves_what_was_there() {
    let world = World::new();
    let services = world.start().await;
    services.says("before").await;
    world.backup().copy(&world.config).await.unwrap();
    services.says("after").await;
    services.end().await;
    // Stands for a full disk: the last file cannot be written.
    let in_the_way = world.config.data_dir.join("context.db.unfinished");
    std::fs::create_dir(&in_the_way).unwrap();

    let refused = world.brings_back(true).await.unwrap_err();

    assert!(refused.starts_with(&in_the_way.display().to_string()), "{refused}");
    assert!(!world.config.data_dir.join("auth.db.unfinished").exists(), "its room is given back");
    let services = world.start().await;
    assert_eq!(services.texts().await, ["before", "after"]);
    services.end().await;
}

#[tokio::test]
async fn a_log_is_moved_aside_with_its_database() {
    let world = World::new();
    world.start().await.end().await;
    world.backup().copy(&world.config).await.unwrap();
    let log = world.config.data_dir.join("context.db-wal");
    std::fs::write(&log, "of a service that was killed").unwrap();

    let aside = world.brings_back(true).await.unwrap();

    let kept = std::fs::read_to_string(aside[0].join("context.db-wal")).unwrap();
    assert_eq!((kept.as_str(), log.exists()), ("of a service that was killed", false));
    assert!(aside[0].join("context.db").is_file() && aside[0].join("auth.db").is_file());
}

#[tokio::test]
async fn nothing_is_tried_in_the_directory_of_a_backup_that_is_restored() {
    let world = World::new();
    world.start().await.end().await;
    world.backup().copy(&world.config).await.unwrap();
    std::fs::remove_dir_all(&world.config.data_dir).unwrap();
    let directory = std::fs::File::open(world.backup().directory).unwrap();
    directory.set_modified(std::time::UNIX_EPOCH).unwrap();

    world.brings_back(false).await.unwrap();

    assert_eq!(directory.metadata().unwrap().modified().unwrap(), std::time::UNIX_EPOCH);
}
