//! gRPC messages whose type is known only at run time.

use kit::error::{Classify, Kind};
use kit::status::to_status;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Sends any [`DynamicMessage`] and receives messages of one type.
#[derive(Debug, Clone)]
pub struct DynamicCodec {
    received: MessageDescriptor,
}

impl DynamicCodec {
    /// Receives messages described by `received`.
    pub fn receiving(received: MessageDescriptor) -> Self {
        Self { received }
    }
}

/// A message that is not of the type the descriptor set says.
#[derive(Debug, thiserror::Error)]
#[error("a message that is no {expected}: {problem}")]
struct Undecodable {
    expected: String,
    problem: String,
}

impl Classify for Undecodable {
    fn kind(&self) -> Kind {
        Kind::Internal
    }

    fn reason(&self) -> &'static str {
        "UNDECODABLE_MESSAGE"
    }
}

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = DynamicEncoder;
    type Decoder = Self;

    fn encoder(&mut self) -> DynamicEncoder {
        DynamicEncoder
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

/// Encodes messages of any type.
#[derive(Debug, Clone, Copy)]
pub struct DynamicEncoder;

impl Encoder for DynamicEncoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode_raw(into);
        Ok(())
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.received.clone(), from).map_err(|error| {
            to_status(Undecodable { expected: self.received.full_name().to_owned(), problem: error.to_string() })
        })?;
        Ok(Some(message))
    }
}
