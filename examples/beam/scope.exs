# What happens in this node? Traces it and sends the trace to elixir-scope-storage.
#
#     elixir-scope-storage --listen 127.0.0.1:4712        # the server (or in an assistant's configuration)
#
#     iex> c "scope.exs"
#     iex> Scope.estimate(modules: [MyApp.Cart])          # a second of it: events, bytes and cost of each level
#     iex> Scope.start(modules: [MyApp.Cart, MyApp.Bank], to: 4712)
#     iex> Scope.status()
#     iex> Scope.stop()
#
# Options of Scope.start/1:
#
#     to:           4712 | {"host", 4712} | {:file, "rec.scope"}: a server's --listen port, or a file for its import
#     modules:      [Mod | {Mod, :fun} | {Mod, :fun, arity} | :app | {:app, :app} | "MyApp.*"]: whose calls are traced;
#                   an application stands for all its modules, a text with * for the modules so named; [] traces none
#     level:        what is told, the cheapest first, each with what the ones before it tell:
#                     :calls     which function, called from which line, how long; arguments of explicit exceptions only
#                     :messages  what is sent and received
#                     :state     arguments and results of OTP's callbacks (init, handle_*, gen_statem's states)
#                     :all       (default) arguments and results of every function
#     processes:    :all (default) | :existing | :new | [pid | name | {:initial_call, Mod} | {:app, :app} |
#                   {:supervisor, pid_or_name}]: whose calls, messages and life are traced. :all and :existing leave out
#                   the processes of OTP's and Elixir's own applications.
#     one_of:       N: of those processes one in N is traced
#     slower_than:  milliseconds: only calls that take as long, or raise, are sent; the others are counted
#     ring:         megabytes kept in the node and sent only on a crash, a timeout, a call slower than `slower_than`, or
#                   by Scope.dump/0
#     messages:     true (default): false leaves sent and received messages out at any level
#     locals:       functions that a module does not export. Default: true at level :all, else false: they can be most of
#                   all calls (at RabbitMQ's channel 80 events a message, with exported functions alone a tenth of them)
#     closures:     false (default): calls of anonymous functions and comprehensions of these modules are not traced;
#                   they can be three quarters of all calls
#     max_bytes:    4096: a value (argument, result, message) longer than this is cut to
#                   {:truncated, 4096, "more than 4096 bytes: map with 40 entries"}, the shape around it kept
#     max_memory:   64 (megabytes) | :infinity: what this needs in the node at most, for what waits to be read and sent
#     max_rate:     100_000 events a second: what comes above it is dropped and counted; five such seconds in a row, and
#                   tracing stops
#     max_byte_rate: 32 (megabytes a second)
#     max_mailbox:  100_000: so many events waiting to be sent, and tracing stops; the waiting ones are counted as dropped
#     max_seconds:  600 | :infinity: then tracing stops
#     sample_ms:    1000 | 0: how often mailbox lengths are looked at; 0: never
#     redact:       :default | :none | ["word", ...]: keys whose values are hidden. Default: passwords, secrets, tokens,
#                   cookies, authorizations, API keys and their like, SASL responses and card numbers, wherever they
#                   stand, and what a call returns that was given such a name (config(:secret_key_base));
#                   Plug.Conn, Phoenix.Socket and database connections are told in a short form
#     silent:       [Mod | {Mod, :fun}]: whose arguments and results are never recorded, at any level; with `redact` these
#                   are always modules that check credentials (rabbit_auth_*, ejabberd_auth*, xmpp_sasl*, Bcrypt, ...) or
#                   read cookies, forms and sessions (Plug.Session, Plug.Conn.Query, cow_cookie, URI.decode_query, ...)
#
# At `max_memory` or `max_byte_rate`, values are left out first (functions, lines and times go on), then samples, then
# tracing stops. A function whose values are large several times in a row loses its values before. All of it is said in
# the recording, by Scope.status/0 and by Scope.stop/0.
#
# It needs nothing but Erlang/OTP 25 to 28: its code calls no module of Elixir, so that it can be injected into a node
# that has none (inject.exs). Where trace sessions exist (OTP 27) it does not disturb other tracers; before, a node has
# one tracer, so use it or dbg, not both.
#
# Three processes, none of them traced: the tracer collects and encodes, the sender owns the socket (and takes the trace
# patterns away should the tracer be killed), the sampler looks at mailboxes and at code that was loaded anew. The
# application waits for none of them.

defmodule Scope do
  # The interface.

  @doc """
  Starts tracing. `:ok`, or `{:error, what_was_wrong}`: then nothing is traced.
  """
  def start(options) do
    case Scope.Options.check(options) do
      {:ok, options} -> spawn_tracer(options)
      error -> error
    end
  end

  @doc """
  Traces for a second at the cheapest level, sends nothing, and tells what tracing would cost:
  `{:ok, %{events_per_s:, bytes_per_s:, cost:}}`. Takes the options of `start/1`; `to:` may be left out.
  """
  def estimate(options) do
    case Scope.Options.check(Scope.Options.estimating(options)) do
      {:ok, options} ->
        case spawn_tracer(options) do
          :ok ->
            receive do
            after
              1_000 -> ask(:estimate)
            end

          error ->
            error
        end

      error ->
        error
    end
  end

  @doc """
  Sends what the ring holds (option `ring:`): `{:ok, counters}`.
  """
  def dump, do: ask(:dump)

  @doc """
  Stops tracing once everything traced so far is sent: `{:ok, counters}`; `goodbye` is the stamp of the last record. Had
  it stopped by itself, what it counted, and why and when it stopped.
  """
  def stop do
    case :erlang.whereis(__MODULE__) do
      :undefined ->
        case Scope.Last.take() do
          nil -> ask(:stop)
          last -> {:ok, :maps.put(:stopped, :before, last)}
        end

      _ ->
        ask(:stop)
    end
  end

  @doc """
  What was traced so far: `{:ok, counters}`.
  """
  def status, do: ask(:status)

  defp spawn_tracer(options) do
    Scope.Last.forget()

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
  end

  defp ask(what) do
    case :erlang.whereis(__MODULE__) do
      :undefined ->
        {:error, Scope.Last.hint()}

      tracer ->
        monitor = :erlang.monitor(:process, tracer)
        send(tracer, {what, self(), monitor})

        receive do
          {^monitor, answer} ->
            :erlang.demonitor(monitor, [:flush])
            answer

          # It ended meanwhile.
          {:DOWN, ^monitor, :process, _, reason} ->
            case Scope.Last.take() do
              nil -> {:error, Scope.Options.text("tracing had ended: ~0tp", [reason])}
              last -> {:ok, :maps.put(:stopped, :before, last)}
            end
        end
    end
  end
end

defmodule Scope.Last do
  # How did the tracing end that nobody stopped? Kept where no process has to live for it.

  @application :elixir_scope

  def put(told), do: :application.set_env(@application, :last, told)
  def forget, do: :application.unset_env(@application, :last)

  def take do
    last = get()
    forget()
    last
  end

  def hint do
    case get() do
      nil ->
        "nothing is traced: start with Scope.start(modules: [MyApp.Cart], to: 4712)"

      last ->
        Scope.Options.text("nothing is traced: tracing has stopped by itself (~0tp): ~0tp", [
          :maps.get(:reason, last),
          last
        ])
    end
  end

  defp get do
    case :application.get_env(@application, :last) do
      {:ok, last} -> last
      :undefined -> nil
    end
  end
end

