//! CGI scripts, as clients and authors of tests see them.
#![cfg(unix)]

mod raw;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use fixture_server::{Builder, Cgi, CgiUser, Ended, Route, prelude::*};
use rstest::rstest;
use tempfile::TempDir;

use raw::{LIMIT, Raw, Test, client, eventually, exchange, get_bytes, get_text};

/// A folder with a script `cgi-bin/script` of these lines, which whoever runs it may read.
fn site(lines: &str) -> TempDir {
    let temp = tempfile::tempdir().expect("a temporary directory");
    let folder = temp.path().join("cgi-bin");
    fs::create_dir(&folder).expect("a folder");
    fs::write(temp.path().join("page.txt"), "page").expect("a file");
    for path in [temp.path(), &folder] {
        open_to_all(path);
    }
    add_script(&temp, "script", lines);
    temp
}

fn add_script(site: &TempDir, name: &str, lines: &str) {
    let path = site.path().join("cgi-bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).expect("the script is written");
    open_to_all(&path);
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// Byte by byte, so that nothing of what follows is lost.
fn read_until(raw: &mut Raw, is_enough: impl Fn(&str) -> bool) -> io::Result<String> {
    let mut seen = String::new();
    while !is_enough(&seen) {
        let mut byte = [0];
        raw.stream.read_exact(&mut byte)?;
        seen.push(char::from(byte[0]));
    }
    Ok(seen)
}

const HEAD: &str = r"printf 'Content-Type: text/plain\r\n\r\n'";

/// A FIFO that the child of a script holds open for as long as it lives.
struct Child {
    fifo: PathBuf,
    _temp: TempDir,
}

impl Child {
    fn new() -> Child {
        let temp = tempfile::tempdir().expect("a temporary directory");
        open_to_all(temp.path());
        let fifo = temp.path().join("fifo");
        let made = Command::new("mkfifo").args(["-m", "666"]).arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        Child { fifo, _temp: temp }
    }

    /// Is told a line once there is a child, and the end of it.
    fn watch(&self) -> mpsc::Receiver<String> {
        let (fifo, (sender, lines)) = (self.fifo.clone(), mpsc::channel());
        std::thread::spawn(move || {
            let lines = BufReader::new(fs::File::open(fifo).expect("it can be read")).lines();
            lines.map_while(Result::ok).chain(["ended".to_owned()]).for_each(|line| drop(sender.send(line)));
        });
        lines
    }
}

/// Its child is not the script itself, as one that was started with `exec` would be.
const WITH_A_CHILD: &str = "(echo begun >&3; sleep 1000; echo in vain) 3>\"$FIFO\"; echo in vain";

/// In both dialects.
fn both(site: &TempDir) -> [TestServer; 2] {
    let builder = || TestServer::builder().dir(site).cgi(["/cgi-bin"]);
    [builder().start(), builder().http_server().start()]
}

#[test]
fn a_script_answers_and_everything_else_is_as_before() -> Test {
    let site = site(&format!("{HEAD}; echo \"$REQUEST_METHOD $QUERY_STRING\""));
    for server in both(&site) {
        let answer = exchange(&server, get_bytes("/cgi-bin/script?a=b"))?;
        assert_eq!(answer.head.lines().next(), Some("HTTP/1.1 200 Script output follows"));
        let names: Vec<_> = answer.fields().into_iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(names, ["Server", "Date", "Content-Type"]);
        assert_eq!(answer.text(), "GET a=b\n");
        assert_eq!(get_text(&server, "/page.txt")?, (200, "page".to_owned()));
        assert_eq!(get_text(&server, "/cgi-bin/none")?.0, 404);
        let request = &server.requests()[0];
        assert_eq!((request.route(), request.ended()), (Route::Directory, Some(Ended::ClosedByServer)));
        assert_eq!(request.bytes_sent(), answer.length as u64);
    }
    Ok(())
}

#[test]
fn a_rule_comes_before_a_script() -> Test {
    for server in both(&site(HEAD)) {
        server.on("GET", "/cgi-bin/script", |_| "mine");
        assert_eq!(get_text(&server, "/cgi-bin/script")?.1, "mine");
    }
    Ok(())
}

#[test]
fn a_script_reads_the_body_and_no_more() -> Test {
    let site = site(&format!("{HEAD}; cat"));
    for server in both(&site) {
        let request = "POST /cgi-bin/script HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello, and more";
        assert_eq!(exchange(&server, request)?.text(), "hello");
    }
    Ok(())
}

#[test]
fn by_rfc_9112_the_body_is_read_first_and_recorded() -> Test {
    let site = site(&format!("{HEAD}; cat"));
    let [server, _] = both(&site);
    let answer = exchange(&server, "POST /cgi-bin/script HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")?;
    assert_eq!(answer.text(), "hello");
    assert_eq!(server.requests()[0].body(), b"hello");
    Ok(())
}

#[test]
fn a_script_of_http_server_reads_the_body_as_it_arrives() -> Test {
    let site = site(&format!("{HEAD}; head -c 3; cat"));
    let [_, server] = both(&site);
    let mut raw = Raw::connect(&server)?;
    raw.send("POST /cgi-bin/script HTTP/1.1\r\nContent-Length: 6\r\n\r\none")?;
    read_until(&mut raw, |seen| seen.ends_with("one"))?;
    raw.send("two")?;
    assert_eq!(raw.rest()?, b"two");
    assert_eq!(server.requests()[0].body(), b"", "it went to the script alone");
    Ok(())
}

/// So much that neither side can hold it: who reads only after writing all would wait for ever.
#[test]
fn much_goes_in_and_out_at_the_same_time() -> Test {
    let site = site(&format!("{HEAD}; cat"));
    let body: Vec<u8> = (0..8_u32 << 20).map(|number| (number % 251) as u8).collect();
    for server in both(&site) {
        let mut raw = Raw::connect(&server)?;
        let mut sending = raw.stream.try_clone()?;
        let sent = body.clone();
        let sender = std::thread::spawn(move || {
            let head = format!("POST /cgi-bin/script HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", sent.len());
            sending.write_all(head.as_bytes()).and_then(|()| sending.write_all(&sent))
        });
        let answer = raw.rest()?;
        sender.join().expect("no panic")?;
        assert!(answer.ends_with(&body), "{} bytes came back", answer.len());
    }
    Ok(())
}

#[test]
fn a_body_that_the_script_does_not_want_is_thrown_away() -> Test {
    let site = site(&format!("{HEAD}; echo done"));
    for server in both(&site) {
        let mut answer = client().post(server.url("/cgi-bin/script")).send(vec![b'x'; 4 << 20])?;
        assert_eq!(answer.body_mut().read_to_string()?, "done\n");
    }
    Ok(())
}

#[test]
fn output_goes_out_as_it_comes_and_holds_nobody_up() -> Test {
    let site = site(&format!("{HEAD}; echo first; while [ ! -e \"$GO\" ]; do sleep 0.01; done; echo second"));
    let go = site.path().join("go");
    for dialect in [|builder: Builder| builder, Builder::http_server] {
        let cgi = Cgi::default().env("GO", &go);
        let server = dialect(TestServer::builder().dir(&site).cgi(cgi)).start();
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/cgi-bin/script"))?;
        read_until(&mut raw, |seen| seen.ends_with("first\n"))?;
        assert_eq!(get_text(&server, "/page.txt")?.1, "page");
        fs::write(&go, "")?;
        assert_eq!(raw.rest()?, b"second\n");
        fs::remove_file(&go)?;
    }
    Ok(())
}

#[test]
fn a_script_that_fails_is_logged_after_its_answer_and_before_the_client_knows() -> Test {
    let site = site(&format!("{HEAD}; echo bye; exit 3"));
    add_script(&site, "good", HEAD);
    // Not to be taken for one that could not be run.
    add_script(&site, "none", &format!("{HEAD}; no-such-program 2>/dev/null"));
    fs::write(site.path().join("cgi-bin/broken"), "#!/nowhere/at/all\n")?;
    open_to_all(&site.path().join("cgi-bin/broken"));
    let (sender, events) = mpsc::channel();
    let server = TestServer::builder()
        .dir(&site)
        .cgi(["/cgi-bin"])
        .log(move |event| {
            let error = event.script_error().map(str::to_owned);
            sender.send((event.to_string(), event.script_exit(), error)).expect("the test listens");
        })
        .start();
    let broken =
        format!("cannot run {}/cgi-bin/broken, whose interpreter is /nowhere/at/all: No such", site.path().display());
    for (name, code, error) in [
        ("script", Some(3), None),
        ("none", Some(127), None),
        ("good", None, None),
        ("broken", Some(127), Some(&broken)),
    ] {
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes(&format!("/cgi-bin/{name}")))?;
        raw.rest()?;
        let mut logged: Vec<_> = events.try_iter().collect();
        if let Some((_, _, Some(reason))) = logged.last_mut() {
            // What follows is the system's wording.
            reason.truncate(error.map_or(0, String::len));
        }
        let mut expected = vec![(format!("\"GET /cgi-bin/{name} HTTP/1.1\" 200 -"), None, None)];
        expected.extend(code.map(|code| (format!("CGI script exit code {code}"), Some(code), error.cloned())));
        assert_eq!(logged, expected);
    }
    Ok(())
}

#[test]
fn a_script_out_of_time_is_killed() -> Test {
    let site = site(&format!("{HEAD}; echo so far; exec sleep 1000"));
    let (sender, events) = mpsc::channel();
    let server = TestServer::builder()
        .dir(&site)
        .cgi(Cgi::default().time_limit(ms(200)))
        .log(move |event| sender.send(event.script_exit()).expect("the test listens"))
        .start();
    assert_eq!(exchange(&server, get_bytes("/cgi-bin/script"))?.text(), "so far\n");
    assert_eq!(events.try_iter().collect::<Vec<_>>(), [None, Some(-9)]);
    Ok(())
}

#[test]
fn scripts_end_with_their_server() -> Test {
    let site = site(&format!("{HEAD}; echo $$; exec sleep 1000"));
    let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).start();
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/cgi-bin/script"))?;
    let seen = read_until(&mut raw, |seen| seen.split("\r\n\r\n").nth(1).is_some_and(|body| body.ends_with('\n')))?;
    let process = Path::new("/proc").join(seen.lines().last().unwrap_or_default());
    drop(server);
    if Path::new("/proc/self").exists() {
        eventually("the script is gone", || !process.exists());
    }
    Ok(())
}

