# What happens in this node? Traces it and sends the trace to elixir-scope-storage.
#
#     elixir-scope-storage --listen 127.0.0.1:4712        # the server (or in an assistant's configuration)
#
#     iex> c "scope.exs"
#     iex> Scope.start(modules: [MyApp.Cart, MyApp.Bank], to: 4712)
#     iex> Scope.status()
#     iex> Scope.stop()
#
# Options of Scope.start/1:
#
#     to:          4712 | {"host", 4712} | {:file, "rec.scope"}: a server's --listen port, or a file for its import
#     modules:     [Mod | {Mod, :fun} | {Mod, :fun, arity}]: whose calls are traced; [] traces none
#     processes:   :all (default) | :existing | :new | [pid | name]: whose calls, messages and life are traced.
#                  The first two leave out the processes of OTP's and Elixir's own applications.
#     messages:    true (default): sent and received messages too
#     closures:    false (default): calls of anonymous functions and comprehensions of these modules are not traced;
#                  they can be three quarters of all calls
#     max_bytes:   4096: a value (argument, result, message) longer than this is cut to
#                  {:truncated, byte_size, "map with 40 entries"}, the shape around it kept
#     max_rate:    100_000 events a second: what comes above it is dropped and counted; five such seconds in a row, and
#                  tracing stops
#     max_mailbox: 100_000: so many events waiting to be sent, and tracing stops; the waiting ones are counted as dropped
#     max_seconds: 600 | :infinity: then tracing stops
#     sample_ms:   1000 | 0: how often mailbox lengths are looked at; 0: never
#
# It needs nothing but Erlang/OTP 25 to 28: its code calls no module of Elixir, so that it can be injected into a node
# that has none (inject.exs). Where trace sessions exist (OTP 27) it does not disturb other tracers; before, a node has
# one tracer, so use it or dbg, not both.
#
# Three processes, none of them traced: the tracer collects and encodes, the sender owns the socket (and takes the trace
# patterns away should the tracer be killed), the sampler looks at mailboxes. The application waits for none of them.

defmodule Scope do
  # The interface.

  @doc """
  Starts tracing. `:ok`, or `{:error, what_was_wrong}`: then nothing is traced.
  """
  def start(options) do
    case Scope.Options.check(options) do
      {:ok, options} ->
        {tracer, monitor} =
          :erlang.spawn_opt(Scope.Tracer, :init, [options, self()], [
            :monitor,
            message_queue_data: :off_heap,
            priority: :high,
            min_heap_size: 400_000,
            fullsweep_after: 10
          ])

        receive do
          {^tracer, answer} ->
            :erlang.demonitor(monitor, [:flush])
            answer

          {:DOWN, ^monitor, :process, _, reason} ->
            {:error, Scope.Options.text("the tracer did not start: ~0tp", [reason])}
        end

      error ->
        error
    end
  end

  @doc """
  Stops tracing once everything traced so far is sent: `{:ok, counters}`.
  """
  def stop, do: ask(:stop)

  @doc """
  What was traced so far: `{:ok, counters}`.
  """
  def status, do: ask(:status)

  defp ask(what) do
    case :erlang.whereis(__MODULE__) do
      :undefined ->
        {:error, "nothing is traced: start with Scope.start(modules: [MyApp.Cart], to: 4712)"}

      tracer ->
        monitor = :erlang.monitor(:process, tracer)
        send(tracer, {what, self(), monitor})

        receive do
          {^monitor, answer} ->
            :erlang.demonitor(monitor, [:flush])
            answer

          {:DOWN, ^monitor, :process, _, reason} ->
            {:error, Scope.Options.text("tracing had ended: ~0tp", [reason])}
        end
    end
  end
end

