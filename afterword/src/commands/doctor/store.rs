//! Whether the stores can be opened, read and written to.

use context_svc::store::open::{Content, Health, Inspection};
use jiff::Timestamp;

use super::finding::{Area, Finding};
use crate::config::Config;

/// Below that a store is as good as full: a log of that size is usual.
const BYTES_MIN: u64 = 16 << 20;

/// Below that somebody should make room.
const BYTES_FEW: u64 = 256 << 20;

/// What was found in the stores.
pub(super) struct Stores {
    pub(super) findings: Vec<Finding>,
    /// When each of them was last written to, by what was written.
    pub(super) newest: Vec<(&'static str, Timestamp)>,
}

/// Looks at the stores of both services as [`Config::shared`] places them. Makes, migrates and locks nothing.
pub(super) async fn examine(config: &Config) -> Stores {
    let shared = config.clone().shared();
    let mut stores = Stores { findings: Vec::new(), newest: Vec::new() };
    match auth_svc::store::open::inspect(&shared.auth.store).await {
        Ok(seen) => {
            stores.add("auth-svc", &seen);
            let has_key = shared.auth.master_key.is_some()
                || auth_svc::store::open::has_master_key(&shared.auth.store).unwrap_or_default();
            stores.findings.extend(key_is_lost(&seen, has_key));
        }
        Err(error) => stores.findings.push(unusable("auth-svc", &error)),
    }
    match context_svc::store::open::inspect(&shared.context.store).await {
        Ok(seen) => stores.add("context-svc", &seen),
        Err(error) => stores.findings.push(unusable("context-svc", &error)),
    }
    stores
}

impl Stores {
    fn add(&mut self, service: &'static str, seen: &Inspection) {
        self.findings.push(state(service, seen));
        self.findings.extend(space(service, seen));
        let newest = seen.content.as_ref().and_then(|content| content.newest);
        self.newest.extend(newest.map(|at| (service, at)));
    }
}

fn unusable(service: &str, error: &dyn std::fmt::Display) -> Finding {
    Area::Store.is_broken_by("STORE_UNUSABLE", &format!("{service}: {error}"))
}

/// Whether a service could work with it.
fn state(service: &str, seen: &Inspection) -> Finding {
    let file = seen.file.display();
    let Some(Content { schema, schema_known, health, .. }) = &seen.content else {
        return Area::Store.is_well(format!("{service}: {file} is not there yet and will be made at the first start"));
    };
    if let Health::Damaged(problem) = health {
        return Area::Store
            .is_broken("STORE_DAMAGED", format!("{service}: {file} is damaged: {problem}"))
            .so("stop the service and restore a backup");
    }
    if schema > schema_known {
        let found = format!("{service}: {file} was written by a newer version (schema {schema}, known {schema_known})");
        return Area::Store.is_broken("STORE_NEWER", found).so("run that version, or restore a backup of before it");
    }
    let mut notes = vec![match health {
        Health::WholeSoFar => "whole as far as there was time to look".to_owned(),
        _ => "whole".to_owned(),
    }];
    notes.push(match schema == schema_known {
        true => format!("schema {schema}"),
        false => format!("schema {schema}, will be brought to {schema_known} at the next start"),
    });
    if seen.is_in_use {
        notes.push("in use by a running service".to_owned());
    }
    Area::Store.is_well(format!("{service}: {file} is {}", notes.join(", ")))
}

fn space(service: &str, seen: &Inspection) -> Option<Finding> {
    let left = format!("{service}: {} MiB are left for {}", seen.free_bytes >> 20, seen.file.display());
    match seen.free_bytes {
        0..BYTES_MIN => Some(Area::Store.is_broken("STORE_FULL", left).so("make room, or move the data")),
        BYTES_MIN..BYTES_FEW => {
            Some(Area::Store.is_doubtful("STORE_NEARLY_FULL", left).so("make room before it is full"))
        }
        BYTES_FEW.. => None,
    }
}

/// Keys were made and sealed, and what unseals them is gone.
fn key_is_lost(seen: &Inspection, has_key: bool) -> Option<Finding> {
    let was_used = seen.content.as_ref().is_some_and(|content| content.newest.is_some());
    let lost = || {
        let lost = format!("auth-svc: the master key of {} is gone: nobody's token can be signed", seen.file.display());
        Area::Store
            .is_broken("MASTER_KEY_MISSING", lost)
            .so("put `auth.master.key` back beside it, or set `auth.master_key`")
    };
    (was_used && !has_key).then(lost)
}

#[cfg(test)]
mod tests;
