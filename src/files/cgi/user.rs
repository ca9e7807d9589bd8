//! Whom the server runs as, what that user may execute, and whom scripts run as.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use super::CgiUser;

/// The user and the groups that this process acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// `None` where there is no way to know.
    pub(super) groups: Option<Vec<u32>>,
}

/// What is done about the user when a script is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Become {
    /// Nothing.
    Same,
    /// The script runs as the server if this is not allowed.
    IfAllowed(u32),
    Always(u32),
}

impl Identity {
    pub(super) fn of_this_process() -> Identity {
        let groups = fs::read_to_string("/proc/self/status").ok().and_then(|status| groups(&status));
        // Who cannot know is taken for root: then changing the user is tried, and may fail.
        let (uid, gid) = owner_of_new_files().unwrap_or((0, 0));
        Identity { uid, gid, groups }
    }

    pub(super) fn may_execute(&self, file: &Metadata) -> bool {
        self.may_execute_mode(file.mode(), file.uid(), file.gid())
    }

    fn may_execute_mode(&self, mode: u32, uid: u32, gid: u32) -> bool {
        let (owner, group, other) = (mode >> 6, mode >> 3, mode);
        let bits = match &self.groups {
            _ if self.uid == 0 => owner | group | other,
            _ if self.uid == uid => owner,
            _ if self.gid == gid => group,
            Some(groups) if groups.contains(&gid) => group,
            Some(_) => other,
            // The system refuses what is not allowed.
            None => group | other,
        };
        bits & 1 == 1
    }

    pub(super) fn becomes(&self, user: CgiUser) -> Become {
        match user {
            CgiUser::Nobody if self.uid == 0 => Become::IfAllowed(nobody()),
            CgiUser::Nobody | CgiUser::Server => Become::Same,
            CgiUser::Uid(uid) if uid == self.uid => Become::Same,
            CgiUser::Uid(uid) => Become::Always(uid),
        }
    }
}

impl Become {
    /// Whether a process could not be started because the user may not be changed, and the script is to run as the server
    /// then. What else the same error may mean is no reason to run anything as root.
    pub(super) fn gives_way(self, error: &io::Error) -> bool {
        static IS_REFUSED: OnceLock<bool> = OnceLock::new();
        match self {
            Become::IfAllowed(uid) if may_be_about_users(error) => {
                *IS_REFUSED.get_or_init(|| is_change_refused(&start_nothing(Some(uid)), &start_nothing(None)))
            }
            _ => false,
        }
    }
}

/// The error of starting what cannot be started, a directory: that of the change if it does not even come to the start.
fn start_nothing(uid: Option<u32>) -> io::Result<()> {
    let mut command = Command::new("/");
    if let Some(uid) = uid {
        command.uid(uid);
    }
    command.status().map(drop)
}

fn is_change_refused(with: &io::Result<()>, without: &io::Result<()>) -> bool {
    matches!((with, without), (Err(with), Err(without)) if may_be_about_users(with) && !may_be_about_users(without))
}

/// Whether it is what changing the user may fail with: it is not permitted, or there is no such user in this container.
/// The numbers are the same on every Unix.
pub(super) fn may_be_about_users(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(1 | 22))
}

/// The system has no other call for this that the standard library makes.
fn owner_of_new_files() -> io::Result<(u32, u32)> {
    let (socket, _) = UnixStream::pair()?;
    let metadata = File::from(OwnedFd::from(socket)).metadata()?;
    Ok((metadata.uid(), metadata.gid()))
}

/// The supplementary groups of `/proc/self/status`.
fn groups(status: &str) -> Option<Vec<u32>> {
    let line = status.lines().find_map(|line| line.strip_prefix("Groups:"))?;
    Some(line.split_ascii_whitespace().filter_map(|group| group.parse().ok()).collect())
}

fn nobody() -> u32 {
    static NOBODY: OnceLock<u32> = OnceLock::new();
    *NOBODY.get_or_init(|| nobody_of(&fs::read_to_string("/etc/passwd").unwrap_or_default()))
}

