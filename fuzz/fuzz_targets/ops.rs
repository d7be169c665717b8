//! Finds a sequence of operations after which the store answers something else than the reference model.
//!
//! Every four bytes are the seed of one step, as the model tests generate it, so that the fuzzer can change, move and
//! take out steps; the first four are the seed of the settings.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use support::ops;
use support::pair::Pair;

fuzz_target!(|bytes: &[u8]| {
    let mut seeds = bytes.chunks_exact(4).take(MAX_STEPS);
    let Some(settings) = seeds.next() else { return };
    let mut plan = generated(&ops::settings(), settings);
    plan.steps = seeds.map(|seed| generated(&ops::step(), seed)).collect();
    if let Err(wrong) = Pair::open(&plan).run(&plan) {
        panic!("{wrong}\n{plan:#?}");
    }
});

/// The oracle is slow on purpose.
const MAX_STEPS: usize = 50;

fn generated<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, seed: &[u8]) -> T {
    // XorShift cannot start from zeros.
    let seed: Vec<u8> = seed.iter().chain(b"elixirscope!").copied().collect();
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    strategy.new_tree(&mut runner).unwrap().current()
}
