//! A stream of all that is held of a user, and what ends it before that was all.

use std::pin::Pin;

use futures::stream::{self, BoxStream, StreamExt};
use kit::authn::{AuthnError, Caller, Verifier};
use kit::id::UserId;
use kit::lifecycle::Lifecycle;
use kit::status::to_status;
use proto::context::v1 as pb;
use tonic::Status;

use super::watch::Draining;
use crate::domain::export::at_once::AtOnce;
use crate::domain::export::record::Record;
use crate::domain::export::{Export, ExportError};

/// What somebody who exports receives.
pub(super) type Records<T> = BoxStream<'static, Result<T, Status>>;

/// Completes when a stream must end although there is more.
type End = Pin<Box<dyn Future<Output = Status> + Send>>;

/// Opens exports, and ends them when their time has come.
#[derive(Clone)]
pub(crate) struct Exports {
    pub(crate) export: Export,
    pub(crate) at_once: AtOnce,
    pub(crate) verifier: Verifier,
    pub(crate) lifecycle: Lifecycle,
}

impl Exports {
    /// Everything about the caller. Goes on when the token expires, for it may take long, and ends when the session does.
    pub(super) async fn own(&self, caller: Caller) -> Result<Records<pb::ExportUserDataResponse>, ExportError> {
        let (trust, user_id) = (self.verifier.trust().clone(), caller.user_id.clone());
        let (draining, place) = (self.draining(), self.at_once.take(&user_id)?);
        let end = Box::pin(async move {
            // Held as long as the export: it is dropped with it.
            let _place = place;
            tokio::select! {
                biased;
                () = trust.until_revoked(&caller) => to_status(AuthnError::TokenRevoked),
                status = draining => status,
            }
        });
        self.records(user_id, end, |Record { kind, json }| pb::ExportUserDataResponse {
            kind: kind.as_str().to_owned(),
            json,
        })
        .await
    }

    /// Everything about a user, for whoever may see that.
    pub(super) async fn of_user(&self, user_id: UserId) -> Result<Records<pb::ExportUserResponse>, ExportError> {
        self.records(user_id, self.draining(), |Record { kind, json }| pb::ExportUserResponse {
            kind: kind.as_str().to_owned(),
            json,
        })
        .await
    }

    async fn records<T: Send + 'static>(
        &self,
        user_id: UserId,
        end: End,
        answer: fn(Record) -> T,
    ) -> Result<Records<T>, ExportError> {
        let exporting = self.export.begin(user_id).await?;
        let records = stream::unfold(Some((exporting, end)), move |open| async move {
            let (mut exporting, mut end) = open?;
            let next = tokio::select! {
                biased;
                status = &mut end => Err(status),
                next = exporting.next() => next.map_err(to_status),
            };
            match next {
                Ok(Some(record)) => Some((Ok(answer(record)), Some((exporting, end)))),
                Ok(None) => None,
                Err(status) => Some((Err(status), None)),
            }
        });
        Ok(records.boxed())
    }

    fn draining(&self) -> End {
        let draining = self.lifecycle.draining();
        Box::pin(async move {
            draining.cancelled().await;
            to_status(Draining)
        })
    }
}
