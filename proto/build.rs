//! Compiles the contract without a `protoc` on the machine.
//!
//! Three outputs in `OUT_DIR`: the Rust code of each package, and `descriptor_set.bin` and `methods.rs`, which `lib.rs` embeds.
//! The descriptor set is protox's own encoding, never a re-encoded prost one: prost does not know the
//! `google.api.http` extension and would silently drop every HTTP rule.

use std::{env, error::Error, fs, path::PathBuf};

use prost_types::FileDescriptorSet;

/// Every file of the contract; imports are found from them.
const FILES: [&str; 12] = [
    "afterword/auth/v1/account_admin.proto",
    "afterword/auth/v1/auth.proto",
    "afterword/auth/v1/trust.proto",
    "afterword/context/v1/chat.proto",
    "afterword/context/v1/conversation.proto",
    "afterword/context/v1/extraction.proto",
    "afterword/context/v1/item.proto",
    "afterword/context/v1/memory.proto",
    "afterword/context/v1/memory_admin.proto",
    "afterword/context/v1/message.proto",
    "afterword/context/v1/session_context.proto",
    "afterword/context/v1/trigger.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for watched in ["build.rs", "afterword", "third_party"] {
        println!("cargo:rerun-if-changed={watched}");
    }

    let mut compiler = protox::Compiler::new([".", "third_party"])?;
    compiler.include_source_info(true).include_imports(true).open_files(FILES)?;

    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_dir.join("descriptor_set.bin"), compiler.encode_file_descriptor_set())?;

    fs::write(out_dir.join("methods.rs"), methods(&compiler.file_descriptor_set()))?;

    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .btree_map(".")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The path of every method of ours, as a Rust slice in ascending order.
fn methods(files: &FileDescriptorSet) -> String {
    let mut paths = Vec::new();
    for file in files.file.iter().filter(|file| file.package().starts_with("afterword.")) {
        for service in &file.service {
            let path = |method| format!("/{}.{}/{method}", file.package(), service.name());
            paths.extend(service.method.iter().map(|method| path(method.name())));
        }
    }
    paths.sort();
    format!("&{paths:?}")
}
