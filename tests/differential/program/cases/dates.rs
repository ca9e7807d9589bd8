//! Section 8: the file is of 2 January 2024, 03:04:05 UTC, and a bit.

use super::Case;
use crate::requests::DATES;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for date in DATES.iter().chain(MORE_DATES) {
        let field = format!("If-Modified-Since: {date}\r\n");
        cases.push(Case::new("8", format!("GET /dated.txt HTTP/1.1\r\n{field}\r\n")));
    }
    let same = "If-Modified-Since: Tue, 02 Jan 2024 03:04:05 GMT\r\n";
    let sooner = "If-Modified-Since: Tue, 02 Jan 2001 03:04:05 GMT\r\n";
    for method in ["GET", "HEAD", "POST"] {
        for target in [
            "/dated.txt",
            "/dated.txt?x",
            "//dated.txt",
            "/dated-index/",
            "/dated-index",
            "/dated-index/index.html",
            "/old-index/old.txt",
            "/old-index/",
            "/no-index/",
            "/nested",
            "/none",
            "/dated.txt/",
        ] {
            cases.push(Case::new("8", format!("{method} {target} HTTP/1.1\r\n{same}\r\n")));
            cases.push(Case::new("8", format!("{method} {target} HTTP/1.0\r\n{sooner}\r\n")));
        }
        for fields in [
            format!("{same}If-None-Match: \"x\"\r\n"),
            format!("If-None-Match:\r\n{same}"),
            format!("If-None-Match: *\r\n{same}"),
            format!("{same}If-Match: \"x\"\r\n"),
            format!("{same}{sooner}"),
            format!("{sooner}{same}"),
            format!("{same}Connection: close\r\n"),
            format!("{same}Range: bytes=0-1\r\n"),
            same.to_lowercase(),
            same.to_uppercase(),
        ] {
            cases.push(Case::new("8", format!("{method} /dated.txt HTTP/1.1\r\n{fields}\r\n")));
        }
    }
    cases
}

