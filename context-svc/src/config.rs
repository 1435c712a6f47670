//! The settings of context-svc.

use kit::authn::InternalTokens;
use kit::config::{Period, Settings};
use kit::error::InvalidField;
use kit::id::Secret;
use kit::telemetry::LogFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::converse::ChatSettings;
use crate::domain::extract::Cut;
use crate::domain::follow_ups::FollowUpSettings;
use crate::domain::schedule::ScheduleSettings;
use crate::domain::search::SearchSettings;
use crate::domain::spend::{SpendSettings, Usd};
use crate::llm::api::GuardSettings;
use crate::llm::{ModelSettings, Provider};
use crate::lookout::HealthSettings;
use crate::queue::{QueueSettings, SummarySettings};
use crate::upkeep::UpkeepSettings;

/// What the names of environment variables begin with.
pub const ENV_PREFIX: &str = "AFTERWORD_CONTEXT";

const PERIOD_MAX: Period = Period::days(365);

/// No request outlives its lower end: a server gives each less time.
const ERASE_AGAIN: std::ops::RangeInclusive<Period> = Period::mins(1)..=Period::hours(1);

/// Within which a follow-up is one.
const PRESSING: std::ops::RangeInclusive<Period> = Period::hours(1)..=PERIOD_MAX;

/// The settings of context-svc.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the gRPC server, `host:port`.
    pub listen: String,
    /// Address of the admin server, `host:port`: health, readiness and metrics. Keep it off the public network.
    pub admin_listen: String,
    /// Where conversations, jobs and memories are kept: `sqlite:PATH`.
    pub store: String,
    /// Whether other processes of this machine and this version, told the same, may use the SQLite file, too. Off by default,
    /// so that one started by accident is refused.
    pub store_shared: bool,
    /// Where auth-svc listens, a URI: its keys and revocations are followed.
    pub auth_svc: String,
    /// Tokens by which services and operators prove themselves, at least 32 characters each. Required; a second one is accepted
    /// as well, for rotation. The first is sent to auth-svc.
    pub internal_tokens: Vec<Secret>,
    /// Claim `iss` of access tokens. All services must be given the same.
    pub issuer: String,
    /// Claim `aud` of access tokens. All services must be given the same.
    pub audience: String,
    /// The longest that an access token may live, at least the `access_ttl` of auth-svc.
    pub access_ttl_max: Period,
    /// Who reads transcripts.
    pub model: ModelSettings,
    /// Who reads them when that one cannot.
    pub fallback: ModelSettings,
    /// Who answers in talks.
    pub chat: ChatSettings,
    /// How much each of them is asked at once, and when it is left alone.
    pub guard: GuardSettings,
    /// How much may be spent on models.
    pub spend: SpendSettings,
    /// How long the local reader takes for each piece at least. For rehearsing what a slow model does; none by default.
    pub local_pause: Period,
    /// How long talks are cut for the reader.
    pub extraction: ExtractionConfig,
    /// When extractions are due, and how many there may be.
    pub schedule: ScheduleSettings,
    /// How extractions are worked on.
    pub queue: QueueSettings,
    /// What is forgotten by itself and when, and how outages and erasures end.
    pub upkeep: UpkeepSettings,
    /// When what is remembered of many conversations is rolled up.
    pub summary: SummarySettings,
    /// What is worth asking a user about when they come back.
    pub follow_ups: FollowUpSettings,
    /// What is kept between searches.
    pub search: SearchSettings,
    /// From when on the service says that it is degraded.
    pub health: HealthSettings,
    /// Whether gRPC reflection answers.
    pub reflection: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged, a `tracing` filter such as `info` or `warn,context_svc=debug`.
    pub log_filter: String,
    /// How long calls and talks under way may take to finish after SIGTERM; longer than `queue.drain`.
    pub drain: Period,
}

/// How long talks are cut for the reader.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractionConfig {
    /// The most tokens of one piece, counted roughly, at least 100. A single longer message is a piece of its own.
    pub piece_tokens: usize,
    /// How many messages are repeated from the piece before, for the sense; at most 20.
    pub piece_overlap: usize,
    /// The most pieces of one pass, at least 1. The rest of a longer talk follows in another pass.
    pub pieces_per_pass: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:50052".to_owned(),
            admin_listen: "127.0.0.1:9052".to_owned(),
            store: "sqlite:./data/context.db".to_owned(),
            store_shared: false,
            auth_svc: "http://127.0.0.1:50051".to_owned(),
            internal_tokens: Vec::new(),
            issuer: "https://afterword.local".to_owned(),
            audience: "afterword".to_owned(),
            access_ttl_max: Period::hours(1),
            model: ModelSettings::default(),
            fallback: ModelSettings::none(),
            chat: ChatSettings::default(),
            guard: GuardSettings::default(),
            spend: SpendSettings::default(),
            local_pause: Period::secs(0),
            extraction: ExtractionConfig::default(),
            schedule: ScheduleSettings::default(),
            queue: QueueSettings::default(),
            upkeep: UpkeepSettings::default(),
            summary: SummarySettings::default(),
            follow_ups: FollowUpSettings::default(),
            search: SearchSettings::default(),
            health: HealthSettings::default(),
            reflection: true,
            log_format: LogFormat::default(),
            log_filter: "info".to_owned(),
            drain: Period::secs(25),
        }
    }
}

