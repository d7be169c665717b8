#!/usr/bin/env escript
%%! +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none
%% -*- erlang -*-
%% ETS as a good Erlang engineer would use it, measured. Run by `cargo bench --bench peers`:
%%
%%     escript ets.escript ordered_id|ordered_seq|bag EVENTS
%%
%% Prints `name value` lines. The stream has the distributions of benches/events/mod.rs, not its very events, in the
%% terms a BEAM tracer would have at hand: pids are pids, modules and functions are atoms, ids and payloads binaries.
%%
%% One `set` holds the events, one `ordered_set` the order of time, and one table each the process, the function, the
%% correlation id and the AST node. How an index refers to an event is the variant:
%%   ordered_id   ordered_set of {{Key, Time, Id}}; the events keyed by id
%%   ordered_seq  ordered_set of {{Key, Time, Seq}}; the events keyed by their number, one more set from id to number
%%   bag          duplicate_bag of {Key, Time, Id}; the events keyed by id
%% A batch is one ets:insert/2 of a list per table. Memory is the resident set of the whole emulator minus what it was
%% before the first event: payloads are reference counted binaries outside the tables.
%%
%% Other programs may share the machine, so a time is the smaller of two: by the clock on the wall, and what the
%% kernel says the scheduler threads spent on a core. They do not spin here (+sbwt none), so the latter is work.
-module(ets_bench).
-mode(compile).

