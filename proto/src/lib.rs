//! The contract of Afterword: every message and service, generated from the `.proto` files of this folder.
//!
//! What is promised, in which unit and with which limits stands in the `.proto` comments, which are also the
//! documentation of the generated items. This crate holds no behaviour and knows no other crate of the workspace.
//!
//! - [`auth::v1`]: accounts, login sessions, tokens, revocations.
//! - [`context::v1`]: conversations, extraction, memory, chat.
//! - [`DESCRIPTOR_SET`]: the same contract as data, for reflection, the REST route table and OpenAPI.
//! - [`METHODS`]: what can be called, as paths.

/// Accounts, login sessions, tokens and revocations (package `afterword.auth`).
pub mod auth {
    /// Version 1, package `afterword.auth.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("afterword.auth.v1");
    }
}

/// Conversations, extraction, memory and chat (package `afterword.context`).
pub mod context {
    /// Version 1, package `afterword.context.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("afterword.context.v1");
    }
}

/// The encoded `google.protobuf.FileDescriptorSet` of the contract, with its imports, comments and `google.api.http` rules.
///
/// Decode it with `prost_reflect::DescriptorPool::decode`: a `prost_types::FileDescriptorSet` forgets the HTTP rules.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));

/// The path of every method, such as `/afterword.auth.v1.AuthService/Login`, in ascending order.
pub const METHODS: &[&str] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));
