//! Multipart bodies: `withMultipartRequestBody` of `WireMock`, what clients of the four send and their authors ask for.

use fixture_server::prelude::*;
use rstest::rstest;

use crate::asking::{answers, body, typed};

/// A text, a picture, and two tags.
const UPLOAD: &[u8] = b"--XX\r\n\
    Content-Disposition: form-data; name=\"title\"\r\n\r\nMy picture\r\n\
    --XX\r\n\
    Content-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\x00\xff\r\n\
    --XX\r\n\
    Content-Disposition: form-data; name=\"tag\"\r\n\r\na\r\n\
    --XX\r\n\
    Content-Disposition: form-data; name=\"tag\"\r\n\r\nb\r\n\
    --XX--\r\n";

const TYPE: &str = "multipart/form-data; boundary=XX";

#[rstest]
#[case::by_its_name(any().multipart("avatar"), true)]
#[case::by_another_name(any().multipart("picture"), false)]
#[case::names_are_case_sensitive(any().multipart("Avatar"), false)]
#[case::by_its_file_name(any().multipart(part("avatar").file_name("me.png")), true)]
#[case::by_another_file_name(any().multipart(part("avatar").file_name("you.png")), false)]
#[case::by_the_end_of_its_file_name(any().multipart(part("avatar").file_name(ends_with(".png"))), true)]
#[case::without_a_file_name(any().multipart(part("title").file_name(absent())), true)]
#[case::with_a_file_name_that_must_not_be(any().multipart(part("avatar").file_name(absent())), false)]
#[case::by_its_type(any().multipart(part("avatar").content_type("image/png")), true)]
#[case::by_another_type(any().multipart(part("avatar").content_type("image/gif")), false)]
#[case::without_a_type(any().multipart(part("title").content_type(absent())), true)]
#[case::by_its_text(any().multipart(part("title").body("My picture")), true)]
#[case::by_another_text(any().multipart(part("title").body("My song")), false)]
#[case::by_a_part_of_its_text(any().multipart(part("title").body(contains("pic"))), true)]
#[case::by_its_bytes(any().multipart(part("avatar").body(b"\x89PNG\r\n\x1a\n\x00\xff")), true)]
#[case::by_the_beginning_of_its_bytes(any().multipart(part("avatar").body(starts_with(b"\x89PNG"))), true)]
#[case::by_everything(any().multipart(part("avatar").file_name("me.png").content_type("image/png")), true)]
#[case::two_parts(any().multipart("title").multipart("avatar"), true)]
#[case::one_of_two_parts_is_missing(any().multipart("title").multipart("song"), false)]
#[case::one_of_two_with_a_name(any().multipart(part("tag").body("b")), true)]
#[case::both_with_a_name(any().multipart(part("tag").body("a")).multipart(part("tag").body("b")), true)]
#[case::none_with_a_name(any().multipart(part("tag").body("c")), false)]
#[case::all_has_to_fit_the_same_part(any().multipart(part("title").file_name("me.png")), false)]
fn a_part_is_found(#[case] pattern: Pattern, #[case] fits: bool) {
    assert_eq!(answers(pattern, typed(TYPE, UPLOAD)), fits);
}

#[rstest]
#[case::a_boundary_in_quotes("multipart/form-data; boundary=\"XX\"", true)]
#[case::another_case("Multipart/Form-Data; Boundary=XX", true)]
#[case::another_type("text/plain", false)]
#[case::without_a_boundary("multipart/form-data", false)]
#[case::another_boundary("multipart/form-data; boundary=YY", false)]
fn parts_are_read_if_the_content_type_says_so(#[case] content_type: &str, #[case] fits: bool) {
    assert_eq!(answers(any().multipart("avatar"), typed(content_type, UPLOAD)), fits);
}

#[test]
fn a_body_without_a_content_type_has_no_parts() {
    assert!(!answers(any().multipart("avatar"), body(UPLOAD)));
}

#[test]
fn a_body_that_breaks_off_does_no_harm() {
    assert!(!answers(any().multipart("tag"), typed(TYPE, &UPLOAD[..UPLOAD.len() / 3])));
}