defmodule Scope.Options do
  # What is to be traced, and is that possible?

  @levels [:calls, :messages, :state, :all]

  @defaults %{
    to: nil,
    modules: nil,
    level: :all,
    processes: :all,
    one_of: 1,
    slower_than: 0,
    ring: 0,
    messages: true,
    locals: nil,
    closures: false,
    max_bytes: 4_096,
    max_memory: 64,
    max_rate: 100_000,
    max_byte_rate: 32,
    max_mailbox: 100_000,
    max_seconds: 600,
    sample_ms: 1_000,
    redact: :default,
    silent: []
  }

  def estimating(options) when is_list(options) do
    given = :lists.filter(fn entry -> not (is_tuple(entry) and elem(entry, 0) in [:to, :level, :ring]) end, options)
    [{:to, :nowhere}, {:level, :calls} | given]
  end

  def estimating(other), do: other

  def check(options) when is_list(options) do
    case :lists.filter(fn entry -> not known?(entry) end, options) do
      [] ->
        all = :maps.merge(@defaults, :maps.from_list(options))
        wrong = :lists.filter(fn key -> not valid?(key, :maps.get(key, all)) end, :maps.keys(all))

        case wrong do
          [] -> check_modules(with_locals(all))
          [key | _] -> {:error, wrong(key, :maps.get(key, all))}
        end

      [entry | _] ->
        {:error, text("~0tp is no option; options are ~0tp", [entry, :maps.keys(@defaults)])}
    end
  end

  def check(other),
    do: {:error, text("options are a list such as [modules: [MyApp.Cart], to: 4712], not ~0tp", [other])}

  defp with_locals(%{locals: nil, level: level} = options), do: %{options | locals: level == :all}
  defp with_locals(options), do: options

  defp known?({key, _}), do: :maps.is_key(key, @defaults)
  defp known?(_), do: false

  defp valid?(:to, :nowhere), do: true
  defp valid?(:to, {:file, path}), do: is_binary(path) or is_list(path)
  defp valid?(:to, {host, port}), do: (is_binary(host) or is_list(host) or is_tuple(host)) and valid?(:to, port)
  defp valid?(:to, port), do: is_integer(port) and port in 1..65_535
  defp valid?(:modules, modules), do: is_list(modules)
  defp valid?(:level, level), do: level in @levels

  defp valid?(:processes, processes),
    do: processes in [:all, :existing, :new] or (is_list(processes) and processes != [])

  defp valid?(:locals, nil), do: true
  defp valid?(key, value) when key in [:messages, :closures, :locals], do: is_boolean(value)
  defp valid?(key, :infinity) when key in [:max_seconds, :max_memory], do: true
  defp valid?(key, 0) when key in [:sample_ms, :ring, :slower_than], do: true
  defp valid?(:redact, words) when is_list(words), do: :lists.all(&is_binary/1, words)
  defp valid?(:redact, redact), do: redact in [:default, :none]
  defp valid?(:silent, silent), do: is_list(silent) and :lists.all(&silent?/1, silent)
  defp valid?(_, value), do: is_integer(value) and value > 0

  defp silent?({module, function}), do: is_atom(module) and is_atom(function)
  defp silent?(module), do: is_atom(module)

  defp wrong(key, nil), do: text("`~ts:` is missing: ~ts", [key, hint(key)])
  defp wrong(key, value), do: text("`~ts: ~0tp`: ~ts", [key, value, hint(key)])

  defp hint(:to), do: ~s(the --listen port of the server, as 4712, {"host", 4712} or {:file, "rec.scope"})

  defp hint(:modules),
    do: ~s(a list of Mod, {Mod, :fun}, {Mod, :fun, arity}, :app or "MyApp.*"; [] for messages and processes alone)

  defp hint(:level), do: text("one of ~0tp", [@levels])

  defp hint(:processes),
    do:
      ":all, :existing, :new, or a list of pids, registered names, {:initial_call, Mod}, {:app, App}, {:supervisor, S}"

  defp hint(key) when key in [:messages, :closures, :locals], do: "true or false"
  defp hint(key) when key in [:max_seconds, :max_memory], do: "a positive integer or :infinity"
  defp hint(:sample_ms), do: "milliseconds, or 0 for never"
  defp hint(:slower_than), do: "milliseconds, or 0 for every call"
  defp hint(:ring), do: "megabytes, or 0 for none"
  defp hint(:redact), do: ~s(:default, :none, or a list of words such as ["password", "pin"])
  defp hint(:silent), do: "a list of Mod or {Mod, :fun}"
  defp hint(_), do: "a positive integer"

  # Modules whose arguments are passwords, responses and their bytes, one by one: those that check or sign, and those
  # that read cookies, forms and headers out of bytes. How their names begin; the same list is src/redact/silent.rs.
  @credentials ["rabbit_auth_mechanism_", "rabbit_auth_backend_", "rabbit_password", "rabbit_credential_", "cyrsasl"] ++
                 ["xmpp_sasl", "scram", "ejabberd_auth", "pbkdf2", "eldap", "amqp_auth_mechanisms"] ++
                 ["Elixir.Bcrypt", "Elixir.Argon2", "Elixir.Pbkdf2", "Elixir.Comeonin", "Elixir.Plug.Crypto"] ++
                 ["Elixir.Postgrex.SCRAM", "Elixir.Postgrex.Protocol", "Elixir.MyXQL.Protocol"] ++
                 [
                   "Elixir.Plug.Session",
                   "Elixir.Plug.CSRFProtection",
                   "Elixir.Plug.BasicAuth",
                   "Elixir.Plug.Conn.Cookies"
                 ] ++
                 ["Elixir.Plug.Conn.Query", "Elixir.Plug.Conn.Utils", "Elixir.Plug.Parsers", "Elixir.Phoenix.Token"] ++
                 [
                   "Elixir.Phoenix.Socket.Transport",
                   "Elixir.Joken",
                   "Elixir.JOSE",
                   "Elixir.HPAX",
                   "jose_",
                   "cow_cookie"
                 ] ++
                 ["cow_qs", "cow_hpack", "cow_multipart", "mochiweb_cookies", "mochiweb_util", "mochiweb_multipart"]

  # The same of single functions: how their names begin, those of the functions that they call among them.
  @reading [
    {URI, ["decode", "query", "unpercent", "encode", "percent", "hex", "next", "pair"]},
    {:uri_string, ["dissect", "compose", "percent", "unquote", "quote", "raw_decode", "decode", "form_urldecode"]},
    {:cowboy_req, ["parse_", "match_", "read_", "filter", "kvlist", "set_resp_cookie"]},
    {:mochiweb_request, ["parse_", "get_cookie", "recv"]},
    {:crypto, ["mac", "hash", "pbkdf2", "crypto_", "compute_key", "sign", "private"]}
  ]

  defp silent(%{redact: :none} = options), do: options

  defp silent(options) do
    modules = :lists.usort(:lists.map(fn {module, _, _} -> module end, options.modules))

    credentials = :lists.filter(fn module -> starts?(module, @credentials) end, modules)

    known = :lists.filter(fn {module, _} -> :lists.member(module, modules) end, @reading)

    reading =
      :lists.flatmap(
        fn {module, starts} ->
          functions = :lists.usort(:lists.map(fn {function, _} -> function end, module.module_info(:functions)))
          reads = :lists.filter(fn function -> starts?(function, starts) end, functions)
          :lists.map(fn function -> {module, function} end, reads)
        end,
        known
      )

    %{options | silent: options.silent ++ credentials ++ reading}
  end

  defp starts?(name, starts) do
    name = :erlang.atom_to_binary(name)
    :lists.any(fn start -> :string.prefix(name, start) != :nomatch end, starts)
  end

  defp check_modules(options) do
    patterns = :lists.flatmap(&patterns/1, options.modules)

    case :lists.filter(&is_binary/1, patterns) do
      [] -> check_processes(silent(:maps.put(:modules, :lists.usort(patterns), options)))
      [message | _] -> {:error, message}
    end
  end

  # What one entry of `modules:` stands for: patterns, or what is wrong with it.
  defp patterns({:app, application}) when is_atom(application), do: patterns_of(application)

  defp patterns(text) when is_binary(text) do
    case :lists.filter(fn name -> named?(name, text) end, known_modules()) do
      [] -> [text("no module is named like ~ts", [text])]
      modules -> :lists.map(fn module -> {module, :_, :_} end, :lists.filter(&loads?/1, modules))
    end
  end

  defp patterns(atom) when is_atom(atom) do
    if loads?(atom) or :application.get_key(atom, :modules) == :undefined,
      do: [pattern(atom)],
      else: patterns_of(atom)
  end

  defp patterns(other), do: [pattern(other)]

  defp patterns_of(application) do
    case :application.get_key(application, :modules) do
      {:ok, modules} -> :lists.map(fn module -> {module, :_, :_} end, :lists.filter(&loads?/1, modules))
      :undefined -> [text("`modules:` has the application ~0tp, which is not loaded here", [application])]
    end
  end

  defp loads?(module), do: :code.ensure_loaded(module) == {:module, module}

  # Loaded, or part of a loaded application.
  defp known_modules do
    applications = :lists.map(fn {application, _, _} -> application end, :application.loaded_applications())

    of_applications =
      :lists.flatmap(
        fn application ->
          case :application.get_key(application, :modules) do
            {:ok, modules} -> modules
            :undefined -> []
          end
        end,
        applications
      )

    :lists.usort(of_applications ++ :lists.map(fn {module, _} -> module end, :code.all_loaded()))
  end

  # `MyApp.*` matches MyApp.Cart, not MyApp.
  defp named?(module, text) do
    escaped = :re.replace(text, "[.^$+?()|{}\\[\\]\\\\]", "\\\\&", [:global, {:return, :binary}])
    regex = ["^", :re.replace(escaped, "\\*", ".*", [:global, {:return, :binary}]), "$"]

    shown = name(module)
    bare = if match?(":" <> _, shown), do: :binary.part(shown, 1, :erlang.byte_size(shown) - 1), else: shown
    :re.run(bare, regex, [{:capture, :none}]) == :match
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

  defp pattern(other), do: text("`modules:` has ~0tp: ~ts", [other, hint(:modules)])

  defp arity_text(:_), do: "any arity"
  defp arity_text(arity), do: :erlang.integer_to_binary(arity)

  defp name(module) do
    case :erlang.atom_to_binary(module) do
      "Elixir." <> rest -> rest
      erlang -> ":" <> erlang
    end
  end

  defp check_processes(%{processes: list} = options) when is_list(list) do
    found = :lists.flatmap(&pids_of/1, list)

    case :lists.filter(&is_binary/1, found) do
      [] -> {:ok, %{options | processes: :lists.usort(found)}}
      [message | _] -> {:error, message}
    end
  end

  defp check_processes(options), do: {:ok, options}

  # What one entry of `processes:` stands for: pids, or what is wrong with it.
  defp pids_of(pid) when is_pid(pid) and node(pid) == node() do
    if :erlang.is_process_alive(pid), do: [pid], else: [text("`processes:` has ~0tp, which is not alive", [pid])]
  end

  defp pids_of(name) when is_atom(name) do
    case :erlang.whereis(name) do
      pid when is_pid(pid) -> [pid]
      _ -> [text("`processes:` has ~0tp, and no process is registered by that name", [name])]
    end
  end

  defp pids_of({:initial_call, what} = entry) do
    some(entry, fn pid ->
      case :proc_lib.translate_initial_call(pid) do
        {module, function, arity} -> what == module or what == {module, function, arity}
        _ -> false
      end
    end)
  end

  defp pids_of({:app, application} = entry) do
    some(entry, fn pid -> :application.get_application(pid) == {:ok, application} end)
  end

  defp pids_of({:supervisor, supervisor} = entry) do
    case pids_of(supervisor) do
      [root] when is_pid(root) -> some(entry, fn pid -> below?(pid, root, 64) end)
      wrong -> wrong
    end
  end

  defp pids_of(other), do: [text("`processes:` has ~0tp: ~ts", [other, hint(:processes)])]

  defp some(entry, wanted?) do
    case :lists.filter(wanted?, :erlang.processes() -- [self()]) do
      [] -> [text("`processes:` has ~0tp, and no process is one", [entry])]
      pids -> pids
    end
  end

  # By their parents: a supervisor is not asked, it may be busy.
  defp below?(pid, pid, _), do: true
  defp below?(_, _, 0), do: false

  defp below?(pid, root, depth) do
    case :erlang.process_info(pid, :parent) do
      {:parent, parent} when is_pid(parent) and node(parent) == node() -> below?(parent, root, depth - 1)
      _ -> false
    end
  end

  def text(format, arguments), do: :unicode.characters_to_binary(:io_lib.format(format, arguments))
end