#[rstest]
#[case::out_of_time(Some(secs(1)), |_: &mut Option<TestServer>| ())]
#[case::stopped(None, |server: &mut Option<TestServer>| server.as_ref().expect("a server").stop())]
#[case::dropped(None, |server: &mut Option<TestServer>| drop(server.take()))]
fn a_script_that_is_killed_takes_its_children_along(
    #[case] limit: Option<Duration>,
    #[case] end: fn(&mut Option<TestServer>),
) -> Test {
    let site = site(&format!("{HEAD}; echo ready; {WITH_A_CHILD}"));
    let child = Child::new();
    let cgi = Cgi::default().env("FIFO", &child.fifo);
    let cgi = limit.into_iter().fold(cgi, Cgi::time_limit);
    let mut server = Some(TestServer::builder().dir(&site).cgi(cgi).start());
    let mut raw = Raw::connect(server.as_ref().expect("a server"))?;
    raw.send(get_bytes("/cgi-bin/script"))?;
    read_until(&mut raw, |seen| seen.ends_with("ready\n"))?;
    let lines = child.watch();
    assert_eq!(lines.recv_timeout(LIMIT)?, "begun");
    end(&mut server);
    assert_eq!(lines.recv_timeout(LIMIT)?, "ended");
    Ok(())
}