/// Each step of the reading of dates, at its edges.
#[rustfmt::skip] // a step a paragraph
const MORE_DATES: &[&str] = &[
    // The day of the week.
    "Tue 02 Jan 2024 03:04:05 GMT", "TUE, 02 Jan 2024 03:04:05 GMT", "Xyz, 02 Jan 2024 03:04:05 GMT", ", 02 Jan 2024 03:04:05 GMT",
    "Tuesday 02 Jan 2024 03:04:05 GMT", "x,02 Jan 2024 03:04:05 GMT", "a,b,02 Jan 2024 03:04:05 GMT", "Tue,Tue, 02 Jan 2024 03:04:05 GMT",
    "Tue, Tue, 02 Jan 2024 03:04:05 GMT", "Tue,", "Tue", "mon", "sun 02 Jan 2024 03:04:05", "Tue\t,\t02 Jan 2024 03:04:05 GMT",
    // Forms.
    "Tuesday, 02-Jan-2024 03:04:05 GMT", "02-Jan-24 03:04:05 GMT", "02-Jan-24 03:04:05", "2-jan-2024 03:04:05 GMT", "02-Jan 03:04:05 GMT",
    "02-Jan-24-x 03:04:05 GMT", "02-Jan-24 03:04:05 GMT x", "-Jan-24 03:04:05 GMT", "02--24 03:04:05 GMT", "02-Jan- 03:04:05 GMT",
    "Tue Jan 02 03:04:05 2024", "Tue Jan  2 03:04:05 24", "Jan 2 03:04:05 2024", "Jan 2 2024 03:04:05", "2 Jan 03:04:05 2024", "Tue Jan  2 03:04:05 GMT 2024",
    "Tue Jan  2 03:04:05 2024 GMT", "Tue Jan  2 03:04:05 EST 2024", "2024 Jan 2 03:04:05", "2 2 2024 03:04:05", "Jan Jan 2024 03:04:05",
    // Words and commas.
    "2, Jan 2024 03:04:05", "02 Jan, 2024 03:04:05 GMT", "2 Jan 2024, 03:04:05 GMT", "2 Jan 2024 03:04:05, GMT", "2 Jan 2024 03:04:05 GMT,",
    "2,, Jan 2024 03:04:05 GMT", "2 Jan , 03:04:05 GMT", "  Tue,  02  Jan  2024  03:04:05  GMT  ", "Tue,\t02\tJan\t2024\t03:04:05\tGMT",
    "Tue,\u{a0}02\u{85}Jan 2024 03:04:05 GMT", "2 Jan 2024 03:04:05 +0000 x y z", "2 Jan 2024 03:04:05 (comment)", "2 Jan 2024 GMT 03:04:05",
    // Months.
    "2 JAN 2024 03:04:05", "2 january 2024 03:04:05", "2 Janu 2024 03:04:05", "2 Jan. 2024 03:04:05", "2 1 2024 03:04:05", "2 01 2024 03:04:05",
    "2 Sept 2030 03:04:05", "2 sep 2030 03:04:05", "2 december 2030 03:04:05", "2 mai 2030 03:04:05", "may 2 2030 03:04:05", "2 j\u{e4}n 2030 03:04:05",
    // Numbers.
    "0 Jan 2024 03:04:05", "32 Jan 2024 03:04:05", "31 Jan 2030 03:04:05", "29 Feb 2028 03:04:05", "29 Feb 2027 03:04:05", "29 Feb 2100 03:04:05",
    "+2 Jan 2024 03:04:05", "-2 Jan 2024 03:04:05", "2_0 Jan 2024 03:04:05", "002 Jan 2024 03:04:05", "2. Jan 2024 03:04:05", "\u{b2} Jan 2024 03:04:05",
    "2 Jan 02024 03:04:05", "2 Jan 1 03:04:05", "2 Jan 68 03:04:05", "2 Jan 69 03:04:05", "2 Jan 99 03:04:05", "2 Jan 100 03:04:05", "2 Jan 00 03:04:05",
    "2 Jan 9999 03:04:05", "2 Jan 10000 03:04:05", "2 Jan -1 03:04:05", "2 Jan +2024 03:04:05", "2 Jan 2_024 03:04:05", "2 Jan 99999999999999999999 03:04:05",
    "1 Jan 1970 00:00:00", "31 Dec 1969 23:59:59", "1 Jan 0001 00:00:00", "19 Jan 2038 03:14:08",
    // Times.
    "2 Jan 2024 3:4:5", "2 Jan 2024 003:004:005", "2 Jan 2024 03:04", "2 Jan 2024 03:05", "2 Jan 2024 03", "2 Jan 2024 0304", "2 Jan 2024 03:04:05:06",
    "2 Jan 2024 03:04:05.999", "2 Jan 2024 03.04.05", "2 Jan 2024 03.04", "2 Jan 2024 03.05", "2 Jan 2024 03.04:05", "2 Jan 2024 :04:05", "2 Jan 2024 03::05",
    "2 Jan 2024 03:04:", "2 Jan 2024 +3:4:5", "2 Jan 2024 -3:4:5", "2 Jan 2024 3: 4:5", "2 Jan 2024 23:59:59", "2 Jan 2024 24:00:00", "2 Jan 2024 23:60:00",
    "2 Jan 2024 23:59:60", "2 Jan 2024 x:y:z", "2 Jan 2024 0x3:4:5", "2 Jan 2024 3:4:5_0", "2 Jan 2024 03:04:05,", "2 Jan 2024 03:04:05,,",
    // Zones.
    "2 Jan 2024 03:04:05 gmt", "2 Jan 2024 03:04:05 ut", "2 Jan 2024 03:04:05 z", "2 Jan 2024 03:04:05 utc", "2 Jan 2024 03:04:05 A",
    "2 Jan 2024 03:04:05 est", "2 Jan 2024 03:04:05 AST", "2 Jan 2024 03:04:05 ADT", "2 Jan 2024 03:04:05 EDT", "2 Jan 2024 03:04:05 CST",
    "2 Jan 2024 03:04:05 CDT", "2 Jan 2024 03:04:05 MST", "2 Jan 2024 03:04:05 MDT", "2 Jan 2024 03:04:05 PST", "2 Jan 2024 03:04:05 CET",
    "2 Jan 2024 03:04:05 +00", "2 Jan 2024 03:04:05 +0", "2 Jan 2024 03:04:05 0", "2 Jan 2024 03:04:05 0000", "2 Jan 2024 03:04:05 -00",
    "2 Jan 2024 03:04:05 -0", "2 Jan 2024 03:04:05 -0000", "2 Jan 2024 03:04:05 -0001", "2 Jan 2024 03:04:05 +0001", "2 Jan 2024 03:04:05 100",
    "2 Jan 2024 03:04:05 +00:00", "2 Jan 2024 03:04:05 +2400", "2 Jan 2024 03:04:05 +2359", "2 Jan 2024 03:04:05 -2400", "2 Jan 2024 03:04:05 +9999",
    "2 Jan 2024 03:04:05 +0060", "2 Jan 2024 03:04:05 +99999999999999", "2 Jan 2024 03:04:05 +0_0", "2 Jan 2024 03:04:05 ++0", "2 Jan 2024 03:04:05 +",
    "2 Jan 2024 03:04:05 -", "2 Jan 2024 03:04:05+0000", "2 Jan 2024 03:04:05-0000", "2 Jan 2024 03:04:05+0100", "2 Jan 2024 03:04:05-0100",
    "2 Jan 2024 03:04:05+", "2 Jan 2024 03:04:05-", "2 Jan 2024 +03:04:05", "2 Jan 2024 03:04:05GMT", "2 Jan 2024 03:04:05Z", "2 Jan 2024 03:04:05 GMT+0",
    "2 Jan 2024 03:04:05 UTC+1", "2 Jan 2024 03:04:05 +0000 (UTC)", "2 Jan 2024 03:04:05 \u{e9}", "31 Dec 9999 23:59:59 GMT", "31 Dec 9999 23:59:59 -0100",
    // Others.
    "20240102T030405Z", "2024-01-02", "2024-01-02 03:04:05", "2024/01/02 03:04:05", "01/02/2024 03:04:05", "now", "0", "-1", "\"Tue, 02 Jan 2024 03:04:05 GMT\"",
    "Tue, 02 Jan 2024 03:04:05 GMT, Wed, 03 Jan 2024 03:04:05 GMT", "\0", "\u{e9}", "a b c d e", "a b c d", "a b c", ", , , , ,", "- - - -", "x-y-z 1 2",
    "Tue, 02 Jan 2024 03:04:05 GMT\0",
];
