//! What the contract's tests share: the descriptor pool, and the HTTP rule of a method.

#![allow(dead_code)] // Each test file is a crate of its own and uses a part of this.

use std::fmt;

use prost_reflect::{DescriptorPool, MethodDescriptor};

/// The contract as embedded in the crate.
pub(crate) fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::DESCRIPTOR_SET).expect("the embedded descriptor set decodes")
}

/// Whether a full name belongs to the contract and not to an import.
pub(crate) fn is_ours(full_name: &str) -> bool {
    full_name.starts_with("afterword.")
}

/// One `google.api.http` rule.
pub(crate) struct HttpRule {
    /// The method, in upper case.
    pub(crate) method: String,
    /// The path template.
    pub(crate) path: String,
    /// `*`, a field, or empty for no body.
    pub(crate) body: String,
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if self.body.is_empty() { Ok(()) } else { write!(f, " body {}", self.body) }
    }
}

/// The HTTP rule of a method, if it has one.
pub(crate) fn http_rule(method: &MethodDescriptor) -> Option<HttpRule> {
    let extension = method
        .parent_pool()
        .get_extension_by_name("google.api.http")
        .expect("google.api.http is in the descriptor set");
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let rule = options.get_extension(&extension);
    let rule = rule.as_message().expect("google.api.http is a message");
    let text = |name: &str| {
        rule.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let method = ["get", "put", "post", "delete", "patch"].into_iter().find(|verb| rule.has_field_by_name(verb))?;
    Some(HttpRule { method: method.to_uppercase(), path: text(method), body: text("body") })
}