defmodule Scope.Tracer do
  # Collects trace messages, hands them to the sender in batches, and keeps the limits.

  @batch 2_000
  @tick_ms 100
  @patience 5
  @wait_ms 10_000
  @megabyte 1_048_576
  # Messages between two looks at the memory; one with a large value counts for many.
  @look 1_000
  @large_counts 100
  # A function with so many large values in one second loses its values.
  @strikes 4
  # Calls that may take their values along before the tracer has looked at the ones before: of a burst, the rest goes
  # without. At first, and at least.
  @first_credit 8_192
  @least_credit 32
  # What was left out gets so long to take effect before more is.
  @step_ms 1_000
  @burst %{left_out: :some_values, why: :burst}

  # What the slots of the shared counters hold.
  @unsent 1
  @sent_bytes 2
  @events 3
  @dropped 4
  # Calls that took values along and were looked at.
  @paid 5

  def init(options, starter) do
    # The starter's may be on another node, or end with a shell.
    :erlang.group_leader(:erlang.whereis(:init), self())
    :erlang.process_flag(:trap_exit, true)
    counters = :counters.new(5, [:write_concurrency])
    Scope.Secrets.init(options)

    with :ok <- take_name(),
         {:ok, sender} <- Scope.Sender.open(options, counters) do
      sampler = :erlang.spawn_link(Scope.Sampler, :init, [self(), sender, options])
      session = Scope.Tracing.session()

      # The sender takes the patterns away if this process is killed, so it knows them first.
      send(sender, {:patterns, session, options.modules})
      now = :erlang.monotonic_time(:millisecond)

      state = %{
        options: options,
        counters: counters,
        sender: sender,
        sampler: sampler,
        session: session,
        # Drops not told yet.
        unsaid: 0,
        # Start of this second, its events and bytes, and seconds before it with too many.
        window: {now, 0, 0, 0},
        reason: nil,
        # Whether values still travel, and samples.
        values: options.level in [:state, :all] or (options.level == :messages and options.messages),
        samples: options.sample_ms > 0,
        # When something was left out last, and what the memory was then.
        step: {now - @step_ms, 0},
        left_out: [],
        # Functions with large values in this second.
        large: %{},
        # Functions that lost their values.
        bare: %{},
        slow: Scope.Slow.new(options),
        ring: Scope.Ring.new(options.ring * @megabyte),
        dump: nil,
        filtered: 0,
        unsampled: 0,
        # Processes of the distribution.
        left: %{},
        # How many calls may take values along, at most how many, and bytes of an event so far.
        credit: @least_credit,
        most: @first_credit,
        # Credit in force, and calls that used some so far.
        given: 0,
        used: 0,
        size: 1024,
        # Messages until the memory is looked at.
        memory_in: @look,
        exhausted: false,
        started: now
      }

      state = %{state | most: most(Scope.Tracing.heaviest(options.modules, []), state)}
      state = refill(%{state | credit: :erlang.min(state.most, div(@first_credit, 2))})

      case Scope.Tracing.trace(options, session, [self(), sender, sampler]) do
        :ok ->
          :erlang.send_after(@tick_ms, self(), :tick)
          if options.max_seconds != :infinity, do: :erlang.send_after(options.max_seconds * 1000, self(), :time)
          send(starter, {self(), :ok})
          collect([], 0, @look, state)

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

  # Newest first; `count` is the length, `look` the messages until the memory is looked at.
  defp collect(records, count, look, state) when count >= @batch, do: collect([], 0, look, flush(records, count, state))

  defp collect(records, count, look, state) when look <= 0 do
    state = refill(state)
    collect(records, count, interval(state), look_in_time(interval(state) - look, state))
  end

  defp collect(records, count, look, state) do
    receive do
      # It took its values along.
      record when elem(record, 2) == :call and :erlang.element(1, :erlang.element(5, record)) == :args ->
        :counters.add(state.counters, @paid, 1)
        took(Scope.Record.take(record, state), records, count, look - 1, state)

      record when elem(record, 0) == :trace_ts ->
        took(Scope.Record.take(record, state), records, count, look - 1, state)

      record when elem(record, 0) == :scope ->
        collect([record | records], count + 1, look - 1, state)

      :tick ->
        :erlang.send_after(@tick_ms, self(), :tick)
        state = refill(look(flush(records, count, state)))
        collect([], 0, interval(state), state)

      {:heaviest, bytes} ->
        state = %{state | most: most(bytes, state)}
        collect(records, count, look, %{state | credit: :erlang.min(state.credit, state.most)})

      {:loaded, modules} ->
        Scope.Tracing.again(state, modules)
        collect([note(%{loaded: modules, patterns: :set_again}) | records], count + 1, look, state)

      {:status, from, tag} ->
        state = flush(records, count, state)
        send(from, {tag, {:ok, told(state)}})
        collect([], 0, look, state)

      {:dump, from, tag} ->
        state = dump(:asked, flush(records, count, state))
        send(from, {tag, {:ok, told(state)}})
        collect([], 0, look, state)

      {:estimate, from, tag} ->
        ms = :erlang.max(1, :erlang.monotonic_time(:millisecond) - state.started)
        told = finish(records, count, state, :stopped)
        send(from, {tag, {:ok, Scope.Estimate.of(told, ms)}})

      {:stop, from, tag} ->
        answer = finish(records, count, state, :stopped)
        send(from, {tag, {:ok, answer}})

      :time ->
        finish(records, count, state, :time)

      # A limit was passed.
      {:limit, reason} ->
        finish(records, count, state, reason)

      {:EXIT, pid, reason} when pid == :erlang.map_get(:sender, state) ->
        Scope.Tracing.untrace(state.session, state.options.modules)
        Scope.Last.put(:maps.merge(told(state), %{reason: :server_gone, ended: ended()}))
        warn("the server is gone (~0tp): tracing has stopped, ~0tp", [reason, told(state)])

      {:EXIT, pid, reason} when pid == :erlang.map_get(:sampler, state) ->
        if reason != :normal, do: warn("mailboxes are no longer looked at: ~0tp", [reason])
        collect(records, count, look, state)

      {:EXIT, _, _} ->
        finish(records, count, state, :stopped)

      # Not ours.
      _ ->
        collect(records, count, look, state)
    end
  end

  defp took({:keep, record}, records, count, look, state) do
    case state.slow do
      nil -> collect([record | records], count + 1, look, watch(record, state))
      slow -> filter(Scope.Slow.take(record, slow), records, count, look, watch(record, state))
    end
  end

  defp took({:large, record, mfa}, records, count, look, state) do
    state = strike(mfa, %{state | credit: @least_credit})
    took({:keep, record}, records, count, look - @large_counts, state)
  end

  # A call that found no credit.
  defp took({:without, record}, records, count, look, state),
    do: took({:keep, record}, records, count, look, exhausted(state))

  defp took({:leave, pid}, records, count, look, state) do
    # They are few; a thousand later nothing of the first ones waits.
    left = if map_size(state.left) < 1_000, do: state.left, else: %{}
    took(:unsampled, records, count, look, %{state | left: :maps.put(pid, true, left)})
  end

  defp took(:unsampled, records, count, look, state),
    do: collect(records, count, look, %{state | unsampled: state.unsampled + 1})

  defp filter({kept, filtered, slow, is_slow}, records, count, look, state) do
    state = %{state | slow: slow, filtered: state.filtered + filtered}
    state = if is_slow and state.ring != nil, do: %{state | dump: :slow}, else: state
    collect(kept ++ records, count + :erlang.length(kept), look, state)
  end

  # Does this message send the ring?
  defp watch(_, %{ring: nil} = state), do: state

  defp watch(record, state) do
    case Scope.Ring.trigger(record) do
      nil -> state
      why -> %{state | dump: why}
    end
  end

  defp told(state) do
    told = %{
      events: :counters.get(state.counters, @events),
      dropped: :counters.get(state.counters, @dropped),
      sent_bytes: :counters.get(state.counters, @sent_bytes),
      waiting: elem(:erlang.process_info(self(), :message_queue_len), 1),
      left_out: :lists.reverse(state.left_out),
      redacted: Scope.Secrets.hidden()
    }

    more = [filtered: state.filtered, unsampled: state.unsampled, in_ring: Scope.Ring.events(state.ring)]
    more = [{:unsent_bytes, unsent(state)} | more]
    :maps.merge(told, :maps.from_list(:lists.filter(fn {_, n} -> n > 0 end, more)))
  end

  defp flush(records, count, %{dump: why} = state) when why != nil and why != :asked,
    do: dump(why, flush(records, count, %{state | dump: nil}))

  defp flush(_, 0, %{unsaid: 0} = state), do: state

  defp flush(records, count, state) do
    {:message_queue_len, waiting} = :erlang.process_info(self(), :message_queue_len)
    state = window(count, state)
    {_, used, _, _} = state.window

    cond do
      waiting > state.options.max_mailbox -> limit(:mailbox, drop(count, state))
      used > state.options.max_rate -> hand_over_some(records, count, used - state.options.max_rate, state)
      unsent(state) > max_memory(state) -> drop(count, state)
      true -> hand_over(records, count, state)
    end
  end

  defp unsent(state), do: :counters.get(state.counters, @unsent)
  defp max_memory(%{options: %{max_memory: :infinity}}), do: 1_000_000_000_000
  defp max_memory(state), do: state.options.max_memory * @megabyte

  # How many events came in this second, and in how many seconds before it there were too many.
  defp window(count, state) do
    {start, used, bytes, over} = state.window
    now = :erlang.monotonic_time(:millisecond)

    cond do
      now - start < 1000 ->
        %{state | window: {start, used + count, bytes, over}}

      used <= state.options.max_rate ->
        %{state | window: {now, count, 0, 0}, large: %{}}

      over + 1 >= @patience ->
        limit(:rate, %{state | window: {now, count, 0, 0}, large: %{}})

      true ->
        %{state | window: {now, count, 0, over + 1}, large: %{}}
    end
  end

  # Is it too much memory, or too many bytes a second?
  defp look(state) do
    {_, _, bytes, _} = state.window

    cond do
      bytes > state.options.max_byte_rate * @megabyte -> leave_out(:byte_rate, 0, state)
      memory(state) <= max_memory(state) -> state
      true -> look_again(state)
    end
  end

  # What was read and is not needed any more is no need for memory.
  defp look_again(state) do
    :erlang.garbage_collect()
    limit = div(max_memory(state) * 3, 4)

    case memory(state) do
      memory when memory <= limit -> state
      memory -> leave_out(:memory, memory, state)
    end
  end

  defp look_in_time(messages, state) do
    left = state.memory_in - messages
    if left > 0, do: %{state | memory_in: left}, else: look(%{state | memory_in: @look})
  end

  # Half of the memory is for values that nobody has looked at yet; a call has two.
  defp most(heaviest, state) do
    if heaviest > 0, do: :erlang.max(@least_credit, div(max_memory(state), 4 * heaviest)), else: 1_000_000
  end

  # As many calls as there may be.
  defp refill(%{options: %{max_memory: :infinity}} = state) do
    Scope.Tracing.credit(0x7FFF_FFFF)
    state
  end

  # Values that wait count. In memory a value is some four times as long as it travels.
  defp refill(%{values: true} = state) do
    most = :erlang.min(state.most, div(max_memory(state), 16 * state.size))
    credit = :erlang.max(@least_credit, :erlang.min(2 * state.credit, most))
    paid = :counters.get(state.counters, @paid)
    waiting = :erlang.max(0, state.used - paid)
    given = :erlang.max(0, credit - waiting)
    left = Scope.Tracing.credit(given)
    # Calls at the same time may take the same one.
    %{state | credit: credit, given: given, used: :erlang.max(paid, state.used) + state.given - left}
  end

  defp refill(state), do: state

  # How many messages until calls get more credit.
  defp interval(state), do: :erlang.max(8, :erlang.min(@look, div(state.credit, 2)))

  # Returns are still told, by where they lead.
  defp exhausted(%{exhausted: true} = state), do: state

  defp exhausted(state) do
    Scope.Tracing.returns(state)
    left_out(@burst, %{state | exhausted: true})
  end

  # Where tracing has ended already.
  defp last_exhausted(state), do: %{state | exhausted: true, left_out: [@burst | state.left_out]}

  # Messages that wait are counted in it.
  defp memory(state) do
    {:memory, memory} = :erlang.process_info(self(), :memory)
    memory + unsent(state) + Scope.Ring.bytes(state.ring)
  end

  defp leave_out(_, _, %{reason: reason} = state) when reason != nil, do: state

  defp leave_out(why, memory, %{step: {then, before}} = state) do
    now = :erlang.monotonic_time(:millisecond)

    if now - then < @step_ms and memory <= 2 * :erlang.max(before, max_memory(state)) do
      state
    else
      step(why, %{state | step: {now, memory}})
    end
  end

  defp step(why, %{values: true} = state) do
    Scope.Tracing.bare(state)
    left_out(%{left_out: :values, why: why}, %{state | values: false})
  end

  defp step(why, %{samples: true} = state) do
    send(state.sampler, :quiet)
    left_out(%{left_out: :samples, why: why}, %{state | samples: false})
  end

  defp step(why, state), do: limit(why, state)

  # A large value of a function: its copies cost more than what they tell.
  defp strike(nil, state), do: state

  defp strike(mfa, state) do
    strikes = :maps.get(mfa, state.large, 0) + 1
    state = %{state | large: :maps.put(mfa, strikes, state.large)}

    if strikes == @strikes and state.values do
      {module, function, arity} = mfa
      state = %{state | bare: :maps.put(mfa, true, state.bare)}
      Scope.Tracing.bare_function(state, mfa)
      send(state.sampler, {:large, module})
      left_out(%{left_out: :values, why: :large_values, module: module, function: function, arity: arity}, state)
    else
      state
    end
  end

  defp left_out(what, state) do
    # In its place among the messages that wait; this one comes before them.
    send(self(), note(what))
    %{state | left_out: [what | state.left_out]}
  end

  defp note(what), do: {:scope, :note, what, Scope.Tracing.stamp()}

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

  # Newest first in, oldest first out. What was dropped was dropped before these.
  defp hand_over(records, count, %{unsaid: unsaid} = state) do
    batch = :lists.reverse(records)
    batch = if unsaid > 0, do: [{:drop, unsaid} | batch], else: batch
    frame = :erlang.term_to_binary(batch)
    {start, used, bytes, over} = state.window
    size = :erlang.max(256, div(3 * state.size + div(:erlang.byte_size(frame), :erlang.max(1, count)), 4))
    state = %{state | unsaid: 0, size: size, window: {start, used, bytes + :erlang.byte_size(frame), over}}

    case state.ring do
      nil ->
        transmit(frame, state)
        :counters.add(state.counters, @events, count)
        state

      ring ->
        {ring, lost} = Scope.Ring.put(frame, count, ring)
        %{state | ring: ring, filtered: state.filtered + lost}
    end
  end

  defp transmit(frame, state) do
    size = :erlang.byte_size(frame)
    :counters.add(state.counters, @unsent, size)
    send(state.sender, {:frame, frame, size})
  end

  # Sends what the ring holds; what had been written over is a gap.
  defp dump(_, %{ring: nil} = state), do: state

  defp dump(why, state) do
    {frames, events, lost, ring} = Scope.Ring.take(state.ring)
    if lost > 0, do: transmit(:erlang.term_to_binary([{:drop, lost}]), state)
    :lists.foreach(fn frame -> transmit(frame, state) end, frames)
    transmit(:erlang.term_to_binary([note(%{dump: why, events: events})]), state)
    :counters.add(state.counters, @events, events + 1)
    # They are told as dropped from here on.
    :counters.add(state.counters, @dropped, lost)
    %{state | ring: ring, dump: nil, filtered: state.filtered - lost}
  end

  defp finish(records, count, state, reason) do
    Scope.Tracing.quiet(state.session)
    settled = Scope.Tracing.delivered(state.session)
    state = drain(records, count, state, settled, state.reason == nil)
    {held, filtered} = Scope.Slow.rest(state.slow, :erlang.monotonic_time(:nanosecond))
    state = %{state | filtered: state.filtered + filtered}
    state = put(held, :erlang.length(held), state, state.reason == nil)
    Scope.Tracing.untrace(state.session, state.options.modules)
    # What a ring holds is sent only when something happened; it is counted.
    state = %{state | ring: nil, filtered: state.filtered + Scope.Ring.events(state.ring)}
    told = :maps.without([:waiting, :unsent_bytes], told(state))
    bye = {:scope, :bye, reason, Scope.Tracing.stamp(), told}

    state = hand_over([bye], 1, state)
    :counters.sub(state.counters, @events, 1)
    send(state.sender, {:close, self()})

    receive do
      {:closed, _} -> :ok
      {:EXIT, pid, _} when pid == :erlang.map_get(:sender, state) -> :ok
    after
      @wait_ms -> :ok
    end

    told = :maps.merge(:maps.without([:waiting, :unsent_bytes], told(state)), %{reason: reason, goodbye: elem(bye, 3)})

    if reason != :stopped do
      Scope.Last.put(:maps.put(:ended, ended(), told))
      warn("tracing has stopped (~0tp): ~0tp", [reason, told])
    end

    told
  end

  # When, by the wall clock.
  defp ended,
    do: :unicode.characters_to_binary(:calendar.system_time_to_rfc3339(:erlang.system_time(:second), offset: ~c"Z"))

  # Everything traced before tracing ended comes before `settled`. At a limit it is counted, not sent.
  defp drain(records, count, state, settled, send?) when count >= @batch,
    do: drain([], 0, put(records, count, state, send?), settled, send?)

  defp drain(records, count, state, settled, send?) do
    receive do
      record when elem(record, 0) == :scope ->
        drain([record | records], count + 1, state, settled, send?)

      record when elem(record, 0) == :trace_ts and not send? ->
        drain(records, count, drop(1, state), settled, send?)

      record when elem(record, 0) == :trace_ts ->
        case Scope.Record.take(record, state) do
          :unsampled -> drain(records, count, state, settled, send?)
          {:leave, pid} -> drain(records, count, %{state | left: :maps.put(pid, true, state.left)}, settled, send?)
          {:large, record, _} -> drained(record, records, count, state, settled)
          {:without, record} -> drained(record, [note(@burst) | records], count + 1, last_exhausted(state), settled)
          {:keep, record} -> drained(record, records, count, state, settled)
        end

      {:trace_delivered, _, ^settled} ->
        put(records, count, state, send?)
    after
      @wait_ms -> put(records, count, state, send?)
    end
  end

  defp drained(record, records, count, %{slow: nil} = state, settled),
    do: drain([record | records], count + 1, state, settled, true)

  defp drained(record, records, count, state, settled) do
    {kept, filtered, slow, _} = Scope.Slow.take(record, state.slow)
    state = %{state | slow: slow, filtered: state.filtered + filtered}
    drain(kept ++ records, count + :erlang.length(kept), state, settled, true)
  end

  defp put(_, 0, state, _), do: state

  defp put(records, count, state, true) do
    if unsent(state) > max_memory(state),
      do: drop(count, state),
      else: hand_over(records, count, state)
  end

  defp put(records, count, state, false) do
    # Notes are few and say what is missing.
    notes = :lists.filter(fn record -> elem(record, 0) == :scope and elem(record, 1) == :note end, records)
    state = drop(count - :erlang.length(notes), state)
    if notes == [], do: state, else: hand_over(notes, :erlang.length(notes), state)
  end

  defp warn(format, arguments) do
    :logger.log(:warning, :unicode.characters_to_list(["Scope: ", :io_lib.format(format, arguments)]))
  end
