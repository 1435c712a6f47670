//! A person's account, and what its fields may hold.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use kit::error::InvalidField;
use kit::id::{Secret, SessionId, UserId};

/// The time zone of whoever names none.
pub const DEFAULT_TIME_ZONE: &str = "UTC";

const EMAIL_CHARS_MAX: usize = 254;
const LABEL_CHARS_MAX: usize = 63;
const SHOWN_CHARS_MAX: usize = 64;

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Never reused.
    pub id: UserId,
    /// The address it was registered under.
    pub email: Email,
    /// The name to show; empty if none was given.
    pub display_name: String,
    /// IANA time zone; [`DEFAULT_TIME_ZONE`] if none was named.
    pub time_zone: String,
    /// A PHC string.
    pub password_hash: Secret,
    /// Raised to end every session but the kept one. A token carries the generation under which it was issued.
    pub generation: i64,
    /// The session that outlived the last raise.
    pub kept_session: Option<SessionId>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Account {
    /// The time zone, unless it is the one that everybody has who named none.
    pub fn named_time_zone(&self) -> Option<&str> {
        Some(self.time_zone.as_str()).filter(|zone| *zone != DEFAULT_TIME_ZONE)
    }
}

/// An e-mail address by the rule that browsers apply to `<input type=email>` (WHATWG HTML, "valid e-mail address"), so that a
/// form accepts what we accept; ASCII and at most 254 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// The address in `text`.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let wrong =
            InvalidField::new("email", "must be an address such as ada@example.org, ASCII, at most 254 characters");
        let (local, domain) = text.split_once('@').ok_or(wrong.clone())?;
        let is_address = text.len() <= EMAIL_CHARS_MAX
            && !local.is_empty()
            && local.bytes().all(is_local_byte)
            && domain.split('.').all(is_label)
            && domain.parse::<Ipv4Addr>().is_err();
        if is_address { Ok(Self { shown: text.to_owned(), key: text.to_ascii_lowercase() }) } else { Err(wrong) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What is unique: two addresses that differ in case only are one.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_label(label: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A time zone of the IANA database; [`DEFAULT_TIME_ZONE`] for an empty text.
pub fn time_zone(text: String) -> Result<String, InvalidField> {
    if text.is_empty() {
        return Ok(DEFAULT_TIME_ZONE.to_owned());
    }
    match jiff::tz::TimeZone::get(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(InvalidField::new("time_zone", "must be an IANA time zone such as Europe/Berlin")),
    }
}

/// A text that is shown to people: a display name, a device label. At most 64 characters, no control characters.
pub fn shown_text(field: &'static str, text: String) -> Result<String, InvalidField> {
    if text.chars().count() > SHOWN_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(InvalidField::new(field, "must be at most 64 characters, without control characters"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_accepted_and_compare_without_case() {
        for good in ["a@x.test", "first.last+tag@sub-domain.example.org", "o'hara@example.ie", "root@localhost"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        assert_eq!(Email::parse("A@X.test").unwrap().key(), Email::parse("a@x.test").unwrap().key());
        assert_eq!(Email::parse("A@X.test").unwrap().as_str(), "A@X.test");
    }

    #[test]
    fn strange_addresses_are_refused_by_field() {
        let long = format!("{}@example.org", "a".repeat(243));
        let strange = [
            "",
            "a",
            "@x.test",
            "a@",
            "a@x..test",
            "a@-x.test",
            "a@x.test.",
            "a b@x.test",
            "а@x.test",
            "\"a b\"@x.test",
            "Ada <a@x.test>",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b@x.test",
            "a@x.test\n",
            &long,
        ];
        for bad in strange {
            assert_eq!(Email::parse(bad).expect_err(bad).field, "email");
        }
    }

    #[test]
    fn a_time_zone_is_one_that_exists() {
        assert_eq!(time_zone(String::new()).unwrap(), "UTC");
        assert_eq!(time_zone("Europe/Berlin".into()).unwrap(), "Europe/Berlin");
        assert!(time_zone("Mars/Olympus".into()).is_err());
    }
}