defmodule Scope.Options do
  # What is to be traced, and is that possible?

  @defaults %{
    to: nil,
    modules: nil,
    processes: :all,
    messages: true,
    closures: false,
    max_bytes: 4_096,
    max_rate: 100_000,
    max_mailbox: 100_000,
    max_seconds: 600,
    sample_ms: 1_000
  }

  def check(options) when is_list(options) do
    case :lists.filter(fn entry -> not known?(entry) end, options) do
      [] ->
        all = :maps.merge(@defaults, :maps.from_list(options))
        wrong = :lists.filter(fn key -> not valid?(key, :maps.get(key, all)) end, :maps.keys(all))

        case wrong do
          [] -> check_modules(all)
          [key | _] -> {:error, wrong(key, :maps.get(key, all))}
        end

      [entry | _] ->
        {:error, text("~0tp is no option; options are ~0tp", [entry, :maps.keys(@defaults)])}
    end
  end

  def check(other),
    do: {:error, text("options are a list such as [modules: [MyApp.Cart], to: 4712], not ~0tp", [other])}

  defp known?({key, _}), do: :maps.is_key(key, @defaults)
  defp known?(_), do: false

  defp valid?(:to, {:file, path}), do: is_binary(path) or is_list(path)
  defp valid?(:to, {host, port}), do: (is_binary(host) or is_list(host) or is_tuple(host)) and valid?(:to, port)
  defp valid?(:to, port), do: is_integer(port) and port in 1..65_535
  defp valid?(:modules, modules), do: is_list(modules)

  defp valid?(:processes, processes),
    do: processes in [:all, :existing, :new] or (is_list(processes) and processes != [])

  defp valid?(key, value) when key in [:messages, :closures], do: is_boolean(value)
  defp valid?(:max_seconds, :infinity), do: true
  defp valid?(:sample_ms, 0), do: true
  defp valid?(_, value), do: is_integer(value) and value > 0

  defp wrong(key, nil), do: text("`~ts:` is missing: ~ts", [key, hint(key)])
  defp wrong(key, value), do: text("`~ts: ~0tp`: ~ts", [key, value, hint(key)])

  defp hint(:to), do: ~s(the --listen port of the server, as 4712, {"host", 4712} or {:file, "rec.scope"})
  defp hint(:modules), do: "a list of Mod, {Mod, :fun} or {Mod, :fun, arity}; [] for messages and processes alone"
  defp hint(:processes), do: ":all, :existing, :new, or a list of pids and registered names"
  defp hint(key) when key in [:messages, :closures], do: "true or false"
  defp hint(:max_seconds), do: "a positive integer or :infinity"
  defp hint(:sample_ms), do: "milliseconds, or 0 for never"
  defp hint(_), do: "a positive integer"

  defp check_modules(options) do
    patterns = :lists.map(&pattern/1, options.modules)

    case :lists.filter(&is_binary/1, patterns) do
      [] -> check_processes(:maps.put(:modules, patterns, options))
      [message | _] -> {:error, message}
    end
  end

  defp pattern(module) when is_atom(module), do: pattern({module, :_, :_})
  defp pattern({module, function}), do: pattern({module, function, :_})

  defp pattern({module, function, arity})
       when is_atom(module) and is_atom(function) and (arity == :_ or is_integer(arity)) do
    case :code.ensure_loaded(module) do
      {:module, _} ->
        functions = module.module_info(:functions)
        found? = fn {f, a} -> (function == :_ or function == f) and (arity == :_ or arity == a) end

        if not :lists.any(found?, functions),
          do: text("~ts has no function ~ts/~ts", [name(module), function, arity_text(arity)]),
          else: {module, function, arity}

      {:error, reason} ->
        text("module ~ts cannot be loaded (~0tp): is it spelled as in the code, and part of this node?", [
          name(module),
          reason
        ])
    end
  end

  defp pattern(other), do: text("`modules:` has ~0tp; its entries are Mod, {Mod, :fun} or {Mod, :fun, arity}", [other])

  defp arity_text(:_), do: "any arity"
  defp arity_text(arity), do: :erlang.integer_to_binary(arity)

  defp name(module) do
    case :erlang.atom_to_binary(module) do
      "Elixir." <> rest -> rest
      erlang -> ":" <> erlang
    end
  end

  defp check_processes(%{processes: list} = options) when is_list(list) do
    pids = :lists.map(&pid_of/1, list)

    case :lists.filter(&is_binary/1, pids) do
      [] -> {:ok, %{options | processes: pids}}
      [message | _] -> {:error, message}
    end
  end

  defp check_processes(options), do: {:ok, options}

  defp pid_of(pid) when is_pid(pid) and node(pid) == node() do
    if :erlang.is_process_alive(pid), do: pid, else: text("`processes:` has ~0tp, which is not alive", [pid])
  end

  defp pid_of(name) when is_atom(name) do
    case :erlang.whereis(name) do
      pid when is_pid(pid) -> pid
      _ -> text("`processes:` has ~0tp, and no process is registered by that name", [name])
    end
  end

  defp pid_of(other), do: text("`processes:` has ~0tp, which is neither a pid of this node nor a name", [other])

  def text(format, arguments), do: :unicode.characters_to_binary(:io_lib.format(format, arguments))