end

defmodule Scope.Estimate do
  # What would tracing cost?

  # Nanoseconds of an event without values: of the process that makes it, and of the tracer (benches/RESULTS.md).
  @process_ns 900
  @tracer_ns 1_100

  def of(told, ms) do
    events = div((told.events + told.dropped) * 1000, ms)
    bytes = div(told.sent_bytes * 1000, ms)

    %{
      events_per_s: events,
      bytes_per_s: bytes,
      measured_ms: ms,
      cost:
        Scope.Options.text(
          "level :calls: about ~b % of a core in the traced processes and ~b % in the tracer; " <>
            "with values (:state, :all) expect 3 to 10 times as much for these modules",
          [percent(events * @process_ns), percent(events * @tracer_ns)]
        )
    }
  end

  defp percent(ns), do: div(ns + 9_999_999, 10_000_000)
end

defmodule Scope.Ring do
  # The newest frames, as many as there is room for.

  def new(0), do: nil
  def new(room), do: %{room: room, frames: :queue.new(), bytes: 0, events: 0, lost: 0}

  def bytes(nil), do: 0
  def bytes(ring), do: ring.bytes
  def events(nil), do: 0
  def events(ring), do: ring.events

  # The ring, and how many events were written over.
  def put(frame, count, ring) do
    size = :erlang.byte_size(frame)

    make_room(
      %{
        ring
        | frames: :queue.in({frame, size, count}, ring.frames),
          bytes: ring.bytes + size,
          events: ring.events + count
      },
      0
    )
  end

  defp make_room(%{bytes: bytes, room: room} = ring, lost) when bytes <= room,
    do: {%{ring | lost: ring.lost + lost}, lost}

  defp make_room(ring, lost) do
    {{:value, {_, size, count}}, frames} = :queue.out(ring.frames)
    ring = %{ring | frames: frames, bytes: ring.bytes - size, events: ring.events - count}
    make_room(ring, lost + count)
  end

  # Its frames, oldest first; their events; those written over before them; the emptied ring.
  def take(ring) do
    frames = :lists.map(fn {frame, _, _} -> frame end, :queue.to_list(ring.frames))
    {frames, ring.events, ring.lost, new(ring.room)}
  end

  # Is this a crash or a timeout? Others' exits that follow from one of them are crashes, too.
  def trigger({:trace_ts, _, :exit, reason, _}), do: ended(reason)
  def trigger({:trace_ts, _, :exception_from, _, {_, reason}, _}), do: timeout(reason)
  def trigger({:trace_ts, _, :call, {:erlang, :exit, [reason]}, _, _}), do: timeout(reason)
  def trigger(_), do: nil

  defp ended(reason) when reason in [:normal, :shutdown, :noproc, :noconnection], do: nil
  defp ended({:shutdown, _}), do: nil
  # Of `erpc`: how it hands its result over.
  defp ended({reference, :return, _}) when is_reference(reference), do: nil
  defp ended(reason), do: if(timeout(reason), do: :timeout, else: :crash)

  defp timeout({:timeout, {_, :call, _}}), do: :timeout
  defp timeout(_), do: nil
end

defmodule Scope.Slow do
  # Which calls took long, or raised? Calls are held until that is known; with a ring everything is let through, and a
  # slow call only said to be one.

  # Held at a time: more are not waited for.
  @max_held 50_000
  # Records that wait for one call around them.
  @max_inner 1_000

  def new(%{slower_than: 0}), do: nil

  def new(options),
    do: %{ns: options.slower_than * 1_000_000, all: options.ring > 0, stacks: %{}, held: 0}

  # What is let through now (newest first), how many calls were filtered, what is held, and whether a call was slow.
  def take({:trace_ts, pid, :call, mfa, caller, {ns, _}} = record, slow) do
    {module, function, arguments} = mfa

    cond do
      # `exit/2` raises nothing.
      match?({:erlang, :exit, [_, _]}, mfa) ->
        {[record], 0, slow, false}

      module == :erlang ->
        {kept, filtered, slow} = raising(pid, record, slow)
        {kept, filtered, slow, false}

      slow.held >= @max_held ->
        {if(slow.all, do: [record], else: []), if(slow.all, do: 0, else: 1), slow, false}

      true ->
        frame = %{
          mfa: {module, function, arity(arguments)},
          caller: function_of(caller),
          at: ns,
          # What of it is not told yet, and what is kept of the calls in it; newest first.
          entry: [record],
          inner: []
        }

        stack = [frame | :maps.get(pid, slow.stacks, [])]
        slow = %{slow | stacks: :maps.put(pid, stack, slow.stacks), held: slow.held + 1}
        {if(slow.all, do: [record], else: []), 0, slow, false}
    end
  end

  def take({:trace_ts, pid, :call, mfa, stamp}, slow), do: take({:trace_ts, pid, :call, mfa, :undefined, stamp}, slow)

  def take({:trace_ts, pid, kind, mfa, _, {ns, _}} = record, slow) when kind in [:return_from, :exception_from] do
    stack = :maps.get(pid, slow.stacks, [])

    case split(stack, fn frame -> frame.mfa == mfa end) do
      {above, [frame | below]} -> close(pid, above, [frame], below, ns, record, kind == :exception_from, slow)
      # Its beginning was not seen.
      _ -> {[record], 0, slow, false}
    end
  end

  def take({:trace_ts, pid, :return_to, mfa, {ns, _}} = record, slow) do
    case returned(:maps.get(pid, slow.stacks, []), mfa) do
      {[], _} -> {if(slow.all, do: [record], else: []), 0, slow, false}
      {gone, below} -> close(pid, [], gone, below, ns, record, false, slow)
    end
  end

  def take({:trace_ts, pid, :exit, reason, _} = record, slow) do
    stack = :maps.get(pid, slow.stacks, [])
    slow = %{slow | stacks: :maps.remove(pid, slow.stacks), held: slow.held - :erlang.length(stack)}
    quiet? = reason in [:normal, :shutdown] or match?({:shutdown, _}, reason)

    cond do
      slow.all -> {[record], 0, slow, false}
      # Calls that had not returned when it died: they raised.
      not quiet? -> {[record | :lists.flatmap(fn frame -> frame.inner ++ frame.entry end, stack)], 0, slow, false}
      true -> {[record | :lists.flatmap(fn frame -> frame.inner end, stack)], :erlang.length(stack), slow, false}
    end
  end

  def take(record, slow), do: {[record], 0, slow, false}

  # An explicit exception: every open call above its handler is told with it; which those are is not known yet.
  defp raising(pid, record, slow) do
    case :maps.get(pid, slow.stacks, []) do
      [top | below] when not slow.all ->
        top = %{top | inner: [record | top.inner]}
        {[], 0, %{slow | stacks: :maps.put(pid, [:maps.put(:raised, true, top) | below], slow.stacks)}}

      _ ->
        {[record], 0, slow}
    end
  end

  defp close(pid, above, gone, below, ns, record, raised?, slow) do
    outermost = :lists.last(gone)
    raised? = raised? or :lists.any(fn frame -> :erlang.is_map_key(:raised, frame) end, gone)
    is_slow = ns - outermost.at >= slow.ns
    stacks = if below == [], do: :maps.remove(pid, slow.stacks), else: :maps.put(pid, below, slow.stacks)
    closed = above ++ gone
    slow = %{slow | stacks: stacks, held: slow.held - :erlang.length(closed)}

    if slow.all do
      {[record], 0, slow, is_slow}
    else
      told = fn frame ->
        if raised? or ns - frame.at >= slow.ns, do: frame.inner ++ frame.entry, else: frame.inner
      end

      kept = :lists.flatmap(told, closed)
      filtered = :lists.foldl(fn frame, n -> if(raised? or ns - frame.at >= slow.ns, do: n, else: n + 1) end, 0, closed)
      kept = if raised? or is_slow, do: [record | kept], else: kept
      inside(pid, kept, filtered, below, slow, is_slow, ns)
    end
  end

  # In the order they happened: what is kept waits for the calls around it, until those are slow themselves.
  defp inside(_, [], filtered, _, slow, is_slow, _), do: {[], filtered, slow, is_slow}
  defp inside(_, kept, filtered, [], slow, is_slow, _), do: {kept, filtered, slow, is_slow}

  defp inside(pid, kept, filtered, [outer | below] = around, slow, is_slow, ns) do
    if ns - outer.at >= slow.ns do
      # Those around it began before it.
      told = :lists.flatmap(fn frame -> frame.inner ++ frame.entry end, around)
      around = :lists.map(fn frame -> %{frame | entry: [], inner: []} end, around)
      {kept ++ told, filtered, %{slow | stacks: :maps.put(pid, around, slow.stacks)}, is_slow}
    else
      inner = kept ++ outer.inner
      cut = :erlang.max(0, :erlang.length(inner) - @max_inner)
      outer = %{outer | inner: :lists.sublist(inner, @max_inner)}
      {[], filtered + cut, %{slow | stacks: :maps.put(pid, [outer | below], slow.stacks)}, is_slow}
    end
  end

  # When tracing ends: what is kept of calls that have not returned, with those that are slow already, and how many are not.
  def rest(nil, _), do: {[], 0}
  def rest(%{all: true}, _), do: {[], 0}

  def rest(slow, now) do
    slow? = fn frame -> now - frame.at >= slow.ns end
    stacks = :lists.map(fn {_, stack} -> stack end, :maps.to_list(slow.stacks))
    told = fn frame -> if slow?.(frame), do: frame.inner ++ frame.entry, else: frame.inner end
    quick = fn stack -> :erlang.length(:lists.filter(fn frame -> not slow?.(frame) end, stack)) end
    {:lists.flatmap(fn stack -> :lists.flatmap(told, stack) end, stacks), :lists.sum(:lists.map(quick, stacks))}
  end

  # The calls that end when control returns to a function: up to the innermost that it called, and those that had called
  # this one last (a tail call leaves no place to return to).
  defp returned([], _), do: {[], []}

  defp returned(stack, mfa) do
    case split(stack, fn frame -> frame.caller == mfa end) do
      {above, [frame | below]} ->
        {tail, below} = :lists.splitwith(fn outer -> outer.caller == mfa and outer.mfa != mfa end, below)
        {above ++ [frame | tail], below}

      {_, []} ->
        case split(stack, fn frame -> frame.mfa == mfa end) do
          {[_ | _] = above, [_ | _] = below} -> {above, below}
          _ -> if mfa == :undefined, do: {stack, []}, else: {[hd(stack)], tl(stack)}
        end
    end
  end

  defp split(stack, found?), do: :lists.splitwith(fn frame -> not found?.(frame) end, stack)

  defp arity(arguments) when is_list(arguments), do: :erlang.length(arguments)
  defp arity(arity), do: arity

  defp function_of({module, function, arity, _}), do: {module, function, arity}
  defp function_of({module, function, arity}), do: {module, function, arity}
  defp function_of(_), do: :undefined
end

