use kit::id::Secret;

use super::super::finding::Status;
use super::*;

const TOKEN: &str = "internal-token-of-the-tests-0123456789";

/// The settings with an internal token and `pairs`, as they come from the command line.
fn settings(pairs: &[(&str, &str)]) -> Config {
    let flags = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let flags = flags.chain([("auth.internal_tokens".to_owned(), TOKEN.to_owned())]).collect();
    kit::config::load(&kit::config::Sources { env_prefix: "AFTERWORD", flags, ..Default::default() }).unwrap()
}

/// The reasons of what is doubtful about them.
fn doubts(pairs: &[(&str, &str)]) -> Vec<&'static str> {
    let findings = examine(&settings(pairs), None);
    assert!(findings.iter().all(|finding| matches!(finding.status, Status::Ok | Status::Warn)), "{findings:?}");
    findings.into_iter().filter_map(|finding| finding.reason).collect()
}

const PROVIDER: (&str, &str) = ("context.model.provider", "openai");
const NAME: (&str, &str) = ("context.model.name", "m1");
const KEY: (&str, &str) = ("context.model.key", "sk-not-to-be-shown");
const INPUT: (&str, &str) = ("context.model.price_input", "2.5");
const OUTPUT: (&str, &str) = ("context.model.price_output", "10");

#[test]
fn what_is_in_force_is_told_without_secrets() {
    let config = settings(&[PROVIDER, NAME, KEY, ("context.fallback.provider", "local"), ("data_dir", "/srv/memory")]);

    let finding = in_force(&config, Some(Path::new("/etc/afterword.toml")));

    let told =
        "settings of /etc/afterword.toml, data in /srv/memory, read by openai/m1 at api.openai.com, else by local";
    assert_eq!(finding.message, told);
    assert!(!format!("{:?}", examine(&config, None)).contains("not-to-be-shown"));
}

#[test]
fn the_defaults_leave_one_doubt() {
    let findings = examine(&Config::default(), None);

    let reasons: Vec<_> = findings.into_iter().filter_map(|finding| finding.reason).collect();
    assert_eq!(reasons, ["NO_INTERNAL_TOKEN"]);
    let elsewhere = Config {
        gateway: gateway::Config { internal_tokens: vec![Secret::new(TOKEN)], ..Default::default() },
        ..Config::default()
    };
    assert!(examine(&elsewhere, None).iter().all(|finding| finding.reason.is_none()));
}

#[test]
fn a_model_that_is_paid_for_needs_both_prices() {
    let of_a_private_network = ("context.model.url", "http://10.0.0.7:8000/v1");

    assert_eq!(doubts(&[PROVIDER, NAME, KEY]), ["NO_PRICE"]);
    assert_eq!(doubts(&[PROVIDER, NAME, KEY, INPUT]), ["NO_PRICE"]);
    assert!(doubts(&[PROVIDER, NAME, KEY, INPUT, OUTPUT]).is_empty());
    assert!(doubts(&[PROVIDER, NAME, of_a_private_network]).is_empty());
}

#[test]
fn what_users_say_does_not_cross_the_internet_in_the_open() {
    let with_url = |url| doubts(&[PROVIDER, NAME, KEY, INPUT, OUTPUT, ("context.model.url", url)]);

    for url in ["http://models.example.com/v1", "http://203.0.113.7/v1", "http://[2001:db8::1]/v1"] {
        assert_eq!(with_url(url), ["MODEL_WITHOUT_TLS"], "{url}");
    }
    for url in
        ["https://models.example.com/v1", "http://ollama:11434/v1", "http://[::1]:8000/v1", "http://gpu.local/v1"]
    {
        assert!(with_url(url).is_empty(), "{url}");
    }
}

#[test]
fn a_fallback_is_another_model() {
    let url = ("context.model.url", "http://127.0.0.1:8000/v1");
    let fallback = |name| {
        let fallback = [
            ("context.fallback.provider", "openai"),
            ("context.fallback.name", name),
            ("context.fallback.url", "http://127.0.0.1:8000/v1"),
        ];
        doubts(&[&[PROVIDER, NAME, url], &fallback[..]].concat())
    };

    assert_eq!(fallback("m1"), ["FALLBACK_IS_THE_SAME"]);
    assert!(fallback("m2").is_empty());
}

#[test]
fn what_was_meant_for_rehearsals_and_for_developers_is_told() {
    assert_eq!(doubts(&[("context.local_pause", "2s")]), ["LOCAL_SLOWED_DOWN"]);
    assert_eq!(doubts(&[("auth.listen", "0.0.0.0:50051")]), ["REFLECTION_IS_OPEN"]);
    assert!(doubts(&[("auth.listen", "0.0.0.0:50051"), ("auth.reflection", "false")]).is_empty());
    assert!(doubts(&[("context.listen", "[::1]:50052")]).is_empty());
}

#[test]
fn who_answers_in_talks_is_told_and_looked_at_as_the_others() {
    let chat = [("context.chat.provider", "anthropic"), ("context.chat.name", "m2"), ("context.chat.key", "sk-2")];

    assert!(
        in_force(&settings(&chat), None)
            .message
            .ends_with("read by local, answered by anthropic/m2 at api.anthropic.com")
    );
    assert_eq!(doubts(&chat), ["NO_PRICE"]);
}
