//! Answers as JSON, in the canonical form of protocol buffers: the one that REST speaks.

use kit::process::Failure;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use proto::context::v1 as pb;
use serde_json::Value;

/// A field that is 0 or empty is told too: a script should not have to know the defaults.
const OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);

pub(super) fn list(found: &pb::ListExtractionsResponse) -> Result<String, Failure> {
    written("afterword.context.v1.ListExtractionsResponse", found)
}

pub(super) fn extraction(extraction: &pb::Extraction) -> Result<String, Failure> {
    written("afterword.context.v1.Extraction", extraction)
}

pub(super) fn status(status: &pb::GetQueueStatusResponse) -> Result<String, Failure> {
    written("afterword.context.v1.GetQueueStatusResponse", status)
}

pub(super) fn reextraction(told: &pb::ReextractConversationsResponse) -> Result<String, Failure> {
    written("afterword.context.v1.ReextractConversationsResponse", told)
}

pub(super) fn extraction_line(extraction: &pb::Extraction) -> Result<String, Failure> {
    Ok(format!("{}\n", value("afterword.context.v1.Extraction", extraction)?))
}

pub(super) fn status_line(status: &pb::GetQueueStatusResponse) -> Result<String, Failure> {
    Ok(format!("{}\n", value("afterword.context.v1.GetQueueStatusResponse", status)?))
}

fn written(name: &str, message: &impl Message) -> Result<String, Failure> {
    Ok(format!("{:#}\n", value(name, message)?))
}

fn value(name: &str, message: &impl Message) -> Result<Value, Failure> {
    let pool = DescriptorPool::decode(proto::DESCRIPTOR_SET)?;
    let descriptor = pool.get_message_by_name(name).ok_or_else(|| format!("the contract has no {name}"))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())?;
    Ok(dynamic.serialize_with_options(serde_json::value::Serializer, &OPTIONS)?)
}
