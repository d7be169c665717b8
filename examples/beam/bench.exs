# What does being traced cost the application?
#
#     elixir --erl "+sbwt none +sbwtdcpu none +sbwtdio none" examples/beam/bench.exs [CALLS [RUNS]]
#
# A GenServer is called in a loop by two clients: untraced; with dbg's port read by another process; with scope.exs, read
# likewise; with dbg's wrap files. Printed are medians of the runs, per event of the trace: by how much the loop took
# longer (wall), and how much more processor time the whole VM used, the tracer's part included (cpu). Without the flags,
# idle schedulers spin, and that counts as processor time.

defmodule Bench.Counter do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, 0)
  def add(server, n), do: GenServer.call(server, {:add, n}, :infinity)

  @impl true
  def init(n), do: {:ok, %{count: n, last: nil, owner: "bench"}}

  @impl true
  def handle_call({:add, n}, {from, _}, state) do
    {:reply, state.count + n, %{state | count: step(state.count, n), last: from}}
  end

  def step(a, b), do: rem(a + b, 1_000_003)
end

defmodule Bench do
  alias Bench.Counter

  @clients 2
  # add/2, handle_call/3 and step/2 with their returns; the request and the reply, each sent and received.
  @events_per_call 10
  @flags [:call, :send, :receive, :procs, :strict_monotonic_timestamp, :set_on_spawn]
  @spec_ [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}]

  def main(args) do
    [calls, runs] = Enum.map(args, &String.to_integer/1) ++ Enum.drop([100_000, 5], length(args))
    ways = [nothing: &nothing/1, "dbg port": &dbg_port/1, "scope.exs": &scope/1, "wrap files": &wrap/1]

    # Ways take turns, so that a slow minute of the machine meets all of them.
    measured =
      for _ <- 1..runs, {name, way} <- ways do
        {name, way.(calls)}
      end

    events = calls * @events_per_call
    {base_wall, base_cpu} = {median(measured, :nothing, 0), median(measured, :nothing, 1)}
    IO.puts("#{calls} calls, #{events} events, #{runs} runs, #{System.schedulers_online()} schedulers")
    IO.puts("way            us/call  us/event: wall     cpu   dropped")

    for {name, _} <- ways do
      {wall, cpu} = {median(measured, name, 0), median(measured, name, 1)}
      dropped = for {^name, result} <- measured, do: elem(result, 2)

      :io.format("~-12s ~9.2f ~15.2f ~7.2f ~9b~n", [
        to_string(name),
        wall / calls,
        (wall - base_wall) / events,
        (cpu - base_cpu) / events,
        Enum.sum(dropped)
      ])
    end
  end

  defp median(measured, name, place) do
    sorted = Enum.sort(for {^name, result} <- measured, do: elem(result, place))
    Enum.at(sorted, div(length(sorted), 2))
  end

  defp nothing(calls), do: run(calls) |> Tuple.append(0)

  defp dbg_port(calls) do
    port = free_port()
    {:ok, _} = :dbg.tracer(:port, :dbg.trace_port(:ip, {port, 20_000}))
    reader = reader("{ok, S} = gen_tcp:connect({127,0,0,1}, #{port}, [binary, {active, false}, {recbuf, 1048576}])")
    :ready = answer(reader)
    dbg_flags()
    result = run(calls)
    :dbg.flush_trace_port()
    :dbg.stop_clear()
    {:bytes, _} = answer(reader)
    # What a slow reader makes the port drop is a record in its stream, and this one is not slow.
    Tuple.append(result, 0)
  end

  defp scope(calls) do
    port = free_port()

    reader =
      reader(
        "{ok, L} = gen_tcp:listen(#{port}, [binary, {ip, {127,0,0,1}}, {active, false}, {reuseaddr, true}]), " <>
          "io:format(\"listens~n\"), {ok, S} = gen_tcp:accept(L)"
      )

    :listens = answer(reader)
    # Limits as high as needed, so that what is measured is an event sent, not an event dropped.
    :ok =
      Scope.start(
        modules: [Counter],
        to: port,
        processes: :new,
        max_rate: 10_000_000,
        max_mailbox: 10_000_000,
        sample_ms: 0
      )

    :ready = answer(reader)
    started = cpu_us()
    {wall, _} = run(calls)
    {:ok, %{dropped: dropped, events: events}} = Scope.stop()
    # The tracer's backlog at the end of the loop is processor time as well.
    cpu = cpu_us() - started
    {:bytes, _} = answer(reader)
    true = events + dropped >= calls * @events_per_call
    {wall, cpu, dropped}
  end

  defp wrap(calls) do
    base = Path.join(System.tmp_dir!(), "bench-#{System.pid()}-wrap")
    port = :dbg.trace_port(:file, {to_charlist(base), :wrap, ~c".trace", 64 * 1024 * 1024, 4})
    {:ok, _} = :dbg.tracer(:port, port)
    dbg_flags()
    result = run(calls)
    :dbg.flush_trace_port()
    :dbg.stop_clear()
    Enum.each(Path.wildcard(base <> "*"), &File.rm!/1)
    Tuple.append(result, 0)
  end

  defp dbg_flags do
    {:ok, _} = :dbg.p(:new_processes, @flags)
    {:ok, _} = :dbg.tpl(Counter, @spec_)
  end

  # Microseconds of wall time and of the VM's processor time.
  defp run(calls) do
    # Its processes are new ones, and so traced.
    {worker, monitor} =
      spawn_monitor(fn ->
        {:ok, server} = Counter.start_link()
        each = div(calls, @clients)

        clients =
          for _ <- 1..@clients do
            spawn_monitor(fn ->
              receive do
                :go -> loop(server, each)
              end
            end)
          end

        cpu = cpu_us()
        started = System.monotonic_time(:microsecond)
        for {client, _} <- clients, do: send(client, :go)

        for {_, monitor} <- clients do
          receive do
            {:DOWN, ^monitor, :process, _, :normal} -> :ok
          end
        end

        exit({:took, System.monotonic_time(:microsecond) - started, cpu_us() - cpu})
      end)

    receive do
      {:DOWN, ^monitor, :process, ^worker, {:took, wall, cpu}} -> {wall, cpu}
    end
  end

  defp loop(_, 0), do: :ok

  defp loop(server, n) do
    Counter.add(server, n)
    loop(server, n - 1)
  end

  defp cpu_us, do: elem(:erlang.statistics(:runtime), 0) * 1000

  # Another VM, whose processor time is not this one's: it takes bytes in and counts them.
  defp reader(open) do
    code =
      "#{open}, io:format(\"ready~n\"), " <>
        "Read = fun Read(N) -> case gen_tcp:recv(S, 0) of {ok, B} -> Read(N + byte_size(B)); _ -> N end end, " <>
        "io:format(\"~b~n\", [Read(0)]), halt()."

    Port.open({:spawn_executable, System.find_executable("erl")}, [
      :binary,
      {:line, 100},
      args: ["+sbwt", "none", "-noinput", "-noshell", "-eval", code]
    ])
  end

  defp answer(reader) do
    receive do
      {^reader, {:data, {:eol, "ready"}}} -> :ready
      {^reader, {:data, {:eol, "listens"}}} -> :listens
      {^reader, {:data, {:eol, bytes}}} -> {:bytes, String.to_integer(bytes)}
    after
      60_000 -> raise "the reader does not answer"
    end
  end

  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :gen_tcp.close(socket)
    port
  end
end

Code.require_file("scope.exs", __DIR__)
Bench.main(System.argv())
