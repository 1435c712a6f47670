//! Calls on what operators may do with the memory of users.

use std::path::PathBuf;

use kit::authn::InternalToken;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::memory_admin_service_client::MemoryAdminServiceClient;
use tonic::Streaming;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::jobs;
use super::jobs::desk::DeskError;
use crate::config::Config;

/// Where context-svc is, and how we prove ourselves.
#[derive(Debug, clap::Args)]
pub(super) struct Access {
    /// Where context-svc listens, a URI.
    #[arg(long, value_name = "URI", default_value = "http://127.0.0.1:50052")]
    endpoint: String,

    /// A file that holds the internal token and nothing else; without it, the token is taken from the settings, as for `jobs`.
    #[arg(long, value_name = "FILE")]
    internal_token_file: Option<PathBuf>,
}

impl Access {
    pub(super) fn office(&self, config: &Config) -> Result<Office, Failure> {
        let token = jobs::token(self.internal_token_file.as_deref(), config)?;
        let token = token.ok_or("no internal token: give --internal-token-file, or the settings of the service")?;
        Ok(Office::new(kit::serve::channel(&self.endpoint)?, token))
    }
}

/// One context-svc, as somebody reaches it who may see and change the memory of any user.
#[derive(Clone)]
pub(super) struct Office {
    service: MemoryAdminServiceClient<InterceptedService<Channel, InternalToken>>,
}

impl Office {
    /// Proves itself with `token` on every call.
    pub(super) fn new(channel: Channel, token: InternalToken) -> Self {
        // A summary grows with what is remembered, and no record of an export may be refused for its length.
        let service = MemoryAdminServiceClient::with_interceptor(channel, token).max_decoding_message_size(usize::MAX);
        Self { service }
    }

    pub(super) async fn export(&self, user_id: &str) -> Result<Streaming<pb::ExportUserResponse>, DeskError> {
        let request = pb::ExportUserRequest { user_id: user_id.to_owned() };
        Ok(self.service.clone().export_user(request).await?.into_inner())
    }

    pub(super) async fn import(
        &self,
        request: pb::ImportConversationsRequest,
    ) -> Result<pb::ImportConversationsResponse, DeskError> {
        Ok(self.service.clone().import_conversations(request).await?.into_inner())
    }

    pub(super) async fn erase(&self, request: pb::EraseUserRequest) -> Result<pb::Erasure, DeskError> {
        let answer = self.service.clone().erase_user(request).await?.into_inner();
        answer.erasure.ok_or_else(|| DeskError::Strange("an erasure without an answer".to_owned()))
    }
}

#[cfg(test)]
pub(super) mod tests;
