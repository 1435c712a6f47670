//! `MemoryService`: giving back what is remembered.

use jiff::Timestamp;
use kit::authn::Caller;
use kit::clock::SharedClock;
use kit::error::InvalidField;
use kit::status::to_status;
use proto::context::v1 as pb;
use proto::context::v1::memory_service_server::MemoryService;
use tonic::{Request, Response, Status};

use super::erasure::erasure;
use super::export::{Exports, Records};
use super::follow_ups::Page;
use super::{answer, field, search, usage, verdicts};
use crate::domain::erase::Erase;
use crate::domain::follow_ups::FollowUps;
use crate::domain::model::{ConversationKey, Item, ItemKind};
use crate::domain::recall::{Ask, Context, ItemFilter, Recall, Section, Session};
use crate::domain::search::Search;
use crate::domain::spend::Spending;
use crate::domain::verdicts::{Change, Correct};

const BUDGET_DEFAULT: usize = 1000;
const BUDGET_MAX: i32 = 100_000;
const QUERY_BYTES_MAX: usize = 1024;

/// Reads the caller's own memory and what it cost, and lets them correct and erase it.
pub(crate) struct MemoryApi {
    pub(crate) recall: Recall,
    pub(crate) follow_ups: FollowUps,
    pub(crate) search: Search,
    pub(crate) correct: Correct,
    pub(crate) erase: Erase,
    pub(crate) exports: Exports,
    pub(crate) spending: Spending,
    pub(crate) clock: SharedClock,
}

fn ask(request: pb::GetContextRequest, present: Timestamp) -> Result<Ask, InvalidField> {
    let budget_tokens = match request.budget_tokens {
        0 => BUDGET_DEFAULT,
        tokens @ 1..=BUDGET_MAX => tokens.unsigned_abs() as usize,
        _ => return Err(InvalidField::new("budget_tokens", "must be 1 to 100000")),
    };
    if request.query.len() > QUERY_BYTES_MAX {
        return Err(InvalidField::new("query", "must have at most 1024 bytes"));
    }
    let now = field::time("now", request.now)?.unwrap_or(present);
    Ok(Ask { budget_tokens, query: request.query, now })
}

fn context(context: Context) -> pb::GetContextResponse {
    let session = |session: Session| pb::get_context_response::Session {
        conversation_id: session.conversation_id.into(),
        title: session.title,
        summary: session.summary,
        last_at: Some(answer::time(session.last_at)),
    };
    let recent = context.recent.into_iter().map(|tail| answer::message(&tail.conversation_id, tail.message));
    pb::GetContextResponse {
        text: context.text,
        tokens: i32::try_from(context.tokens).unwrap_or(i32::MAX),
        summary: context.summary,
        items: context.items.into_iter().map(answer::item).collect(),
        recent: recent.collect(),
        sessions: context.sessions.into_iter().map(session).collect(),
        degraded: context.degraded.into_iter().map(|missing| section(missing).into()).collect(),
    }
}

fn section(section: Section) -> pb::get_context_response::Section {
    match section {
        Section::Summary => pb::get_context_response::Section::Summary,
        Section::Items => pb::get_context_response::Section::Items,
        Section::Sessions => pb::get_context_response::Section::Sessions,
        Section::Recent => pb::get_context_response::Section::Recent,
    }
}

fn filter(request: &pb::ListItemsRequest) -> Result<ItemFilter, InvalidField> {
    let mut filter = ItemFilter {
        include_superseded: request.include_superseded,
        include_rejected: request.include_rejected,
        ..ItemFilter::default()
    };
    for (place, number) in request.kinds.iter().enumerate() {
        let kind = match pb::item::Kind::try_from(*number) {
            Ok(pb::item::Kind::Goal) => ItemKind::Goal,
            Ok(pb::item::Kind::Decision) => ItemKind::Decision,
            Ok(pb::item::Kind::Insight) => ItemKind::Insight,
            Ok(pb::item::Kind::Unspecified) | Err(_) => {
                return Err(InvalidField::new(format!("kinds[{place}]"), "must be GOAL, DECISION or INSIGHT"));
            }
        };
        field::add(&mut filter.kinds, kind);
    }
    for (place, number) in request.statuses.iter().enumerate() {
        field::add(&mut filter.statuses, verdicts::status(format!("statuses[{place}]"), *number)?);
    }
    if !request.conversation_id.is_empty() {
        filter.conversation_id = Some(field::conversation_id("conversation_id", request.conversation_id.clone())?);
    }
    Ok(filter)
}

/// The place of an item in the list, which is by time, newest first, and then by id.
type Place = (Timestamp, String);

fn place(token: &str) -> Option<Place> {
    let (micros, id) = token.split_once('.')?;
    Some((Timestamp::from_microsecond(micros.parse().ok()?).ok()?, id.to_owned()))
}

fn is_after(item: &Item, place: &Place) -> bool {
    let (said_at, id) = place;
    item.said_at < *said_at || (item.said_at == *said_at && item.id > *id)
}

#[tonic::async_trait]
impl MemoryService for MemoryApi {
    type ExportUserDataStream = Records<pb::ExportUserDataResponse>;

