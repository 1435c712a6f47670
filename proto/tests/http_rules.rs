//! The HTTP rules survive into the descriptor set, and are the ones the REST surface promises.

mod common;

use std::collections::{BTreeMap, BTreeSet};

/// Every method with a REST face, as `METHOD path`. A body, where there is one, is the whole message.
const REST: [(&str, &str); 30] = [
    ("AuthService.ChangePassword", "POST /api/v1/auth/password:change body *"),
    ("AuthService.DeleteAccount", "DELETE /api/v1/account"),
    ("AuthService.GetAccount", "GET /api/v1/account"),
    ("AuthService.GetJwks", "GET /.well-known/jwks.json"),
    ("AuthService.ListSessions", "GET /api/v1/auth/sessions"),
    ("AuthService.Login", "POST /api/v1/auth/login body *"),
    ("AuthService.Logout", "POST /api/v1/auth/logout body *"),
    ("AuthService.LogoutAll", "POST /api/v1/auth/logout:all body *"),
    ("AuthService.Refresh", "POST /api/v1/auth/refresh body *"),
    ("AuthService.Register", "POST /api/v1/auth/register body *"),
    ("AuthService.RevokeSession", "DELETE /api/v1/auth/sessions/{session_id}"),
    ("ConversationService.AppendMessages", "POST /api/v1/conversations/{conversation_id}/messages:append body *"),
    ("ConversationService.DeleteConversation", "DELETE /api/v1/conversations/{conversation_id}"),
    ("ConversationService.EndConversation", "POST /api/v1/conversations/{conversation_id}:end body *"),
    ("ConversationService.GetConversation", "GET /api/v1/conversations/{conversation_id}"),
    ("ConversationService.ListConversations", "GET /api/v1/conversations"),
    ("ConversationService.ListMessages", "GET /api/v1/conversations/{conversation_id}/messages"),
    ("ExtractionService.GetExtraction", "GET /api/v1/conversations/{conversation_id}/extraction"),
    ("ExtractionService.WatchExtraction", "GET /api/v1/conversations/{conversation_id}/extraction:watch"),
    ("MemoryService.ConfirmItem", "POST /api/v1/memory/items/{item_id}:confirm body *"),
    ("MemoryService.DeleteUserData", "DELETE /api/v1/memory"),
    ("MemoryService.ExportUserData", "GET /api/v1/memory:export"),
    ("MemoryService.GetContext", "GET /api/v1/context"),
    ("MemoryService.GetSessionContext", "GET /api/v1/conversations/{conversation_id}/context"),
    ("MemoryService.GetUsage", "GET /api/v1/usage"),
    ("MemoryService.ListFollowUps", "GET /api/v1/memory:followUps"),
    ("MemoryService.ListItems", "GET /api/v1/memory/items"),
    ("MemoryService.RejectItem", "POST /api/v1/memory/items/{item_id}:reject body *"),
    ("MemoryService.SearchMemory", "GET /api/v1/memory:search"),
    ("MemoryService.UpdateItem", "PATCH /api/v1/memory/items/{item_id} body *"),
];

#[test]
fn every_rest_method_keeps_its_rule() {
    let pool = common::pool();
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());

    let found: BTreeMap<String, String> = methods
        .filter_map(|method| {
            let rule = common::http_rule(&method)?;
            Some((format!("{}.{}", method.parent_service().name(), method.name()), rule.to_string()))
        })
        .collect();

    let promised = REST.into_iter().map(|(method, rule)| (method.to_owned(), rule.to_owned())).collect();
    assert_eq!(found, promised);
}

#[test]
fn no_two_methods_share_a_route() {
    let routes: BTreeSet<&str> = REST.iter().map(|(_, rule)| *rule).collect();

    assert_eq!(routes.len(), REST.len());
}

#[test]
fn every_path_variable_is_a_string_field_of_the_request() {
    let pool = common::pool();

    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let Some(rule) = common::http_rule(&method) else { continue };
        for variable in rule.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let field = method.input().get_field_by_name(variable);
            let is_string = field.is_some_and(|field| field.kind() == prost_reflect::Kind::String && !field.is_list());
            assert!(
                is_string,
                "{}: {{{variable}}} is not a string field of {}",
                method.full_name(),
                method.input().full_name()
            );
        }
    }
}