impl Default for ExtractionConfig {
    fn default() -> Self {
        Self { piece_tokens: 6000, piece_overlap: 2, pieces_per_pass: 8 }
    }
}

impl ExtractionConfig {
    pub(crate) fn cut(&self) -> Cut {
        Cut { tokens_max: self.piece_tokens, overlap: self.piece_overlap, pieces_max: self.pieces_per_pass }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), InvalidField> {
        self.tokens()?;
        self.periods_are_short_enough()?;
        self.models_can_work()?;
        let (schedule, queue, extraction, upkeep) = (&self.schedule, &self.queue, &self.extraction, &self.upkeep);
        let (day, kept) = (Period::days(1), upkeep.conversations);
        let second = Period::secs(1);
        let rules = [
            ("issuer", !self.issuer.is_empty(), "must not be empty"),
            ("audience", !self.audience.is_empty(), "must not be empty"),
            ("access_ttl_max", self.access_ttl_max >= Period::secs(10), "must be at least 10s"),
            ("extraction.piece_tokens", extraction.piece_tokens >= 100, "must be at least 100"),
            ("extraction.piece_overlap", extraction.piece_overlap <= 20, "must be at most 20"),
            ("extraction.pieces_per_pass", extraction.pieces_per_pass >= 1, "must be at least 1"),
            ("schedule.depth", schedule.depth >= 1, "must be at least 1"),
            ("schedule.retry_after", schedule.retry_after >= second, "must be at least 1s"),
            ("schedule.debounce", schedule.debounce <= schedule.debounce_max, "must not exceed schedule.debounce_max"),
            ("schedule.idle_after", schedule.idle_after >= second, "must be at least 1s"),
            ("schedule.size_messages", schedule.size_messages >= 1, "must be at least 1"),
            ("schedule.size_tokens", schedule.size_tokens >= 1, "must be at least 1"),
            ("schedule.size_pause", schedule.size_pause >= second, "must be at least 1s"),
            ("queue.slots", queue.slots >= 1, "must be at least 1"),
            ("queue.slots_per_user", queue.slots_per_user >= 1, "must be at least 1"),
            ("queue.lease", queue.lease >= second, "must be at least 1s"),
            ("queue.heartbeat", queue.heartbeat >= Period::millis(100), "must be at least 100ms"),
            ("queue.heartbeat", *queue.heartbeat < queue.lease.mul_f64(0.7), "must be less than 0.7 of queue.lease"),
            ("queue.poll", (Period::millis(100)..=Period::secs(10)).contains(&queue.poll), "must be 100ms to 10s"),
            ("queue.pass", queue.pass >= second, "must be at least 1s"),
            ("queue.attempts", queue.attempts >= 1, "must be at least 1"),
            ("queue.deliveries", queue.deliveries >= 1, "must be at least 1"),
            ("queue.backoff", queue.backoff >= Period::millis(100), "must be at least 100ms"),
            ("queue.backoff_max", queue.backoff_max >= queue.backoff, "must be at least queue.backoff"),
            ("queue.sweep", queue.sweep >= second, "must be at least 1s"),
            ("upkeep.every", upkeep.every >= second, "must be at least 1s"),
            ("upkeep.done_details", upkeep.done_details >= Period::hours(1), "must be at least 1h"),
            ("upkeep.dead_details", upkeep.dead_details >= Period::hours(1), "must be at least 1h"),
            ("upkeep.conversations", kept.is_zero() || kept >= day, "must be at least 1d, or 0s to keep all"),
            ("upkeep.erasures", upkeep.erasures >= day, "must be at least 1d"),
            ("upkeep.erase_again_after", ERASE_AGAIN.contains(&upkeep.erase_again_after), "must be 1m to 1h"),
            ("upkeep.probe", upkeep.probe >= second, "must be at least 1s"),
            ("summary.threshold", (1..=200).contains(&self.summary.threshold), "must be 1 to 200"),
            ("summary.sweep", (second..=Period::hours(1)).contains(&self.summary.sweep), "must be 1s to 1h"),
            ("follow_ups.due_within", PRESSING.contains(&self.follow_ups.due_within), "must be 1h to 365d"),
            ("follow_ups.silent_after", PRESSING.contains(&self.follow_ups.silent_after), "must be 1h to 365d"),
            ("follow_ups.reversed_within", PRESSING.contains(&self.follow_ups.reversed_within), "must be 1h to 365d"),
            ("search.cache_mib", self.search.cache_mib <= 65_536, "must be at most 65536"),
            ("search.cache_idle", (second..=Period::days(7)).contains(&self.search.cache_idle), "must be 1s to 7d"),
            ("health.ready_age_max", self.health.ready_age_max >= second, "must be at least 1s"),
            ("guard.concurrency", self.guard.concurrency >= 1, "must be at least 1"),
            ("guard.breaker_failures", self.guard.breaker_failures >= 1, "must be at least 1"),
            ("guard.breaker_pause", self.guard.breaker_pause >= second, "must be at least 1s"),
            ("health.model_failures_max", self.health.model_failures_max >= 1, "must be at least 1"),
            // What is given back when the queue's time is over must still be written down.
            ("drain", self.drain > queue.drain, "must be longer than queue.drain"),
            (
                "drain",
                self.chat.provider == Provider::None || self.drain > self.chat.drain,
                "must be longer than chat.drain",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, problem)) => Err(InvalidField::new(key, problem)),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Times are reckoned with all of these, and must not leave the calendar.
    fn periods_are_short_enough(&self) -> Result<(), InvalidField> {
        let (schedule, queue, upkeep) = (&self.schedule, &self.queue, &self.upkeep);
        let periods = [
            ("access_ttl_max", self.access_ttl_max),
            ("local_pause", self.local_pause),
            ("drain", self.drain),
            ("schedule.retry_after", schedule.retry_after),
            ("schedule.debounce_max", schedule.debounce_max),
            ("schedule.idle_after", schedule.idle_after),
            ("queue.lease", queue.lease),
            ("queue.pass", queue.pass),
            ("queue.backoff_max", queue.backoff_max),
            ("queue.outage_max", queue.outage_max),
            ("queue.snooze_max", queue.snooze_max),
            ("queue.sweep", queue.sweep),
            ("upkeep.every", upkeep.every),
            ("upkeep.done_details", upkeep.done_details),
            ("upkeep.dead_details", upkeep.dead_details),
            ("upkeep.erasures", upkeep.erasures),
            ("upkeep.probe", upkeep.probe),
            ("health.ready_age_max", self.health.ready_age_max),
            ("guard.breaker_pause", self.guard.breaker_pause),
        ];
        match periods.into_iter().find(|(_, period)| *period > PERIOD_MAX) {
            Some((key, _)) => Err(InvalidField::new(key, format!("must be at most {PERIOD_MAX}"))),
            None => Ok(()),
        }
    }

    /// Each model by itself, and within the time of a pass.
    fn models_can_work(&self) -> Result<(), InvalidField> {
        for (section, model) in [("model", &self.model), ("fallback", &self.fallback)] {
            let within = |wrong: InvalidField| InvalidField { field: format!("{section}.{}", wrong.field), ..wrong };
            model.check().map_err(within)?;
            // A useless answer is asked for once more.
            if model.endpoint().is_some() && *model.call_timeout * 2 > *self.queue.pass {
                return Err(within(InvalidField::new("call_timeout", "must be at most half of queue.pass")));
            }
        }
        self.chat.check().map_err(|wrong| InvalidField { field: format!("chat.{}", wrong.field), ..wrong })?;
        // What costs nothing never reaches a ceiling.
        let is_priced = self.model.has_price() || self.fallback.has_price() || self.chat.model().has_price();
        let ceilings =
            [("spend.user_usd_per_day", self.spend.user_usd_per_day), ("spend.usd_per_day", self.spend.usd_per_day)];
        if let Some((key, _)) = ceilings.iter().find(|(_, ceiling)| *ceiling > Usd::default() && !is_priced) {
            return Err(InvalidField::new(
                *key,
                "needs the price of the model: set model.price_input and model.price_output",
            ));
        }
        match self.model.provider {
            Provider::None => Err(InvalidField::new("model.provider", "must be local, openai or anthropic")),
            _ => Ok(()),
        }
    }

    /// The internal tokens that are accepted; the first is the one sent.
    pub fn tokens(&self) -> Result<InternalTokens, InvalidField> {
        InternalTokens::of_setting("internal_tokens", &self.internal_tokens)
    }
}

#[cfg(test)]
mod tests {
    use kit::config::{Sources, load};

