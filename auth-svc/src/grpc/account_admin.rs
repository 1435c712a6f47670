//! AccountAdminService: in the contract, not built yet.

use kit::status::unbuilt;
use proto::auth::v1 as pb;
use proto::auth::v1::account_admin_service_server::AccountAdminService;
use tonic::{Request, Response, Status};

/// AccountAdminService, all of whose methods say that they are not built.
pub(super) struct AccountAdminApi;

#[tonic::async_trait]
impl AccountAdminService for AccountAdminApi {
    async fn disable(&self, _: Request<pb::DisableRequest>) -> Result<Response<pb::DisableResponse>, Status> {
        Err(unbuilt("AccountAdminService.Disable"))
    }

    async fn enable(&self, _: Request<pb::EnableRequest>) -> Result<Response<pb::EnableResponse>, Status> {
        Err(unbuilt("AccountAdminService.Enable"))
    }

    async fn set_password(
        &self,
        _: Request<pb::SetPasswordRequest>,
    ) -> Result<Response<pb::SetPasswordResponse>, Status> {
        Err(unbuilt("AccountAdminService.SetPassword"))
    }

    async fn list_audit(&self, _: Request<pb::ListAuditRequest>) -> Result<Response<pb::ListAuditResponse>, Status> {
        Err(unbuilt("AccountAdminService.ListAudit"))
    }
}
