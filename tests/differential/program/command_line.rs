//! Section 11: options, the start-up line, exit codes and which stream has text.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

use rstest::rstest;

use super::cases::Case;
use super::lane::text_of;
use super::servers::{PATIENCE, Program, Python, Server, User, say};
use super::wire::{exchange, outline};
use crate::site::Site;

/// Both, where there is a Python; else nothing is compared.
fn both() -> Option<[Program; 2]> {
    let python = Python::all(User::Myself).into_iter().next();
    if python.is_none() {
        static SAID: Once = Once::new();
        SAID.call_once(|| say("COMMAND LINES NOT COMPARED with http.server: there is no python3 of 3.11 or later"));
    }
    Some([Program::Python(python?), Program::ours()])
}

/// A run that ends by itself: exit code, and whether there is something on standard output and standard error.
fn outcome(program: &Program, arguments: &[&str]) -> (Option<i32>, bool, bool, String) {
    let output = program.run(arguments).expect("it runs");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), !output.stdout.is_empty(), !message.is_empty(), message)
}

#[rstest]
#[case::unknown_option(&["--nonsense"], "--nonsense")]
#[case::unknown_option_with_value(&["--nonsense=x", "0"], "--nonsense")]
#[case::unknown_short_option(&["-z"], "-z")]
#[case::no_number(&["eighty"], "eighty")]
#[case::empty_port(&[""], "")]
#[case::fraction(&["80.5"], "80.5")]
#[case::hexadecimal(&["0x50"], "0x50")]
#[case::second_positional(&["8000", "8001"], "8001")]
#[case::bind_without_value(&["0", "--bind"], "--bind")]
#[case::short_bind_without_value(&["0", "-b"], "-b")]
#[case::directory_without_value(&["0", "-d"], "--directory")]
#[case::protocol_without_value(&["0", "--protocol"], "--protocol")]
#[case::value_that_is_an_option(&["--bind", "--cgi", "0"], "--bind")]
#[case::flag_with_value(&["--cgi=yes", "0"], "--cgi")]
#[case::help(&["--help"], "")]
#[case::short_help(&["-h"], "")]
#[case::help_and_more(&["0", "--cgi", "-h"], "")]
#[case::help_before_nonsense(&["-h", "--nonsense"], "")]
#[case::help_after_bad_port(&["eighty", "-h"], "")]
#[case::not_resolvable(&["0", "--bind", "no such host.invalid"], "")]
#[case::empty_address(&["0", "--bind", ""], "")]
#[case::not_of_this_machine(&["0", "--bind", "203.0.113.1"], "assign requested address")]
fn runs_that_end_by_themselves_end_alike(#[case] arguments: &[&str], #[case] named: &str) {
    let Some([python, ours]) = both() else { return };
    let (code, on_stdout, on_stderr, expected) = outcome(&python, arguments);
    let (our_code, our_stdout, our_stderr, message) = outcome(&ours, arguments);
    assert_eq!((our_code, our_stdout, our_stderr), (code, on_stdout, on_stderr), "Python: {expected}\nhere: {message}");
    assert!(message.contains(named), "{named:?} is not named: {message}");
}

/// D5, D10 and what only 3.15 has.
#[rstest]
#[case::port_too_large(&["65536"], "65536")]
#[case::port_far_too_large(&["99999999999999999999"], "99999999999999999999")]
#[case::other_protocol(&["-p", "HTTP/2"], "HTTP/2")]
#[case::protocol_in_lower_case(&["--protocol=http/1.1", "0"], "http/1.1")]
#[case::header_without_value(&["0", "-H", "X-Name"], "--header")]
#[case::header_without_anything(&["0", "--header"], "--header")]
#[case::content_type_without_value(&["0", "--content-type"], "--content-type")]
fn what_cannot_be_meant_is_a_usage_error(#[case] arguments: &[&str], #[case] named: &str) {
    let (code, on_stdout, _, message) = outcome(&Program::ours(), arguments);
    assert_eq!((code, on_stdout), (Some(2), false), "{message}");
    assert!(message.contains(named), "{message}");
}

