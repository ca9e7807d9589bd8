//! hyper's client on one connection, without the pool and the conveniences of others.

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use fixture_server::TestServer;
use fixture_server_interop::{Check, LARGE, LargeFile, Payload, SMALL, Service};
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

type Body = BoxBody<Bytes, Infallible>;

async fn connect(server: &TestServer) -> SendRequest<Body> {
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(method: Method, path: &str, body: Body) -> Request<Body> {
    Request::builder().method(method).uri(path).header("host", "test").body(body).unwrap()
}

fn empty() -> Body {
    Empty::new().boxed()
}

fn streamed(length: usize) -> Body {
    StreamBody::new(stream::iter(Payload::new(length).map(|piece| Ok(Frame::data(piece))))).boxed()
}

async fn text(answer: Response<Incoming>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn check(answer: Response<Incoming>) -> usize {
    let (mut body, mut check) = (answer.into_body(), Check::default());
    while let Some(frame) = body.frame().await {
        check.write_all(&frame.unwrap().into_data().unwrap()).unwrap();
    }
    check.length()
}

#[tokio::test]
async fn get_and_head_agree_on_one_connection() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let get = sender.send_request(request(Method::GET, "/hello.txt", empty())).await.unwrap();
    let get_fields = get.headers().clone();
    assert_eq!(text(get).await, "Hello, fixture!\n");
    let head = sender.send_request(request(Method::HEAD, "/hello.txt", empty())).await.unwrap();
    for name in ["content-type", "content-length", "last-modified", "server"] {
        assert!(get_fields.contains_key(name), "{name}");
        assert_eq!(get_fields.get(name), head.headers().get(name));
    }
    assert_eq!(text(head).await, "");
    let again = sender.send_request(request(Method::GET, "/empty.txt", empty())).await.unwrap();
    assert_eq!(text(again).await, "");
    assert_eq!(service.connections(), [(1, 1), (1, 2), (1, 3)]);
}

#[tokio::test]
async fn the_body_follows_when_100_continue_came() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let (told, go_on) = oneshot::channel();
    let body = stream::once(async {
        go_on.await.expect("100 Continue");
        Ok(Frame::data(Payload::new(1_000).whole()))
    });
    let mut request = request(Method::POST, "/upload", StreamBody::new(body).boxed());
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    request.headers_mut().insert("content-length", "1000".parse().unwrap());
    let told = std::sync::Mutex::new(Some(told));
    hyper::ext::on_informational(&mut request, move |interim| {
        assert_eq!(interim.status(), StatusCode::CONTINUE);
        told.lock().unwrap().take().expect("one interim response").send(()).unwrap();
    });
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(text(answer).await, "1000");
    assert_eq!(service.upload(1_000).header("expect"), Some("100-continue"));
    assert_eq!(service.connections(), [(1, 1)]);
}

#[tokio::test]
async fn redirects_say_where_to_go() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let cases = [("/nested?a=b&c=%20", 301, "/nested/?a=b&c=%20"), ("/moved", 302, "/hello.txt?from=moved")];
    for (from, status, to) in cases {
        let answer = sender.send_request(request(Method::GET, from, empty())).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["location"], to);
        text(answer).await;
        let answer = sender.send_request(request(Method::GET, to, empty())).await.unwrap();
        assert_eq!(answer.status(), 200);
        text(answer).await;
    }
    assert_eq!(service.connections(), [(1, 1), (1, 2), (1, 3), (1, 4)]);
}

#[tokio::test]
async fn a_chunked_upload_arrives_with_its_trailers() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let trailers = [("x-sum", "7".parse().unwrap())];
    let trailers = trailers.into_iter().map(|(name, value)| (hyper::header::HeaderName::from_static(name), value));
    let last = std::iter::once(Ok(Frame::trailers(trailers.collect())));
    let frames = Payload::new(SMALL).map(|piece| Ok(Frame::data(piece))).chain(last);
    let mut request = request(Method::PUT, "/upload", StreamBody::new(stream::iter(frames)).boxed());
    request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(text(answer).await, SMALL.to_string());
    let upload = service.upload(SMALL);
    let sizes = Payload::new(SMALL).map(|piece| piece.len()).collect::<Vec<_>>();
    assert_eq!(upload.chunk_sizes().unwrap(), sizes);
    let [trailer] = upload.trailers() else { panic!("{:?}", upload.trailers()) };
    assert_eq!((trailer.name(), trailer.value()), ("x-sum", "7"));
}

#[tokio::test]
async fn one_mebibyte_goes_both_ways() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let body = Full::new(Payload::new(SMALL).whole()).boxed();
    let answer = sender.send_request(request(Method::POST, "/upload", body)).await.unwrap();
    assert_eq!(text(answer).await, SMALL.to_string());
    assert_eq!(service.upload(SMALL).header("content-length"), Some("1048576"));
    let answer = sender.send_request(request(Method::GET, "/payload", empty())).await.unwrap();
    assert_eq!(check(answer).await, SMALL);
    assert_eq!(service.connections(), [(1, 1), (1, 2)]);
}

#[tokio::test]
async fn a_hundred_mebibytes_are_downloaded() {
    let file = LargeFile::new(LARGE).unwrap();
    let server = file.serve();
    let mut sender = connect(&server).await;
    let answer = sender.send_request(request(Method::GET, "/large.bin", empty())).await.unwrap();
    assert_eq!(check(answer).await, LARGE);
}

#[tokio::test]
async fn a_hundred_mebibytes_are_uploaded() {
    let service = Service::new();
    let mut sender = connect(&service.server).await;
    let mut request = request(Method::POST, "/upload", streamed(LARGE));
    request.headers_mut().insert("content-length", LARGE.into());
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(text(answer).await, LARGE.to_string());
    assert_eq!(service.upload(LARGE).chunk_sizes(), None);
}