#[test]
fn a_server_that_was_stopped_runs_new_scripts_after_its_restart() -> Test {
    let site = site(&format!("{HEAD}; echo out"));
    let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).start();
    server.stop();
    server.restart();
    assert_eq!(get_text(&server, "/cgi-bin/script")?.1, "out\n");
    Ok(())
}

#[rstest]
#[case::dropped(|server: TestServer| drop(server))]
#[case::stopped(|server: TestServer| server.stop())]
fn scripts_that_end_with_their_server_are_not_logged(#[case] end: fn(TestServer)) -> Test {
    let site = site(&format!("{HEAD}; echo ready; exec sleep 1000"));
    let (sender, events) = mpsc::channel();
    let server = TestServer::builder()
        .dir(&site)
        .cgi(["/cgi-bin"])
        .log(move |event| sender.send(event.script_exit()).expect("the test listens"))
        .start();
    let mut raw = Raw::connect(&server)?;
    raw.send(get_bytes("/cgi-bin/script"))?;
    read_until(&mut raw, |seen| seen.ends_with("ready\n"))?;
    end(server);
    // It ends when nobody has the closure any more, and so when the script is over.
    assert_eq!(events.iter().collect::<Vec<_>>(), [None]);
    Ok(())
}

#[test]
fn many_scripts_run_at_once() -> Test {
    let site = site(&format!("{HEAD}; cat; echo end"));
    for server in both(&site) {
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..40)
                .map(|number| {
                    let server = &server;
                    scope.spawn(move || -> Result<String, ureq::Error> {
                        let sent = number.to_string().repeat(1_000);
                        let mut answer = client().post(server.url("/cgi-bin/script")).send(&sent)?;
                        let got = answer.body_mut().read_to_string()?;
                        assert_eq!(got, format!("{sent}end\n"));
                        Ok(got)
                    })
                })
                .collect();
            asking.into_iter().try_for_each(|asked| asked.join().expect("no panic").map(drop))
        })?;
        assert_eq!(server.requests().len(), 40);
    }
    Ok(())
}

