//! The service that the cases are written for, as their README describes it.

use std::time::Duration;

use futures::StreamExt;
use prost::Message;
use prost_reflect::{DynamicMessage, MapKey, MethodDescriptor, Value};
use tonic::{Code, Response, Status};
use tonic_types::pb;

use crate::dynamic::{Answer, Call, unary};

/// Answers one call.
pub(crate) fn answer(call: &Call, method: MethodDescriptor) -> Answer {
    let reply = DynamicMessage::new(method.output());
    match method.name() {
        "Del" => unary(reply),
        "Body" => unary(csv(reply)),
        "Fail" => Err(failure(call)),
        "Slow" => slowly(out(call, reply, method.name())),
        "Stream" => stream(call, &reply),
        "Get" => {
            let mut answer = unary(out(call, reply, "Get"))?;
            let metadata = answer.metadata_mut();
            metadata.insert("x-init", "1".parse().expect("ASCII"));
            metadata.insert("etag", "\"abc\"".parse().expect("ASCII"));
            Ok(answer)
        }
        name => unary(out(call, reply, name)),
    }
}

fn out(call: &Call, mut out: DynamicMessage, method: &str) -> DynamicMessage {
    let json = serde_json::to_string(&call.message).expect("messages are JSON");
    let metadata = call.metadata.iter().filter_map(|(name, value)| {
        Some((MapKey::String(name.to_string()), Value::String(value.to_str().ok()?.to_owned())))
    });
    let text = |text: &str| Value::String(text.to_owned());
    out.set_field_by_name("method", text(method));
    out.set_field_by_name("json", Value::String(json));
    out.set_field_by_name("big", Value::I64(9_007_199_254_740_993));
    out.set_field_by_name("raw", Value::Bytes(vec![0xFF, 0xFE, 0x2F, 0x2B].into()));
    out.set_field_by_name("color", Value::EnumNumber(1));
    out.set_field_by_name("tags", Value::List(vec![text("x"), text("y")]));
    out.set_field_by_name("md", Value::Map(metadata.collect()));
    out.set_field_by_name("req", Value::Message(call.message.clone()));
    out
}

fn csv(mut body: DynamicMessage) -> DynamicMessage {
    body.set_field_by_name("content_type", Value::String("text/csv".to_owned()));
    body.set_field_by_name("data", Value::Bytes("a,b\n1,2\n".into()));
    body
}

fn slowly(message: DynamicMessage) -> Answer {
    Ok(Response::new(Box::pin(futures::stream::once(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(message)
    }))))
}

fn stream(call: &Call, reply: &DynamicMessage) -> Answer {
    let breaks = is_b_set(call);
    let messages: Vec<_> = ["0", "1", "2"].map(|name| Ok(out(call, reply.clone(), name))).into();
    let pause = || futures::stream::once(tokio::time::sleep(Duration::from_millis(300))).filter_map(async |()| None);
    let paced = futures::stream::iter(messages).flat_map(move |message| tokio_stream::once(message).chain(pause()));
    let end = breaks.then(|| Err(Status::with_details(Code::ResourceExhausted, "mid", bytes::Bytes::new())));
    Ok(Response::new(Box::pin(paced.chain(futures::stream::iter(end)))))
}

fn failure(call: &Call) -> Status {
    let code = call.message.get_field_by_name("i32").and_then(|value| value.as_i32()).unwrap_or(2);
    let any = |name: &str, value: Vec<u8>| prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value };
    let info = pb::ErrorInfo {
        reason: "R".to_owned(),
        domain: "d.example".to_owned(),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
    };
    let retry = pb::RetryInfo { retry_delay: Some(prost_types::Duration { seconds: 7, nanos: 0 }) };
    let mut details =
        vec![any("google.rpc.ErrorInfo", info.encode_to_vec()), any("google.rpc.RetryInfo", retry.encode_to_vec())];
    if is_b_set(call) {
        let debug = pb::DebugInfo { stack_entries: vec!["secret-stack-entry".to_owned()], detail: String::new() };
        details.push(any("google.rpc.DebugInfo", debug.encode_to_vec()));
        details.push(any("t.v1.NotInAnyDescriptor", vec![0x0A, 0x01, 0x78]));
    }
    let message = "boom é %".to_owned();
    let status = pb::Status { code, message: message.clone(), details };
    Status::with_details(Code::from_i32(code), message, status.encode_to_vec().into())
}

fn is_b_set(call: &Call) -> bool {
    call.message.get_field_by_name("b").and_then(|value| value.as_bool()) == Some(true)
}