end

defmodule Scope.Tracer do
  # Collects trace messages, hands them to the sender in batches, and keeps the limits.

  @batch 2_000
  @tick_ms 100
  # Encoded and not yet taken by the network: above this a batch is dropped and counted, not queued.
  @max_unsent_bytes 64 * 1024 * 1024
  @patience 5
  @wait_ms 10_000

  # What the slots of the shared counters hold.
  @unsent 1
  @sent_bytes 2
  @events 3
  @dropped 4

  def init(options, starter) do
    # The starter's may be on another node, or end with a shell.
    :erlang.group_leader(:erlang.whereis(:init), self())
    :erlang.process_flag(:trap_exit, true)
    counters = :counters.new(4, [:write_concurrency])

    with :ok <- take_name(),
         {:ok, sender} <- Scope.Sender.open(options, counters) do
      sampler = :erlang.spawn_link(Scope.Sampler, :init, [self(), sender, options])
      session = Scope.Tracing.session()

      # The sender takes the patterns away if this process is killed, so it knows them first.
      send(sender, {:patterns, session, options.modules})

      state = %{
        options: options,
        counters: counters,
        sender: sender,
        sampler: sampler,
        session: session,
        # Drops not told yet.
        unsaid: 0,
        window: {:erlang.monotonic_time(:millisecond), 0, 0},
        reason: nil
      }

      case Scope.Tracing.trace(options, session, [self(), sender, sampler]) do
        :ok ->
          :erlang.send_after(@tick_ms, self(), :tick)
          if options.max_seconds != :infinity, do: :erlang.send_after(options.max_seconds * 1000, self(), :time)
          send(starter, {self(), :ok})
          collect([], 0, state)

        {:error, _} = error ->
          Scope.Tracing.untrace(session, options.modules)
          send(starter, {self(), error})
          exit(:shutdown)
      end
    else
      {:error, _} = error -> send(starter, {self(), error})
    end
  end

  defp take_name do
    :erlang.register(Scope, self())
    :ok
  catch
    :error, :badarg -> {:error, "this node is being traced already: Scope.stop() first"}
  end

  # Newest first; `count` is the length.
  defp collect(records, count, state) when count >= @batch, do: collect([], 0, flush(records, count, state))

  defp collect(records, count, state) do
    receive do
      record when elem(record, 0) == :trace_ts ->
        collect([record | records], count + 1, state)

      record when elem(record, 0) == :scope ->
        collect([record | records], count + 1, state)

      :tick ->
        :erlang.send_after(@tick_ms, self(), :tick)
        collect([], 0, flush(records, count, state))

      {:status, from, tag} ->
        state = flush(records, count, state)
        send(from, {tag, {:ok, told(state)}})
        collect([], 0, state)

      {:stop, from, tag} ->
        answer = finish(records, count, state, :stopped)
        send(from, {tag, {:ok, answer}})

      :time ->
        finish(records, count, state, :time)

      # `flush` found a limit passed.
      {:limit, reason} ->
        finish(records, count, state, reason)

      {:EXIT, pid, reason} when pid == :erlang.map_get(:sender, state) ->
        Scope.Tracing.untrace(state.session, state.options.modules)
        warn("the server is gone (~0tp): tracing has stopped, ~0tp", [reason, told(state)])

      {:EXIT, pid, reason} when pid == :erlang.map_get(:sampler, state) ->
        if reason != :normal, do: warn("mailboxes are no longer looked at: ~0tp", [reason])
        collect(records, count, state)

      {:EXIT, _, _} ->
        finish(records, count, state, :stopped)

      # Not ours.
      _ ->
        collect(records, count, state)
    end
  end

  defp told(state) do
    %{
      events: :counters.get(state.counters, @events),
      dropped: :counters.get(state.counters, @dropped),
      sent_bytes: :counters.get(state.counters, @sent_bytes),
      waiting: elem(:erlang.process_info(self(), :message_queue_len), 1)
    }
  end

  defp flush(_, 0, %{unsaid: 0} = state), do: state

  defp flush(records, count, state) do
    {:message_queue_len, waiting} = :erlang.process_info(self(), :message_queue_len)
    state = window(count, state)
    {_, used, _} = state.window

    cond do
      waiting > state.options.max_mailbox -> limit(:mailbox, drop(count, state))
      used > state.options.max_rate -> hand_over_some(records, count, used - state.options.max_rate, state)
      :counters.get(state.counters, @unsent) > @max_unsent_bytes -> drop(count, state)
      true -> hand_over(records, count, state)
    end
  end

  # How many events came in this second, and in how many seconds before it there were too many.
  defp window(count, state) do
    {start, used, over} = state.window
    now = :erlang.monotonic_time(:millisecond)

    cond do
      now - start < 1000 ->
        %{state | window: {start, used + count, over}}

      used <= state.options.max_rate ->
        %{state | window: {now, count, 0}}

      over + 1 >= @patience ->
        limit(:rate, %{state | window: {now, count, 0}})

      true ->
        %{state | window: {now, count, over + 1}}
    end
  end

  defp limit(reason, %{reason: nil} = state) do
    # Tracing ends here, not when the message is read: there may be much before it.
    Scope.Tracing.quiet(state.session)
    send(self(), {:limit, reason})
    %{state | reason: reason}
  end

  defp limit(_, state), do: state

  defp drop(count, state) do
    :counters.add(state.counters, @dropped, count)
    %{state | unsaid: state.unsaid + count}
  end

  # The newest `over` of them are too many.
  defp hand_over_some(_, count, over, state) when over >= count, do: drop(count, state)

  defp hand_over_some(records, count, over, state) do
    drop(over, hand_over(:lists.nthtail(over, records), count - over, state))
  end

  defp hand_over(records, count, %{unsaid: 0} = state) do
    frame(Scope.Values.encode(records, state.options.max_bytes), count, state)
    :counters.add(state.counters, @events, count)
    state
  end

  # What was dropped was dropped before these.
  defp hand_over(records, count, state) do
    drop = Scope.Values.strip(:erlang.term_to_binary({:drop, state.unsaid}))
    frame([drop | Scope.Values.encode(records, state.options.max_bytes)], count + 1, state)
    :counters.add(state.counters, @events, count)
    %{state | unsaid: 0}
  end

  # The external format of a list, put together from that of its elements: each is measured by encoding it.
  defp frame(elements, count, state) do
    frame = [<<131, 108, count::32>>, elements, 106]
    size = :erlang.iolist_size(frame)
    :counters.add(state.counters, @unsent, size)
    send(state.sender, {:frame, :erlang.iolist_to_binary(frame), size})
  end

  defp finish(records, count, state, reason) do
    Scope.Tracing.quiet(state.session)
    settled = Scope.Tracing.delivered(state.session)
    state = drain(records, count, state, settled, state.reason == nil)
    Scope.Tracing.untrace(state.session, state.options.modules)
    bye = {:scope, :bye, reason, Scope.Tracing.stamp()}

    state = hand_over([bye], 1, state)
    :counters.sub(state.counters, @events, 1)
    send(state.sender, {:close, self()})

    receive do
      {:closed, _} -> :ok
      {:EXIT, pid, _} when pid == :erlang.map_get(:sender, state) -> :ok
    after
      @wait_ms -> :ok
    end

    if reason != :stopped, do: warn("tracing has stopped (~0tp): ~0tp", [reason, told(state)])
    :maps.put(:reason, reason, :maps.remove(:waiting, told(state)))
  end

  # Everything traced before tracing ended comes before `settled`. At a limit it is counted, not sent.
  defp drain(records, count, state, settled, send?) when count >= @batch,
    do: drain([], 0, put(records, count, state, send?), settled, send?)

  defp drain(records, count, state, settled, send?) do
    receive do
      record when elem(record, 0) in [:trace_ts, :scope] ->
        drain([record | records], count + 1, state, settled, send?)

      {:trace_delivered, _, ^settled} ->
        put(records, count, state, send?)
    after
      @wait_ms -> put(records, count, state, send?)
    end
  end

  defp put(_, 0, state, _), do: state

  defp put(records, count, state, true) do
    if :counters.get(state.counters, @unsent) > @max_unsent_bytes,
      do: drop(count, state),
      else: hand_over(records, count, state)
  end

  defp put(_, count, state, false), do: drop(count, state)

  defp warn(format, arguments) do
    :logger.log(:warning, :unicode.characters_to_list(["Scope: ", :io_lib.format(format, arguments)]))
  end
