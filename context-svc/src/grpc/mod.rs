//! The transport: who, what, do, answer. Conversions validate, so that an invalid command cannot exist in the domain.

mod answer;
mod chat;
mod conversation;
mod erasure;
mod export;
mod extraction;
mod field;
mod follow_ups;
mod import;
mod listing;
mod memory;
mod memory_admin;
mod reread;
mod search;
mod usage;
mod verdicts;
mod watch;

use kit::authn::AccessTable;
use proto::context::v1::chat_service_server::ChatServiceServer;
use proto::context::v1::conversation_service_server::ConversationServiceServer;
use proto::context::v1::extraction_service_server::ExtractionServiceServer;
use proto::context::v1::memory_admin_service_server::MemoryAdminServiceServer;
use proto::context::v1::memory_service_server::MemoryServiceServer;
use proto::context::v1::{
    chat_service_server, conversation_service_server, extraction_service_server, memory_admin_service_server,
    memory_service_server,
};
use tonic::service::Routes;

pub(crate) use chat::ChatApi;
pub(crate) use conversation::ConversationApi;
pub(crate) use export::Exports;
pub(crate) use extraction::{ExtractionApi, QueueBounds};
pub use import::{check_talk, check_verdict};
pub(crate) use memory::MemoryApi;
pub(crate) use memory_admin::MemoryAdminApi;
pub(crate) use watch::Watchers;

/// Which methods need no user token. Every other one does, also one that does not exist.
pub(crate) const ACCESS: AccessTable = AccessTable {
    public: &[],
    internal: &[
        "/afterword.context.v1.ExtractionService/ScheduleExtraction",
        "/afterword.context.v1.ExtractionService/ListExtractions",
        "/afterword.context.v1.ExtractionService/RedriveExtraction",
        "/afterword.context.v1.ExtractionService/CancelExtraction",
        "/afterword.context.v1.ExtractionService/ReextractConversations",
        "/afterword.context.v1.ExtractionService/GetQueueStatus",
        "/afterword.context.v1.MemoryAdminService/",
    ],
};

/// The full names of the services served here.
pub const SERVICES: &[&str] = &[
    conversation_service_server::SERVICE_NAME,
    extraction_service_server::SERVICE_NAME,
    memory_service_server::SERVICE_NAME,
    memory_admin_service_server::SERVICE_NAME,
    chat_service_server::SERVICE_NAME,
];

/// The services, with no gate around them yet.
pub(crate) fn routes(
    conversation: ConversationApi,
    extraction: ExtractionApi,
    memory: MemoryApi,
    chat: ChatApi,
    memory_admin: MemoryAdminApi,
) -> Routes {
    Routes::new(ConversationServiceServer::new(conversation))
        .add_service(ExtractionServiceServer::new(extraction))
        .add_service(MemoryServiceServer::new(memory))
        .add_service(ChatServiceServer::new(chat))
        .add_service(MemoryAdminServiceServer::new(memory_admin))
}
