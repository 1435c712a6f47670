//! `MemoryAdminService`: in the contract, not built yet.

use kit::status::unbuilt;
use proto::context::v1 as pb;
use proto::context::v1::memory_admin_service_server::MemoryAdminService;
use tonic::{Request, Response, Status};

/// Answers that it is not built.
pub(super) struct MemoryAdminApi;

#[tonic::async_trait]
impl MemoryAdminService for MemoryAdminApi {
    type ExportUserStream = tokio_stream::Empty<Result<pb::ExportUserResponse, Status>>;

    async fn erase_user(&self, _: Request<pb::EraseUserRequest>) -> Result<Response<pb::EraseUserResponse>, Status> {
        Err(unbuilt("MemoryAdminService.EraseUser"))
    }

    async fn export_user(&self, _: Request<pb::ExportUserRequest>) -> Result<Response<Self::ExportUserStream>, Status> {
        Err(unbuilt("MemoryAdminService.ExportUser"))
    }

    async fn import_conversations(
        &self,
        _: Request<pb::ImportConversationsRequest>,
    ) -> Result<Response<pb::ImportConversationsResponse>, Status> {
        Err(unbuilt("MemoryAdminService.ImportConversations"))
    }
}