-define(SEED, 16#5eede11c).
-define(BATCH, 1000).
-define(FEW, 100000).
-define(LIMIT, 100).
-define(PIDS, 1000).
-define(FUNCTIONS, 2000).
-define(MODULES, 200).
-define(AST_NODES, 5000).
-define(CORRELATIONS, 50000).
-define(OPEN_CALLS, 64).
-define(START, -576460751564576952).
-define(STEP, 1500).
-define(OFFSET, 2371908936615563644).
-define(SAMPLED_IDS, 1000).
-define(STALL_BATCH, 10).
-define(PRUNE_ROUNDS, 5).
-define(PRUNE_CHUNK, 1000).
-define(MIN_DURATION, 780000).

-record(event, {id, seq, ts, wall, node, pid, type, module, function, arity, correlation, call, ast_node, duration,
                data}).
-record(names, {pids, functions, nodes, correlations, pid_ranks, function_ranks, node_ranks, correlation_ranks}).
-record(tables, {variant, main, ids, time, pid, function, correlation, node}).
-record(stream, {names, seq = 0, now = ?START, open = []}).

main([VariantText, EventsText]) ->
    Variant = list_to_existing_atom(VariantText),
    Events = list_to_integer(EventsText),
    persistent_term:put(names, names()),
    persistent_term:put(phase, atomics:new(1, [])),
    erlang:garbage_collect(),
    tell("otp", list_to_integer(erlang:system_info(otp_release))),
    Empty = resident(),
    Tables = tables(Variant),
    {Stream, Ids} = apart(fun() -> load(Tables, Events) end),
    erlang:garbage_collect(),
    Full = resident(),
    Events = ets:info(Tables#tables.main, size),
    tell("bytes_per_event", (Full - Empty) / Events),
    tell("process_mb", Full / 1.0e6),
    tell("allocated_bytes_per_event", erlang:memory(total) / Events),
    apart(fun() -> questions(Tables, Events, Ids) end),
    case Variant of
        %% Deleting one object from a bag reads all objects of its key: the hot ones take minutes.
        bag -> ok;
        _ -> prune(Tables, Stream, Ids, Events)
    end,
    delete(Tables),
    apart(fun() -> one_by_one(Variant, min(Events, ?FEW)) end),
    two_writers(Variant, min(Events, ?FEW)).

%% Tables

tables(Variant) ->
    Set = [public, {read_concurrency, true}],
    Index = case Variant of
                bag -> [duplicate_bag | Set];
                _ -> [ordered_set | Set]
            end,
    Key = case Variant of
              ordered_seq -> #event.seq;
              _ -> #event.id
          end,
    #tables{variant = Variant,
            main = ets:new(events, [set, {keypos, Key} | Set]),
            ids = ets:new(ids, [set | Set]),
            time = ets:new(time, [ordered_set | Set]),
            pid = ets:new(pid, Index),
            function = ets:new(function, Index),
            correlation = ets:new(correlation, Index),
            node = ets:new(node, Index)}.

delete(#tables{main = M, ids = I, time = T, pid = P, function = F, correlation = C, node = N}) ->
    [ets:delete(Table) || Table <- [M, I, T, P, F, C, N]].

%% What a batch costs is this function, nothing else.
insert(#tables{variant = ordered_seq} = T, Batch) ->
    ets:insert(T#tables.main, Batch),
    ets:insert(T#tables.ids, [{E#event.id, E#event.seq} || E <- Batch]),
    ets:insert(T#tables.time, [{{E#event.ts, E#event.seq}} || E <- Batch]),
    ets:insert(T#tables.pid, [{{E#event.pid, E#event.ts, E#event.seq}} || E <- Batch]),
    ets:insert(T#tables.function,
               [{{E#event.module, E#event.function, E#event.arity, E#event.ts, E#event.seq}}
                || E <- Batch, E#event.module =/= undefined]),
    ets:insert(T#tables.correlation, [{{E#event.correlation, E#event.ts, E#event.seq}} || E <- Batch]),
    ets:insert(T#tables.node,
               [{{E#event.ast_node, E#event.ts, E#event.seq}} || E <- Batch, E#event.ast_node =/= undefined]);
insert(#tables{variant = ordered_id} = T, Batch) ->
    ets:insert(T#tables.main, Batch),
    ets:insert(T#tables.time, [{{E#event.ts, E#event.seq}, E#event.id} || E <- Batch]),
    ets:insert(T#tables.pid, [{{E#event.pid, E#event.ts, E#event.id}} || E <- Batch]),
    ets:insert(T#tables.function,
               [{{E#event.module, E#event.function, E#event.arity, E#event.ts, E#event.id}}
                || E <- Batch, E#event.module =/= undefined]),
    ets:insert(T#tables.correlation, [{{E#event.correlation, E#event.ts, E#event.id}} || E <- Batch]),
    ets:insert(T#tables.node,
               [{{E#event.ast_node, E#event.ts, E#event.id}} || E <- Batch, E#event.ast_node =/= undefined]);
insert(#tables{variant = bag} = T, Batch) ->
    ets:insert(T#tables.main, Batch),
    ets:insert(T#tables.time, [{{E#event.ts, E#event.seq}, E#event.id} || E <- Batch]),
    ets:insert(T#tables.pid, [{E#event.pid, E#event.ts, E#event.id} || E <- Batch]),
    ets:insert(T#tables.function,
               [{{E#event.module, E#event.function, E#event.arity}, E#event.ts, E#event.id}
                || E <- Batch, E#event.module =/= undefined]),
    ets:insert(T#tables.correlation, [{E#event.correlation, E#event.ts, E#event.id} || E <- Batch]),
    ets:insert(T#tables.node,
               [{E#event.ast_node, E#event.ts, E#event.id} || E <- Batch, E#event.ast_node =/= undefined]).

%% One event without lists.
insert_one(#tables{variant = Variant} = T, E) ->
    #event{id = Id, seq = Seq, ts = Ts, pid = Pid, module = M, function = F, arity = A, correlation = C,
           ast_node = N} = E,
    Ref = case Variant of ordered_seq -> Seq; _ -> Id end,
    ets:insert(T#tables.main, E),
    Variant =:= ordered_seq andalso ets:insert(T#tables.ids, {Id, Seq}),
    case Variant of
        ordered_seq -> ets:insert(T#tables.time, {{Ts, Seq}});
        _ -> ets:insert(T#tables.time, {{Ts, Seq}, Id})
    end,
    case Variant of
        bag ->
            ets:insert(T#tables.pid, {Pid, Ts, Ref}),
            M =/= undefined andalso ets:insert(T#tables.function, {{M, F, A}, Ts, Ref}),
            ets:insert(T#tables.correlation, {C, Ts, Ref}),
            N =/= undefined andalso ets:insert(T#tables.node, {N, Ts, Ref});
        _ ->
            ets:insert(T#tables.pid, {{Pid, Ts, Ref}}),
            M =/= undefined andalso ets:insert(T#tables.function, {{M, F, A, Ts, Ref}}),
            ets:insert(T#tables.correlation, {{C, Ts, Ref}}),
            N =/= undefined andalso ets:insert(T#tables.node, {{N, Ts, Ref}})
    end.

load(Tables, Events) -> load(Tables, Events, #stream{names = persistent_term:get(names)}, [], []).

load(Tables, Events, #stream{seq = Seq} = Stream, Times, Ids) when Seq >= Events ->
    tell("payload_bytes", payload_bytes(Tables)),
    tell("insert_batch_us", per_event_us(lists:reverse(Times))),
    tell("insert_batch_median_us", quantile(Times, 0.5) / ?BATCH / 1.0e3),
    tell("insert_batch_worst_ms", lists:max(Times) / 1.0e6),
    {Stream, list_to_tuple(Ids)};
load(Tables, Events, Stream, Times, Ids) ->
    {Batch, Next} = batch(Stream, ?BATCH),
    {_, Time} = timed(fun() -> insert(Tables, Batch) end),
    Sampled = case length(Ids) * Events div ?SAMPLED_IDS =< Stream#stream.seq of
                  true -> [binary:copy((hd(Batch))#event.id) | Ids];
                  false -> Ids
              end,
    load(Tables, Events, Next, [Time | Times], Sampled).

one_by_one(Variant, Events) ->
    Tables = tables(Variant),
    Times = one_by_one(Tables, Events, #stream{names = persistent_term:get(names)}, []),
    Events = ets:info(Tables#tables.main, size),
    tell("insert_one_us", per_event_us(Times)),
    delete(Tables).

one_by_one(_Tables, Events, #stream{seq = Seq}, Times) when Seq >= Events -> Times;
one_by_one(Tables, Events, Stream, Times) ->
    {Batch, Next} = batch(Stream, ?BATCH),
    {_, Time} = timed(fun() -> [insert_one(Tables, E) || E <- Batch] end),
    one_by_one(Tables, Events, Next, [Time | Times]).

%% Two processes store batches alternately, each waiting for the other.
two_writers(Variant, Events) ->
    Tables = tables(Variant),
    Self = self(),
    Start = fun(Skip) ->
                    apart_async(fun() ->
                                        Batches = every_other(batches(Events), Skip),
                                        Self ! {ready, self()},
                                        receive {peer, Peer} -> ok end,
                                        write_in_turn(Tables, Batches, Peer, Self)
                                end)
            end,
    A = Start(0),
    B = Start(1),
    receive {ready, A} -> ok end,
    receive {ready, B} -> ok end,
    A ! {peer, B},
    B ! {peer, A},
    {_, Time} = timed(fun() ->
                              A ! turn,
                              receive {over, A} -> ok end,
                              receive {over, B} -> ok end
                      end),
    Events = ets:info(Tables#tables.main, size),
    tell("insert_two_writers_us", Time / Events / 1.0e3),
    delete(Tables).

write_in_turn(_Tables, [], _Peer, Parent) -> Parent ! {over, self()};
write_in_turn(Tables, [Batch | Batches], Peer, Parent) ->
    receive turn -> ok end,
    insert(Tables, Batch),
    Peer ! turn,
    write_in_turn(Tables, Batches, Peer, Parent).

batches(Events) -> batches(Events, #stream{names = persistent_term:get(names)}).
batches(Events, #stream{seq = Seq}) when Seq >= Events -> [];
batches(Events, Stream) ->
    {Batch, Next} = batch(Stream, ?BATCH),
    [Batch | batches(Events, Next)].

every_other([], _) -> [];
every_other([_ | Rest], 1) -> every_other(Rest, 0);
every_other([Batch | Rest], 0) -> [Batch | every_other(Rest, 1)].

%% Questions: the exact number of matches and a hundred whole events each

questions(T, Events, Ids) ->
    #names{pids = Pids, functions = Functions, nodes = Nodes, correlations = Correlations} = persistent_term:get(names),
    Pid = element(1, Pids),
    {M, F, A} = element(1, Functions),
    Node = element(1, Nodes),
    Correlation = element(1, Correlations),
    Prefix = <<(atom_to_binary(M))/binary, ":">>,
    Since = ?START + Events div 2 * ?STEP,
    Until = Since + Events div 100 * ?STEP,
    ask("by_id", fun(Run) -> {1, [get_by_id(T, element(Run rem tuple_size(Ids) + 1, Ids))]} end),
    case T#tables.variant of
        bag ->
            ask("pid_newest", fun(_) -> in_bag(T, T#tables.pid, Pid, newest) end),
            ask("pid_oldest", fun(_) -> in_bag(T, T#tables.pid, Pid, oldest) end),
            ask("mfa", fun(_) -> in_bag(T, T#tables.function, {M, F, A}, newest) end),
            ask("correlation", fun(_) -> in_bag(T, T#tables.correlation, Correlation, oldest) end),
            ask("ast_node", fun(_) -> in_bag(T, T#tables.node, Node, newest) end);
        _ ->
            ask("pid_newest", fun(_) -> newest(T, T#tables.pid, Pid) end),
            ask("pid_oldest", fun(_) -> oldest(T, T#tables.pid, Pid) end),
            {_, First} = newest(T, T#tables.pid, Pid),
            Last = lists:last(First),
            Cursor = {Pid, Last#event.ts, ref(T, Last)},
            ask("pid_page2", fun(_) -> {count(T#tables.pid, Pid), before(T, T#tables.pid, Cursor)} end),
            ask("pid_type", fun(_) -> of_type(T, Pid, function_entry) end),
            ask("mfa", fun(_) -> newest_function(T, {M, F, A}) end),
            ask("module", fun(_) -> newest_of(T, [mfa(T, Key) || Key <- functions_of(T, M)]) end),
            ask("function", fun(_) -> function_alone(T, F) end),
            ask("correlation", fun(_) -> oldest(T, T#tables.correlation, Correlation) end),
            ask("ast_node", fun(_) -> newest(T, T#tables.node, Node) end),
            ask("ast_prefix",
                fun(_) -> newest_of(T, [one(T#tables.node, Key) || Key <- nodes_of(T, Prefix)]) end),
            ask("range", fun(_) -> range(T, Since, Until) end),
            ask("range_pid", fun(_) -> range_of(T, Pid, Since, Until) end),
            ask("event_type", fun(_) -> scan(T, fun(E) -> E#event.type =:= function_entry end,
                                             [{#event{type = function_entry, _ = '_'}, [], [true]}]) end),
            ask("min_duration", fun(_) -> scan(T, fun(#event{duration = D}) -> is_integer(D) andalso D >= ?MIN_DURATION end,
                                               [{#event{duration = '$1', _ = '_'},
                                                 [{is_integer, '$1'}, {'>=', '$1', ?MIN_DURATION}], [true]}]) end)
    end.

ref(#tables{variant = ordered_seq}, E) -> E#event.seq;
ref(_, E) -> E#event.id.

fetch(#tables{main = Main}, Refs) -> [hd(ets:lookup(Main, Ref)) || Ref <- Refs].

get_by_id(#tables{variant = ordered_seq, ids = Ids, main = Main}, Id) ->
    hd(ets:lookup(Main, ets:lookup_element(Ids, Id, 2)));
get_by_id(#tables{main = Main}, Id) -> hd(ets:lookup(Main, Id)).

count(Table, Key) -> ets:select_count(Table, [{{{Key, '_', '_'}}, [], [true]}]).

page({Refs, _Continuation}) -> Refs;
page('$end_of_table') -> [].

newest(T, Table, Key) ->
    Refs = page(ets:select_reverse(Table, [{{{Key, '_', '$1'}}, [], ['$1']}], ?LIMIT)),
    {count(Table, Key), fetch(T, Refs)}.

oldest(T, Table, Key) ->
    Refs = page(ets:select(Table, [{{{Key, '_', '$1'}}, [], ['$1']}], ?LIMIT)),
    {count(Table, Key), fetch(T, Refs)}.

before(T, Table, Cursor) -> fetch(T, before(Table, Cursor, element(1, Cursor), ?LIMIT)).
before(_Table, _At, _Key, 0) -> [];
before(Table, At, Key, Left) ->
    case ets:prev(Table, At) of
        {Key, _, Ref} = Next -> [Ref | before(Table, Next, Key, Left - 1)];
        _ -> []
    end.

newest_function(T, {M, F, A}) ->
    Pattern = {M, F, A, '_', '$1'},
    Refs = page(ets:select_reverse(T#tables.function, [{{Pattern}, [], ['$1']}], ?LIMIT)),
    {ets:select_count(T#tables.function, [{{Pattern}, [], [true]}]), fetch(T, Refs)}.

%% The number of events of one key, and time and reference of its newest.
one(Table, Key) ->
    {count(Table, Key), page(ets:select_reverse(Table, [{{{Key, '$1', '$2'}}, [], [{{'$1', '$2'}}]}], ?LIMIT))}.

mfa(#tables{function = Table}, {M, F, A}) ->
    {ets:select_count(Table, [{{{M, F, A, '_', '_'}}, [], [true]}]),
     page(ets:select_reverse(Table, [{{{M, F, A, '$1', '$2'}}, [], [{{'$1', '$2'}}]}], ?LIMIT))}.

newest_of(T, Parts) ->
    Sorted = lists:sublist(lists:reverse(lists:sort(lists:append([Newest || {_, Newest} <- Parts]))), ?LIMIT),
    {lists:sum([Count || {Count, _} <- Parts]), fetch(T, [Ref || {_, Ref} <- Sorted])}.

%% Jumps from key to key. Numbers sort before atoms, atoms before tuples, tuples before binaries.
functions_of(#tables{function = Table}, M) -> functions_of(Table, M, ets:next(Table, {M, 0, 0, 0, 0})).
functions_of(Table, M, {M, F, A, _, _}) -> [{M, F, A} | functions_of(Table, M, ets:next(Table, {M, F, A, beyond, 0}))];
functions_of(_, _, _) -> [].

nodes_of(#tables{node = Table}, Prefix) -> nodes_of(Table, Prefix, ets:next(Table, {Prefix, beyond, 0})).
nodes_of(Table, Prefix, {Node, _, _}) ->
    Size = byte_size(Prefix),
    case Node of
        <<Prefix:Size/binary, _/binary>> -> [Node | nodes_of(Table, Prefix, ets:next(Table, {Node, beyond, 0}))];
        _ -> []
    end;
nodes_of(_, _, '$end_of_table') -> [].

function_alone(#tables{function = Table} = T, F) ->
    All = ets:select(Table, [{{{'_', F, '_', '$1', '$2'}}, [], [{{'$1', '$2'}}]}]),
    {length(All), fetch(T, [Ref || {_, Ref} <- lists:sublist(lists:reverse(lists:sort(All)), ?LIMIT)])}.

of_type(#tables{pid = Table, main = Main} = T, Pid, Type) ->
    Refs = ets:select(Table, [{{{Pid, '_', '$1'}}, [], ['$1']}]),
    Same = [Ref || Ref <- Refs, ets:lookup_element(Main, Ref, #event.type) =:= Type],
    {length(Same), fetch(T, lists:sublist(lists:reverse(Same), ?LIMIT))}.

range(#tables{time = Table} = T, Since, Until) ->
    Keys = range_keys(Table, ets:next(Table, {Since, -1}), Until),
    {length(Keys), fetch(T, [time_ref(T, Key) || Key <- lists:sublist(Keys, ?LIMIT)])}.
range_keys(Table, {Ts, _} = Key, Until) when Ts =< Until -> [Key | range_keys(Table, ets:next(Table, Key), Until)];
range_keys(_, _, _) -> [].

time_ref(#tables{variant = ordered_seq}, {_, Seq}) -> Seq;
time_ref(#tables{time = Table}, Key) -> ets:lookup_element(Table, Key, 2).

range_of(#tables{pid = Table} = T, Pid, Since, Until) ->
    Refs = range_refs(Table, ets:next(Table, {Pid, Since, -1}), Pid, Until),
    {length(Refs), fetch(T, lists:sublist(Refs, ?LIMIT))}.
range_refs(Table, {Pid, Ts, Ref} = Key, Pid, Until) when Ts =< Until ->
    [Ref | range_refs(Table, ets:next(Table, Key), Pid, Until)];
range_refs(_, _, _, _) -> [].

%% No index: count by a scan, find the newest from the end of time.
scan(#tables{main = Main, time = Time} = T, Holds, Spec) ->
    {ets:select_count(Main, Spec), scan(T, ets:last(Time), Holds, ?LIMIT)}.
scan(_, '$end_of_table', _, _) -> [];
scan(_, _, _, 0) -> [];
scan(#tables{main = Main, time = Time} = T, Key, Holds, Left) ->
    [E] = ets:lookup(Main, time_ref(T, Key)),
    case Holds(E) of
        true -> [E | scan(T, ets:prev(Time, Key), Holds, Left - 1)];
        false -> scan(T, ets:prev(Time, Key), Holds, Left)
    end.

in_bag(T, Table, Key, Order) ->
    All = [{Ts, Ref} || {_, Ts, Ref} <- ets:lookup(Table, Key)],
    Sorted = case Order of
                 newest -> lists:reverse(lists:sort(All));
                 oldest -> lists:sort(All)
             end,
    {length(All), fetch(T, [Ref || {_, Ref} <- lists:sublist(Sorted, ?LIMIT)])}.

ask(Name, Question) ->
    {Total, Page} = Question(1),
    true = Total >= length(Page) andalso Page =/= [],
    Question(2),
    Times = ask(Question, 1, erlang:monotonic_time(millisecond) + 800, []),
    tell(["q.", Name, ".p50_us"], quantile(Times, 0.5) / 1.0e3),
    tell(["q.", Name, ".p99_us"], quantile(Times, 0.99) / 1.0e3),
    tell(["q.", Name, ".runs"], length(Times)),
    tell(["total.", Name], Total).

ask(Question, Run, Deadline, Times) when Run =< 2000 ->
    case Run > 11 andalso erlang:monotonic_time(millisecond) > Deadline of
        true -> Times;
        false ->
            {{_, [_ | _]}, Time} = timed(fun() -> Question(Run) end),
            ask(Question, Run + 1, Deadline, [Time | Times])
    end;
ask(_, _, _, Times) -> Times.

%% Prune: a chunk of the oldest at a time, every table, while others read and write

prune(Tables, Stream, Ids, Events) ->
    Share = Events div 10,
    {_, Rounds} = lists:foldl(
        fun(Round, {At, Done}) ->
                Before = resident(),
                {Seen, Next} = prune_round(Tables, At, Ids, Share),
                case Round of
                    1 ->
                        erlang:garbage_collect(),
                        timer:sleep(100),
                        tell("prune_rss_before_mb", Before / 1.0e6),
                        tell("prune_rss_after_mb", resident() / 1.0e6);
                    _ -> ok
                end,
                {Next, [Seen | Done]}
        end, {Stream, []}, lists:seq(1, ?PRUNE_ROUNDS)),
    {Times, Reads, Writes} = lists:unzip3(Rounds),
    tell("prune_ms", quantile(Times, 0.5) / 1.0e6),
    tell("prune_read_stall_ms", quantile(Reads, 0.5) / 1.0e6),
    tell("prune_read_stall_worst_ms", lists:max(Reads) / 1.0e6),
    tell("prune_write_stall_ms", quantile(Writes, 0.5) / 1.0e6),
    tell("prune_write_stall_worst_ms", lists:max(Writes) / 1.0e6).

prune_round(Tables, Stream, Ids, Share) ->
    Phase = persistent_term:get(phase),
    atomics:put(Phase, 1, 0),
    Self = self(),
    Pid = element(1, (persistent_term:get(names))#names.pids),
    Reader = apart_async(fun() -> Self ! {self(), read_until_over(Tables, Phase, Ids, Pid, 1, 0)} end),
    Writer = apart_async(fun() -> Self ! {self(), write_until_over(Tables, Phase, Stream, 0)} end),
    timer:sleep(60),
    atomics:put(Phase, 1, 1),
    Started = erlang:monotonic_time(nanosecond),
    apart(fun() -> prune_oldest(Tables, Share) end),
    Time = erlang:monotonic_time(nanosecond) - Started,
    atomics:put(Phase, 1, 2),
    Read = receive {Reader, R} -> R end,
    {Written, Next} = receive {Writer, W} -> W end,
    {{Time, Read, Written}, Next}.

read_until_over(Tables, Phase, Ids, Pid, Run, Longest) ->
    Before = atomics:get(Phase, 1),
    Started = erlang:monotonic_time(nanosecond),
    case Run rem 2 of
        0 -> page(ets:select_reverse(Tables#tables.pid, [{{{Pid, '_', '$1'}}, [], ['$1']}], 10));
        1 ->
            Id = element(Run rem tuple_size(Ids) + 1, Ids),
            case Tables#tables.variant of
                ordered_seq -> [ets:lookup(Tables#tables.main, Seq) || {_, Seq} <- ets:lookup(Tables#tables.ids, Id)];
                _ -> ets:lookup(Tables#tables.main, Id)
            end
    end,
    Time = erlang:monotonic_time(nanosecond) - Started,
    Next = case Before + atomics:get(Phase, 1) of 0 -> Longest; _ -> max(Longest, Time) end,
    case Before of
        2 -> Next;
        _ -> read_until_over(Tables, Phase, Ids, Pid, Run + 1, Next)
    end.

write_until_over(Tables, Phase, Stream, Longest) ->
    {Batch, Next} = batch(Stream, ?STALL_BATCH),
    timer:sleep(1),
    Before = atomics:get(Phase, 1),
    Started = erlang:monotonic_time(nanosecond),
    insert(Tables, Batch),
    Time = erlang:monotonic_time(nanosecond) - Started,
    Worst = case Before + atomics:get(Phase, 1) of 0 -> Longest; _ -> max(Longest, Time) end,
    case Before of
        2 -> {Worst, Next};
        _ -> write_until_over(Tables, Phase, Next, Worst)
    end.

prune_oldest(_Tables, 0) -> ok;
prune_oldest(Tables, Left) ->
    Chunk = min(Left, ?PRUNE_CHUNK),
    Keys = page(ets:select(Tables#tables.time, [{'$1', [], ['$1']}], Chunk)),
    [prune_one(Tables, Key) || Key <- Keys],
    prune_oldest(Tables, Left - Chunk).

prune_one(#tables{variant = Variant} = T, Object) ->
    {Key, Ref} = case Object of
                     {{_, Seq} = K} -> {K, Seq};
                     {K, Id} -> {K, Id}
                 end,
    [E] = ets:take(T#tables.main, Ref),
    #event{id = EventId, ts = Ts, pid = Pid, module = M, function = F, arity = A, correlation = C, ast_node = N} = E,
    Variant =:= ordered_seq andalso ets:delete(T#tables.ids, EventId),
    ets:delete(T#tables.pid, {Pid, Ts, Ref}),
    M =/= undefined andalso ets:delete(T#tables.function, {M, F, A, Ts, Ref}),
    ets:delete(T#tables.correlation, {C, Ts, Ref}),
    N =/= undefined andalso ets:delete(T#tables.node, {N, Ts, Ref}),
    ets:delete(T#tables.time, Key).

%% The stream

names() ->
    rand:seed(exsss, ?SEED),
    Contexts = {"Accounts", "Billing", "Catalog", "Cart", "Shipping", "Search", "Reports", "Mailer", "Stock", "Web"},
    Parts = {"Server", "Worker", "Cache", "Supervisor", "Registry", "Repo", "Query", "Schema", "Policy", "Notifier",
             "Importer", "Exporter", "Session", "Router", "Channel", "Presence", "Limiter", "Pool", "Clock", "Audit"},
    Verbs = {"handle_call", "fetch", "update", "handle_info", "validate", "insert", "render", "broadcast", "delete",
             "init"},
    Nouns = {"account", "order", "user", "item", "balance", "price", "address", "session", "token", "invoice",
             "payment", "product", "basket", "parcel", "route", "report", "email", "stock", "shelf", "voucher", "tax",
             "page", "query", "event", "batch", "lease", "quota", "cursor", "schema", "audit"},
    Module = fun(At) ->
                     "Shop." ++ element(At rem 10 + 1, Contexts) ++ "." ++ element(At div 10 rem 20 + 1, Parts)
             end,
    Function = fun(At) ->
                       {list_to_atom(Module(At rem ?MODULES)),
                        list_to_atom(element(At div ?MODULES + 1, Verbs) ++ "_" ++ element(At rem 30 + 1, Nouns)),
                        At rem 5}
               end,
    Node = fun(At) ->
                   iolist_to_binary(io_lib:format("~s:~s:~b:line_~b:~s_~b",
                       [Module(At rem ?MODULES), element(At rem 30 + 1, Nouns), At rem 5, 10 + At * 7 rem 900,
                        element(At div ?MODULES rem 4 + 1, {"call", "expr", "match", "case"}), At div ?MODULES]))
           end,
    #names{pids = list_to_tuple([pid(120 + At * 3) || At <- lists:seq(0, ?PIDS - 1)]),
           functions = list_to_tuple([Function(At) || At <- lists:seq(0, ?FUNCTIONS - 1)]),
           nodes = list_to_tuple([Node(At) || At <- lists:seq(0, ?AST_NODES - 1)]),
           correlations = list_to_tuple([request() || _ <- lists:seq(1, ?CORRELATIONS)]),
           pid_ranks = zipf(?PIDS, 1.0),
           function_ranks = zipf(?FUNCTIONS, 1.0),
           node_ranks = zipf(?AST_NODES, 1.0),
           correlation_ranks = zipf(?CORRELATIONS, 0.5)}.

pid(Number) -> list_to_pid("<0." ++ integer_to_list(Number) ++ ".0>").

zipf(Ranks, Skew) ->
    Weights = [math:pow(Rank, -Skew) || Rank <- lists:seq(1, Ranks)],
    Whole = lists:sum(Weights),
    {Sums, _} = lists:mapfoldl(fun(Weight, Sum) -> {(Sum + Weight) / Whole, Sum + Weight} end, 0.0, Weights),
    list_to_tuple(Sums).

rank(Keys, Sums) -> element(search(Sums, rand:uniform(), 1, tuple_size(Sums)), Keys).

search(_, _, Low, Low) -> Low;
search(Sums, At, Low, High) ->
    Middle = (Low + High) div 2,
    case element(Middle, Sums) < At of
        true -> search(Sums, At, Middle + 1, High);
        false -> search(Sums, At, Low, Middle)
    end.

uuid() ->
    <<A:8/binary, B:4/binary, C:4/binary, D:4/binary, E:12/binary>> =
        binary:encode_hex(<<(rand:uniform(1 bsl 58)):64, (rand:uniform(1 bsl 58)):64>>),
    <<A/binary, $-, B/binary, $-, C/binary, $-, D/binary, $-, E/binary>>.

request() ->
    <<Id:16/binary, _/binary>> = uuid(),
    <<$F, Id/binary, "AAE">>.

batch(Stream, Events) -> batch(Stream, Events, []).
batch(Stream, 0, Done) -> {lists:reverse(Done), Stream};
batch(Stream, Left, Done) ->
    {Event, Next} = event(Stream),
    batch(Next, Left - 1, [Event | Done]).

type(Open) ->
    case rand:uniform(100) of
        N when N =< 26 -> case length(Open) of ?OPEN_CALLS -> function_exit; _ -> function_entry end;
        N when N =< 50 -> case Open of [] -> function_entry; _ -> function_exit end;
        N when N =< 63 -> message_send;
        N when N =< 76 -> message_receive;
        N when N =< 87 -> expression_value;
        N when N =< 91 -> variable_snapshot;
        N when N =< 95 -> state_change;
        N when N =< 97 -> process_spawn;
        N when N =< 99 -> process_exit;
        _ -> error_raised
    end.

event(#stream{names = Names, seq = Seq, now = Before, open = Open} = Stream) ->
    Type = type(Open),
    Now = case rand:uniform(200) of 1 -> Before; _ -> Before + rand:uniform(2 * ?STEP) end,
    Ts = case rand:uniform(20) of 1 -> Now - rand:uniform(2000000); _ -> Now end,
    Pid = rank(Names#names.pids, Names#names.pid_ranks),
    Function = rank(Names#names.functions, Names#names.function_ranks),
    Node = rank(Names#names.nodes, Names#names.node_ranks),
    Correlation = rank(Names#names.correlations, Names#names.correlation_ranks),
    Event = #event{id = uuid(), seq = Seq, ts = Ts, wall = Ts + ?OFFSET, node = 'shop@host', pid = Pid,
                   type = Type, correlation = Correlation, data = payload(Type)},
    {Full, StillOpen} =
        case Type of
            function_entry ->
                Call = iolist_to_binary(["call-", pid_to_list(Pid), $-, integer_to_binary(Ts)]),
                E = with_code(Event#event{call = Call}, Function, Node),
                {E, [{Call, Pid, Function, Node, Correlation, Ts} | Open]};
            function_exit ->
                {Before1, [{Call, P, Fun, N, C, Entered} | After]} = lists:split(rand:uniform(length(Open)) - 1, Open),
                At = max(Ts, Entered + 1),
                E = with_code(Event#event{call = Call, pid = P, correlation = C, ts = At, wall = At + ?OFFSET,
                                          duration = At - Entered}, Fun, N),
                {E, Before1 ++ After};
            _ when Type =:= message_send; Type =:= message_receive; Type =:= process_spawn; Type =:= process_exit ->
                {Event, Open};
            _ -> {with_code(Event, Function, Node), Open}
        end,
    {Full, Stream#stream{seq = Seq + 1, now = Now, open = StillOpen}}.

with_code(Event, {M, F, A}, Node) -> Event#event{module = M, function = F, arity = A, ast_node = Node}.

%% As long as the payloads of benches/events/mod.rs.
payload(Type) ->
    Few = integer_to_binary(rand:uniform(600)),
    iolist_to_binary([<<"{\"args\":[\"%{id: ">>, integer_to_binary(rand:uniform(100000)), <<", balance: ">>,
                      integer_to_binary(rand:uniform(1000)), <<", retries: 0, status: :active, version: ">>,
                      integer_to_binary(rand:uniform(17)), <<", token: \\\"">>,
                      integer_to_binary(rand:uniform(16777216), 16), <<"\\\"}\",\":timer\",\"">>, Few,
                      <<"\"],\"caller\":\"Shop.Web.Router.dispatch/2\",\"kind\":\"">>, atom_to_binary(Type),
                      <<"\",\"reductions\":">>, integer_to_binary(rand:uniform(600) * 211), <<"}">>]).

payload_bytes(#tables{main = Main}) ->
    {Some, _} = ets:select(Main, [{#event{id = '$1', data = '$2', _ = '_'}, [], [{{'$1', '$2'}}]}], 10000),
    lists:sum([byte_size(Id) + byte_size(Data) || {Id, Data} <- Some]) / length(Some).

%% Measuring and telling

%% Runs in a process of its own, so that its garbage goes with it.
apart(Fun) ->
    Self = self(),
    Pid = apart_async(fun() -> Self ! {self(), Fun()} end),
    Monitor = monitor(process, Pid),
    receive
        {Pid, Result} -> demonitor(Monitor, [flush]), Result;
        {'DOWN', Monitor, process, Pid, Reason} -> exit(Reason)
    end.

apart_async(Fun) -> spawn_opt(Fun, [{min_heap_size, 4000000}, link]).

timed(Fun) ->
    OnCore = on_core(),
    Started = erlang:monotonic_time(nanosecond),
    Result = Fun(),
    Time = erlang:monotonic_time(nanosecond) - Started,
    case on_core() - OnCore of
        Less when Less > 0 -> {Result, min(Time, Less)};
        _ -> {Result, Time}
    end.

%% Nanoseconds the scheduler threads have been on a core; 0 where the kernel does not tell.
on_core() ->
    Files = case get(schedulers) of
                undefined ->
                    Tasks = filelib:wildcard("/proc/self/task/*"),
                    IsScheduler = fun(Task) ->
                                          case file:read_file(Task ++ "/comm") of
                                              {ok, <<_, "_scheduler\n">>} -> true;
                                              _ -> false
                                          end
                                  end,
                    Found = [begin
                                 {ok, File} = file:open(Task ++ "/schedstat", [read, raw, binary]),
                                 File
                             end || Task <- Tasks, IsScheduler(Task)],
                    put(schedulers, Found),
                    Found;
                Known -> Known
            end,
    lists:sum([case file:pread(File, 0, 64) of
                   {ok, Text} -> binary_to_integer(hd(binary:split(Text, <<" ">>)));
                   _ -> 0
               end || File <- Files]).

resident() ->
    {ok, Text} = file:read_file("/proc/self/status"),
    {match, [Kilobytes]} = re:run(Text, "VmRSS:\\s+([0-9]+)", [{capture, all_but_first, list}]),
    list_to_integer(Kilobytes) * 1024.

quantile(Times, Share) ->
    Sorted = lists:sort(Times),
    lists:nth(min(length(Sorted), trunc(length(Sorted) * Share) + 1), Sorted).

%% The median of the averages of nine parts, as measure.rs does.
per_event_us(Times) ->
    Part = max(1, (length(Times) + 8) div 9),
    quantile([lists:sum(Some) / (length(Some) * ?BATCH) || Some <- parts(Times, Part)], 0.5) / 1.0e3.

parts([], _) -> [];
parts(Times, Size) when length(Times) =< Size -> [Times];
parts(Times, Size) ->
    {Some, Rest} = lists:split(Size, Times),
    [Some | parts(Rest, Size)].

tell(Name, Value) when is_integer(Value) -> io:format("~s ~b~n", [Name, Value]);
tell(Name, Value) -> io:format("~s ~.3f~n", [Name, Value]).
