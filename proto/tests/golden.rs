//! The contract as a listing: any edit that changes it shows up as a difference in `contract.golden`, to be judged by a person.

mod common;

use std::{env, fmt::Write as _, fs, path::Path};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract.golden");

#[test]
fn the_contract_is_the_golden_one() {
    let actual = listing();

    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(GOLDEN, &actual).expect("tests/contract.golden is writable");
        return;
    }
    let golden = if Path::new(GOLDEN).exists() {
        fs::read_to_string(GOLDEN).expect("the golden file is readable")
    } else {
        String::new()
    };
    let difference = difference(&golden, &actual);
    assert!(
        difference.is_empty(),
        "the contract has changed (- golden, + now):\n{difference}\n\
         A removed or changed line breaks clients. If it is meant: UPDATE_GOLDEN=1 cargo test -p proto"
    );
}

/// The lines of one that the other lacks; the order of equal lines is the listing's own, sorted by name.
fn difference(golden: &str, actual: &str) -> String {
    if golden == actual {
        return String::new();
    }
    let mut lines = String::new();
    for line in golden.lines().filter(|line| !actual.lines().any(|other| other == *line)) {
        let _ = writeln!(lines, "- {line}");
    }
    for line in actual.lines().filter(|line| !golden.lines().any(|other| other == *line)) {
        let _ = writeln!(lines, "+ {line}");
    }
    if lines.is_empty() {
        lines.push_str("(the same lines in another order or number)\n");
    }
    lines
}

/// One line a method, field and enum value, each with its full name, so that a moved line still says what it is.
fn listing() -> String {
    let pool = common::pool();
    let mut lines = Vec::new();
    for service in pool.services().filter(|service| common::is_ours(service.full_name())) {
        lines.extend(service.methods().map(|method| method_line(&method)));
    }
    for message in pool.all_messages().filter(|message| common::is_ours(message.full_name()) && !message.is_map_entry())
    {
        lines.extend(message_lines(&message));
    }
    for described in pool.all_enums().filter(|described| common::is_ours(described.full_name())) {
        lines.extend(enum_lines(&described));
    }
    lines.join("\n") + "\n"
}

fn method_line(method: &MethodDescriptor) -> String {
    let stream = |is_streaming: bool| if is_streaming { "stream " } else { "" };
    let rule = common::http_rule(method).map_or_else(|| "internal or hand-written".to_owned(), |rule| rule.to_string());
    format!(
        "rpc {}({}{}) returns ({}{}) [{rule}]",
        method.full_name(),
        stream(method.is_client_streaming()),
        method.input().full_name(),
        stream(method.is_server_streaming()),
        method.output().full_name(),
    )
}

fn message_lines(message: &MessageDescriptor) -> Vec<String> {
    let mut lines = vec![format!("message {}", message.full_name())];
    lines.extend(message.fields().map(|field| field_line(&field)));
    lines.extend(
        message
            .reserved_ranges()
            .map(|range| format!("reserved {} {}..{}", message.full_name(), range.start, range.end)),
    );
    lines
}

fn field_line(field: &FieldDescriptor) -> String {
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let label = match oneof {
        Some(oneof) => format!("oneof {} ", oneof.name()),
        None if field.is_map() => "map ".to_owned(),
        None if field.is_list() => "repeated ".to_owned(),
        None if field.field_descriptor_proto().proto3_optional() => "optional ".to_owned(),
        None => String::new(),
    };
    format!("field {} = {}: {label}{}", field.full_name(), field.number(), type_name(field))
}

fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            format!("<{}, {}>", type_name(&entry.map_entry_key_field()), type_name(&entry.map_entry_value_field()))
        }
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(described) => described.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn enum_lines(described: &EnumDescriptor) -> Vec<String> {
    let mut lines = vec![format!("enum {}", described.full_name())];
    lines.extend(
        described
            .values()
            .map(|value| format!("value {}.{} = {}", described.full_name(), value.name(), value.number())),
    );
    lines
}
