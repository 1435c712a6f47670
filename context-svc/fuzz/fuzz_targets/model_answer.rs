//! Whatever a model answers: no panic, and nothing is remembered that the user did not say.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &str| context_svc::fuzzing::model_answer(answer));
