//! A program that cannot start says what is wrong, names it, and ends with the right code.

use std::path::Path;

use e2e::program;
use tokio::process::Command;

/// Runs `afterword` with free ports and `arguments`, for as long as it takes to fail.
async fn refusal(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(program("afterword"));
    for port in ["auth.listen", "context.listen", "gateway.listen", "admin_listen"] {
        command.arg("--set").arg(format!("{port}=127.0.0.1:0"));
    }
    let output = command.args(arguments).kill_on_drop(true).output().await.expect("the program can be run");
    let told = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    (output.status.code(), told)
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let (code, told) = refusal(&["--data-dir", "/proc/nowhere"]).await;

    assert_eq!(code, Some(1));
    assert!(told.contains("cannot write to /proc/nowhere") && told.contains("choose a writable directory"), "{told}");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();

    let (code, told) =
        refusal(&["--set", &format!("gateway.listen={address}"), "--data-dir", path(directory.path())]).await;

    assert_eq!(code, Some(1));
    assert!(told.contains(&format!("cannot listen on {address} (setting `gateway.listen`)")), "{told}");
}

#[tokio::test]
async fn a_typo_in_the_config_file_is_named_with_the_key_that_was_meant() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("afterword.toml");
    std::fs::write(&file, "[context.queue]\nlaese = \"20s\"\n").unwrap();

    let (code, told) = refusal(&["--config", path(&file)]).await;

    assert_eq!(code, Some(78));
    assert!(told.ends_with("unknown key `context.queue.laese`; did you mean `context.queue.lease`?"), "{told}");
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(directory.path().join("auth.lock")).unwrap();
    lock.lock().unwrap();

    let (code, told) = refusal(&["--data-dir", path(directory.path())]).await;

    assert_eq!(code, Some(1));
    assert!(told.contains("auth.lock is in use by another process"), "{told}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}