defmodule Scope.Record do
  # What of a trace message travels: values bounded, hidden, or left out.

  # A value so many times longer than it may be is large: its copies are a burden to the node.
  @large 8

  # How nodes find and greet each other is not the application's work.
  @distribution [:inet_tcp_dist, :inet6_tcp_dist, :inet_tls_dist, :dist_util, :net_kernel, :global, :auth]

  # `{:keep, record}`, `{:large, record, function}`, `{:leave, pid}` or `:unsampled`.
  def take({:trace_ts, pid, :spawned, _, {module, _, _}, _}, state) when module in @distribution do
    Scope.Tracing.leave(state.session, pid)
    {:leave, pid}
  end

  # What it did before it was left.
  def take(record, %{left: left}) when :erlang.is_map_key(:erlang.element(2, record), left), do: :unsampled

  def take(record, %{options: %{one_of: n}} = state) when n > 1 do
    pid = elem(record, 1)

    cond do
      :erlang.phash2(pid, n) == 0 ->
        look(record, state)

      elem(record, 2) == :spawned ->
        Scope.Tracing.leave(state.session, pid)
        :unsampled

      true ->
        :unsampled
    end
  end

  def take(record, state), do: look(record, state)

  # Without values.
  defp look({:trace_ts, _, :return_to, _, _} = record, _), do: {:keep, record}

  defp look({:trace_ts, pid, :call, {m, f, _}, {:args, caller, arguments}, stamp}, state) do
    silent = silent?(m, f, state.options.silent)
    # What returns is looked at by what was asked for, whether or not values still travel.
    if m != :erlang and not silent, do: Scope.Asked.called(pid, {m, f, :erlang.length(arguments)}, arguments)

    cond do
      (not state.values and m != :erlang) or silent ->
        {:keep, {:trace_ts, pid, :call, {m, f, :erlang.length(arguments)}, caller, stamp}}

      true ->
        {fits, kept} = Scope.Values.each(arguments, state.options.max_bytes, Scope.Secrets.names?(f))
        record = {:trace_ts, pid, :call, {m, f, kept}, caller, stamp}
        if fits, do: {:keep, record}, else: large(record, arguments, {m, f, :erlang.length(arguments)}, state)
    end
  end

  # Without arguments.
  defp look({:trace_ts, _, :call, {m, f, a}, _, _} = record, %{values: true, exhausted: false} = state)
       when :erlang.map_get(:level, :erlang.map_get(:options, state)) == :all do
    if :erlang.is_map_key({m, f, a}, state.bare) or silent?(m, f, state.options.silent),
      do: known(record),
      else: {:without, elem(known(record), 1)}
  end

  defp look({:trace_ts, _, :call, _, _, _} = record, _), do: known(record)

  defp look({:trace_ts, pid, kind, {m, f, _} = mfa, value, stamp} = record, state)
       when kind in [:return_from, :exception_from] do
    secret = Scope.Asked.returned(pid, mfa)

    cond do
      kind == :return_from and (not state.values or silent?(m, f, state.options.silent)) ->
        {:keep, {:trace_ts, pid, kind, mfa, {:truncated, 0, "left out"}, stamp}}

      true ->
        case Scope.Values.one(value, state.options.max_bytes, if(kind == :return_from, do: secret, else: false)) do
          {true, ^value} -> {:keep, record}
          {true, kept} -> {:keep, {:trace_ts, pid, kind, mfa, kept, stamp}}
          {false, kept} -> large({:trace_ts, pid, kind, mfa, kept, stamp}, value, mfa, state)
        end
    end
  end

  defp look({:trace_ts, pid, kind, one, stamp}, state) do
    if kind == :exit, do: Scope.Asked.ended(pid)
    {fits, kept} = Scope.Values.one(one, state.options.max_bytes, false)
    record = {:trace_ts, pid, kind, kept, stamp}
    if fits, do: {:keep, record}, else: large(record, one, nil, state)
  end

  # Messages with their receivers; spawned functions with their arguments.
  defp look({:trace_ts, pid, kind, one, two, stamp}, state) do
    {fits_one, one_kept} = Scope.Values.one(one, state.options.max_bytes, false)
    {fits_two, two_kept} = Scope.Values.one(two, state.options.max_bytes, false)
    record = {:trace_ts, pid, kind, one_kept, two_kept, stamp}
    if fits_one and fits_two, do: {:keep, record}, else: large(record, {one, two}, nil, state)
  end

  defp look(record, _), do: {:keep, record}

  # Match specifications write the caller by `caller_line`; where that is not known, by nothing.
  defp known({:trace_ts, pid, :call, mfa, :undefined, stamp}), do: {:keep, {:trace_ts, pid, :call, mfa, stamp}}
  defp known(record), do: {:keep, record}

  defp large(record, value, mfa, state) do
    if Scope.Values.fits?(value, @large * state.options.max_bytes),
      do: {:keep, record},
      else: {:large, record, mfa}
  end

  defp silent?(_, _, []), do: false
  defp silent?(module, function, silent), do: :lists.member(module, silent) or :lists.member({module, function}, silent)
end

defmodule Scope.Values do
  # What is left of a long value, and of one with a secret in it?

  # Arguments, each for itself; whether all were short. `all_secret`: no text among them is told.
  def each(arguments, max, all_secret) do
    fits = measure(arguments, max)
    suspect = :erlang.erase(:suspect)

    cond do
      fits and not all_secret and suspect == :undefined -> {true, arguments}
      fits -> {true, hide_each(arguments, all_secret)}
      true -> {false, hide_each(:lists.map(fn argument -> cut(argument, max, 0) end, arguments), all_secret)}
    end
  end

  # `secret`: what Scope.Asked says of it.
  def one(value, max, secret) do
    fits = measure(value, max)
    suspect = :erlang.erase(:suspect)

    cond do
      fits and secret == false and suspect == :undefined -> {true, value}
      fits -> {true, Scope.Secrets.hide_result(value, secret)}
      true -> {false, Scope.Secrets.hide_result(cut(value, max, 0), secret)}
    end
  end

  # There are as many as before.
  defp hide_each(arguments, true), do: :lists.map(&Scope.Secrets.hide_texts/1, arguments)
  defp hide_each(arguments, false), do: Scope.Secrets.hide_arguments(arguments)

  # About as many bytes as its external format takes, which is not made for it: looking ends at `max`.
  def fits?(value, max), do: room(value, max, false) >= 0

  # The same, and whether there may be a secret in it: then `:suspect` is put.
  defp measure(value, max), do: room(value, max, Scope.Secrets.on?()) >= 0

  defp room(_, left, _) when left < 0, do: left

  # Where it is looked for secrets, `look` is one: the node's cookie.
  defp room(value, left, look) when is_atom(value) do
    if value == look and value not in [false, :nocookie], do: suspect()
    left - 12
  end

  defp room(value, left, look) when is_binary(value) do
    size = :erlang.byte_size(value)
    if look != false and size > 5 and size <= left and Scope.Secrets.text?(value), do: suspect()
    left - 5 - size
  end

  defp room(value, left, look) when is_integer(value) do
    cond do
      value < 0x7FFF_FFFF and value > -0x7FFF_FFFF ->
        left - 5

      true ->
        if look != false and value > 999_999_999_999 and Scope.Secrets.number?(value), do: suspect()
        left - :erlang.external_size(value)
    end
  end

  # Most lists of bytes are texts.
  defp room([head | tail], left, look) when is_integer(head) and head < 256 do
    if look != false and Scope.Secrets.list?([head | tail]), do: suspect()
    room_of_bytes(tail, left - 2)
  end

  defp room([head | tail], left, look) when is_binary(head) and is_list(tail) and tail != [] do
    if look != false and Scope.Secrets.pieces?([head | tail]), do: suspect()
    room_of_list(tail, room(head, left - 1, look), look)
  end

  defp room([head | tail], left, look), do: room_of_list(tail, room(head, left - 1, look), look)
  defp room([], left, _), do: left - 1

  defp room(value, left, look) when is_tuple(value) do
    size = tuple_size(value)
    if look != false and size == 4 and Scope.Secrets.response?(value), do: suspect()
    if size > left, do: -1, else: room_of_tuple(value, 1, size, left - 2, look)
  end

  defp room(value, left, look) when is_map(value) do
    cond do
      map_size(value) * 2 > left -> -1
      look != false and Scope.Secrets.short?(value) -> -1
      true -> room_of_pairs(:maps.to_list(value), left - 5, look)
    end
  end

  defp room(value, left, _) when is_float(value), do: left - 9
  defp room(value, left, _) when is_pid(value) or is_reference(value) or is_port(value), do: left - 40

  # A function holds what it closes over.
  defp room(value, left, look) when is_function(value) do
    case :erlang.fun_info(value, :env) do
      {:env, env} when is_list(env) -> room(env, left - 80, look)
      _ -> left - 80
    end
  end

  defp room(value, left, _), do: left - :erlang.external_size(value)

  defp room_of_list(_, left, _) when left < 0, do: left
  defp room_of_list([head | tail], left, look), do: room_of_list(tail, room(head, left - 1, look), look)
  defp room_of_list([], left, _), do: left - 1
  defp room_of_list(tail, left, look), do: room(tail, left, look)

  defp room_of_bytes(_, left) when left < 0, do: left
  defp room_of_bytes([head | tail], left) when is_integer(head), do: room_of_bytes(tail, left - 2)
  defp room_of_bytes([], left), do: left - 1
  defp room_of_bytes(tail, left), do: room(tail, left, Scope.Secrets.on?())

  defp room_of_tuple(_, at, size, left, _) when at > size or left < 0, do: left

  defp room_of_tuple(tuple, at, size, left, look) do
    element = :erlang.element(at, tuple)
    if look != false and at < size and Scope.Secrets.key?(element, :erlang.element(at + 1, tuple)), do: suspect()
    room_of_tuple(tuple, at + 1, size, room(element, left, look), look)
  end

  defp room_of_pairs(_, left, _) when left < 0, do: left
  defp room_of_pairs([], left, _), do: left

  defp room_of_pairs([{key, value} | more], left, look) do
    if look != false and Scope.Secrets.key?(key, value), do: suspect()
    left = room(key, left, look)
    room_of_pairs(more, room(value, left, look), look)
  end

  defp suspect, do: :erlang.put(:suspect, true)

  # The shape of small tuples, maps and improper or short lists is kept, because it says what a message or a state is;
  # their elements share the room.
  defp cut(value, max, depth) do
    value = Scope.Secrets.short(value)

    cond do
      fits?(value, max) ->
        value

      depth < 4 and is_tuple(value) and tuple_size(value) <= 8 ->
        share = share(max, tuple_size(value))
        cut_one = fn element -> cut(element, share, depth + 1) end
        :erlang.list_to_tuple(:lists.map(cut_one, :erlang.tuple_to_list(value)))

      depth < 4 and is_map(value) and map_size(value) <= 32 ->
        share = share(max, map_size(value))
        :maps.map(fn _, element -> cut(element, share, depth + 1) end, value)

      depth < 4 and is_list(value) and few?(value, 8) ->
        share = share(max, :erlang.length(value))
        :lists.map(fn element -> cut(element, share, depth + 1) end, value)

      is_binary(value) ->
        {:truncated, :erlang.byte_size(value), "binary data"}

      true ->
        {:truncated, max, Scope.Options.text("more than ~b bytes: ~ts", [max, what(value)])}
    end
  end

  defp few?([], _), do: true
  defp few?([_ | tail], left) when left > 0, do: few?(tail, left - 1)
  defp few?(_, _), do: false

  defp share(max, count), do: :erlang.max(64, :erlang.div(max, :erlang.max(1, count)))

  # ElixirScope's own words (`ElixirScope.Utils.truncate_if_large/2`).
  defp what(value) when is_map(value), do: Scope.Options.text("map with ~b entries", [map_size(value)])
  defp what(value) when is_tuple(value), do: Scope.Options.text("tuple with ~b elements", [tuple_size(value)])

  defp what(value) when is_list(value) do
    Scope.Options.text("list with ~b elements", [:erlang.length(value)])
  catch
    :error, :badarg -> "data"
  end

  defp what(value) when is_function(value), do: "function with what it closes over"
  defp what(_), do: "data"
end

