//! `MemoryAdminService`: what operators and services can do with a user's memory.

use kit::status::to_status;
use proto::context::v1 as pb;
use proto::context::v1::memory_admin_service_server::MemoryAdminService;
use tonic::{Request, Response, Status};

use super::erasure::{EraseUser, erasure};
use super::export::{Exports, Records};
use super::{field, import};
use crate::domain::erase::Erase;
use crate::domain::import::Import;

/// Erases, exports and imports users.
pub(crate) struct MemoryAdminApi {
    pub(crate) erase: Erase,
    pub(crate) exports: Exports,
    pub(crate) import: Import,
}

#[tonic::async_trait]
impl MemoryAdminService for MemoryAdminApi {
    type ExportUserStream = Records<pb::ExportUserResponse>;

    async fn erase_user(
        &self,
        request: Request<pb::EraseUserRequest>,
    ) -> Result<Response<pb::EraseUserResponse>, Status> {
        let EraseUser { user_id, request_id, account_deleted } = request.into_inner().try_into().map_err(to_status)?;
        let begun = self.erase.user(user_id, request_id, account_deleted).await.map_err(to_status)?;
        Ok(Response::new(pb::EraseUserResponse { erasure: Some(erasure(begun)) }))
    }

    async fn export_user(
        &self,
        request: Request<pb::ExportUserRequest>,
    ) -> Result<Response<Self::ExportUserStream>, Status> {
        let user_id = field::user_id("user_id", request.into_inner().user_id).map_err(to_status)?;
        Ok(Response::new(self.exports.of_user(user_id).await.map_err(to_status)?))
    }

    async fn import_conversations(
        &self,
        request: Request<pb::ImportConversationsRequest>,
    ) -> Result<Response<pb::ImportConversationsResponse>, Status> {
        let import::Request { user_id, imported } = request.into_inner().try_into().map_err(to_status)?;
        let taken = self.import.take_over(&user_id, imported).await.map_err(to_status)?;
        Ok(Response::new(import::taken(taken)))
    }
}
