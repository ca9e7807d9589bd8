#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fixture_server::fuzzing::handshake(data));