    use super::*;

    const TOKEN: (&str, &str) = ("internal_tokens", "0123456789abcdef0123456789abcdef");

    const OPENAI: (&str, &str) = ("model.provider", "openai");
    const CHAT: (&str, &str) = ("chat.provider", "anthropic");
    const NAME: (&str, &str) = ("model.name", "m");
    const URL: (&str, &str) = ("model.url", "http://127.0.0.1:8000/v1");

    fn with(flags: &[(&str, &str)]) -> Result<Config, String> {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        load(&Sources { env_prefix: ENV_PREFIX, flags, ..Sources::default() }).map_err(|error| error.to_string())
    }

    #[test]
    fn with_a_token_the_defaults_are_enough() {
        let config = with(&[TOKEN]).unwrap();

        assert_eq!((config.listen.as_str(), config.model.provider), ("127.0.0.1:50052", Provider::Local));
        assert!(with(&[TOKEN, ("drain", "4s"), ("queue.drain", "1s")]).is_ok(), "nobody chats, so nothing waits");
    }

    #[test]
    fn an_erasure_looks_again_only_when_no_request_of_its_beginning_is_left() {
        assert!(*ERASE_AGAIN.start() > Period(kit::serve::REQUEST_MAX));
    }

    #[test]
    fn a_missing_token_a_typo_and_a_value_out_of_bounds_are_refused_by_name() {
        for (flags, named) in [
            (vec![], "internal_tokens"),
            (vec![TOKEN, ("queue.slot", "4")], "did you mean `queue.slots`"),
            (vec![TOKEN, ("queue.slots", "0")], "`queue.slots`: must be at least 1"),
            (vec![TOKEN, ("queue.heartbeat", "50s")], "`queue.heartbeat`"),
            (vec![TOKEN, ("queue.heartbeat", "0s")], "`queue.heartbeat`"),
            (vec![TOKEN, ("summary.threshold", "0")], "`summary.threshold`: must be 1 to 200"),
            (vec![TOKEN, ("follow_ups.due_within", "0s")], "`follow_ups.due_within`: must be 1h to 365d"),
            (vec![TOKEN, ("summary.sweep", "2h")], "`summary.sweep`: must be 1s to 1h"),
            (vec![TOKEN, ("drain", "20s"), ("queue.drain", "20s")], "`drain`: must be longer than queue.drain"),
            (vec![TOKEN, ("schedule.idle_after", "99999999d")], "`schedule.idle_after`: must be at most 365d"),
            (vec![TOKEN, ("upkeep.conversations", "1h")], "`upkeep.conversations`: must be at least 1d, or 0s"),
            (vec![TOKEN, ("upkeep.erase_again_after", "10s")], "`upkeep.erase_again_after`: must be 1m to 1h"),
            (vec![TOKEN, ("upkeep.probe", "0s")], "`upkeep.probe`: must be at least 1s"),
            (vec![TOKEN, ("model.provider", "oracle")], "model.provider"),
            (vec![TOKEN, ("model.provider", "none")], "`model.provider`: must be local, openai or anthropic"),
            (vec![TOKEN, ("model.provider", "openai")], "`model.name`: must name a model"),
            (
                vec![TOKEN, ("fallback.provider", "anthropic"), ("fallback.name", "m")],
                "`fallback.key`: must be the key",
            ),
            (vec![TOKEN, ("model.url", "localhost:8000")], "`model.url`: must be an http or https URL"),
            (vec![TOKEN, ("model.price_input", "-1")], "`model.price_input`: `-1` is not an amount in US dollars"),
            (vec![TOKEN, ("spend.usd_per_day", "5")], "`spend.usd_per_day`: needs the price of the model"),
            (
                vec![TOKEN, OPENAI, NAME, URL, ("model.call_timeout", "3m")],
                "`model.call_timeout`: must be at most half of queue.pass",
            ),
            (vec![TOKEN, ("chat.provider", "local")], "`chat.provider`: must be none, openai or anthropic"),
            (vec![TOKEN, CHAT], "`chat.name`: must name a model"),
            (
                vec![TOKEN, CHAT, ("chat.name", "m"), ("chat.key", "k"), ("chat.drain", "30s")],
                "`drain`: must be longer than chat.drain",
            ),
            (vec![TOKEN, ("guard.concurrency", "0")], "`guard.concurrency`: must be at least 1"),
            (vec![TOKEN, ("schedule.debounce", "5 parsecs")], "schedule.debounce"),
        ] {
            let refused = with(&flags).expect_err(named);
            assert!(refused.contains(named), "{named}: {refused}");
        }
    }
}