defmodule Scope.Asked do
  # Whose result is a secret? A call that is given the name of one (`config(:secret_key_base)`, `get(opts, "api_key")`)
  # returns it with no name beside it, and what it returns comes without its arguments: so of each process the calls that
  # asked and have not returned are kept.
  #
  # A call that took its arguments along tells its end, by value or by exception, also where it called itself last; ends
  # come in the reverse order of the calls. Calls of one function are kept as runs, so a recursion of any depth is one.

  # Processes, functions of one process and runs of one function that are kept. Of a function that had no room every
  # result counts as a secret from then on.
  @max_processes 1_000
  @max_functions 64
  @max_runs 64
  # Results of the calls within that are told without texts: looking up is short.
  @within 32

  def init do
    :erlang.put(:asked, %{})
    :erlang.put(:asked_always, %{})
  end

  def called(pid, mfa, arguments) do
    if Scope.Secrets.on?() != false do
      case {Scope.Secrets.asked(arguments), :erlang.get(:asked)} do
        {[], %{^pid => {_, %{^mfa => _}}}} -> push(pid, mfa, false, 0)
        {[], _} -> :ok
        {keys, _} -> push(pid, mfa, whole(keys, arguments), within(arguments))
      end
    end
  end

  # What its result is: false; `:texts`, none of it is told; `:within`, nor those in its maps, because it may be on its way
  # to the call that asked; or an answer, of which `:whole` hides maps and lists, too, and `:parts` what their keys say.
  def returned(pid, {_, function, _} = mfa) do
    cond do
      Scope.Secrets.on?() == false -> false
      true -> answer(pop(pid, mfa, :erlang.get(:asked)), mfa, function)
    end
  end

  def ended(pid) do
    case :erlang.get(:asked) do
      %{^pid => _} = asked -> :erlang.put(:asked, :maps.remove(pid, asked))
      _ -> :ok
    end
  end

  defp answer(false, mfa, function) do
    cond do
      :erlang.is_map_key(mfa, :erlang.get(:asked_always)) -> :parts
      Scope.Secrets.names?(function) -> :texts
      true -> false
    end
  end

  defp answer(answer, _, _), do: answer

  defp push(pid, mfa, answer, within) do
    asked = :erlang.get(:asked)
    {left, calls} = :maps.get(pid, asked, {0, %{}})
    runs = run(answer, :maps.get(mfa, calls, []))

    if :erlang.length(runs) > @max_runs or (map_size(calls) >= @max_functions and not :erlang.is_map_key(mfa, calls)) or
         (map_size(asked) >= @max_processes and not :erlang.is_map_key(pid, asked)) do
      :erlang.put(:asked_always, :maps.put(mfa, true, :erlang.get(:asked_always)))
      forget(pid, mfa, asked)
    else
      :erlang.put(:asked, :maps.put(pid, {:erlang.max(left, within), :maps.put(mfa, runs, calls)}, asked))
    end
  end

  defp forget(pid, mfa, asked) do
    case asked do
      %{^pid => {left, calls}} -> keep(pid, left, :maps.remove(mfa, calls), asked)
      _ -> :ok
    end
  end

  defp keep(pid, _, calls, asked) when calls == %{}, do: :erlang.put(:asked, :maps.remove(pid, asked))
  defp keep(pid, left, calls, asked), do: :erlang.put(:asked, :maps.put(pid, {left, calls}, asked))

  defp run(answer, [{answer, count} | runs]), do: [{answer, count + 1} | runs]
  defp run(answer, runs), do: [{answer, 1} | runs]

  defp pop(pid, mfa, asked) do
    case asked do
      %{^pid => {left, %{^mfa => [{answer, count} | runs]} = calls}} ->
        runs = if count > 1, do: [{answer, count - 1} | runs], else: runs
        calls = if runs == [], do: :maps.remove(mfa, calls), else: :maps.put(mfa, runs, calls)

        if answer == false and left > 0 do
          keep(pid, left - 1, calls, asked)
          :within
        else
          keep(pid, left, calls, asked)
          answer
        end

      %{^pid => {left, calls}} when left > 0 ->
        keep(pid, left - 1, calls, asked)
        :within

      _ ->
        false
    end
  end

  # A map or list that is returned is what was asked for, unless it was given and lacks it: then it is another one, whose
  # keys say what is in it (`put(map, :password, "x")`, a changeset).
  defp whole(keys, arguments) do
    given = :lists.filter(fn argument -> is_map(argument) or match?([{_, _} | _], argument) end, arguments)
    holds? = fn container -> :lists.any(fn key -> holds?(container, key) end, keys) end
    if given == [] or :lists.any(holds?, given), do: :whole, else: :parts
  end

  defp holds?(map, key) when is_map(map), do: container?(:maps.get(key, map, nil))

  defp holds?(list, key) do
    case :lists.keyfind(key, 1, list) do
      {_, value} -> container?(value)
      _ -> false
    end
  catch
    # It ends in something else than [].
    :error, _ -> false
  end

  defp container?(value), do: is_map(value) or is_list(value)

  # Who was given a connection, a socket or a changeset does more than to look something up.
  defp within(arguments),
    do: if(:lists.any(fn argument -> match?(%{__struct__: _}, argument) end, arguments), do: 0, else: @within)
end

