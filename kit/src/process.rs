//! The outside of a service's process: its arguments, its exit codes.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{ConfigError, Settings, Sources, load};

/// `EX_USAGE` of sysexits.h: the command line cannot be understood.
const EXIT_USAGE: i32 = 64;

/// `EX_CONFIG` of sysexits.h: starting again with the same settings is of no use.
const EXIT_CONFIG: u8 = 78;

/// Where settings come from besides defaults and environment.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct SettingsArgs {
    /// A TOML file of settings.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// One setting, over what file and environment say. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

impl SettingsArgs {
    /// Merges defaults, file, environment and flags.
    pub fn load<T: Settings>(self, env_prefix: &'static str) -> Result<T, ConfigError> {
        load(&Sources { file: self.config, env_prefix, env: std::env::vars().collect(), flags: self.set })
    }
}

/// Reads the command line. One that cannot be understood, or that only asks for help, ends the process here.
pub fn arguments<T: clap::Parser>() -> T {
    T::try_parse().unwrap_or_else(|answer| {
        // Help goes to standard output; of a reader that has gone away nothing can be told.
        let _ = answer.print();
        std::process::exit(if answer.use_stderr() { EXIT_USAGE } else { 0 })
    })
}

/// Splits `key=value`, for arguments of that form.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Any failure that ends a process.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Says on standard error why `program` failed, cause after cause, and with which code it should end: 78 for settings, else 1.
#[expect(clippy::print_stderr, reason = "the process may end before logging has begun")]
pub fn exit(program: &str, outcome: Result<(), Failure>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("{program}: {}", told(error.as_ref()));
    if error.is::<ConfigError>() { ExitCode::from(EXIT_CONFIG) } else { ExitCode::FAILURE }
}

/// The error and its causes on one line, without what a cause merely repeats.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the store")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_causes_are_told_once() {
        let error = Outer(std::io::Error::other("disk on fire"));
        assert_eq!(told(&error), "cannot open the store: disk on fire");
    }

    #[test]
    fn a_pair_without_an_equals_sign_says_how_to_write_it() {
        assert_eq!(key_value("a.b=c=d"), Ok(("a.b".into(), "c=d".into())));
        assert_eq!(key_value("a"), Err("write it as key=value".into()));
    }
}
