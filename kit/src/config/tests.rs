use std::num::NonZeroUsize;

use serde::Deserialize;

use super::*;
use crate::id::Secret;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Shop {
    /// Where to listen.
    listen: String,
    /// Who may enter.
    key: Option<Secret>,
    /// Who else may.
    keys: Vec<Secret>,
    /// How the till works.
    till: Till,
}

impl Default for Shop {
    fn default() -> Self {
        Self { listen: "127.0.0.1:1".into(), key: None, keys: Vec::new(), till: Till::default() }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Till {
    /// How many customers may wait.
    queue_capacity: NonZeroUsize,
    /// How long one may wait.
    patience: Period,
}

impl Default for Till {
    fn default() -> Self {
        Self { queue_capacity: NonZeroUsize::MIN, patience: Period::secs(20) }
    }
}

impl Settings for Shop {
    fn check(&self) -> Result<(), InvalidField> {
        if self.listen.is_empty() {
            return Err(InvalidField::new("listen", "must not be empty"));
        }
        Ok(())
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn sources(file: Option<&str>, env: &[(&str, &str)], flags: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let directory = tempfile::tempdir().unwrap();
    let path = file.map(|text| {
        let path = directory.path().join("shop.toml");
        std::fs::write(&path, text).unwrap();
        path
    });
    (directory, Sources { file: path, env_prefix: "SHOP", env: pairs(env), flags: pairs(flags) })
}

fn refusal(file: Option<&str>, env: &[(&str, &str)], flags: &[(&str, &str)]) -> String {
    let (_directory, sources) = sources(file, env, flags);
    load::<Shop>(&sources).expect_err("refused").to_string()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "listen = \"file\"\n[till]\nqueue_capacity = 2\npatience = \"1m\"";
    let env = [("SHOP_TILL_QUEUE_CAPACITY", "3"), ("SHOP_LISTEN", "env"), ("SHOP_KEY", "s3cret"), ("OTHER", "x")];
    let (_directory, sources) = sources(Some(file), &env, &[("listen", "flag")]);

    let shop: Shop = load(&sources).unwrap();

    assert_eq!((shop.listen.as_str(), shop.till.queue_capacity.get()), ("flag", 3));
    assert_eq!(shop.till.patience, Period::mins(1));
    assert_eq!(shop.key.unwrap().expose(), "s3cret");
}

#[test]
fn a_typo_in_the_file_is_an_error_that_suggests_the_nearest_key() {
    let refusal = refusal(Some("[till]\nqueue_capcity = 2"), &[], &[]);
    assert!(refusal.ends_with("unknown key `till.queue_capcity`; did you mean `till.queue_capacity`?"), "{refusal}");
}

#[test]
fn a_typo_in_the_environment_or_on_the_command_line_is_one_too() {
    let env = refusal(None, &[("SHOP_LISTENN", "x")], &[]);
    let flag = refusal(None, &[], &[("till.patiense", "1s")]);
    assert_eq!(env, "environment: unknown key `SHOP_LISTENN`; did you mean `SHOP_LISTEN`?");
    assert_eq!(flag, "command line: unknown key `till.patiense`; did you mean `till.patience`?");
}

#[test]
fn service_links_of_a_namesake_are_not_settings() {
    let links = [("SHOP_GATEWAY_SERVICE_HOST", "10.0.0.1"), ("SHOP_GATEWAY_PORT_8080_TCP", "tcp://10.0.0.1:8080")];
    let (_directory, sources) = sources(None, &links, &[]);
    load::<Shop>(&sources).unwrap();
}

#[test]
fn a_value_that_does_not_fit_is_named_with_what_would_be_right() {
    assert!(
        refusal(Some("[till]\npatience = \"soon\""), &[], &[])
            .starts_with("setting `till.patience`: `soon` is not a period")
    );
    assert!(refusal(None, &[("SHOP_TILL_QUEUE_CAPACITY", "0")], &[]).starts_with("setting `till.queue_capacity`: "));
    assert_eq!(refusal(Some("listen = \"\""), &[], &[]), "setting `listen`: must not be empty");
    assert!(refusal(Some("listen = "), &[], &[]).contains("shop.toml is not valid TOML"));
}

#[test]
fn a_secret_is_masked_where_settings_are_shown() {
    let (_directory, sources) = sources(None, &[("SHOP_KEY", "s3cret")], &[]);
    let shown = in_force(&load::<Shop>(&sources).unwrap());
    assert!(shown.contains("\"key\":\"***\"") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_secret_written_in_the_wrong_form_is_named_and_not_shown() {
    let refused = |file| refusal(Some(file), &[], &[]);

    assert_eq!(refused("keys = \"s3cret\""), "setting `keys`: must be a list of secrets");
    assert_eq!(refused("keys = [53]"), "setting `keys[0]`: must be a list of secrets");
    assert_eq!(refused("key = 53"), "setting `key`: must be a secret");
}

#[test]
fn a_line_that_is_not_toml_is_pointed_at_and_not_shown() {
    let refusal = refusal(Some("listen = \"x\"\nkey = \"s3cret\n"), &[], &[]);

    assert!(refusal.contains("shop.toml is not valid TOML: line 2: "), "{refusal}");
    assert!(!refusal.contains("s3cret"), "{refusal}");
}

#[test]
fn every_setting_is_listed_with_its_default_and_sentence() {
    let list = settings_of::<Shop>("SHOP");
    let rows: Vec<_> = list.iter().map(|s| (s.key.as_str(), s.kind.as_str(), s.default.to_string())).collect();

    assert_eq!(
        rows,
        [
            ("listen", "text", "\"127.0.0.1:1\"".into()),
            ("key", "secret", "null".into()),
            ("keys", "list of secrets", "[]".into()),
            ("till.queue_capacity", "number", "1".into()),
            ("till.patience", "period", "\"20s\"".to_owned()),
        ]
    );
    assert_eq!(list[3].env, "SHOP_TILL_QUEUE_CAPACITY");
    assert_eq!(list[4].doc, "How long one may wait.");
}

#[test]
fn periods_are_read_and_written_with_their_unit() {
    for (text, period) in [
        ("250ms", Period::millis(250)),
        ("20s", Period::secs(20)),
        ("14d", Period::days(14)),
        ("1m 30s", Period::secs(90)),
    ] {
        let read: Period = serde_json::from_value(text.into()).unwrap();
        assert_eq!(read, period);
    }
    assert_eq!(Period::days(14).to_string(), "14d");
    assert_eq!(Period::secs(90).to_string(), "90s");
}