defmodule Scope.Secrets do
  # What must not leave the node? Values are hidden by the key they stand under, by what they look like, and, once one was
  # hidden, wherever it stands alone.

  @mark "[REDACTED]"

  @words [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "apikey",
    "api_key",
    "private_key",
    "secret_key_base",
    "client_secret",
    "signing_salt",
    "encryption_salt"
  ]

  # Hidden values that are known again.
  @max_learned 1_000
  # Of these, those that are known again as a part of something, too.
  @max_parts 64
  # Keys whose meaning is known.
  @max_keys 20_000

  # Elements of XMPP whose text is a response.
  @sasl ["auth", "response", "authenticate", "initial-response"]

  @conn [:method, :scheme, :host, :port, :request_path, :path_info, :status, :state, :halted]
  @socket [:topic, :channel, :channel_pid, :endpoint, :handler, :joined, :join_ref, :transport, :transport_pid]
  @postgrex [:connection_id, :status, :timeout, :transactions, :disconnect_on_error_codes]
  @myxql [:connection_id, :status, :timeout]
  @tds [:state, :transaction]

  # In the process that encodes.
  def init(%{redact: :none}), do: :erlang.put(:cookie, false)

  def init(%{redact: redact}) do
    words = if is_list(redact), do: :lists.map(&lower/1, redact), else: @words
    spelled = :lists.flatmap(fn word -> [word, upper(word), capital(word)] end, words)
    spelled = spelled ++ ["Bearer ", "Basic ", "<auth", "<response", ",p=", "://"]
    {:ok, digits} = :re.compile("[0-9](?:[ -]?[0-9]){12,18}")
    # How a name must begin somewhere to be one: `x-api-key` has no `api_key` in it.
    begins = :lists.map(fn word -> hd(:binary.split(word, "_")) end, words)
    begins = :lists.flatmap(fn word -> [word, upper(word), capital(word)] end, begins)

    cookie = :erlang.get_cookie()
    :erlang.put(:cookie, cookie)
    :erlang.put(:secrets, words)
    :erlang.put(:secret_texts, :binary.compile_pattern(:lists.usort(spelled)))
    :erlang.put(:card_digits, digits)
    :erlang.put(:secret_keys, %{})
    :erlang.put(:secret_values, %{:erlang.atom_to_binary(cookie) => true})
    :erlang.put(:secret_parts, :binary.compile_pattern(:erlang.atom_to_binary(cookie)))
    :erlang.put(:secret_begins, :binary.compile_pattern(:lists.usort(begins)))
    :erlang.put(:hidden, 0)
    Scope.Asked.init()
  end

  def hidden do
    case :erlang.get(:hidden) do
      n when is_integer(n) -> n
      _ -> 0
    end
  end

  # Whether a function's name says that its arguments are secret: check_password/2.
  def names?(function), do: on?() != false and key?(function)

  def hide(value), do: if(on?() != false, do: hidden(value), else: value)

  # Of the arguments of a call, each stays one, and one that is a key hides the next.
  def hide_arguments(arguments), do: if(on?() != false, do: hidden_elements(arguments), else: arguments)

  # Which of the arguments of a call are the names of secrets: what it returns is one. A module is none, nor a sentence.
  def asked(arguments), do: :lists.filter(&asks?/1, arguments)

  defp asks?(key) when is_atom(key), do: known_key?(key) and not match?("Elixir." <> _, :erlang.atom_to_binary(key))

  defp asks?(key) when is_binary(key) and :erlang.byte_size(key) in 3..64,
    do:
      :binary.match(key, :erlang.get(:secret_begins)) != :nomatch and :binary.match(key, " ") == :nomatch and key?(key)

  defp asks?([head | _] = key) when is_integer(head), do: few?(key, 64) and bytes?(key) and asks?(to_text(key))
  defp asks?(_), do: false

  # The result of a call, by what Scope.Asked says of it.
  def hide_result(value, false), do: hide(value)
  def hide_result(value, :texts), do: hide_texts(value)
  def hide_result(value, :within), do: hide_within(value)
  def hide_result(value, answer), do: answered(value, answer)

  # What was asked for by the name of a secret. A name that is returned is not known again: `to_string(:password)`.
  defp answered(value, _) when is_binary(value),
    do: if(value in ["", @mark], do: value, else: if(key?(value), do: mark(value), else: learn(value)))

  defp answered({:ok, value}, answer), do: {:ok, answered(value, answer)}
  # What went wrong is told in words that are used again.
  defp answered({:error, reason}, _), do: {:error, hide_texts(reason)}
  # Of a callback the answer is hidden; the state is looked at as ever.
  defp answered({:reply, value, state}, answer), do: {:reply, answered(value, answer), hidden(state)}
  defp answered({:reply, value, state, more}, answer), do: {:reply, answered(value, answer), hidden(state), more}

  defp answered({:stop, reason, value, state}, answer),
    do: {:stop, hidden(reason), answered(value, answer), hidden(state)}

  defp answered(value, _)
       when elem(value, 0) in [:noreply, :stop, :truncated, :next_state, :keep_state, :keep_state_and_data],
       do: hidden(value)

  defp answered(value, answer) when is_tuple(value), do: over(value, fn element -> answered(element, answer) end)

  defp answered([_ | _] = list, answer) do
    cond do
      bytes?(list) ->
        answered(to_text(list), answer)

      answer == :whole or not match?([{_, _} | _], list) ->
        :lists.map(fn part -> answered(part, answer) end, proper(list))

      true ->
        hidden(list)
    end
  end

  defp answered(value, :whole) when is_map(value) and map_size(value) > 0, do: mark(value)
  defp answered(value, _) when is_function(value), do: mark(value)
  defp answered(value, _), do: hidden(value)

  # Every text in it is hidden, in maps, too.
  defp hide_within(value) when is_map(value),
    do:
      :maps.map(fn key, element -> if(key?(key), do: hide_under(element), else: hide_within(element)) end, short(value))

  defp hide_within(value) when is_tuple(value), do: over(value, &hide_within/1)

  defp hide_within([_ | _] = list),
    do: if(bytes?(list), do: mark(list), else: :lists.map(&hide_within/1, proper(list)))

  defp hide_within(value), do: hide_texts(value)

  # Every text in it is hidden.
  def hide_texts(value) when is_binary(value), do: mark(value)
  def hide_texts([_ | _] = list), do: if(bytes?(list), do: mark(list), else: :lists.map(&hide_texts/1, proper(list)))
  def hide_texts(tuple) when is_tuple(tuple), do: over(tuple, &hide_texts/1)
  def hide_texts(value), do: hide(value)

  def response?({:xmlel, name, _, _}), do: name in @sasl
  def response?(_), do: false

  # Structs that are told in a short form.
  def short?(%{__struct__: module}), do: on?() != false and fields(module) != nil
  def short?(_), do: false

  def short(%{__struct__: module} = struct) do
    case on?() != false and fields(module) do
      fields when is_list(fields) -> :maps.put(:__struct__, module, :maps.with(fields, struct))
      _ -> struct
    end
  end

  def short(value), do: value

  defp fields(Plug.Conn), do: @conn
  defp fields(Phoenix.Socket), do: @socket
  defp fields(Postgrex.Protocol), do: @postgrex
  defp fields(MyXQL.Client), do: @myxql
  defp fields(Tds.Protocol), do: @tds
  defp fields(DBConnection), do: []
  defp fields(_), do: nil

  # The node's cookie, or false.
  def on?, do: :erlang.get(:cookie)

  # Could there be a secret in it? What stands under a key, in a text, in a list of bytes, in the pieces of a text, in a
  # number?
  def key?(_, value) when is_integer(value) or is_pid(value) or is_reference(value), do: false
  def key?(_, value) when value in [nil, true, false, :undefined, :ok, [], ""], do: false
  def key?(key, _), do: key?(key)

  def text?(value) when is_binary(value), do: secret_text?(value)
  def list?(value), do: bytes?(value) and secret_text?(to_text(value))
  def pieces?(value), do: iolist?(value)
  def number?(value), do: card?(:erlang.integer_to_binary(value))

  # The same value, with what is secret hidden.
  defp hidden(value) when is_binary(value), do: if(secret_text?(value), do: mark_text(value), else: value)

  defp hidden(value) when is_integer(value) do
    if value > 999_999_999_999 and card?(:erlang.integer_to_binary(value)), do: mark(value), else: value
  end

  defp hidden([_ | _] = list) do
    cond do
      bytes?(list) -> if secret_text?(to_text(list)), do: mark(list), else: list
      is_binary(hd(list)) and is_list(tl(list)) and iolist?(list) -> mark(list)
      true -> hidden_list(list)
    end
  end

  # A parsed <auth> or <response> of SASL.
  defp hidden({:xmlel, name, attributes, children}) when name in @sasl,
    do: {:xmlel, name, hidden(attributes), hide_texts(children)}

  defp hidden(value) when is_tuple(value) do
    :erlang.list_to_tuple(hidden_elements(:erlang.tuple_to_list(value)))
  end

  defp hidden(value) when is_map(value) do
    :maps.from_list(
      :lists.map(
        fn {key, element} -> if key?(key), do: {key, hide_under(element)}, else: {hidden(key), hidden(element)} end,
        :maps.to_list(short(value))
      )
    )
  end

  # What a function closes over cannot be changed: it goes as a whole.
  defp hidden(value) when is_function(value) do
    case :erlang.fun_info(value, :env) do
      {:env, [_ | _] = env} -> if hidden(env) == env, do: value, else: mark(value)
      _ -> value
    end
  end

  defp hidden(value) when is_atom(value) do
    if value == :erlang.get(:cookie) and value != :nocookie, do: mark(value), else: value
  end

  defp hidden(value), do: value

  defp hidden_list([head | tail]), do: [hidden(head) | hidden_list(tail)]
  defp hidden_list([]), do: []
  defp hidden_list(tail), do: hidden(tail)

  # What follows a key.
  defp hidden_elements([key, value | more]) do
    if key?(key),
      do: [key, hide_under(value) | hidden_elements(more)],
      else: [hidden(key) | hidden_elements([value | more])]
  end

  defp hidden_elements([value]), do: [hidden(value)]
  defp hidden_elements([]), do: []

  # A number, a flag or a name under such a key is a setting.
  defp hide_under(value) when is_binary(value) and value != "", do: learn(value)
  defp hide_under([_ | _] = value), do: if(bytes?(value), do: mark(value), else: hide_texts(value))
  defp hide_under(value) when is_map(value) and map_size(value) > 0, do: mark(value)
  defp hide_under(value) when is_tuple(value), do: hide_texts(value)
  defp hide_under(value) when is_function(value), do: mark(value)
  defp hide_under(value) when is_atom(value) and value not in [nil, true, false, :undefined], do: mark(value)
  defp hide_under(value), do: hidden(value)

  # Wherever it stands alone it is hidden from now on.
  defp learn(value) do
    known = :erlang.get(:secret_values)

    if :erlang.byte_size(value) >= 6 and :erlang.byte_size(value) <= 256 and map_size(known) < @max_learned and
         value != @mark and not :erlang.is_map_key(value, known) do
      known = :maps.put(value, true, known)
      :erlang.put(:secret_values, known)
      if map_size(known) <= @max_parts, do: :erlang.put(:secret_parts, :binary.compile_pattern(:maps.keys(known)))
    end

    mark(value)
  end

  defp mark(_) do
    :erlang.put(:hidden, hidden() + 1)
    @mark
  end

  # A request, a form, a document: what stands before the first secret may be told.
  defp mark_text(text) do
    learn_plain(text)

    case :binary.match(text, :erlang.get(:secret_texts)) do
      {at, length} when at > 0 and at + length < :erlang.byte_size(text) ->
        start = :binary.part(text, 0, at + length)

        if secret_without_words?(start) or :binary.match(start, :erlang.get(:secret_parts)) != :nomatch,
          do: mark(text),
          else: <<start::binary, mark(text)::binary>>

      _ ->
        mark(text)
    end
  end

  defp secret_text?(text) when :erlang.byte_size(text) < 6, do: false

  defp secret_text?(text) do
    :erlang.is_map_key(text, :erlang.get(:secret_values)) or
      :binary.match(text, :erlang.get(:secret_parts)) != :nomatch or with_word?(text) or secret_without_words?(text)
  end

  # `password=...`, `"token": ...`, `Authorization: Basic ...`, `scheme://user:password@host`
  defp with_word?(text) do
    case :binary.match(text, :erlang.get(:secret_texts)) do
      :nomatch -> false
      {at, length} -> followed?(text, at + length, :erlang.byte_size(text)) or more?(text, at + length)
    end
  end

  defp more?(text, from) do
    rest = :erlang.byte_size(text) - from

    case :binary.match(text, :erlang.get(:secret_texts), scope: {from, rest}) do
      :nomatch -> false
      {at, length} -> followed?(text, at + length, :erlang.byte_size(text)) or more?(text, at + length)
    end
  end

  # The word is a key if a value follows it.
  defp followed?(text, at, size) do
    rest = :binary.part(text, at, :erlang.min(size - at, 200))
    before = :binary.part(text, :erlang.max(0, at - 9), :erlang.min(at, 9))

    cond do
      rest == "" ->
        false

      match?({_, _}, :binary.match(before, ["Bearer ", "Basic ", ",p="])) ->
        true

      match?({_, _}, :binary.match(before, ["<auth", "<response"])) ->
        true

      match?({_, _}, :binary.match(before, "://")) ->
        :re.run(rest, "^[^/@ ]*:[^/@ ]+@", [{:capture, :none}]) == :match

      true ->
        :re.run(rest, "^[a-zA-Z0-9_-]{0,20}[\"'\\]\\\\]{0,3} ?(=|:|=>|%3[dD]|,|>|\\x00)", [{:capture, :none}]) == :match
    end
  end

  # SASL PLAIN: [authzid] NUL authcid NUL password; a card's number.
  defp secret_without_words?(text) do
    plain?(text) or encoded_plain(text) != nil or
      (:erlang.byte_size(text) >= 13 and
         case :re.run(text, :erlang.get(:card_digits), [:global, {:capture, :first, :binary}]) do
           {:match, found} -> :lists.any(fn [digits] -> card?(digits) end, found)
           :nomatch -> false
         end)
  end

  defp plain?(text) do
    case :binary.match(text, <<0>>) do
      :nomatch ->
        false

      _ ->
        :re.run(text, "(^|[^\\x20-\\x7e\\x00])?[\\x20-\\x7e]*\\x00[\\x21-\\x7e]{1,255}\\x00[\\x20-\\x7e]{3,255}", [
          {:capture, :none}
        ]) == :match
    end
  end

  # What follows the last NUL of a PLAIN response, raw or in an element of XMPP, is the password.
  defp learn_plain(text) do
    case :re.run(text, "<(?:auth|response)[^>]*>([A-Za-z0-9+/=]+)<", [{:capture, [1], :binary}]) do
      {:match, [encoded]} -> learn_last(decoded(encoded))
      :nomatch -> learn_last(if plain?(text), do: text, else: encoded_plain(text))
    end
  end

  # A PLAIN response in base64 that stands alone.
  defp encoded_plain(text) when rem(:erlang.byte_size(text), 4) == 0 and :erlang.byte_size(text) in 8..700 do
    with true <- :re.run(text, "^[A-Za-z0-9+/]+=?=?$", [{:capture, :none}]) == :match,
         decoded = decoded(text),
         true <- plain?(decoded) do
      decoded
    else
      _ -> nil
    end
  end

  defp encoded_plain(_), do: nil

  defp learn_last(nil), do: :ok

  defp learn_last(text) do
    case :binary.split(text, <<0>>, [:global]) do
      [_] -> :ok
      parts -> learn(:lists.last(parts))
    end
  end

  defp decoded(encoded) do
    :base64.decode(encoded)
  catch
    _, _ -> ""
  end

  # Luhn's sum, and a beginning and length that cards have.
  defp card?(text) do
    digits = :lists.filter(fn byte -> byte in ?0..?9 end, :erlang.binary_to_list(text))
    issuer?(digits, :erlang.length(digits)) and rem(luhn(:lists.reverse(digits), 1, 0), 10) == 0
  end

  defp issuer?([?4 | _], length), do: length in [13, 16, 19]
  defp issuer?([?5, next | _], 16), do: next in ?1..?5
  defp issuer?([?2, next | _], 16), do: next in ?2..?7
  defp issuer?([?3, next | _], 15), do: next in [?4, ?7]
  defp issuer?([?3, next | _], 14), do: next in [?0, ?6, ?8]
  defp issuer?([?6, ?0, ?1, ?1 | _], length), do: length in [16, 19]
  defp issuer?([?6, ?5 | _], length), do: length in [16, 19]
  defp issuer?([?3, ?5 | _], 16), do: true
  defp issuer?(_, _), do: false

  defp luhn([], _, sum), do: sum
  defp luhn([digit | digits], 1, sum), do: luhn(digits, 2, sum + digit - ?0)

  defp luhn([digit | digits], 2, sum) do
    twice = 2 * (digit - ?0)
    luhn(digits, 1, sum + if(twice > 9, do: twice - 9, else: twice))
  end

  # Whether a name means a secret: `user_password`, "X-Api-Key", :dbPassword.
  defp key?(key) when is_atom(key), do: known_key?(key)
  defp key?(key) when is_binary(key) and :erlang.byte_size(key) in 3..64, do: known_key?(key)

  defp key?([head | _] = key) when is_integer(head),
    do: few?(key, 64) and bytes?(key) and known_key?(to_text(key))

  defp key?(_), do: false

  defp known_key?(key) do
    keys = :erlang.get(:secret_keys)

    case keys do
      %{^key => known} ->
        known

      _ ->
        text = if is_atom(key), do: :erlang.atom_to_binary(key), else: key
        secret = names_secret?(text)
        if map_size(keys) < @max_keys, do: :erlang.put(:secret_keys, :maps.put(key, secret, keys))
        secret
    end
  end

  # As whole words: `token_count` counts tokens, `secretary` is nobody's secret.
  defp names_secret?(text),
    do: :re.run(text, "^[A-Za-z0-9_.? -]+$", [{:capture, :none}]) == :match and words_secret?(text)

  defp words_secret?(text) do
    snake = :re.replace(text, "([a-z0-9])([A-Z])", "\\1_\\2", [:global, {:return, :binary}])
    snake = lower(:re.replace(snake, "[^A-Za-z0-9]+", "_", [:global, {:return, :binary}]))
    padded = <<"_", snake::binary, "_">>
    counts = ["_count_", "_counts_", "_size_", "_length_", "_type_", "_id_", "_ttl_", "_expires_", "_max_age_"]

    :lists.any(fn word -> :binary.match(padded, <<"_", word::binary, "_">>) != :nomatch end, words()) and
      not :lists.any(fn word -> :binary.match(padded, word) != :nomatch end, counts)
  end

  defp words, do: :lists.flatmap(fn word -> [word, <<word::binary, "s">>] end, :erlang.get(:secrets))

  # A list of pieces that says more as a whole: no piece alone holds a secret.
  defp iolist?([_]), do: false

  defp iolist?(list) do
    secret_text?(:erlang.iolist_to_binary(list)) and
      not :lists.any(fn piece -> is_binary(piece) and secret_text?(piece) end, list)
  catch
    :error, :badarg -> false
  end

  # Whether a list is a text, by its beginning.
  defp bytes?(list), do: bytes?(list, 64)
  defp bytes?([], _), do: true

  defp bytes?([byte | tail], left) when is_integer(byte) and byte >= 0 and byte < 256 and left > 0,
    do: bytes?(tail, left - 1)

  defp bytes?([byte | _], 0) when is_integer(byte), do: true
  defp bytes?(_, _), do: false

  defp to_text(list) do
    :erlang.iolist_to_binary(list)
  catch
    :error, :badarg -> ""
  end

  defp few?([], _), do: true
  defp few?([_ | tail], left) when left > 0, do: few?(tail, left - 1)
  defp few?(_, _), do: false

  defp proper([head | tail]), do: [head | proper(tail)]
  defp proper([]), do: []
  defp proper(tail), do: [tail]

  defp over(tuple, change), do: :erlang.list_to_tuple(:lists.map(change, :erlang.tuple_to_list(tuple)))

  defp lower(text), do: :string.lowercase(text)
  defp upper(text), do: :string.uppercase(text)
  defp capital(text), do: :string.titlecase(text)
end