#[rstest]
#[case::port_only(&["0"])]
#[case::ipv4(&["0", "--bind", "127.0.0.1"])]
#[case::all_of_ipv4(&["0", "--bind", "0.0.0.0"])]
#[case::ipv6(&["0", "--bind", "::1"])]
#[case::all_of_ipv6(&["0", "--bind", "::"])]
#[case::name(&["0", "--bind", "localhost"])]
#[case::short_address(&["0", "--bind", "127.1"])]
#[case::options_first(&["--bind", "127.0.0.1", "0"])]
#[case::port_between(&["-b", "127.0.0.1", "0", "-d", "site"])]
#[case::equals_signs(&["--bind=127.0.0.1", "--directory=site", "--protocol=HTTP/1.1", "0"])]
#[case::values_without_blanks(&["-b127.0.0.1", "-dsite", "-pHTTP/1.1", "0"])]
#[case::short_with_equals_sign(&["-d=site", "-b", "127.0.0.1", "0"])]
#[case::last_one_wins(&["-d", "nowhere", "-b", "203.0.113.1", "0", "-d", "site", "-b127.0.0.1", "-p", "HTTP/1.0"])]
#[case::beginnings_of_options(&["--dir", "site", "--prot=HTTP/1.1", "--bi", "127.0.0.1", "0"])]
#[case::flag_twice(&["--cgi", "--cgi", "0", "-d", "site"])]
#[case::leading_zeros(&["0000"])]
#[case::after_dashes(&["-b", "127.0.0.1", "--", "0"])]
#[case::directory_with_slash(&["-d", "site/", "0"])]
#[case::directory_above(&["-d", "site/nested/..", "0"])]
#[case::directory_that_is_none(&["-d", "nowhere", "0"])]
#[case::directory_that_is_a_file(&["-d", "site/hello.txt", "0"])]
#[case::current_directory(&["0", "-b", "127.0.0.1", "-p", "HTTP/1.1"])]
fn runs_that_serve_begin_and_end_alike(#[case] arguments: &[&str]) {
    if arguments.iter().any(|argument| argument.contains("::")) && TcpListener::bind("[::1]:0").is_err() {
        say(&format!("{arguments:?} NOT COMPARED: there is no IPv6"));
        return;
    }
    let Some(programs) = both() else { return };
    let site = Site::new();
    let [python, ours] = programs.map(|program| served(&program, arguments, site.temp.path()).expect("it serves"));
    assert_eq!(ours, python);
}

/// The first line, answers and log, then the rest of both streams and the exit code after an interrupt.
fn served(program: &Program, arguments: &[&str], folder: &Path) -> io::Result<Vec<String>> {
    let mut server = start(program, arguments, folder)?;
    let port = server.addr.port().to_string();
    let mut seen = vec![server.first_line.replace(&port, "N")];
    let is_ipv6 = server.first_line.starts_with("Serving HTTP on ::");
    let ipv6 = is_ipv6.then(|| SocketAddr::from((Ipv6Addr::LOCALHOST, server.addr.port())));
    let ipv4 = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, server.addr.port())));
    for addr in [ipv6, ipv4.filter(|_| !server.first_line.starts_with("Serving HTTP on ::1"))].into_iter().flatten() {
        for target in ["/hello.txt", "/site/hello.txt", "/", "/nested"] {
            let answer = exchange(addr, &Case::get("11", target).ends(), PATIENCE)?;
            seen.push(format!("{target} {} {}", answer[..8].escape_ascii(), outline(&answer)));
            let log = server.log_lines(1, PATIENCE)?;
            // Addresses of IPv6 are compared as they are, those of IPv4 in the lanes.
            let address = log.first().and_then(|line| line.split_once(" - - [")).map(|(address, _)| address.to_owned());
            seen.push(format!("{address:?} {}", text_of(log.last().map_or("", |line| line)).contains("HTTP/1.1\"")));
        }
    }
    // Open connections, one in the middle of a request, hold nothing up.
    let half = TcpStream::connect(ipv6.or(ipv4).expect("an address"))?;
    (&half).write_all(b"GET /hel")?;
    interrupt(&server)?;
    let mut rest = String::new();
    server.stdout.read_to_string(&mut rest)?;
    seen.push(rest);
    seen.push(format!("{:?}", server.child.wait()?.code()));
    // Python's threads, interrupted with a request in hand, may show a traceback (D13).
    if matches!(program, Program::Ours(_)) {
        seen.extend(server.log_lines(0, PATIENCE)?);
    }
    Ok(seen)
}