/// The user `nobody` of a `passwd` file, else one that nobody is.
fn nobody_of(passwd: &str) -> u32 {
    let users = passwd.lines().filter_map(|line| {
        let mut parts = line.split(':');
        let (name, uid) = (parts.next()?, parts.nth(1)?);
        // Some systems write the highest numbers as negative ones.
        let uid =
            uid.parse::<u32>().or_else(|_| uid.parse::<i32>().map(|uid| u32::from_ne_bytes(uid.to_ne_bytes()))).ok()?;
        Some((name, uid))
    });
    let (mut highest, mut nobody) = (None, None);
    for (name, uid) in users {
        highest = highest.max(Some(uid));
        if name == "nobody" && nobody.is_none() {
            nobody = Some(uid);
        }
    }
    nobody.or_else(|| highest?.checked_add(1)).unwrap_or(65534)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::named("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nlast:x:70000:0::/:\n", 65534)]
    #[case::negative("nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n", u32::MAX - 1)]
    #[case::not_there("root:x:0:0::/:\nada:x:1000:1000::/:\nbob:x:7:7::/:\n", 1001)]
    #[case::no_file("", 65534)]
    #[case::highest_is_taken("root:x:4294967295:0::/:\n", 65534)]
    #[case::broken_lines("nobody\nnobody:x\nnobody:x:y:z\n::\nnobody:x:99:99::/:\n", 99)]
    fn nobody_is_found(#[case] passwd: &str, #[case] expected: u32) {
        assert_eq!(nobody_of(passwd), expected);
    }

    #[rstest]
    #[case::some("Name:\tx\nGroups:\t4 24 1000 \nVmPeak:\t1 kB\n", Some(vec![4, 24, 1000]))]
    #[case::empty("Groups:\t \n", Some(vec![]))]
    #[case::not_there("Name:\tx\n", None)]
    fn groups_are_read(#[case] status: &str, #[case] expected: Option<Vec<u32>>) {
        assert_eq!(groups(status), expected);
    }

    #[rstest]
    #[case::owner(0o100, 7, 0, true)]
    #[case::owner_is_not_others(0o011, 7, 0, false)]
    #[case::group(0o010, 0, 8, true)]
    #[case::supplementary_group(0o010, 0, 9, true)]
    #[case::group_is_not_others(0o101, 0, 9, false)]
    #[case::others(0o001, 0, 0, true)]
    #[case::not_for_others(0o110, 0, 0, false)]
    fn the_bits_of_the_nearest_count(#[case] mode: u32, #[case] uid: u32, #[case] gid: u32, #[case] expected: bool) {
        let identity = Identity { uid: 7, gid: 8, groups: Some(vec![9]) };
        assert_eq!(identity.may_execute_mode(mode, uid, gid), expected);
    }

    #[rstest]
    #[case::none(0o666, false)]
    #[case::any(0o010, true)]
    fn root_needs_one_bit(#[case] mode: u32, #[case] expected: bool) {
        let root = Identity { uid: 0, gid: 0, groups: Some(Vec::new()) };
        assert_eq!(root.may_execute_mode(mode, 5, 5), expected);
    }

    #[test]
    fn groups_that_are_not_known_are_the_systems_to_judge() {
        let identity = Identity { uid: 7, gid: 8, groups: None };
        assert!(identity.may_execute_mode(0o010, 0, 0));
        assert!(!identity.may_execute_mode(0o100, 0, 0));
    }

    /// Not permitted, permission denied, invalid.
    #[rstest]
    #[case::refused(1, 13, true)]
    #[case::no_such_user(22, 13, true)]
    #[case::works(13, 13, false)]
    #[case::nothing_may_be_started(1, 1, false)]
    #[case::other_trouble(11, 13, false)]
    fn only_what_fails_with_the_change_alone_is_the_change(
        #[case] with: i32,
        #[case] without: i32,
        #[case] expected: bool,
    ) {
        let error = |number| Err(io::Error::from_raw_os_error(number));
        assert_eq!(is_change_refused(&error(with), &error(without)), expected);
        assert!(!is_change_refused(&error(1), &Ok(())));
    }

    #[test]
    fn who_can_become_another_never_stays_the_same() {
        let can_change = start_nothing(Some(7)).is_err_and(|error| !may_be_about_users(&error));
        let [not_permitted, not_found] = [1, 2].map(io::Error::from_raw_os_error);
        assert_eq!(Become::IfAllowed(7).gives_way(&not_permitted), !can_change);
        assert!(!Become::IfAllowed(7).gives_way(&not_found));
        assert!(!Become::Always(7).gives_way(&not_permitted));
        assert!(!Become::Same.gives_way(&not_permitted));
    }

    #[test]
    fn only_root_becomes_nobody() {
        let of = |uid| Identity { uid, gid: 0, groups: None };
        assert!(matches!(of(0).becomes(CgiUser::Nobody), Become::IfAllowed(_)));
        assert_eq!(of(7).becomes(CgiUser::Nobody), Become::Same);
        assert_eq!(of(0).becomes(CgiUser::Server), Become::Same);
        assert_eq!(of(0).becomes(CgiUser::Uid(9)), Become::Always(9));
        assert_eq!(of(9).becomes(CgiUser::Uid(9)), Become::Same);
    }
}