defmodule Scope.Tracing do
  # The VM's tracing, in a session where there are sessions (`session` is nil where not).

  # Their processes are the runtime, not the application.
  @runtime_apps [:kernel, :stdlib, :sasl, :runtime_tools, :compiler, :elixir, :logger, :iex, :mix]
  @runtime_names [:init, :erl_prim_loader, :application_controller, :erts_code_purger, :logger, :code_server]

  # A process that is not larger has no large values.
  @heavy 262_144

  def session do
    if :erlang.function_exported(:trace, :session_create, 3) or loads?(:trace),
      do: :erlang.apply(:trace, :session_create, [Scope, self(), []]),
      else: nil
  end

  defp loads?(module) do
    :code.ensure_loaded(module) == {:module, module} and :erlang.function_exported(module, :session_create, 3)
  end

  # Reads the arguments out where they are wanted: the `arity` flag keeps them away elsewhere.
  # A call takes its values along while there is credit (the trace control word, which the tracer fills up).
  @with_values [
    {:_, [{:>, {:get_tcw}, 0}],
     [
       {:set_tcw, {:-, {:get_tcw}, 1}},
       {:return_trace},
       {:exception_trace},
       {:message, {{:args, {:caller_line}, :"$_"}}}
     ]},
    {:_, [], [{:message, {:caller_line}}]}
  ]
  @bare [{:_, [], [{:message, {:caller_line}}]}]
  @arguments [{:_, [], [{:message, {{:args, {:caller_line}, :"$_"}}}]}]
  @returning [{:_, [], [{:return_trace}, {:message, {{:args, {:caller_line}, :"$_"}}}]}]

  # What is raised explicitly, with what and from which line: all that is seen of exceptions where results do not travel.
  @raising [{:error, 1}, {:error, 2}, {:error, 3}, {:raise, 3}, {:throw, 1}, {:exit, 1}]

  @callbacks [
    init: 1,
    handle_call: 3,
    handle_cast: 2,
    handle_info: 2,
    handle_continue: 2,
    handle_event: 2,
    handle_event: 3,
    handle_event: 4,
    handle_call: 2,
    handle_info: 3,
    handle_demand: 2,
    handle_events: 3,
    handle_subscribe: 4,
    handle_cancel: 3,
    handle_in: 3,
    handle_out: 3,
    handle_params: 3,
    handle_async: 3,
    handle_data: 3,
    handle_connection: 2,
    handle_close: 2,
    mount: 3,
    join: 3,
    terminate: 2,
    terminate: 3
  ]

  def trace(options, session, ours) do
    each(options.modules, fn pattern -> arm(session, pattern, options) end)

    if options.level != :all and options.modules != [],
      do: each(@raising, fn {f, a} -> pattern(session, {:erlang, f, a}, @arguments) end)

    # Who ends whom is rare and tells a lot.
    if options.modules != [],
      do: pattern(session, {:erlang, :exit, 2}, if(options.level == :all, do: @returning, else: @arguments))

    flags =
      [:call, :procs, :set_on_spawn, :strict_monotonic_timestamp, :arity] ++
        if(options.level == :all and options.silent == [], do: [], else: [:return_to]) ++
        if(options.messages and options.level != :calls, do: [:send, :receive], else: [])

    case options.processes do
      :new ->
        flag(session, :new, true, flags)

      :existing ->
        trace_existing(session, ours, flags, options.one_of)

      :all ->
        flag(session, :new, true, flags)
        trace_existing(session, ours, flags, options.one_of)

      pids ->
        each(:lists.filter(fn pid -> sampled?(pid, options.one_of) end, pids), fn pid ->
          # One that has ended since is no error.
          if :erlang.is_process_alive(pid), do: flag(session, pid, true, flags)
        end)
    end

    :ok
  catch
    :error, :badarg -> {:error, "this node has another tracer (dbg?): stop that one first"}
  end

  defp arm(session, {module, _, _} = mfa, options) do
    silent? = fn what -> :lists.member(what, options.silent) end
    pattern(session, mfa, if(options.level == :all and not silent?.(module), do: @with_values, else: @bare))

    each(module.module_info(:functions), fn {f, a} ->
      cond do
        closure?(f) and not options.closures ->
          pattern(session, {module, f, a}, false)

        not covers?(mfa, f, a) ->
          :ok

        # One that was asked for by name is meant.
        not options.locals and elem(mfa, 1) == :_ and not exported?(module, f, a) ->
          pattern(session, {module, f, a}, false)

        silent?.(module) ->
          :ok

        silent?.({module, f}) ->
          pattern(session, {module, f, a}, @bare)

        options.level == :state and callback?(module, f, a) ->
          pattern(session, {module, f, a}, @with_values)

        true ->
          :ok
      end
    end)
  end

  defp exported?(module, f, a), do: :erlang.function_exported(module, f, a)

  defp covers?({_, function, arity}, f, a), do: (function == :_ or function == f) and (arity == :_ or arity == a)

  # Of gen_statem, every function of a state's name may be one.
  defp callback?(module, f, a) do
    :lists.member({f, a}, @callbacks) or
      (a == 3 and :erlang.function_exported(module, :callback_mode, 0) and :erlang.function_exported(module, f, a))
  end

  # From now on no values: functions, lines and times.
  def bare(%{session: session, options: options} = state) do
    each(options.modules, fn pattern -> arm(session, pattern, %{options | level: :calls}) end)
    returns(state)

    if options.messages do
      each(traced(session), fn pid -> try_flag(session, pid, false, [:send, :receive]) end)
      if options.processes in [:all, :new], do: flag(session, :new, false, [:send, :receive])
      each(traced(session), fn pid -> try_flag(session, pid, false, [:send, :receive]) end)
    end
  end

  # From now on no values of one function.
  def bare_function(%{session: session} = state, {module, function, arity}) do
    pattern(session, {module, function, arity}, @bare)
    returns(state)
  end

  # Without results, returns are told by where they lead.
  def returns(%{options: %{level: :all} = options, session: session}) do
    if options.processes in [:all, :new], do: flag(session, :new, true, [:return_to])
    each(traced(session), fn pid -> try_flag(session, pid, true, [:return_to]) end)
  end

  def returns(_), do: :ok

  # So many calls may take their values along.
  def credit(calls), do: :erlang.system_flag(:trace_control_word, calls)

  # Bytes of the largest process that runs one of these modules, if it is large: no value is larger. `known` are modules
  # whose values do not travel.
  def heaviest(patterns, known) do
    modules = :lists.map(fn {module, _, _} -> module end, patterns) -- known

    :lists.foldl(
      fn pid, heaviest ->
        case :erlang.process_info(pid, :memory) do
          {:memory, memory} when memory > @heavy and memory > heaviest ->
            if :lists.member(behaving(pid), modules), do: memory, else: heaviest

          _ ->
            heaviest
        end
      end,
      0,
      if(modules == [], do: [], else: :erlang.processes())
    )
  end

  defp behaving(pid) do
    case :proc_lib.translate_initial_call(pid) do
      {module, _, _} -> module
      _ -> nil
    end
  end

  defp traced(session) do
    :lists.filter(
      fn pid ->
        case info(session, pid) do
          {:flags, flags} when is_list(flags) -> :lists.member(:call, flags)
          _ -> false
        end
      end,
      :erlang.processes() -- [self()]
    )
  end

  defp info(nil, pid), do: :erlang.trace_info(pid, :flags)
  defp info(session, pid), do: :erlang.apply(:trace, :info, [session, pid, :flags])

  defp try_flag(session, pid, on?, flags) do
    flag(session, pid, on?, flags)
  catch
    :error, :badarg -> :ok
  end

  # A process that was traced because of its parent, and is not one of the sample.
  def leave(session, pid), do: try_flag(session, pid, false, [:all])

  # Modules that were loaded anew have no patterns.
  def again(%{session: session, options: options, values: values, bare: bare}, modules) do
    options = if values, do: options, else: %{options | level: :calls}
    armed = :lists.filter(fn {module, _, _} -> :lists.member(module, modules) end, options.modules)
    each(armed, fn pattern -> arm(session, pattern, options) end)

    each(:maps.keys(bare), fn {module, _, _} = mfa ->
      if :lists.member(module, modules), do: pattern(session, mfa, @bare)
    end)
  end

  defp each(list, act), do: :lists.foreach(act, list)

  # `-scan/2-fun-0-`, `-all/1-lc$^0/1-0-`
  defp closure?(function), do: match?("-" <> _, :erlang.atom_to_binary(function))

  defp sampled?(_, 1), do: true
  defp sampled?(pid, n), do: :erlang.phash2(pid, n) == 0

  defp trace_existing(session, ours, flags, one_of) do
    each(:erlang.processes() -- ours, fn pid ->
      try do
        if sampled?(pid, one_of) and not runtime?(pid), do: flag(session, pid, true, flags)
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

  def untrace(session, patterns) do
    credit(0)
    end_session(session, patterns)
  end

  defp end_session(nil, patterns) do
    :erlang.trace(:all, false, [:all])
    each(patterns, fn {module, _, _} -> :erlang.trace_pattern({module, :_, :_}, false, [:local]) end)
    each([{:exit, 2} | @raising], fn {f, a} -> :erlang.trace_pattern({:erlang, f, a}, false, [:local]) end)
  end

  defp end_session(session, _), do: :erlang.apply(:trace, :session_destroy, [session])

  # As `strict_monotonic_timestamp` gives it.
  def stamp, do: {:erlang.monotonic_time(:nanosecond), :erlang.unique_integer([:monotonic])}
end

defmodule Scope.Sender do
  # Owns the socket or the file.

  @version 2
  # Slots of the shared counters, as in Scope.Tracer.
  @unsent 1
  @sent_bytes 2

  def open(options, counters) do
    tracer = self()
    tag = :erlang.make_ref()
    sender = :erlang.spawn_link(__MODULE__, :init, [tracer, tag, options, counters])

    receive do
      {^tag, :ok} -> {:ok, sender}
      {^tag, error} -> error
    end
  end

  def init(tracer, tag, %{to: to} = options, counters) do
    :erlang.process_flag(:trap_exit, true)

    case sink(to) do
      {:ok, write, close} ->
        hello = :erlang.term_to_binary({:scope, :hello, hello(options)})

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

  defp where(:nowhere), do: "nowhere"
  defp where({:file, path}), do: path
  defp where({host, port}) when is_tuple(host), do: Scope.Options.text("~ts:~b", [:inet.ntoa(host), port])
  defp where({host, port}), do: Scope.Options.text("~ts:~b", [host, port])
  defp where(port), do: where({"127.0.0.1", port})

  defp sink(:nowhere), do: {:ok, fn _ -> :ok end, fn -> :ok end}

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

  defp hello(options) do
    %{
      level: options.level,
      messages: options.messages and options.level != :calls,
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
  # How long are mailboxes? Was code loaded?

  # A table of more mailboxes than this says less, not more: the longest are sent.
  @max_samples 500
  # How often code is looked at where mailboxes are not.
  @code_ms 1_000

  def init(tracer, sender, options) do
    # The link does not tell of a normal end.
    :erlang.monitor(:process, tracer)

    state = %{
      tracer: tracer,
      ours: [tracer, sender, self()],
      options: options,
      samples: options.sample_ms > 0,
      large: []
    }

    wait(state, %{}, :maps.from_list(Scope.Sender.names()), code(options))
  end

  # `busy` are the mailboxes that were not empty the last time: that they are empty now is news.
  defp wait(state, busy, names, code) do
    tracer = state.tracer

    receive do
      {:DOWN, _, :process, ^tracer, _} -> :ok
      # They cost too much.
      :quiet -> wait(%{state | samples: false}, busy, names, code)
      {:large, module} -> wait(%{state | large: [module | state.large]}, busy, names, code)
    after
      if(state.options.sample_ms > 0, do: state.options.sample_ms, else: @code_ms) ->
        {busy, names} = if state.samples, do: sample(state, busy, names), else: {busy, names}

        if state.options.level in [:state, :all],
          do: send(tracer, {:heaviest, Scope.Tracing.heaviest(state.options.modules, state.large)})

        now = code(state.options)
        loaded = :lists.filter(fn module -> :maps.get(module, now) != :maps.get(module, code, nil) end, :maps.keys(now))
        if loaded != [], do: send(tracer, {:loaded, loaded})
        wait(state, busy, names, now)
    end
  end

  # Which code of the traced modules is loaded.
  defp code(options) do
    modules = :lists.usort(:lists.map(fn {module, _, _} -> module end, options.modules))
    :maps.from_list(:lists.map(fn module -> {module, md5(module)} end, modules))
  end

  defp md5(module) do
    :erlang.get_module_info(module, :md5)
  catch
    :error, _ -> nil
  end

  defp sample(%{tracer: tracer, ours: ours, options: options}, busy, names) do
    seen = :lists.filtermap(fn pid -> look(pid, busy) end, sampled(options.processes) -- ours)
    longest = :lists.sublist(:lists.reverse(:lists.sort(seen)), @max_samples)

    tell = fn {_, pid, {at, sample}} ->
      send(tracer, {:scope, :sample, pid, {at, :erlang.unique_integer([:monotonic])}, sample})
    end

    :lists.foreach(tell, longest)

    now = :maps.from_list(Scope.Sender.names())
    new = :lists.filter(fn {name, pid} -> :maps.get(name, names, nil) != pid end, :maps.to_list(now))
    if new != [], do: send(tracer, {:scope, :names, new, Scope.Tracing.stamp()})

    waiting = :lists.filter(fn {length, _, _} -> length > 0 end, longest)
    {:maps.from_list(:lists.map(fn {_, pid, _} -> {pid, true} end, waiting)), now}
  end

  # The process says it itself, at some time while this waits.
  defp look(pid, busy) do
    before = :erlang.monotonic_time(:nanosecond)

    case :erlang.process_info(pid, [:message_queue_len, :memory, :reductions]) do
      [{:message_queue_len, length} | _] = sample when length > 0 or :erlang.is_map_key(pid, busy) ->
        now = :erlang.monotonic_time(:nanosecond)
        {true, {length, pid, {now, sample ++ [within_ns: now - before]}}}

      _ ->
        false
    end
  end

  defp sampled(pids) when is_list(pids), do: pids
  defp sampled(_), do: :erlang.processes()
end
