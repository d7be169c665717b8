//! Is a place in the program, or in the libraries it runs on?

use super::fact::Fact;

/// Modules of Erlang/OTP's kernel and stdlib, and of Elixir, that call a program's functions or send for it.
const LIBRARIES: [&str; 72] = [
    ":application",
    ":application_controller",
    ":application_master",
    ":array",
    ":code",
    ":code_server",
    ":dets",
    ":dict",
    ":elixir",
    ":elixir_compiler",
    ":elixir_dispatch",
    ":erl_eval",
    ":erlang",
    ":erpc",
    ":error_handler",
    ":erts_internal",
    ":ets",
    ":file",
    ":gb_sets",
    ":gb_trees",
    ":gen",
    ":gen_event",
    ":gen_server",
    ":gen_statem",
    ":global",
    ":init",
    ":io",
    ":lists",
    ":logger",
    ":maps",
    ":orddict",
    ":ordsets",
    ":pg",
    ":proc_lib",
    ":proplists",
    ":queue",
    ":rpc",
    ":sets",
    ":string",
    ":supervisor",
    ":supervisor_bridge",
    ":sys",
    ":timer",
    "Access",
    "Agent",
    "Agent.Server",
    "Application",
    "Code",
    "DynamicSupervisor",
    "Enum",
    "File",
    "Function",
    "GenServer",
    "IO",
    "Kernel",
    "Keyword",
    "List",
    "Logger",
    "Map",
    "MapSet",
    "PartitionSupervisor",
    "Process",
    "Range",
    "Registry",
    "Stream",
    "String",
    "Supervisor",
    "Supervisor.Default",
    "System",
    "Task",
    "Task.Supervised",
    "Task.Supervisor",
];

/// Protocols of Elixir, and the types of its own that they are implemented for: these call a program's functions.
const PROTOCOLS: [&str; 4] = ["Collectable.", "Enumerable.", "Inspect.", "String.Chars."];
const TYPES: [&str; 17] = [
    "Any",
    "Atom",
    "BitString",
    "Date.Range",
    "File.Stream",
    "Float",
    "Function",
    "IO.Stream",
    "Integer",
    "List",
    "Map",
    "MapSet",
    "PID",
    "Range",
    "Reference",
    "Stream",
    "Tuple",
];

/// Whether a place, `Enum.map/2 (lib/enum.ex:1700)`, is in a library: the program's own call around it says more.
pub(crate) fn is_library(place: &str) -> bool {
    let function = place.split_once('/').map_or(place, |(function, _)| function);
    let Some((module, _)) = function.rsplit_once('.') else { return false };
    let implements = |protocol: &&str| module.strip_prefix(*protocol).is_some_and(|of| TYPES.contains(&of));
    LIBRARIES.binary_search(&module).is_ok() || PROTOCOLS.iter().any(implements)
}

/// The program's own place a message was sent from: the call site, else the function it was sent in.
pub(crate) fn sent_at(send: &Fact) -> Option<&str> {
    [send.text("sent_from"), send.text("sent_in")].into_iter().flatten().find(|place| !is_library(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_in_order() {
        assert!(LIBRARIES.is_sorted());
    }

    #[test]
    fn a_place_is_of_a_library_by_its_whole_module() {
        for place in [
            "Enum.map/2 (lib/enum.ex:1700)",
            "Enum.\"-map/2-lists^map/1-0-\"/2 (lib/enum.ex:1700)",
            ":gen_server.try_dispatch/4 (gen_server.erl:1123)",
            ":erlang.+ [1, nil]",
            ":erlang.//2 [1, 0]",
            "Task.Supervised.invoke_mfa/2",
            "Enumerable.List.reduce/3",
            ":timer.tc/1",
        ] {
            assert!(is_library(place), "{place}");
        }
        for place in [
            "Main.run/0 (main.exs:27)",
            ":rabbit_channel.handle_method/3 (rabbit_channel.erl:700)",
            "Stream.Worker.run/1",
            "Task.Runner.start/0 (lib/runner.ex:3)",
            ":lists_of_mine.all/1",
            "Enumerable/1",
            "String.Chars.Shop.Money.to_string/1 (lib/shop/money.ex:9)",
            "Enumerable.MyApp.Page.reduce/3",
            "",
        ] {
            assert!(!is_library(place), "{place}");
        }
    }
}
