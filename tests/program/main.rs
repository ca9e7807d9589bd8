//! The program `fixture-server`, run as its users run it.
#![cfg(feature = "cli")]

mod child;
mod command_line;
mod effects;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(feature = "_tls")]
mod https;
#[cfg(unix)]
mod signals;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Instant, SystemTime};

use rstest::rstest;

use child::{PATIENCE, Program, connect, first_line, get, has_ipv6, request};

#[rstest]
#[case::ipv4("127.0.0.1", "127.0.0.1", "127.0.0.1")]
#[case::all_of_ipv4("0.0.0.0", "0.0.0.0", "0.0.0.0")]
#[case::ipv6("::1", "::1", "[::1]")]
#[case::all_of_ipv6("::", "::", "[::]")]
fn the_first_line_tells_what_is_bound(#[case] bind: &str, #[case] host: &str, #[case] url_host: &str) {
    if bind.contains(':') && !has_ipv6() {
        return;
    }
    let program = Program::start(["0", "--bind", bind]);
    let port = program.port;
    assert_ne!(port, 0);
    assert_eq!(program.first_line, first_line(host, url_host, port));
    let answer = get(program.addr(), "/");
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert_eq!(program.kill().stdout, "", "it is the only line on standard output");
}

#[test]
fn a_name_is_shown_as_the_address_it_stands_for() {
    let program = Program::start(["0", "--bind", "localhost"]);
    let hosts = [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")];
    let lines = hosts.map(|(host, url_host)| first_line(host, url_host, program.port));
    assert!(lines.contains(&program.first_line), "{}", program.first_line);
}

#[test]
fn without_bind_it_listens_on_all_interfaces() {
    let program = Program::start(["0"]);
    let ipv6 = !cfg!(target_os = "linux") && has_ipv6();
    let (host, url_host) = if ipv6 { ("::", "[::]") } else { ("0.0.0.0", "0.0.0.0") };
    assert_eq!(program.first_line, first_line(host, url_host, program.port));
    get(SocketAddr::from((Ipv4Addr::LOCALHOST, program.port)), "/");
    let line = program.log_line();
    assert!(line.starts_with(if ipv6 { "::ffff:127.0.0.1 - - [" } else { "127.0.0.1 - - [" }), "{line}");
}

#[test]
fn the_wildcard_of_ipv6_takes_ipv4_too() {
    if !has_ipv6() {
        return;
    }
    let program = Program::start(["0", "--bind", "::"]);
    get(SocketAddr::from((Ipv4Addr::LOCALHOST, program.port)), "/");
    let line = program.log_line();
    assert!(line.starts_with("::ffff:127.0.0.1 - - ["), "{line}");
    get(SocketAddr::from((Ipv6Addr::LOCALHOST, program.port)), "/");
    let line = program.log_line();
    assert!(line.starts_with("::1 - - ["), "{line}");
}

/// For scripts: `url=$(..)` needs nothing cut out of it.
#[rstest]
#[case::default(&[], "http://127.0.0.1:")]
#[case::loopback(&["-b", "127.0.0.1"], "http://127.0.0.1:")]
#[case::wildcard_of_ipv6(&["-b", "::"], "http://[::1]:")]
#[case::loopback_of_ipv6(&["-b", "::1"], "http://[::1]:")]
fn a_client_can_use_the_printed_url(#[case] options: &[&str], #[case] origin: &str) {
    if origin.contains('[') && !has_ipv6() || options.is_empty() && !cfg!(target_os = "linux") {
        return;
    }
    let program = Program::start(["0", "--print-url", "-d", "fixtures/site"].iter().chain(options));
    let url = program.first_line.strip_suffix('\n').unwrap();
    assert_eq!(url, format!("{origin}{}/", program.port));
    let client = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let body = client.get(format!("{url}hello.txt")).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!(body, "Hello, fixture!\n");
    assert_eq!(program.kill().stdout, "", "it is the only line on standard output");
}

#[test]
fn a_quiet_program_logs_no_requests() {
    let program = Program::start(["0", "--quiet", "-b", "127.0.0.1"]);
    assert_eq!(program.first_line, first_line("127.0.0.1", "127.0.0.1", program.port));
    for target in ["/Cargo.toml", "/none", "nonsense"] {
        get(program.addr(), target);
    }
    assert_eq!(program.kill().stderr, "");
}

#[test]
fn it_serves_though_nobody_reads_where_it_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Program::command([port.to_string().as_str(), "-b", "127.0.0.1"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let begun = Instant::now();
    // There is nothing that could tell: connections are refused until it listens.
    while TcpStream::connect(("127.0.0.1", port)).is_err() && begun.elapsed() < PATIENCE {
        thread::yield_now();
    }
    let answer = TcpStream::connect(("127.0.0.1", port)).map(|_| get(([127, 0, 0, 1], port).into(), "/Cargo.toml"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.unwrap().starts_with("HTTP/1.0 200 OK\r\n"));
}

#[test]
fn without_a_directory_it_serves_the_current_one() {
    let program = Program::start(["0"]);
    assert!(get(program.addr(), "/Cargo.toml").contains("name = \"fixture-server\""));
}

#[test]
fn it_serves_the_directory_it_is_given() {
    for arguments in [
        &["-d", "fixtures/site", "0"][..],
        &["0", "--directory", "fixtures/site/"],
        &["--directory=fixtures/site", "0"],
    ] {
        let program = Program::start(arguments);
        let answer = get(program.addr(), "/hello.txt");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "Hello, fixture!\n");
        let names: Vec<_> = head.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(names, ["HTTP/1.0 200 OK", "Server", "Date", "Content-type", "Content-Length", "Last-Modified"]);
        assert!(get(program.addr(), "/nested?x").contains("\r\nLocation: /nested/?x\r\n"));
        assert!(get(program.addr(), "/nested/").contains("<title>Directory listing for /nested/</title>"));
    }
}

#[test]
fn a_directory_need_not_exist() {
    let work = tempfile::tempdir().unwrap();
    let dir = work.path().join("to come");
    let program = Program::start([OsStr::new("0"), OsStr::new("--directory"), dir.as_os_str()]);
    for target in ["/", "/a.txt"] {
        assert!(get(program.addr(), target).starts_with("HTTP/1.0 404 File not found\r\n"));
    }
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("a.txt"), "here it is").unwrap();
    assert!(get(program.addr(), "/a.txt").ends_with("\r\n\r\nhere it is"));
}

#[test]
fn of_an_option_given_twice_the_last_one_counts() {
    let program = Program::start(["-d", "nowhere", "-b", "203.0.113.1", "0", "-d", "fixtures/site", "-b127.0.0.1"]);
    assert!(get(program.addr(), "/hello.txt").ends_with("Hello, fixture!\n"));
}

#[rstest]
#[case::file("GET", "/hello.txt", &[r#""GET /hello.txt HTTP/1.1" 200 -"#])]
#[case::head("HEAD", "/hello.txt", &[r#""HEAD /hello.txt HTTP/1.1" 200 -"#])]
#[case::as_sent("GET", "//nested?x=%20", &[r#""GET //nested?x=%20 HTTP/1.1" 301 -"#])]
#[case::missing("GET", "/none", &["code 404, message File not found", r#""GET /none HTTP/1.1" 404 -"#])]
#[case::method("PO'ST", "/", &[r#"code 501, message Unsupported method ("PO'ST")"#, r#""PO'ST / HTTP/1.1" 501 -"#])]
#[case::quotes("GET", "/\"x\"", &["code 404, message File not found", r#""GET /"x" HTTP/1.1" 404 -"#])]
#[case::backslash("GET", "/\\x", &["code 404, message File not found", r#""GET /\\x HTTP/1.1" 404 -"#])]
fn it_logs_as_http_server_does(#[case] method: &str, #[case] target: &str, #[case] texts: &[&str]) {
    let program = Program::start(["0", "-b", "127.0.0.1", "-d", "fixtures/site"]);
    request(program.addr(), &format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
    for text in texts {
        assert_eq!(text_of(&program.log_line()), *text);
    }
}

#[test]
fn it_logs_what_it_cannot_understand() {
    let program = Program::start(["0", "-b", "127.0.0.1"]);
    request(program.addr(), "nonsense\x1b[31m\r\n\r\n");
    let line = program.log_line();
    assert!(text_of(&line).starts_with("code 400, message "), "{line}");
    assert_eq!(text_of(&program.log_line()), r#""nonsense\x1b[31m" 400 -"#);
}

#[test]
fn the_log_is_in_local_time() {
    let mut command = Program::command(["0", "-b", "127.0.0.1"]);
    // 14 hours ahead of UTC, written in a way that needs no time zone database.
    let program = Program::spawn(command.env("TZ", "<+14>-14"));
    let minute = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        (now / 60 + 14 * 60) % (24 * 60)
    };
    let before = minute();
    get(program.addr(), "/");
    let line = program.log_line();
    let time = line.split(' ').nth(4).unwrap();
    let (hours, minutes) = (&time[..2], &time[3..5]);
    let logged = hours.parse::<u64>().unwrap() * 60 + minutes.parse::<u64>().unwrap();
    assert!([before, minute()].contains(&logged), "{line} is not the minute {before}");
}

#[test]
fn lines_of_requests_at_the_same_time_do_not_mix() {
    let program = Program::start(["0", "-b", "127.0.0.1", "-d", "nowhere"]);
    let (addr, clients, requests) = (program.addr(), 8, 25);
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| (0..requests).for_each(|_| drop(get(addr, "/none"))));
        }
    });
    for _ in 0..clients * requests {
        assert_eq!(text_of(&program.log_line()), "code 404, message File not found");
        assert_eq!(text_of(&program.log_line()), r#""GET /none HTTP/1.1" 404 -"#);
    }
}

