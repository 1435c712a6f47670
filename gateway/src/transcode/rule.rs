//! One `google.api.http` rule, checked against the messages that it binds.
//!
//! Everything that can be wrong with a rule is found here, at start, and never while a request waits.

use std::sync::Arc;

use http::Method;
use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor, Value};

use super::field::{FieldPath, is_leaf, resolve};
use super::template::{Template, Variable};

/// A method that rules call.
#[derive(Debug)]
pub struct Rpc {
    /// `/package.Service/Method`.
    pub path: PathAndQuery,
    /// `package.Service.Method`.
    pub full_name: String,
    /// `package.Service`.
    pub service: String,
    /// What it takes.
    pub request: MessageDescriptor,
    /// What it answers.
    pub response: MessageDescriptor,
    /// Whether either side is a stream.
    pub is_streaming: bool,
}

impl Rpc {
    /// The method that `method` describes. `None` if its name cannot be the path of a request.
    pub fn of(method: &MethodDescriptor) -> Option<Self> {
        let service = method.parent_service().full_name().to_owned();
        Some(Self {
            path: PathAndQuery::try_from(format!("/{service}/{}", method.name())).ok()?,
            full_name: method.full_name().to_owned(),
            service,
            request: method.input(),
            response: method.output(),
            is_streaming: method.is_client_streaming() || method.is_server_streaming(),
        })
    }
}

/// Which HTTP method a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// This one.
    Is(Method),
    /// Any: the custom kind `*`.
    Any,
}

/// Which part of the request message is the HTTP body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None: the body is not read.
    None,
    /// The message itself: nothing is left for the query.
    Whole,
    /// One field of it.
    Field(FieldDescriptor),
}

/// A variable of the path and the field it sets.
#[derive(Debug)]
pub struct Binding {
    /// The field.
    pub field: FieldPath,
    /// Which segments are its value.
    pub variable: Variable,
}

/// A route.
#[derive(Debug)]
pub struct Rule {
    /// The method it calls.
    pub rpc: Arc<Rpc>,
    /// The HTTP method.
    pub verb: Verb,
    /// The path.
    pub template: Template,
    /// The variables of the path.
    pub bindings: Vec<Binding>,
    /// What becomes of the HTTP body.
    pub body: Body,
    /// The one field of the answer that becomes the HTTP body, if not the whole.
    pub response_body: Option<FieldDescriptor>,
}

/// A rule that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {rpc}: `{template}`: {problem}")]
pub struct RuleError {
    /// The proto file.
    pub file: String,
    /// Full name of the method.
    pub rpc: String,
    /// The template as written; empty if there is none.
    pub template: String,
    /// What is wrong, or what would be right.
    pub problem: String,
}

/// The rule of `method` and its additional bindings, as routes. Empty if the method has no rule.
pub fn rules_of(method: &MethodDescriptor) -> Result<Vec<Rule>, RuleError> {
    let Some(extension) = method.parent_pool().get_extension_by_name("google.api.http") else { return Ok(Vec::new()) };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Ok(Vec::new());
    }
    let error = |template: &str, problem: String| RuleError {
        file: method.parent_file().name().to_owned(),
        rpc: method.full_name().to_owned(),
        template: template.to_owned(),
        problem,
    };
    let rpc = Arc::new(Rpc::of(method).ok_or_else(|| error("", "the method's name cannot be a path".to_owned()))?);
    let value = options.get_extension(&extension);
    let Some(main) = value.as_message() else { return Ok(Vec::new()) };
    let mut rules = Vec::new();
    for written in
        std::iter::once(main).chain(messages(main, "additional_bindings").iter().filter_map(Value::as_message))
    {
        let is_additional = !rules.is_empty();
        if is_additional && !messages(written, "additional_bindings").is_empty() {
            return Err(error("", "additional_bindings must not have additional_bindings".to_owned()));
        }
        let (verb, template) = pattern(written).map_err(|problem| error("", problem))?;
        let rule = compile(&rpc, verb, &template, written).map_err(|problem| error(&template, problem))?;
        rules.push(rule);
    }
    Ok(rules)
}

fn compile(rpc: &Arc<Rpc>, verb: Verb, template: &str, written: &DynamicMessage) -> Result<Rule, String> {
    let template = Template::parse(template)?;
    let mut bindings = Vec::<Binding>::new();
    for variable in &template.variables {
        let field = resolve(&rpc.request, &variable.field_path, false)?;
        let is_bindable = field.last().is_some_and(|leaf| !leaf.is_list() && !leaf.is_map() && is_leaf(&leaf.kind()));
        if !is_bindable {
            return Err(format!("`{}` must be a singular field with a plain value", variable.field_path));
        }
        if bindings.iter().any(|other| other.field == field) {
            return Err(format!("`{}` is bound twice", variable.field_path));
        }
        bindings.push(Binding { field, variable: variable.clone() });
    }
    let body = match text(written, "body").as_str() {
        "" => Body::None,
        _ if verb == Verb::Is(Method::GET) => return Err("GET must not have a body".to_owned()),
        "*" => Body::Whole,
        name => Body::Field(top_level(&rpc.request, name)?),
    };
    let response_body = match text(written, "response_body").as_str() {
        "" | "*" => None,
        name => Some(top_level(&rpc.response, name)?),
    };
    Ok(Rule { rpc: Arc::clone(rpc), verb, template, bindings, body, response_body })
}

fn top_level(message: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, String> {
    message.get_field_by_name(name).ok_or_else(|| format!("{} has no field `{name}`", message.full_name()))
}

/// The HTTP method and the template of a written rule.
fn pattern(written: &DynamicMessage) -> Result<(Verb, String), String> {
    for (field, method) in [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ] {
        if written.has_field_by_name(field) {
            return Ok((Verb::Is(method), text(written, field)));
        }
    }
    let custom = written.get_field_by_name("custom");
    let Some(custom) =
        custom.as_ref().filter(|_| written.has_field_by_name("custom")).and_then(|value| value.as_message())
    else {
        return Err("the rule has no pattern".to_owned());
    };
    let kind = text(custom, "kind");
    if kind == "*" {
        return Ok((Verb::Any, text(custom, "path")));
    }
    let method = Method::from_bytes(kind.as_bytes()).map_err(|_| format!("`{kind}` is no HTTP method"))?;
    Ok((Verb::Is(method), text(custom, "path")))
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.as_ref().and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

fn messages(message: &DynamicMessage, field: &str) -> Vec<Value> {
    let value = message.get_field_by_name(field);
    value.as_ref().and_then(|value| value.as_list()).unwrap_or_default().to_vec()
}
