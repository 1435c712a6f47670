//! What the doctor finds: a line each, or JSON.

use std::fmt;
use std::io::IsTerminal;

use kit::process::Failure;
use serde::Serialize;
use serde_json::json;

use crate::commands::say;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Area {
    Config,
    Store,
    Clock,
    Model,
    Queue,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Well.
    Ok,
    /// Well enough to work.
    Warn,
    /// Something does not work.
    Fail,
    /// It was not looked at.
    Skip,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) area: Area,
    pub(super) status: Status,
    /// How it is, for people. Never holds a key or a token.
    pub(super) message: String,
    /// What to do about it.
    pub(super) advice: Option<String>,
    /// The stable reason, in upper snake case, of what is not well.
    pub(super) reason: Option<&'static str>,
}

impl Area {
    pub(super) fn is_well(self, message: impl Into<String>) -> Finding {
        Finding { area: self, status: Status::Ok, message: message.into(), advice: None, reason: None }
    }

    pub(super) fn is_left_out(self, reason: &'static str, message: impl Into<String>) -> Finding {
        Finding { status: Status::Skip, reason: Some(reason), ..self.is_well(message) }
    }

    pub(super) fn is_doubtful(self, reason: &'static str, message: impl Into<String>) -> Finding {
        Finding { status: Status::Warn, reason: Some(reason), ..self.is_well(message) }
    }

    pub(super) fn is_broken(self, reason: &'static str, message: impl Into<String>) -> Finding {
        Finding { status: Status::Fail, reason: Some(reason), ..self.is_well(message) }
    }

    /// The same from an error, which says after a semicolon what to do about it.
    pub(super) fn is_broken_by(self, reason: &'static str, error: &dyn fmt::Display) -> Finding {
        let text = error.to_string();
        match text.rsplit_once("; ") {
            Some((what, advice)) => self.is_broken(reason, what).so(advice),
            None => self.is_broken(reason, text),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Store => "store",
            Self::Clock => "clock",
            Self::Model => "model",
            Self::Queue => "queue",
        }
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }

    /// What makes a terminal write in another colour (ECMA-48, SGR).
    fn colour(self) -> &'static str {
        match self {
            Self::Ok => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Fail => "\x1b[31m",
            Self::Skip => "\x1b[2m",
        }
    }
}

impl Finding {
    /// With what to do about it.
    pub(super) fn so(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    fn line(&self, is_coloured: bool) -> String {
        let (before, after) = if is_coloured { (self.status.colour(), "\x1b[0m") } else { ("", "") };
        let mut line = format!("{before}{:<4}{after}  {:<6}  {}", self.status.name(), self.area.name(), self.message);
        if let Some(advice) = &self.advice {
            line += &format!(" → {advice}");
        }
        line + "\n"
    }
}

/// Tells what is found as it is found, or all at once in JSON.
pub(super) struct Report {
    is_json: bool,
    is_coloured: bool,
    findings: Vec<Finding>,
}

/// Something does not work.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {} failed", if *.all == 1 { "1 check".to_owned() } else { format!("{all} checks") })]
pub(super) struct Unwell {
    failed: usize,
    all: usize,
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        let is_coloured =
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        Self { is_json, is_coloured, findings: Vec::new() }
    }

    pub(super) fn tell(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.is_json {
                say(&finding.line(self.is_coloured));
            }
            self.findings.push(finding);
        }
    }

    /// An error if anything failed.
    pub(super) fn end(self) -> Result<(), Failure> {
        if self.is_json {
            say(&format!("{:#}\n", self.json()));
        }
        match self.unwell() {
            Some(unwell) => Err(unwell.into()),
            None => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({"checks": self.findings, "ok": self.unwell().is_none()})
    }

    fn unwell(&self) -> Option<Unwell> {
        let failed = self.findings.iter().filter(|finding| finding.status == Status::Fail).count();
        (failed > 0).then_some(Unwell { failed, all: self.findings.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: impl IntoIterator<Item = Finding>) -> Report {
        Report { is_json: false, is_coloured: false, findings: findings.into_iter().collect() }
    }

    #[test]
    fn a_line_says_what_is_and_what_to_do() {
        let finding = Area::Clock.is_broken("CLOCK_OFF", "it is late").so("set it");

        assert_eq!(finding.line(false), "fail  clock   it is late → set it\n");
        assert_eq!(finding.line(true), "\u{1b}[31mfail\u{1b}[0m  clock   it is late → set it\n");
        assert_eq!(Area::Store.is_well("fine").line(false), "ok    store   fine\n");
    }

    #[test]
    fn an_error_that_says_what_to_do_is_taken_apart() {
        let finding = Area::Store.is_broken_by("R", &"cannot write to /a; b; choose a writable directory");

        assert_eq!(finding.message, "cannot write to /a; b");
        assert_eq!(finding.advice.as_deref(), Some("choose a writable directory"));
        assert_eq!(Area::Store.is_broken_by("R", &"no way").advice, None);
    }

    #[test]
    fn only_what_fails_makes_it_unwell() {
        let well = report([Area::Model.is_doubtful("R", "slow"), Area::Queue.is_left_out("S", "not running")]);
        let unwell = report([Area::Model.is_broken("R", "down"), Area::Store.is_well("fine")]);

        assert!(well.json()["ok"].as_bool().unwrap() && well.end().is_ok());
        assert_eq!(
            unwell.json(),
            json!({
                "checks": [
                    {"area": "model", "status": "fail", "message": "down", "advice": null, "reason": "R"},
                    {"area": "store", "status": "ok", "message": "fine", "advice": null, "reason": null},
                ],
                "ok": false,
            })
        );
        assert_eq!(unwell.end().unwrap_err().to_string(), "1 of 2 checks failed");
    }
}
