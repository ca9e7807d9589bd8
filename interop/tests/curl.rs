//! The command `curl`, where it is installed.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use fixture_server_interop::{Check, LARGE, LargeFile, Payload, SMALL, Service};

/// Runs curl; `None`, and a word about it, if it is not installed.
fn curl(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Option<Child> {
    let mut command = Command::new("curl");
    // Whatever the user has set up for it is left out.
    command.args(["-q", "-sS", "--noproxy", "*", "--max-time", "60"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Past the test harness, which keeps to itself what passing tests print.
            let _ = writeln!(io::stderr(), "\n*** NOT TESTED with curl: it is not installed ***\n");
            None
        }
        Err(error) => panic!("curl: {error}"),
    }
}

/// What it wrote on standard output and standard error.
#[track_caller]
fn finish(child: Child) -> (String, String) {
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert!(output.status.success(), "{}: {stderr}", output.status);
    (stdout, stderr)
}

/// Takes a payload from its standard output.
#[track_caller]
fn check(mut child: Child) -> usize {
    let mut check = Check::default();
    io::copy(&mut child.stdout.take().unwrap(), &mut check).unwrap();
    finish(child);
    check.length()
}

#[test]
fn get_and_head_agree() {
    let service = Service::new();
    let url = service.server.url("/hello.txt");
    let Some(get) = curl(["-i", &url]) else { return };
    let (get, _) = finish(get);
    let (head, _) = finish(curl(["-I", &url]).unwrap());
    let (get_head, body) = get.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "Hello, fixture!\n");
    let without_date = |head: &str| -> Vec<String> {
        head.lines().filter(|line| !line.starts_with("Date: ") && !line.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(without_date(get_head), without_date(&head));
}

#[test]
fn connections_are_used_again() {
    let service = Service::new();
    let urls = ["/hello.txt", "/nested/", "/empty.txt"].map(|path| service.server.url(path));
    let Some(child) = curl(urls) else { return };
    finish(child);
    assert_eq!(service.connections(), [(1, 1), (1, 2), (1, 3)]);
}

#[test]
fn redirects_are_followed() {
    let service = Service::new();
    for (from, to) in [("/nested?a=b&c=%20", "/nested/?a=b&c=%20"), ("/moved", "/hello.txt?from=moved")] {
        let url = service.server.url(from);
        let Some(child) = curl(["-L", "-w", "\n%{http_code} %{url_effective}", &url]) else { return };
        let (stdout, _) = finish(child);
        assert_eq!(stdout.lines().last().unwrap(), format!("200 {}", service.server.url(to)));
    }
}

#[test]
fn the_body_follows_when_100_continue_came() {
    let service = Service::new();
    let url = service.server.url("/upload");
    let Some(child) = curl(["-v", "-H", "Expect: 100-continue", "--expect100-timeout", "30", "-d", "hello", &url])
    else {
        return;
    };
    let (stdout, stderr) = finish(child);
    assert_eq!(stdout, "5");
    assert!(stderr.contains("< HTTP/1.1 100 Continue") && stderr.contains("< HTTP/1.1 200 OK"), "{stderr}");
    let requests = service.server.requests();
    assert_eq!((requests.len(), requests[0].body()), (1, &b"hello"[..]));
    assert_eq!(requests[0].header("expect"), Some("100-continue"));
}

#[test]
fn a_chunked_upload_arrives() {
    let service = Service::new();
    let Some(mut child) = curl(["-T", "-", &service.server.url("/upload")]) else { return };
    let mut stdin = child.stdin.take().unwrap();
    let feeding = thread::spawn(move || io::copy(&mut Payload::new(SMALL).reader(), &mut stdin).unwrap());
    let (stdout, _) = finish(child);
    feeding.join().unwrap();
    assert_eq!(stdout, SMALL.to_string());
    let upload = service.upload(SMALL);
    assert_eq!(upload.method(), "PUT");
    assert_eq!(upload.chunk_sizes().unwrap().iter().sum::<usize>(), SMALL);
}

#[test]
fn one_mebibyte_goes_both_ways() {
    let service = Service::new();
    let file = LargeFile::new(SMALL).unwrap();
    let data = format!("@{}", file.path().display());
    let Some(child) = curl(["--data-binary", &data, &service.server.url("/upload")]) else { return };
    let (stdout, _) = finish(child);
    assert_eq!(stdout, SMALL.to_string());
    assert_eq!(service.upload(SMALL).header("content-length"), Some("1048576"));
    assert_eq!(check(curl([service.server.url("/payload")]).unwrap()), SMALL);
}

#[test]
fn a_hundred_mebibytes_go_both_ways() {
    let file = LargeFile::new(LARGE).unwrap();
    let server = file.serve();
    let Some(child) = curl([server.url("/large.bin")]) else { return };
    assert_eq!(check(child), LARGE);

    let service = Service::new();
    let (path, url) = (file.path(), service.server.url("/upload"));
    let (stdout, _) = finish(curl([OsStr::new("-T"), path.as_os_str(), url.as_ref()]).unwrap());
    assert_eq!(stdout, LARGE.to_string());
    // So much is not sent unasked.
    assert_eq!(service.upload(LARGE).header("expect"), Some("100-continue"));
}
