//! Which settings are in force, and which of them are legal but doubtful. What is not legal has ended the program before.

use std::net::IpAddr;
use std::path::{Path, absolute};

use context_svc::llm::api::Endpoint;
use context_svc::llm::{ModelSettings, Provider};

use super::finding::{Area, Finding};
use super::model;
use crate::config::Config;

/// Looks at the settings, of which some came from `file`.
pub(super) fn examine(config: &Config, file: Option<&Path>) -> Vec<Finding> {
    let mut findings = vec![in_force(config, file)];
    findings.extend(no_token(config));
    findings.extend(local_is_slowed_down(config));
    for (section, settings) in model::sections(config) {
        if let Some(endpoint) = settings.endpoint() {
            findings.extend(no_price(section, &settings, &endpoint));
            findings.extend(key_in_the_open(section, &endpoint));
        }
    }
    findings.extend(fallback_is_no_other(config));
    findings.extend(reflection(config));
    findings
}

fn in_force(config: &Config, file: Option<&Path>) -> Finding {
    let from = match file {
        Some(file) => format!("settings of {}", file.display()),
        None => "no settings file".to_owned(),
    };
    let data = absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
    let readers: Vec<_> = model::sections(config)
        .into_iter()
        .filter(|(section, settings)| *section != model::CHAT && settings.provider != Provider::None)
        .map(|(_, settings)| model::name(&settings))
        .collect();
    let chat = config.context.chat.model();
    let answered = match chat.provider {
        Provider::None => String::new(),
        _ => format!(", answered by {}", model::name(&chat)),
    };
    let readers = readers.join(", else by ");
    Area::Config.is_well(format!("{from}, data in {}, read by {readers}{answered}", data.display()))
}

fn no_token(config: &Config) -> Option<Finding> {
    let tokens = [&config.auth.internal_tokens, &config.context.internal_tokens, &config.gateway.internal_tokens];
    let is_made_up = tokens.into_iter().all(Vec::is_empty);
    let doubt = || {
        Area::Config
            .is_doubtful(
                "NO_INTERNAL_TOKEN",
                "no internal token is set: each start makes up one that nobody else knows",
            )
            .so("set `auth.internal_tokens` if you want to look after the queue with `afterword jobs`")
    };
    is_made_up.then(doubt)
}

fn local_is_slowed_down(config: &Config) -> Option<Finding> {
    let doubt = || {
        let slow = format!("the local reader takes at least {} for each piece", config.context.local_pause);
        Area::Config.is_doubtful("LOCAL_SLOWED_DOWN", slow).so("unset `context.local_pause` unless you are rehearsing")
    };
    (!config.context.local_pause.is_zero()).then(doubt)
}

fn no_price(section: &str, settings: &ModelSettings, endpoint: &Endpoint) -> Option<Finding> {
    let unpriced: Vec<_> = [("price_input", settings.price_input), ("price_output", settings.price_output)]
        .into_iter()
        .filter(|(_, price)| price.as_micros() == 0)
        .map(|(key, _)| format!("`{section}.{key}`"))
        .collect();
    let doubt = || {
        let who = model::name(settings);
        let shown =
            if unpriced.len() == 2 { "its cost will be shown as 0" } else { "half of its cost will be left out" };
        Area::Config
            .is_doubtful("NO_PRICE", format!("{section}: {who} has no price for all of its tokens: {shown}"))
            .so(format!("set {}, in US dollars for a million tokens", unpriced.join(" and ")))
    };
    (is_elsewhere(endpoint) && !unpriced.is_empty()).then(doubt)
}

fn key_in_the_open(section: &str, endpoint: &Endpoint) -> Option<Finding> {
    let doubt = || {
        let place = model::place(endpoint);
        Area::Config
            .is_doubtful("MODEL_WITHOUT_TLS", format!("{section}: what users say goes to {place} without encryption"))
            .so(format!("begin `{section}.url` with https"))
    };
    (endpoint.base_url.scheme() == "http" && is_elsewhere(endpoint)).then(doubt)
}

/// Whether a server is neither on this machine nor in its private network.
fn is_elsewhere(endpoint: &Endpoint) -> bool {
    let host = endpoint.base_url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => !(address.is_loopback() || address.is_private() || address.is_link_local()),
        Ok(IpAddr::V6(address)) => {
            !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
        }
        // Names without a dot, and under these domains (RFC 6762, RFC 8375, and of Kubernetes), are those of a private network.
        Err(_) => host.contains('.') && ![".local", ".internal", ".home.arpa"].iter().any(|end| host.ends_with(end)),
    }
}

fn fallback_is_no_other(config: &Config) -> Option<Finding> {
    let (model, fallback) = (config.context.model.endpoint()?, config.context.fallback.endpoint()?);
    let doubt = || {
        let same = format!("fallback is the same as model: {}", model::name(&config.context.fallback));
        Area::Config
            .is_doubtful("FALLBACK_IS_THE_SAME", same)
            .so("give `context.fallback` another model, better on another server, or the provider `none`")
    };
    ((&model.base_url, &model.model) == (&fallback.base_url, &fallback.model)).then(doubt)
}

fn reflection(config: &Config) -> Option<Finding> {
    let services = [
        ("auth", config.auth.reflection, &config.auth.listen),
        ("context", config.context.reflection, &config.context.listen),
    ];
    let open: Vec<_> = services
        .into_iter()
        .filter(|(_, is_on, listen)| *is_on && !is_on_loopback(listen))
        .map(|(section, ..)| format!("`{section}.reflection`"))
        .collect();
    let doubt = || {
        let answers = format!("gRPC reflection answers beyond this machine ({})", open.join(" and "));
        Area::Config.is_doubtful("REFLECTION_IS_OPEN", answers).so("set it to false where strangers can connect")
    };
    (!open.is_empty()).then(doubt)
}

fn is_on_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
