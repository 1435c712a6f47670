//! Descriptor pools for unit tests, from a few lines of proto.

use std::path::Path;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

struct Inline(String);

impl FileResolver for Inline {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == "test.proto" { File::from_source(name, &self.0) } else { Err(protox::Error::file_not_found(name)) }
    }
}

/// The pool of a file `test.proto` of package `t` with these declarations.
pub(crate) fn pool(declarations: &str) -> DescriptorPool {
    let source = format!(
        "syntax = \"proto3\"; package t; import \"google/api/annotations.proto\"; \
         import \"google/protobuf/struct.proto\"; import \"google/protobuf/timestamp.proto\"; \
         import \"google/protobuf/field_mask.proto\"; import \"google/protobuf/wrappers.proto\"; {declarations}"
    );
    let mut resolver = ChainFileResolver::new();
    resolver.add(Inline(source));
    resolver.add(IncludeFileResolver::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/third_party")));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("test.proto").expect("the declarations compile");
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).expect("a descriptor set")
}

/// The message `t.Msg` of such a file.
pub(crate) fn message(declarations: &str) -> MessageDescriptor {
    pool(declarations).get_message_by_name("t.Msg").expect("the declarations have a message Msg")
}
