//! `MemoryAdminService`: what operators and services can do with a user's memory.

use kit::status::{to_status, unbuilt};
use proto::context::v1 as pb;
use proto::context::v1::memory_admin_service_server::MemoryAdminService;
use tonic::{Request, Response, Status};

use super::erasure::{EraseUser, erasure};
use crate::domain::erase::Erase;

/// Erases users; exporting and importing them is not built.
pub(crate) struct MemoryAdminApi {
    pub(crate) erase: Erase,
}

#[tonic::async_trait]
impl MemoryAdminService for MemoryAdminApi {
    type ExportUserStream = tokio_stream::Empty<Result<pb::ExportUserResponse, Status>>;

    async fn erase_user(
        &self,
        request: Request<pb::EraseUserRequest>,
    ) -> Result<Response<pb::EraseUserResponse>, Status> {
        let EraseUser { user_id, request_id, account_deleted } = request.into_inner().try_into().map_err(to_status)?;
        let begun = self.erase.user(user_id, request_id, account_deleted).await.map_err(to_status)?;
        Ok(Response::new(pb::EraseUserResponse { erasure: Some(erasure(begun)) }))
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
