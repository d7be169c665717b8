//! What does a spawn start: which function, which behaviour of OTP, a process of the program or one of the runtime?

use crate::event::terms::{atom, list, tuple};

/// Modules that start processes for the runtime itself: connections to nodes and their timers, locks, names.
const RUNTIME: [&str; 12] = [
    "dist_util",
    "inet_tcp_dist",
    "inet6_tcp_dist",
    "inet_tls_dist",
    "inet6_tls_dist",
    "tls_dist_proxy",
    "net_kernel",
    "global",
    "global_group",
    "global_search",
    "auth",
    "erl_epmd",
];

/// The recorder's own processes.
const RECORDER: [&str; 3] = ["Scope.Tracer", "Scope.Sender", "Scope.Sampler"];

/// What was spawned, as an event tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spawn<'a> {
    pub(crate) module: &'a str,
    pub(crate) function: &'a str,
    /// The list as text.
    pub(crate) args: &'a str,
}

impl<'a> Spawn<'a> {
    /// The function it runs, without what the runtime puts around it; the module of an anonymous one.
    pub(crate) fn runs(self) -> (&'a str, &'a str) {
        let (module, function) = (name(self.module), name(self.function));
        match (module, function) {
            // Remote and monitored spawns: `[{Module, Function, ArgsOrArity}]`.
            ("erts_internal", "spawn_init" | "dist_spawn_init") => {
                let inner = list(self.args, 1).unwrap_or_default();
                match inner.first().and_then(|inner| tuple(inner, 3)).as_deref() {
                    Some([module, function, ..]) => (name(module), name(function)),
                    _ => (module, function),
                }
            }
            ("erlang", "apply") => (owner(self.args).map_or(module, name), function),
            _ => (module, function),
        }
    }

    /// Whether it is a helper of the runtime or of the recorder: how it ends is no news of the program.
    pub(crate) fn is_helper(self) -> bool {
        let (module, function) = self.runs();
        RUNTIME.contains(&module) || RECORDER.contains(&module) && matches!(function, "init" | "apply")
    }

    /// Behaviour and callback module of an OTP process, however it is named.
    pub(crate) fn behaviour(self) -> Option<(&'a str, &'a str)> {
        if (name(self.module), name(self.function)) != ("proc_lib", "init_p") {
            return None;
        }
        // `[parent, ancestors, :gen, :init_it, [:gen_server, _, _, name?, Module | _]]`.
        let args = list(self.args, 5)?;
        let [_, _, module, function, inner] = args.as_slice() else { return None };
        if (name(module), name(function)) != ("gen", "init_it") {
            return None;
        }
        let inner = list(inner, 5)?;
        let [behaviour, _, _, rest @ ..] = inner.as_slice() else { return None };
        let module = rest.iter().take(2).find(|item| atom(item).is_some())?;
        Some((*behaviour, *module))
    }
}

/// Whether a message tells a starter that a process of a behaviour is there, or that it failed.
pub(crate) fn is_there(message: &str) -> bool {
    message.starts_with("{:ack, ") || message.starts_with("{:nack, ")
}

fn name(text: &str) -> &str {
    atom(text).unwrap_or(text)
}

/// `#Function<3.14221476/0 in S3, env: [5]>` says whose function it is.
pub(crate) fn owner(args: &str) -> Option<&str> {
    let rest = args.split_once("#Function<")?.1.split_once(" in ")?.1;
    Some(&rest[..rest.find([',', '>'])?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spawn<'a>(module: &'a str, function: &'a str, args: &'a str) -> Spawn<'a> {
        Spawn { module, function, args }
    }

    #[test]
    fn the_wrapping_of_the_runtime_is_taken_off() {
        let remote = spawn(":erts_internal", "dist_spawn_init", "[{:erpc, :execute_call, 4}]");
        assert_eq!(remote.runs(), ("erpc", "execute_call"));
        let near = spawn(":erts_internal", "spawn_init", "[{:erpc, :execute_call, [#Reference<0.1.2.3>, A, :b, []]}]");
        assert_eq!(near.runs(), ("erpc", "execute_call"));
        let global = "[#Function<16.112854349/0 in :global, env: [:\"b@h\", 1]>, []]";
        assert_eq!(spawn(":erlang", "apply", global).runs(), ("global", "apply"));
    }

    #[test]
    fn helpers_of_the_runtime_and_the_recorder_are_known_by_what_they_run() {
        let helpers = [
            spawn(":inet_tcp_dist", "do_setup", "[]"),
            spawn(":dist_util", "setup_timer", "[#PID<0.1.0>, 7000]"),
            spawn(":erlang", "apply", "[#Function<16.1/0 in :global, env: [1]>, []]"),
            spawn("Scope.Sampler", "init", "[]"),
            spawn("inet_tls_dist", "do_setup", ""),
        ];
        assert!(helpers.into_iter().all(Spawn::is_helper));
        let programs = [
            spawn(":erts_internal", "spawn_init", "[{:erpc, :execute_call, [1]}]"),
            spawn("Scope", "run", "[]"),
            spawn(":proc_lib", "init_p", "[]"),
            spawn(":erlang", "apply", "[#Function<1.2/0 in Shop>, []]"),
            Spawn::default(),
        ];
        assert!(!programs.into_iter().any(Spawn::is_helper));
    }

    #[test]
    fn a_callback_module_is_found_under_every_kind_of_name() {
        let of = |inner: &str| {
            let args = format!("[#PID<0.9.0>, [Sup], :gen, :init_it, [{inner}, []]]");
            let found = spawn(":proc_lib", "init_p", &args).behaviour();
            found.map(|(behaviour, module)| (behaviour.to_owned(), module.to_owned()))
        };
        let found = Some((":gen_server".to_owned(), "W".to_owned()));
        assert_eq!(of(":gen_server, #PID<0.9.0>, #PID<0.9.0>, {:via, Registry, {Reg, 1}}, W, 1"), found);
        assert_eq!(of(":gen_server, #PID<0.9.0>, :self, {:global, :w}, W, 1"), found);
        assert_eq!(of(":gen_server, #PID<0.9.0>, :self, {:local, :w}, W, 1"), found);
        assert_eq!(of(":gen_server, #PID<0.9.0>, #PID<0.9.0>, W, 7"), found);
        assert_eq!(spawn("proc_lib", "init_p", "[1, [], :gen, :init_it]").behaviour(), None);
        assert_eq!(spawn("B", "run", "[1]").behaviour(), None);
    }
}
