//! Shows how a directory is served: listing, redirect, index page, dates, edits that show at once.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::fs;

use fixture_server::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let site = tempfile::tempdir()?;
    fs::create_dir(site.path().join("docs"))?;
    fs::write(site.path().join("docs/read me.txt"), "first")?;

    // A reference: the directory must outlive the server. `start(site)` would delete it, and does not compile.
    let server = TestServer::start(&site);
    let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let text = |path: &str| client.get(server.url(path)).call()?.body_mut().read_to_string();

    // Without the slash a directory is a redirect, with it a listing.
    let redirect = client.get(server.url("/docs?page=2")).call()?;
    assert_eq!((redirect.status().as_u16(), &redirect.headers()["location"]), (301, &"/docs/?page=2".parse()?));
    let listing = text("/docs/")?;
    assert!(listing.contains(r#"<li><a href="read%20me.txt">read me.txt</a></li>"#), "{listing}");
    println!("{listing}");

    // Edits show at once: nothing is cached.
    assert_eq!(text("/docs/read%20me.txt")?, "first");
    fs::write(site.path().join("docs/read me.txt"), "second")?;
    assert_eq!(text("/docs/read%20me.txt")?, "second");
    fs::write(site.path().join("docs/index.html"), "<h1>Docs</h1>")?;
    assert_eq!(text("/docs/")?, "<h1>Docs</h1>");

    // A client that has the newest copy is told so.
    let page = client.get(server.url("/docs/index.html")).call()?;
    assert_eq!(page.headers()["content-type"], "text/html");
    let modified = &page.headers()["last-modified"];
    let again = client.get(server.url("/docs/index.html")).header("If-Modified-Since", modified).call()?;
    assert_eq!(again.status(), 304);

    // Nothing outside the directory is served, however it is asked for.
    for path in ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/docs/..%2f..%2fetc/passwd"] {
        assert_eq!(client.get(server.url(path)).call()?.status(), 404, "{path}");
    }

    for request in server.requests() {
        println!("{request}");
    }
    Ok(())
}