end

defmodule Scope.Values do
  # How is a record written, and what is left of a long value?

  # Newest first in, oldest first out; without the version byte, as elements of a list.
  def encode(records, max_bytes), do: encode(records, max_bytes, [])
  defp encode([], _, encoded), do: encoded

  defp encode([record | records], max_bytes, encoded) do
    binary = :erlang.term_to_binary(record)

    if :erlang.byte_size(binary) <= max_bytes do
      encode(records, max_bytes, [strip(binary) | encoded])
    else
      encode(records, max_bytes, [strip(:erlang.term_to_binary(cut_record(record, max_bytes))) | encoded])
    end
  end

  def strip(<<131, term::binary>>), do: term

  defp cut_record({:trace_ts, pid, :call, {m, f, arguments}, stamp}, max) when is_list(arguments),
    do: {:trace_ts, pid, :call, {m, f, cut_each(arguments, max)}, stamp}

  defp cut_record({:trace_ts, pid, :call, {m, f, arguments}, caller, stamp}, max) when is_list(arguments),
    do: {:trace_ts, pid, :call, {m, f, cut_each(arguments, max)}, caller, stamp}

  defp cut_record({:trace_ts, pid, kind, mfa, value, stamp}, max) when kind in [:return_from, :exception_from],
    do: {:trace_ts, pid, kind, mfa, cut(value, max, 0), stamp}

  # The receiver of `send` is short; the spawned function's arguments may not be.
  defp cut_record({:trace_ts, pid, kind, one, two, stamp}, max),
    do: {:trace_ts, pid, kind, cut(one, max, 0), cut(two, max, 0), stamp}

  defp cut_record({:trace_ts, pid, kind, value, stamp}, max), do: {:trace_ts, pid, kind, cut(value, max, 0), stamp}
  defp cut_record(record, _), do: record

  defp cut_each(arguments, max), do: :lists.map(fn argument -> cut(argument, max, 0) end, arguments)

  # The shape of small tuples, maps and improper or short lists is kept, because it says what a message or a state is;
  # their elements share the room.
  defp cut(term, max, depth) do
    size = :erlang.external_size(term)

    cond do
      size <= max ->
        term

      depth < 4 and is_tuple(term) and tuple_size(term) <= 8 ->
        share = share(max, tuple_size(term))
        cut_one = fn element -> cut(element, share, depth + 1) end
        :erlang.list_to_tuple(:lists.map(cut_one, :erlang.tuple_to_list(term)))

      depth < 4 and is_map(term) and map_size(term) <= 32 ->
        share = share(max, map_size(term))
        :maps.map(fn _, value -> cut(value, share, depth + 1) end, term)

      true ->
        {:truncated, size, what(term)}
    end
  end

  defp share(max, count), do: :erlang.max(64, :erlang.div(max, :erlang.max(1, count)))

  # ElixirScope's own words (`ElixirScope.Utils.truncate_if_large/2`).
  defp what(term) when is_binary(term), do: "binary data"
  defp what(term) when is_map(term), do: Scope.Options.text("map with ~b entries", [map_size(term)])
  defp what(term) when is_tuple(term), do: Scope.Options.text("tuple with ~b elements", [tuple_size(term)])

  defp what(term) when is_list(term) do
    Scope.Options.text("list with ~b elements", [:erlang.length(term)])
  catch
    :error, :badarg -> "data"
  end

  defp what(_), do: "data"
