//! A gRPC server for any descriptor set: it records what it receives, and a closure answers.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::BoxStream;
use gateway::http::headers::deadline;
use gateway::transcode::codec::DynamicCodec;
use http::HeaderMap;
use kit::lifecycle::Lifecycle;
use kit::serve::{GrpcServer, Health};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tokio::net::TcpListener;
use tonic::codegen::BoxFuture;
use tonic::server::{Grpc, ServerStreamingService};
use tonic::{Request, Response, Status};

/// Compiles a proto file, with its imports, to an encoded descriptor set.
pub(crate) fn descriptor_set(file: &Path) -> Vec<u8> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = file.parent().expect("a file lies in a folder");
    let includes = [folder.to_owned(), here.join("tests/proto"), here.join("../proto/third_party")];
    let mut compiler = protox::Compiler::new(includes).expect("the include folders exist");
    compiler.include_imports(true).open_file(file).expect("the proto file compiles");
    compiler.encode_file_descriptor_set()
}

/// One call that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `/package.Service/Method`.
    pub path: String,
    /// What was sent.
    pub message: DynamicMessage,
    /// What came with it.
    pub metadata: HeaderMap,
    /// How much time it was given.
    pub deadline: Option<Duration>,
}

/// What a closure makes of a call: initial metadata and messages, or a refusal.
pub(crate) type Answer = Result<Response<BoxStream<'static, Result<DynamicMessage, Status>>>, Status>;

type Behaviour = Arc<dyn Fn(&Call, MethodDescriptor) -> Answer + Send + Sync>;

/// An answer of one message.
pub(crate) fn unary(message: DynamicMessage) -> Answer {
    Ok(Response::new(Box::pin(tokio_stream::once(Ok(message)))))
}

/// A server that runs until the end of its lifecycle.
#[derive(Clone)]
pub(crate) struct Server {
    /// Where it listens.
    pub uri: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    /// Serves every method of `pool` on a free port.
    pub(crate) async fn start(
        pool: DescriptorPool,
        lifecycle: &Lifecycle,
        behaviour: impl Fn(&Call, MethodDescriptor) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let uri = format!("http://{}", listener.local_addr().expect("a bound address"));
        let server = Self { uri, calls: Arc::default() };
        let behaviour: Behaviour = Arc::new(behaviour);
        let recording = server.clone();
        let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let (pool, recording, behaviour) = (pool.clone(), recording.clone(), Arc::clone(&behaviour));
            async move { recording.handle(&pool, behaviour, request).await }
        });
        GrpcServer::new(router.into(), &Health::new()).await.serve(listener, lifecycle);
        server
    }

    /// The calls that arrived since the last time this was asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().expect("no test panicked while recording"))
    }

    async fn handle(
        &self,
        pool: &DescriptorPool,
        behaviour: Behaviour,
        request: axum::extract::Request,
    ) -> http::Response<tonic::body::Body> {
        let path = request.uri().path().to_owned();
        let method = find(pool, &path).expect("only methods of the descriptor set are called");
        let service = Service { path, method: method.clone(), calls: Arc::clone(&self.calls), behaviour };
        Grpc::new(DynamicCodec::receiving(method.input())).server_streaming(service, request).await
    }
}

fn find(pool: &DescriptorPool, path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    pool.get_service_by_name(service)?.methods().find(|candidate| candidate.name() == method)
}

struct Service {
    path: String,
    method: MethodDescriptor,
    calls: Arc<Mutex<Vec<Call>>>,
    behaviour: Behaviour,
}

impl ServerStreamingService<DynamicMessage> for Service {
    type Response = DynamicMessage;
    type ResponseStream = BoxStream<'static, Result<DynamicMessage, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<DynamicMessage>) -> Self::Future {
        let (metadata, _, message) = request.into_parts();
        let metadata = metadata.into_headers();
        let has_deadline = metadata.contains_key("grpc-timeout");
        let deadline = has_deadline.then(|| deadline(&metadata, Duration::MAX).expect("a well-formed grpc-timeout"));
        let call = Call { path: self.path.clone(), message, metadata, deadline };
        self.calls.lock().expect("no test panicked while recording").push(call.clone());
        let answer = (self.behaviour)(&call, self.method.clone());
        Box::pin(async move { answer })
    }
}
