//! How much memory has the machine, and how much of it may the server take beside its events?

use elixir_scope_storage::Budget;
use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// The part of the machine that is taken unless more is allowed.
const SHARE: u64 = 4;

/// The budget of a server that is told none: a quarter of what the process can have, and no less than
/// [`Budget::LEAST`].
pub(super) fn budget(asked: Option<u64>) -> Budget {
    Budget::new(asked.unwrap_or_else(|| share_of(available())))
}

fn share_of(available: u64) -> u64 {
    (available / SHARE).max(Budget::LEAST)
}

/// Memory of the machine, or what a container or a service manager leaves the process of it.
fn available() -> u64 {
    let memory = MemoryRefreshKind::nothing().with_ram();
    let Ok(mut system) = System::new_with_specifics(RefreshKind::nothing().with_memory(memory)) else { return 0 };
    let own = Pid::from_u32(std::process::id());
    let only = ProcessesToUpdate::Some(&[own]);
    let _known_or_not = system.refresh_processes_specifics(only, false, ProcessRefreshKind::nothing());
    let limits = system.process(own).and_then(sysinfo::Process::cgroup_limits).or_else(|| system.cgroup_limits());
    limits.map_or(u64::MAX, |limits| limits.total_memory).min(system.total_memory())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_machine_is_taken_and_what_is_asked_for_is_given() {
        assert_eq!(share_of(16 << 30), 4 << 30);
        assert_eq!((share_of(1 << 30), share_of(0)), (Budget::LEAST, Budget::LEAST));
        assert_eq!(budget(Some(7)).most(), 7);
        assert_eq!(budget(None).most(), share_of(available()));
        assert!(available() >= 64 << 20, "this test runs in more than that");
    }
}