end

defmodule Scope.Tracing do
  # The VM's tracing, in a session where there are sessions (`session` is nil where not).

  # Their processes are the runtime, not the application.
  @runtime_apps [:kernel, :stdlib, :sasl, :runtime_tools, :compiler, :elixir, :logger, :iex, :mix]
  @runtime_names [:init, :erl_prim_loader, :application_controller, :erts_code_purger, :logger, :code_server]

  def session do
    if :erlang.function_exported(:trace, :session_create, 3) or loads?(:trace),
      do: :erlang.apply(:trace, :session_create, [Scope, self(), []]),
      else: nil
  end

  defp loads?(module) do
    :code.ensure_loaded(module) == {:module, module} and :erlang.function_exported(module, :session_create, 3)
  end

  def trace(options, session, ours) do
    each(options.modules, fn {module, _, _} = mfa ->
      pattern(session, mfa, [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}])

      each(module.module_info(:functions), fn {f, a} ->
        if closure?(f) and not options.closures, do: pattern(session, {module, f, a}, false)
      end)
    end)

    flags =
      [:call, :procs, :set_on_spawn, :strict_monotonic_timestamp] ++
        if(options.messages, do: [:send, :receive], else: [])

    case options.processes do
      :new ->
        flag(session, :new, true, flags)

      :existing ->
        trace_existing(session, ours, flags)

      :all ->
        flag(session, :new, true, flags)
        trace_existing(session, ours, flags)

      pids ->
        each(pids, fn pid -> flag(session, pid, true, flags) end)
    end

    :ok
  catch
    :error, :badarg -> {:error, "this node has another tracer (dbg?): stop that one first"}
  end

  defp each(list, act), do: :lists.foreach(act, list)

  # `-scan/2-fun-0-`, `-all/1-lc$^0/1-0-`
  defp closure?(function), do: match?("-" <> _, :erlang.atom_to_binary(function))

  defp trace_existing(session, ours, flags) do
    each(:erlang.processes() -- ours, fn pid ->
      try do
        if not runtime?(pid), do: flag(session, pid, true, flags)
      catch
        # Gone meanwhile, or it is another tracer, which cannot be traced.
        :error, :badarg -> :ok
      end
    end)
  end

  defp runtime?(pid) do
    case :erlang.process_info(pid, [:registered_name, :initial_call]) do
      :undefined ->
        true

      [{:registered_name, name}, {:initial_call, {module, _, _}}] ->
        :lists.member(name, @runtime_names) or module in [:otp_ring0, :application_master] or
          match?("erts_" <> _, :erlang.atom_to_binary(module)) or
          case :application.get_application(pid) do
            {:ok, application} -> :lists.member(application, @runtime_apps)
            :undefined -> false
          end
    end
  end

  defp flag(nil, :new, on?, flags), do: :erlang.trace(:new_processes, on?, tracer(on?, flags))
  defp flag(nil, pid, on?, flags), do: :erlang.trace(pid, on?, tracer(on?, flags))
  defp flag(session, pid, on?, flags), do: :erlang.apply(:trace, :process, [session, pid, on?, flags])

  defp tracer(true, flags), do: [{:tracer, self()} | flags]
  defp tracer(false, flags), do: flags

  defp pattern(nil, mfa, spec), do: :erlang.trace_pattern(mfa, spec, [:local])
  defp pattern(session, mfa, spec), do: :erlang.apply(:trace, :function, [session, mfa, spec, [:local]])

  def quiet(session) do
    flag(session, :new, false, [:all])
    flag(session, if(session, do: :existing, else: :all), false, [:all])
  end

  def delivered(nil), do: :erlang.trace_delivered(:all)

  # Not in the first releases of sessions.
  def delivered(session) do
    if :erlang.function_exported(:trace, :delivered, 2),
      do: :erlang.apply(:trace, :delivered, [session, :all]),
      else: :erlang.trace_delivered(:all)
  end

  def untrace(nil, patterns) do
    :erlang.trace(:all, false, [:all])
    each(patterns, fn {module, _, _} -> :erlang.trace_pattern({module, :_, :_}, false, [:local]) end)
  end

  def untrace(session, _), do: :erlang.apply(:trace, :session_destroy, [session])

  # As `strict_monotonic_timestamp` gives it.
  def stamp, do: {:erlang.monotonic_time(:nanosecond), :erlang.unique_integer([:monotonic])}