#[test]
fn an_interpreter_runs_what_is_not_executable() -> Test {
    let site = site(HEAD);
    let path = site.path().join("cgi-bin/report.TXT");
    fs::write(&path, format!("{HEAD}\necho \"by the interpreter, $1\"\n"))?;
    let ask = |cgi: Cgi| get_text(&TestServer::builder().dir(&site).cgi(cgi).start(), "/cgi-bin/report.TXT?word");
    assert_eq!(ask(Cgi::default())?.0, 403);
    assert_eq!(ask(Cgi::default().interpreter("txt", "/bin/sh"))?, (200, "by the interpreter, word\n".to_owned()));
    Ok(())
}

#[rstest]
#[case::nobody(CgiUser::Nobody)]
#[case::the_servers(CgiUser::Server)]
fn a_script_runs_as_nobody_if_the_server_is_root_unless_told_otherwise(#[case] user: CgiUser) -> Test {
    let site = site(&format!("{HEAD}; id -u"));
    let own = String::from_utf8(Command::new("id").arg("-u").output()?.stdout)?;
    let server = TestServer::builder().dir(&site).cgi(Cgi::default().run_as(user)).start();
    let (_, uid) = get_text(&server, "/cgi-bin/script")?;
    match user {
        CgiUser::Nobody if own == "0\n" => assert!(!uid.is_empty(), "some user"),
        _ => assert_eq!(uid, own),
    }
    Ok(())
}

#[test]
fn a_server_on_a_unix_socket_has_scripts_too() -> Test {
    let site = site(&format!("{HEAD}; echo \"[$REMOTE_ADDR] $SERVER_NAME\""));
    let socket = site.path().join("socket");
    let server = TestServer::builder().dir(&site).cgi(["/cgi-bin"]).bind_unix(&socket).start();
    let mut client = std::os::unix::net::UnixStream::connect(server.socket_path().expect("a path"))?;
    client.set_read_timeout(Some(LIMIT))?;
    client.write_all(get_bytes("/cgi-bin/script").as_bytes())?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.ends_with("\r\n\r\n[] localhost\n"), "{answer}");
    Ok(())
}