    async fn get_context(
        &self,
        request: Request<pb::GetContextRequest>,
    ) -> Result<Response<pb::GetContextResponse>, Status> {
        let caller = Caller::of(&request)?;
        let ask = ask(request.into_inner(), self.clock.now()).map_err(to_status)?;
        let found = self.recall.context(&caller.user_id, &ask).await.map_err(to_status)?;
        Ok(Response::new(context(found)))
    }

    async fn get_session_context(
        &self,
        request: Request<pb::GetSessionContextRequest>,
    ) -> Result<Response<pb::GetSessionContextResponse>, Status> {
        let caller = Caller::of(&request)?;
        let conversation_id = field::conversation_id("conversation_id", request.into_inner().conversation_id);
        let key = ConversationKey::new(caller.user_id, conversation_id.map_err(to_status)?);
        let context = self.recall.session_context(&key).await.map_err(to_status)?;
        Ok(Response::new(pb::GetSessionContextResponse { context: Some(answer::session_context(context)) }))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let size = field::page_size(request.page_size).map_err(to_status)?;
        let after = field::page_token(&request.page_token, place).map_err(to_status)?;
        let filter = filter(&request).map_err(to_status)?;
        let mut items = self.recall.items(&caller.user_id, &filter).await.map_err(to_status)?;
        items.retain(|item| after.as_ref().is_none_or(|place| is_after(item, place)));
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|item| format!("{}.{}", item.said_at.as_microsecond(), item.id));
        Ok(Response::new(pb::ListItemsResponse {
            items: items.into_iter().map(answer::item).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn update_item(
        &self,
        request: Request<pb::UpdateItemRequest>,
    ) -> Result<Response<pb::UpdateItemResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let change = Change::try_from(&request).map_err(to_status)?;
        let item = self.correct.update(&caller.user_id, &request.item_id, &change).await.map_err(to_status)?;
        Ok(Response::new(pb::UpdateItemResponse { item: Some(answer::item(item)) }))
    }

    async fn confirm_item(
        &self,
        request: Request<pb::ConfirmItemRequest>,
    ) -> Result<Response<pb::ConfirmItemResponse>, Status> {
        let caller = Caller::of(&request)?;
        let item = self.correct.confirm(&caller.user_id, &request.get_ref().item_id).await.map_err(to_status)?;
        Ok(Response::new(pb::ConfirmItemResponse { item: Some(answer::item(item)) }))
    }

    async fn reject_item(
        &self,
        request: Request<pb::RejectItemRequest>,
    ) -> Result<Response<pb::RejectItemResponse>, Status> {
        let caller = Caller::of(&request)?;
        let item = self.correct.reject(&caller.user_id, &request.get_ref().item_id).await.map_err(to_status)?;
        Ok(Response::new(pb::RejectItemResponse { item: Some(answer::item(item)) }))
    }

    async fn list_follow_ups(
        &self,
        request: Request<pb::ListFollowUpsRequest>,
    ) -> Result<Response<pb::ListFollowUpsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = Page::of(request.get_ref(), self.clock.now()).map_err(to_status)?;
        let all = self.follow_ups.list(&caller.user_id, page.now).await.map_err(to_status)?;
        Ok(Response::new(page.out_of(all)))
    }

    async fn search_memory(
        &self,
        request: Request<pb::SearchMemoryRequest>,
    ) -> Result<Response<pb::SearchMemoryResponse>, Status> {
        let caller = Caller::of(&request)?;
        let quest = search::quest(request.into_inner(), caller.time_zone).map_err(to_status)?;
        let hits = self.search.find(&caller.user_id, &quest).await.map_err(to_status)?;
        Ok(Response::new(search::hits(hits)))
    }

    async fn export_user_data(
        &self,
        request: Request<pb::ExportUserDataRequest>,
    ) -> Result<Response<Self::ExportUserDataStream>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(self.exports.own(caller).await.map_err(to_status)?))
    }

    async fn delete_user_data(
        &self,
        request: Request<pb::DeleteUserDataRequest>,
    ) -> Result<Response<pb::DeleteUserDataResponse>, Status> {
        let caller = Caller::of(&request)?;
        let begun = self.erase.memory(caller.user_id).await.map_err(to_status)?;
        Ok(Response::new(pb::DeleteUserDataResponse { erasure: Some(erasure(begun)) }))
    }

    async fn get_usage(&self, request: Request<pb::GetUsageRequest>) -> Result<Response<pb::GetUsageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let days = usage::days(request.get_ref()).map_err(to_status)?;
        let days = self.spending.by_day(&caller.user_id, days).await.map_err(to_status)?;
        Ok(Response::new(usage::usage(days, self.spending.user_tokens_per_day())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ItemStatus;

    #[test]
    fn what_a_filter_names_again_and_again_counts_once() {
        let kinds = [pb::item::Kind::Goal, pb::item::Kind::Decision].map(i32::from).repeat(1000);
        let statuses = [pb::item::Status::Active, pb::item::Status::Done].map(i32::from).repeat(1000);

        let filter = filter(&pb::ListItemsRequest { kinds, statuses, ..Default::default() }).unwrap();

        assert_eq!(filter.kinds, [ItemKind::Goal, ItemKind::Decision]);
        assert_eq!(filter.statuses, [ItemStatus::Active, ItemStatus::Done]);
    }
}