end

defmodule Scope.Sender do
  # Owns the socket or the file.

  @version 1
  # Slots of the shared counters, as in Scope.Tracer.
  @unsent 1
  @sent_bytes 2

  def open(options, counters) do
    tracer = self()
    tag = :erlang.make_ref()
    sender = :erlang.spawn_link(__MODULE__, :init, [tracer, tag, options.to, counters])

    receive do
      {^tag, :ok} -> {:ok, sender}
      {^tag, error} -> error
    end
  end

  def init(tracer, tag, to, counters) do
    :erlang.process_flag(:trap_exit, true)

    case sink(to) do
      {:ok, write, close} ->
        hello = :erlang.term_to_binary({:scope, :hello, hello()})

        case write.(hello) do
          :ok ->
            send(tracer, {tag, :ok})
            send_frames(tracer, write, close, counters, {nil, []})

          {:error, reason} ->
            send(
              tracer,
              {tag, {:error, Scope.Options.text("~ts took the first message not: ~0tp", [where(to), reason])}}
            )
        end

      {:error, reason} ->
        send(tracer, {tag, {:error, no_sink(to, reason)}})
    end
  end

  defp no_sink({:file, _} = to, reason),
    do: Scope.Options.text("~ts cannot be written: ~0tp. Nothing is traced.", [where(to), reason])

  defp no_sink(to, reason) do
    Scope.Options.text(
      "no server at ~ts (~0tp). Start it with `elixir-scope-storage --listen ~ts`. Nothing is traced.",
      [
        where(to),
        reason,
        where(to)
      ]
    )
  end

  defp where({:file, path}), do: path
  defp where({host, port}) when is_tuple(host), do: Scope.Options.text("~ts:~b", [:inet.ntoa(host), port])
  defp where({host, port}), do: Scope.Options.text("~ts:~b", [host, port])
  defp where(port), do: where({"127.0.0.1", port})

  defp sink({:file, path}) do
    case :file.open(path, [:write, :raw, :binary, {:delayed_write, 1_048_576, 500}]) do
      {:ok, file} ->
        {:ok, fn frame -> :file.write(file, [<<:erlang.iolist_size(frame)::32>>, frame]) end,
         fn -> :file.close(file) end}

      error ->
        error
    end
  end

  defp sink({host, port}) do
    host = if is_binary(host), do: :erlang.binary_to_list(host), else: host
    options = [:binary, packet: 4, active: true, nodelay: true, send_timeout: 30_000, send_timeout_close: true]

    case :gen_tcp.connect(host, port, options, 5_000) do
      {:ok, socket} ->
        # What is still on its way when the socket is closed is sent, not reset.
        {:ok, fn frame -> :gen_tcp.send(socket, frame) end,
         fn ->
           :gen_tcp.shutdown(socket, :write)
           :gen_tcp.close(socket)
         end}

      error ->
        error
    end
  end

  defp sink(port), do: sink({{127, 0, 0, 1}, port})

  defp send_frames(tracer, write, close, counters, {session, patterns} = traced) do
    receive do
      {:frame, frame, size} ->
        case write.(frame) do
          :ok ->
            :counters.sub(counters, @unsent, size)
            :counters.add(counters, @sent_bytes, size)
            send_frames(tracer, write, close, counters, traced)

          {:error, reason} ->
            exit(reason)
        end

      {:patterns, session, patterns} ->
        send_frames(tracer, write, close, counters, {session, patterns})

      {:close, from} ->
        close.()
        send(from, {:closed, self()})

      {:tcp_closed, _} ->
        exit(:closed)

      {:tcp_error, _, reason} ->
        exit(reason)

      {:EXIT, ^tracer, _} ->
        Scope.Tracing.untrace(session, patterns)
        close.()

      _ ->
        send_frames(tracer, write, close, counters, traced)
    end
  end

  defp hello do
    %{
      version: @version,
      node: node(),
      otp: :unicode.characters_to_binary(:erlang.system_info(:otp_release)),
      elixir: elixir(),
      os_pid: :unicode.characters_to_binary(:os.getpid()),
      time_offset_ns: :erlang.time_offset(:nanosecond),
      mono_ns: :erlang.monotonic_time(:nanosecond),
      names: names()
    }
  end

  defp elixir do
    case :application.get_key(:elixir, :vsn) do
      {:ok, version} -> :unicode.characters_to_binary(version)
      :undefined -> nil
    end
  end

  def names do
    named = :lists.map(fn name -> {name, :erlang.whereis(name)} end, :erlang.registered())
    :lists.filter(fn {_, pid} -> is_pid(pid) end, named)
  end
