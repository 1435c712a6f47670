//! docs/api.md: the table of every RPC and the list of those not built yet. The rest of the document is written by hand.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

use super::access::Access;
use super::block::{NoBlock, replaced};
use super::cell;
use super::errors::{self, ErrorsError, Sentences};
use super::promises::{Given, broken};
use crate::source::Tree;

const DOCUMENT: &str = "docs/api.md";

/// The table cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{DOCUMENT} is missing")]
    Missing,
    #[error(transparent)]
    NoBlock(#[from] NoBlock),
    #[error("the contract cannot be read: {0}")]
    Contract(#[from] prost_reflect::DescriptorError),
    #[error(transparent)]
    Errors(#[from] ErrorsError),
    #[error("the contract's comments and the code disagree:\n{}", .0.join("\n"))]
    Promises(Vec<String>),
    #[error("`unbuilt(\"{0}\")` names no RPC; write it as Service.Method")]
    Unknown(String),
}

/// One RPC as the document shows it.
struct Rpc {
    service: String,
    method: String,
    /// As in a request: `/afterword.auth.v1.AuthService/Login`.
    path: String,
    route: Option<String>,
    streams: &'static str,
    comment: String,
}

impl Rpc {
    fn name(&self) -> String {
        format!("{}.{}", self.service, self.method)
    }
}

/// The document with its generated blocks brought up to date.
pub(super) fn render(tree: &Tree) -> Result<String, ApiError> {
    let text = &tree.text(DOCUMENT).ok_or(ApiError::Missing)?.text;
    let rpcs = contract()?;
    let unbuilt = unbuilt(tree, &rpcs)?;
    let broken = broken_promises(&rpcs, &unbuilt, &errors::given(tree), &errors::sentences(tree)?);
    if !broken.is_empty() {
        return Err(ApiError::Promises(broken));
    }
    Ok(filled(text, &rpcs, &Access::of(tree), &unbuilt)?)
}

fn filled(text: &str, rpcs: &[Rpc], access: &Access, unbuilt: &BTreeSet<String>) -> Result<String, NoBlock> {
    let text = replaced(DOCUMENT, text, "rpcs", &table(rpcs, access, unbuilt))?;
    replaced(DOCUMENT, &text, "unbuilt", &list(rpcs, unbuilt))
}

fn broken_promises(rpcs: &[Rpc], unbuilt: &BTreeSet<String>, given: &Given, sentences: &Sentences) -> Vec<String> {
    let built = rpcs.iter().filter(|rpc| !unbuilt.contains(&rpc.name()));
    built.flat_map(|rpc| broken(&rpc.name(), &rpc.comment, given, &sentences.later)).collect()
}

fn table(rpcs: &[Rpc], access: &Access, unbuilt: &BTreeSet<String>) -> String {
    let mut text = String::from("| RPC | REST | Who | Built | What it does |\n|---|---|---|---|---|\n");
    let mut service = "";
    for rpc in rpcs {
        if rpc.service != service {
            service = &rpc.service;
            text += &format!("| **{service}** | | | | |\n");
        }
        let route = rpc.route.as_ref().map_or_else(|| "–".to_owned(), |route| format!("`{route}`"));
        let built = if unbuilt.contains(&rpc.name()) { "not yet" } else { "yes" };
        let who = access.to(&rpc.path);
        text += &format!(
            "| {}{} | {route} | {who} | {built} | {} |\n",
            rpc.method,
            rpc.streams,
            first_sentence(&rpc.comment)
        );
    }
    text
}

fn list(rpcs: &[Rpc], unbuilt: &BTreeSet<String>) -> String {
    let waiting: Vec<_> = rpcs.iter().map(Rpc::name).filter(|name| unbuilt.contains(name)).collect();
    if waiting.is_empty() {
        return "Every RPC is built.\n".to_owned();
    }
    waiting.iter().map(|name| format!("- {name}\n")).collect()
}

/// Every RPC of the contract, in the order of the files.
fn contract() -> Result<Vec<Rpc>, ApiError> {
    let pool = DescriptorPool::decode(proto::DESCRIPTOR_SET)?;
    let ours = pool.services().filter(|service| service.package_name().starts_with("afterword."));
    Ok(ours.flat_map(|service| service.methods().map(|method| rpc(&method)).collect::<Vec<_>>()).collect())
}

fn rpc(method: &MethodDescriptor) -> Rpc {
    Rpc {
        service: method.parent_service().name().to_owned(),
        method: method.name().to_owned(),
        path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
        route: route(method),
        streams: match (method.is_client_streaming(), method.is_server_streaming()) {
            (true, true) => " (stream both ways)",
            (true, false) => " (stream in)",
            (false, true) => " (stream out)",
            (false, false) => "",
        },
        comment: comment(method),
    }
}

/// The `google.api.http` rule: `GET /api/v1/account`.
fn route(method: &MethodDescriptor) -> Option<String> {
    let extension = method.parent_pool().get_extension_by_name("google.api.http")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let rule = options.get_extension(&extension);
    let rule: &DynamicMessage = rule.as_message()?;
    ["get", "put", "post", "delete", "patch"].into_iter().find_map(|verb| {
        match rule.get_field_by_name(verb)?.as_ref() {
            Value::String(path) if !path.is_empty() => Some(format!("{} {path}", verb.to_uppercase())),
            _ => None,
        }
    })
}

fn comment(method: &MethodDescriptor) -> String {
    let file = method.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == method.path()));
    location.and_then(|location| location.leading_comments.clone()).unwrap_or_default()
}

fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = cell(paragraph);
    line.split_once(". ").map_or(line.clone(), |(first, _)| format!("{first}."))
}

/// Every RPC that answers `unbuilt("Service.Method")`, or whose service nobody implements.
fn unbuilt(tree: &Tree, rpcs: &[Rpc]) -> Result<BTreeSet<String>, ApiError> {
    let mut names = BTreeSet::new();
    let mut implemented = BTreeSet::new();
    for file in tree.rust.iter().filter(|file| file.is_in("grpc") && !file.is_test()) {
        collect_unbuilt(file.text.parse().unwrap_or_default(), &mut names);
        implemented.extend(file.syntax.items.iter().filter_map(implemented_trait));
    }
    if let Some(unknown) = names.iter().find(|name| !rpcs.iter().any(|rpc| rpc.name() == **name)) {
        return Err(ApiError::Unknown(unknown.clone()));
    }
    names.extend(rpcs.iter().filter(|rpc| !implemented.contains(&rpc.service)).map(Rpc::name));
    Ok(names)
}

fn implemented_trait(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Impl(item) => item.trait_.as_ref()?.1.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

fn collect_unbuilt(stream: TokenStream, names: &mut BTreeSet<String>) {
    let mut is_call = false;
    for token in stream {
        if let TokenTree::Group(group) = &token {
            let argument = syn::parse2::<syn::LitStr>(group.stream()).ok().filter(|_| is_call);
            match argument {
                Some(name) => _ = names.insert(name.value()),
                None => collect_unbuilt(group.stream(), names),
            }
        }
        is_call = matches!(&token, TokenTree::Ident(name) if name == "unbuilt");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str =
        "<!-- generated: rpcs --><!-- end: rpcs -->\n<!-- generated: unbuilt --><!-- end: unbuilt -->\n";

    fn rendered(body: &str) -> Result<String, ApiError> {
        let handler = format!("impl AuthService for Api {{ fn f() {{ {body} }} }}");
        let tree = Tree::of([("auth-svc/src/grpc/auth.rs", &handler)]);
        let rpcs = contract()?;
        Ok(filled(EMPTY, &rpcs, &Access::of(&tree), &unbuilt(&tree, &rpcs)?)?)
    }

    #[test]
    fn an_rpc_has_its_route_and_its_first_sentence() {
        let text = rendered("").unwrap();

        let row = "| Logout | `POST /api/v1/auth/logout` | user | yes | Ends the login session of the bearer token,";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn what_answers_unbuilt_is_listed() {
        let text = rendered("Err(unbuilt(\"AuthService.GetAccount\"))").unwrap();

        assert!(text.contains("| GetAccount | `GET /api/v1/account` | user | not yet |"), "{text}");
        assert!(text.contains("- AuthService.GetAccount\n"), "{text}");
    }

    #[test]
    fn a_service_that_nobody_implements_is_listed() {
        let text = rendered("").unwrap();

        assert!(text.contains("- ChatService.Converse\n"), "{text}");
        assert!(!text.contains("- AuthService.Login\n"), "{text}");
    }

    #[test]
    fn an_unbuilt_rpc_that_is_not_in_the_contract_fails() {
        let error = rendered("Err(unbuilt(\"AuthService.Nap\"))").unwrap_err();

        assert!(error.to_string().starts_with("`unbuilt(\"AuthService.Nap\")` names no RPC"), "{error}");
    }
}