#[test]
fn links_out_of_the_directory_lead_to_no_script_if_they_must_not() -> Test {
    let (site, outside) = (site(&format!("{HEAD}; echo inside")), site(&format!("{HEAD}; echo outside")));
    let folder = site.path().join("cgi-bin");
    symlink(outside.path().join("cgi-bin/script"), folder.join("link"))?;
    symlink(outside.path().join("cgi-bin"), folder.join("away"))?;
    symlink("script", folder.join("near"))?;
    let ask = |follows: bool, target: &str| -> Result<(u16, String), ureq::Error> {
        let server = TestServer::builder().dir(Directory::new(&site).follow_links(follows)).cgi("/cgi-bin").start();
        get_text(&server, target)
    };
    for target in ["/cgi-bin/link", "/cgi-bin/away/script"] {
        assert_eq!(ask(true, target)?, (200, "outside\n".to_owned()));
        assert_eq!(ask(false, target)?.0, 404, "{target}");
    }
    let (_, page) = ask(false, "/cgi-bin/away/script/more")?;
    assert!(page.contains("No such CGI script ('/cgi-bin/away')"), "what lies outside is not looked at: {page}");
    assert_eq!(ask(false, "/cgi-bin/near")?, (200, "inside\n".to_owned()));
    Ok(())
}

#[test]
fn translate_path_says_where_a_script_is() -> Test {
    let site = site(&format!("{HEAD}; echo \"$SCRIPT_NAME $PATH_TRANSLATED\""));
    let root = site.path().display().to_string();
    let directory = Directory::new(&site).translate_path(|target| Some(target.strip_prefix("/v2/")?.into()));
    let server = TestServer::builder().dir(directory).cgi(["/v2/cgi-bin", "/cgi-bin"]).start();
    for (target, answer) in [
        ("/v2/cgi-bin/script", format!("/v2/cgi-bin/script {root}\n")),
        ("/v2/cgi-bin/script/v2/a", format!("/v2/cgi-bin/script {root}/a\n")),
        ("/cgi-bin/script/a", format!("/cgi-bin/script {root}/a\n")),
    ] {
        assert_eq!(get_text(&server, target)?, (200, answer));
    }
    Ok(())
}

#[test]
fn a_panic_of_translate_path_is_500_and_fails_the_test() -> Test {
    let site = site(HEAD);
    let directory = Directory::new(&site).translate_path(|target| panic!("no idea of {target}"));
    let server = TestServer::builder().dir(directory).cgi("/cgi-bin").start();
    let (status, page) = get_text(&server, "/cgi-bin/script")?;
    assert_eq!(status, 500);
    assert!(page.contains("the closure of `translate_path` panicked: no idea of /cgi-bin/script"), "{page}");
    let report = server.try_verify().expect_err("it panicked").to_string();
    assert!(report.contains("while answering GET /cgi-bin/script"), "{report}");
    Ok(())
}

#[rstest]
#[case::lf(r"printf 'A: b\n\nbody'", "A: b\n\n")]
#[case::crlf(r"printf 'A: b\r\n\r\nbody\r\n\r\n'", "A: b\r\n\r\n")]
#[case::cut(r#"for part in 'A: b\r' '\n' '\r' '\nbo' 'dy'; do printf "$part"; sleep 0.02; done"#, "A: b\r\n\r\n")]
#[case::no_fields(r"printf '\nbody'", "\n")]
#[case::no_end(r"printf 'A: b\r\r\nC: d\n e'", "A: b\r\r\nC: d\n e")]
#[case::much(r"printf 'A: b\n\n'; head -c 1000000 /dev/zero", "A: b\n\n")]
fn by_rfc_9112_head_has_no_body(#[case] lines: &str, #[case] expected: &str) -> Test {
    let temp = tempfile::tempdir()?;
    open_to_all(temp.path());
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o777))?;
    let (sender, exits) = mpsc::channel();
    let site = site(&format!("{lines}; echo whole > \"$END\"; exit 3"));
    let end = temp.path().join("end");
    let server = TestServer::builder()
        .dir(&site)
        .cgi(Cgi::default().env("END", &end))
        .log(move |event| sender.send(event.script_exit()).expect("the test listens"))
        .start();
    let mut raw = Raw::connect(&server)?;
    raw.send("HEAD /cgi-bin/script HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let answer = String::from_utf8(raw.rest()?)?;
    let (_, output) = answer.split_once("GMT\r\n").ok_or("no date")?;
    assert_eq!(output, expected);
    assert_eq!(exits.try_iter().collect::<Vec<_>>(), [None, Some(3)]);
    assert_eq!(fs::read_to_string(end)?, "whole\n");
    Ok(())
}