end

defmodule Scope.Sampler do
  # How long are mailboxes?

  # A table of more mailboxes than this says less, not more: the longest are sent.
  @max_samples 500

  def init(tracer, sender, options) do
    # The link does not tell of a normal end.
    :erlang.monitor(:process, tracer)

    if options.sample_ms > 0,
      do: sample(tracer, [tracer, sender, self()], options, %{}, :maps.from_list(Scope.Sender.names()))
  end

  # `busy` are the mailboxes that were not empty the last time: that they are empty now is news.
  defp sample(tracer, ours, options, busy, names) do
    seen = :lists.filtermap(fn pid -> look(pid, busy) end, sampled(options.processes) -- ours)
    longest = :lists.sublist(:lists.reverse(:lists.sort(seen)), @max_samples)
    tell = fn {_, pid, sample} -> send(tracer, {:scope, :sample, pid, Scope.Tracing.stamp(), sample}) end
    :lists.foreach(tell, longest)

    now = :maps.from_list(Scope.Sender.names())
    new = :lists.filter(fn {name, pid} -> :maps.get(name, names, nil) != pid end, :maps.to_list(now))
    if new != [], do: send(tracer, {:scope, :names, new, Scope.Tracing.stamp()})

    waiting = :lists.filter(fn {length, _, _} -> length > 0 end, longest)
    busy = :maps.from_list(:lists.map(fn {_, pid, _} -> {pid, true} end, waiting))

    receive do
      {:DOWN, _, :process, ^tracer, _} -> :ok
    after
      options.sample_ms -> sample(tracer, ours, options, busy, now)
    end
  end

  defp look(pid, busy) do
    case :erlang.process_info(pid, [:message_queue_len, :memory, :reductions]) do
      [{:message_queue_len, length} | _] = sample when length > 0 or :erlang.is_map_key(pid, busy) ->
        {true, {length, pid, sample}}

      _ ->
        false
    end
  end

  defp sampled(pids) when is_list(pids), do: pids
  defp sampled(_), do: :erlang.processes()
end
