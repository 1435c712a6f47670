//! A backend developer reads only the contract, so everything in it says what it is.

mod common;

use std::collections::HashSet;

use prost_reflect::FileDescriptor;

#[test]
fn everything_has_a_comment() {
    let pool = common::pool();
    let files: Vec<FileDescriptor> = pool.files().filter(|file| common::is_ours(file.package_name())).collect();

    let silent: Vec<String> = files.iter().flat_map(without_comment).collect();

    assert_eq!(files.len(), 12, "a new file belongs into build.rs and into this count");
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
}

/// The full names of what has no leading comment of at least a few words.
fn without_comment(file: &FileDescriptor) -> Vec<String> {
    let info = file.file_descriptor_proto().source_code_info.as_ref().expect("the descriptor set has source info");
    let commented: HashSet<&[i32]> = info
        .location
        .iter()
        .filter(|location| location.leading_comments().trim().len() >= 5)
        .map(|location| location.path.as_slice())
        .collect();
    let is_silent = |path: &[i32]| !commented.contains(path);

    let mut silent = Vec::new();
    for service in file.services() {
        if is_silent(service.path()) {
            silent.push(service.full_name().to_owned());
        }
        silent.extend(
            service.methods().filter(|method| is_silent(method.path())).map(|method| method.full_name().to_owned()),
        );
    }
    let pool = file.parent_pool();
    for message in pool.all_messages().filter(|message| message.parent_file() == *file && !message.is_map_entry()) {
        if is_silent(message.path()) {
            silent.push(message.full_name().to_owned());
        }
        silent
            .extend(message.fields().filter(|field| is_silent(field.path())).map(|field| field.full_name().to_owned()));
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        silent.extend(oneofs.filter(|oneof| is_silent(oneof.path())).map(|oneof| oneof.full_name().to_owned()));
    }
    for described in pool.all_enums().filter(|described| described.parent_file() == *file) {
        if is_silent(described.path()) {
            silent.push(described.full_name().to_owned());
        }
        silent.extend(
            described.values().filter(|value| is_silent(value.path())).map(|value| value.full_name().to_owned()),
        );
    }
    silent
}