#[test]
fn to_http_server_head_is_get() -> Test {
    let site = site(&format!("{HEAD}; echo body"));
    let [_, server] = both(&site);
    assert_eq!(exchange(&server, "HEAD /cgi-bin/script HTTP/1.1\r\n\r\n")?.text(), "body\n");
    Ok(())
}

#[test]
fn a_script_knows_the_length_of_what_it_can_read() -> Test {
    let site = site(&format!("{HEAD}; echo \"[$CONTENT_LENGTH]\"; cat"));
    let [strict, lax] = both(&site);
    let chunked = "POST /cgi-bin/script HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    assert_eq!(exchange(&strict, chunked)?.text(), "[5]\nhello");
    assert_eq!(exchange(&lax, chunked)?.text(), "[]\n");
    assert_eq!(exchange(&lax, chunked.replace("\r\nHost: a", "\r\nContent-Length: 7"))?.text(), "[]\n");
    let counted = "POST /cgi-bin/script HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    for server in [strict, lax] {
        assert_eq!(exchange(&server, counted)?.text(), "[5]\nhello");
    }
    Ok(())
}

#[test]
fn of_a_directory_that_has_vanished_a_script_is_404_and_says_so() -> Test {
    let site = site(HEAD);
    let server = TestServer::builder().dir(&site).cgi("/cgi-bin").start();
    site.close()?;
    let (status, page) = get_text(&server, "/cgi-bin/script")?;
    assert_eq!(status, 404);
    assert!(page.contains("File not found") && page.contains("has vanished since the server started"), "{page}");
    let mut answer = client().post(server.url("/cgi-bin/script")).send_empty()?;
    assert_eq!(answer.status(), 404);
    assert!(answer.body_mut().read_to_string()?.contains("has vanished since the server started"));
    let panic =
        std::panic::catch_unwind(|| server.assert_received(get("/nowhere"), 1)).expect_err("it was not received");
    let text = panic.downcast_ref::<String>().ok_or("no text")?;
    assert!(text.contains("2 requests were answered 404 for it"), "{text}");
    Ok(())
}

#[test]
#[should_panic(expected = "CGI scripts lie in the served directory, and there is none: name one with `.dir(..)`")]
fn scripts_need_a_directory() {
    let _server = TestServer::builder().cgi(["/cgi-bin"]).start();
}

#[test]
#[should_panic(expected = "a CGI directory is the path of a request, so write \"/cgi-bin\", not \"cgi-bin\"")]
fn a_directory_of_scripts_is_a_path_of_requests() {
    let _ = TestServer::builder().cgi(["cgi-bin"]);
}

/// It finds that nobody takes its output before anybody gets to kill it.
#[test]
fn how_a_script_ends_because_its_server_was_stopped_is_not_logged() -> Test {
    let site = site(&format!("{HEAD}; exec yes 2>/dev/null"));
    for _ in 0..30 {
        let (sender, events) = mpsc::channel();
        let server = TestServer::builder()
            .dir(&site)
            .cgi(["/cgi-bin"])
            .log(move |event| sender.send(event.script_exit()).expect("the test listens"))
            .start();
        let mut raw = Raw::connect(&server)?;
        raw.send(get_bytes("/cgi-bin/script"))?;
        raw.stream.read_exact(&mut [0; 1_000])?;
        server.stop();
        drop(server);
        // Ends when nobody is left who could log.
        assert_eq!(events.iter().collect::<Vec<_>>(), [None]);
    }
    Ok(())
}