#[rstest]
#[case::default(&[], "HTTP/1.0")]
#[case::http10(&["-p", "HTTP/1.0"], "HTTP/1.0")]
#[case::http11(&["--protocol", "HTTP/1.1"], "HTTP/1.1")]
#[case::strict(&["--strict"], "HTTP/1.1")]
#[case::protocol_over_strict(&["--strict", "--protocol=HTTP/1.0"], "HTTP/1.0")]
fn the_protocol_decides_on_status_lines_and_connections(#[case] options: &[&str], #[case] version: &str) {
    let fixed = ["0", "-b", "127.0.0.1", "-d", "fixtures/site"];
    let program = Program::start(fixed.iter().chain(options));
    let stream = connect(program.addr());
    (&stream).write_all(b"GET /empty.txt HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let mut reader = BufReader::new(&stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    assert_eq!(lines.next().unwrap(), format!("{version} 200 OK"));
    assert!(lines.any(|line| line.is_empty()), "the head ends");

    // A closed connection may refuse to be written to.
    let _ = (&stream).write_all(b"GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let mut rest = String::new();
    let _ = reader.read_to_string(&mut rest);
    if version == "HTTP/1.0" {
        assert_eq!(rest, "", "the connection ends with the response");
    } else {
        assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("Hello, fixture!\n"), "{rest}");
    }
}

#[test]
fn a_port_in_use_is_said_in_the_words_of_the_system() {
    let first = Program::start(["0", "-b", "127.0.0.1"]);
    let everywhere = Program::start(["0"]);
    let error = TcpListener::bind(first.addr()).unwrap_err().to_string();
    let quiet = &["-b", "127.0.0.1", "--quiet"][..];
    for (port, options) in [(first.port, &["-b", "127.0.0.1"][..]), (first.port, quiet), (everywhere.port, &[])] {
        let port = port.to_string();
        let output = Program::run([port.as_str()].iter().chain(options));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stderr.contains(&error) && output.stderr.contains(&port), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

/// Neither needs a name server: the first address is reserved for documentation, and the name is none.
#[rstest]
#[case::not_of_this_machine("203.0.113.1")]
#[case::not_resolvable("")]
fn an_address_that_cannot_be_had_is_named(#[case] bind: &str) {
    let output = Program::run(["0", "--bind", bind]);
    let message = &output.stderr;
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("fixture-server: cannot listen on ") && message.contains(bind), "{message}");
    assert!(output.stdout.is_empty());
}

/// What a line of the log says after client and time, whose shape is checked.
#[track_caller]
fn text_of(line: &str) -> &str {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (time, text) = line.strip_prefix("127.0.0.1 - - [").and_then(|rest| rest.split_once("] ")).expect(line);
    let month = time.split('/').nth(1).unwrap_or_default();
    let digits = time.replacen(month, "Mmm", 1).replace(|char: char| char.is_ascii_digit(), "0");
    assert!(MONTHS.contains(&month) && digits == "00/Mmm/0000 00:00:00", "{line}");
    text
}
