//! Whether the models can be asked, and how well they keep to what they are asked for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use context_svc::domain::model::CallRecord;
use context_svc::domain::spend::SpendSettings;
use context_svc::llm::api::{Api, Client, Endpoint, Guard, OutputMode, Probe, reason};
use context_svc::llm::{Ledger, ModelError, ModelSettings, Provider};
use kit::clock::SharedClock;
use kit::id::UserId;

use super::finding::{Area, Finding};
use super::{OFFLINE, span};
use crate::config::Config;

/// The section that describes who answers in talks.
pub(super) const CHAT: &str = "context.chat";

/// The sections of the settings that describe a model, in the order in which they are asked.
pub(super) fn sections(config: &Config) -> [(&'static str, ModelSettings); 3] {
    let context = &config.context;
    let [model, fallback] = [context.model.clone(), context.fallback.clone()];
    [("context.model", model), ("context.fallback", fallback), (CHAT, context.chat.model())]
}

/// What a model is called here, without anything secret.
pub(super) fn name(settings: &ModelSettings) -> String {
    match settings.endpoint() {
        Some(endpoint) => format!("{}/{} at {}", endpoint.provider, endpoint.model, place(&endpoint)),
        None => settings.provider.name().to_owned(),
    }
}

/// The server of a model, without path and query.
pub(super) fn place(endpoint: &Endpoint) -> String {
    let host = endpoint.base_url.host_str().unwrap_or_default();
    endpoint.base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Asks each model for next to nothing.
pub(super) async fn examine(config: &Config, clock: &SharedClock, is_offline: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (section, settings) in sections(config) {
        let model = Examined { section, settings: &settings, spend: &config.context.spend };
        match (settings.provider, settings.endpoint()) {
            (Provider::Local, _) => findings.push(Area::Model.is_well(format!(
                "{section}: the reader of this process, which picks sentences by rules and needs neither key nor network"
            ))),
            (_, None) => {}
            (_, Some(_)) if is_offline => {
                findings.push(Area::Model.is_left_out(OFFLINE, format!("{section}: {} was not asked", name(&settings))));
            }
            (_, Some(endpoint)) => {
                let guard = Guard::new(&config.context.guard, clock.clone());
                match Client::new(endpoint, guard, clock.clone(), Arc::new(Unwritten)) {
                    Ok(client) => findings.extend(model.judge(client.probe().await)),
                    Err(error) => {
                        findings.push(Area::Model.is_broken("MODEL_UNUSABLE", format!("{section}: {error}")));
                    }
                }
            }
        }
    }
    findings
}

/// Of a model that is asked on nobody's behalf.
struct Unwritten;

#[async_trait]
impl Ledger for Unwritten {
    async fn may_call(&self, _: &UserId) -> Result<(), ModelError> {
        Ok(())
    }

    async fn record(&self, _: CallRecord) {}
}

/// One model that was asked.
struct Examined<'a> {
    section: &'static str,
    settings: &'a ModelSettings,
    spend: &'a SpendSettings,
}

impl Examined<'_> {
    fn judge(&self, outcome: Result<Probe, ModelError>) -> Vec<Finding> {
        match outcome {
            Ok(probe) => {
                let doubts = [self.strays(&probe), self.is_slow(&probe), self.tells_no_usage(&probe)];
                std::iter::once(self.answers(&probe)).chain(doubts.into_iter().flatten()).collect()
            }
            Err(error) => vec![self.fails(&error)],
        }
    }

    fn who(&self) -> String {
        format!("{}: {}", self.section, name(self.settings))
    }

    fn answers(&self, probe: &Probe) -> Finding {
        if self.section == CHAT {
            return Area::Model.is_well(format!("{} answered in {}", self.who(), span(probe.took)));
        }
        let form = match probe.output_mode {
            OutputMode::Schema => "the server holds its answers to a schema",
            OutputMode::JsonObjectWithSchema => {
                "the server holds its answers to a schema, given along with `json_object`"
            }
            OutputMode::JsonObject => {
                "the server refuses schemas and holds its answers to JSON; they are checked all the same"
            }
            OutputMode::PromptOnly => {
                "the server refuses schemas: the model is only told; answers are checked all the same"
            }
        };
        let model = match probe.model.as_str() {
            "" => String::new(),
            model if model == self.settings.name.trim() => String::new(),
            model => format!(" as {model}"),
        };
        Area::Model.is_well(format!("{} answered{model} in {}; {form}", self.who(), span(probe.took)))
    }

    fn strays(&self, probe: &Probe) -> Option<Finding> {
        let doubt = || {
            let strayed = format!("{} did not keep to the form of a very short answer", self.who());
            Area::Model
                .is_doubtful("MODEL_STRAYS", strayed)
                .so("expect extractions to fail: take a stronger model, or a server that holds answers to a schema")
        };
        // Who talks keeps to no form.
        (!probe.kept_to_form && self.section != CHAT).then(doubt)
    }

    fn is_slow(&self, probe: &Probe) -> Option<Finding> {
        let limit: Duration = *self.settings.call_timeout;
        let doubt = || {
            let slow =
                format!("{} took {} for two words; a call may take {}", self.who(), span(probe.took), span(limit));
            Area::Model
                .is_doubtful("MODEL_SLOW", slow)
                .so(format!("raise `{}.call_timeout`, or take a faster model", self.section))
        };
        (probe.took > limit / 2).then(doubt)
    }

    fn tells_no_usage(&self, probe: &Probe) -> Option<Finding> {
        let matters = *self.spend != SpendSettings::default() || self.settings.price_input.as_micros() > 0;
        let doubt = || {
            let untold = format!("{} does not say how many tokens it used", self.who());
            Area::Model
                .is_doubtful("MODEL_TELLS_NO_USAGE", untold)
                .so("usage and cost will be too low, and ceilings of `context.spend` are not held")
        };
        (matters && probe.usage.input_tokens == 0).then(doubt)
    }

    fn fails(&self, error: &ModelError) -> Finding {
        let (reason, message) = (error.reason(), format!("{}: {error}", self.who()));
        // These pass by themselves, and jobs wait for it.
        let passes = matches!(reason, reason::RATE_LIMITED | reason::OVERLOADED | reason::TOKENS_PER_MINUTE);
        let found = match passes {
            true => Area::Model.is_doubtful(reason, message),
            false => Area::Model.is_broken(reason, message),
        };
        found.so(self.advice(error))
    }

    /// What to do about a failure, by its stable reason.
    fn advice(&self, error: &ModelError) -> String {
        let section = self.section;
        let mentions = |word| error.to_string().contains(word);
        match error.reason() {
            reason::UNAUTHENTICATED if self.settings.key.expose().is_empty() => format!("set `{section}.key`"),
            reason::UNAUTHENTICATED => format!("check `{section}.key`: it is wrong, withdrawn, or not for this model"),
            reason::NOT_FOUND if mentions("model_not_found") => {
                format!("check `{section}.name`: the server has no such model")
            }
            reason::NOT_FOUND => format!("check `{section}.name`, and `{section}.url`, {}", self.usual_url()),
            reason::UNREACHABLE if mentions("another address") => {
                format!("set `{section}.url` to the address that it redirects to, probably with https")
            }
            reason::UNREACHABLE if mentions("certificate") => {
                format!("set `{section}.url` to the name in the certificate, or have this system trust who issued it")
            }
            reason::UNREACHABLE if mentions("corrupt message") => {
                format!("begin `{section}.url` with http: the server does not speak TLS")
            }
            reason::UNREACHABLE => {
                format!("check `{section}.url`, and that the server is up and can be reached from here")
            }
            reason::TIMEOUT => format!(
                "check that the server is not busy or stuck; else raise `{section}.read_timeout` and `{section}.call_timeout`"
            ),
            reason::RATE_LIMITED => {
                "wait; if it lasts, lower `context.guard.concurrency` or ask for a higher limit".to_owned()
            }
            reason::TOKENS_PER_MINUTE => "raise `context.guard.tokens_per_minute`".to_owned(),
            reason::OVERLOADED => "wait; extractions wait, too".to_owned(),
            reason::QUOTA_EXHAUSTED => {
                "add money to the account with the provider, or raise its limit there".to_owned()
            }
            reason::CONTEXT_TOO_LONG => {
                "take a model, or start the server, with a context of at least 16,000 tokens".to_owned()
            }
            reason::SERVER_ERROR => "look into the log of the server, or at the status page of the provider".to_owned(),
            reason::ANSWER_UNREADABLE => {
                format!("check `{section}.url`, {}: what answers is no model server", self.usual_url())
            }
            reason::REQUEST_REFUSED => {
                format!(
                    "check `{section}.name` and `{section}.url`; the log of the server may say what it did not like"
                )
            }
            _ => format!("check the section `{section}`"),
        }
    }

    fn usual_url(&self) -> &'static str {
        match self.settings.endpoint().map(|endpoint| endpoint.api) {
            Some(Api::Anthropic) => "which has no path at the provider's own server",
            _ => "which usually ends in /v1",
        }
    }
}

#[cfg(test)]
mod tests;