fn start(program: &Program, arguments: &[&str], folder: &Path) -> io::Result<Server> {
    let mut command = program.command(User::Myself);
    command.args(arguments).current_dir(folder);
    let name = if matches!(program, Program::Ours(_)) { "ours" } else { "python" };
    Server::start(interruptible(&command)?, folder.join(format!("{name}.log")))
}

/// What is started in the background of a shell ignores interrupts, and so does what it starts.
fn interruptible(command: &Command) -> io::Result<Command> {
    const RESET: &str =
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])";
    let python = Python::all(User::Myself).into_iter().next().ok_or_else(|| io::Error::other("no python3"))?;
    let mut wrapped = Command::new(python.path);
    wrapped.args(["-c", RESET]).arg(command.get_program()).args(command.get_args()).env_clear();
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(wrapped)
}

fn interrupt(server: &Server) -> io::Result<()> {
    let sent = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status()?;
    if sent.success() { Ok(()) } else { Err(io::Error::other("kill failed")) }
}

/// D18; only 3.15 has such headers, and fails with them here.
#[test]
fn extra_headers_are_no_part_of_a_bare_answer() {
    let site = Site::new();
    let mut command = Program::ours().command(User::Myself);
    command.args(["0", "-b", "127.0.0.1", "-d", "site", "-H", "X-Extra", "y"]).current_dir(site.temp.path());
    let server = Server::start(command, site.temp.path().join("ours.log")).unwrap();
    for (request, expected) in [
        ("GET /hello.txt HTTP/0.9\r\n\r\n", "Hello, fixture!\n"),
        ("GET /hello.txt\r\n", "Hello, fixture!\n"),
        ("GET /hello.txt HTTP/1.0\r\n\r\n", "\r\nX-Extra: y\r\n\r\nHello, fixture!\n"),
    ] {
        let answer = exchange(server.addr, &Case::new("11", request).ends(), PATIENCE).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.ends_with(expected), "{request:?} {answer:?}");
        assert_eq!(answer.contains("X-Extra"), expected.contains("X-Extra"), "{request:?} {answer:?}");
    }
}

#[test]
fn a_port_in_use_ends_both_alike() {
    let Some([python, ours]) = both() else { return };
    for bind in ["127.0.0.1", "0.0.0.0"] {
        let taken = TcpListener::bind((bind, 0)).unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let arguments = [port.as_str(), "--bind", bind];
        let (code, on_stdout, on_stderr, expected) = outcome(&python, &arguments);
        let (our_code, our_stdout, our_stderr, message) = outcome(&ours, &arguments);
        assert_eq!((our_code, our_stdout, our_stderr), (code, on_stdout, on_stderr), "{expected}\n{message}");
        assert!(expected.contains("Address already in use") && message.contains("Address already in use"), "{message}");
    }
}

#[test]
fn a_port_can_be_taken_again_at_once_after_connections_on_it() {
    let Some(programs) = both() else { return };
    let site = Site::new();
    for program in programs {
        let server = start(&program, &["0", "-b", "127.0.0.1"], site.temp.path()).unwrap();
        let port = server.addr.port().to_string();
        // Closed by the server, whose side of it stays behind.
        exchange(server.addr, &Case::get("11", "/"), PATIENCE).unwrap();
        drop(server);
        let again = start(&program, &[&port, "-b", "127.0.0.1"], site.temp.path()).unwrap();
        assert_eq!(again.addr.port().to_string(), port);
    }
}
