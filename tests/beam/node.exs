# The node that tests/beam/run.py traces. It takes a command per line of its standard input, and answers each with one
# line, `> ` and Elixir's or the counters' words as `key=value`.
#
# What it produced it counts itself, not by its trace: the calls by counting breakpoints, and all trace messages by their
# stamps: each takes the next `unique_integer([:monotonic])`, and nothing else here does until the goodbye. After it the
# port of the socket may take one as it closes: the VM numbers a port's unlinks by the same counter.

defmodule Shop.Till do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, 0)
  def add(till, price), do: GenServer.call(till, {:add, price}, :infinity)
  def note(till, text), do: GenServer.cast(till, {:note, text})

  @impl true
  def init(sum), do: {:ok, %{sum: sum, sold: 0, note: nil}}

  @impl true
  def handle_call({:add, price}, _, state), do: {:reply, :ok, sell(state, price)}

  @impl true
  def handle_cast({:note, text}, state), do: {:noreply, %{state | note: text}}

  def sell(state, price), do: %{state | sum: state.sum + price, sold: state.sold + 1}
end

defmodule Node_ do
  alias Shop.Till

  @clients 4

  def main do
    case IO.gets("") do
      line when is_binary(line) ->
        answer = line |> String.split() |> act()
        IO.puts("> " <> answer)
        main()

      _ ->
        :ok
    end
  end

  # What one expression is.
  defp act(["eval" | words]) do
    words |> Enum.join(" ") |> Code.eval_string() |> elem(0) |> inspect(limit: :infinity) |> String.replace("\n", " ")
  end

  # The three lines of the README.
  defp act(["dbg", port]) do
    port = String.to_integer(port)
    count()
    {:ok, _} = :dbg.tracer(:port, :dbg.trace_port(:ip, {port, 20_000}))
    {:ok, _} = :dbg.p(:new_processes, [:call, :send, :receive, :procs, :strict_monotonic_timestamp, :set_on_spawn])
    {:ok, _} = :dbg.tpl(Till, [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}])
    "dbg"
  end

  defp act(["dbg-file", path]) do
    count()
    {:ok, _} = :dbg.tracer(:port, :dbg.trace_port(:file, to_charlist(path)))
    {:ok, _} = :dbg.p(:new_processes, [:call, :send, :receive, :procs, :strict_monotonic_timestamp, :set_on_spawn])
    {:ok, _} = :dbg.tpl(Till, [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}])
    "dbg-file"
  end

  # Ends tracing, not yet the port: it may have more to send.
  defp act(["quiet"]) do
    {:ok, _} = :dbg.p(:all, :clear)
    delivered()
    produced(:erlang.unique_integer([:monotonic]) - 1)
  end

  defp act(["undbg"]) do
    :dbg.flush_trace_port()
    :dbg.stop_clear()
    "undbg"
  end

  defp act(["scope", to | options]) do
    to = if to =~ ~r/^\d+$/, do: String.to_integer(to), else: {:file, to}

    options =
      for option <- options do
        [key, value] = String.split(option, "=")
        {String.to_atom(key), elem(Code.eval_string(value), 0)}
      end

    count()

    case Scope.start([modules: [Till], to: to] ++ options) do
      :ok -> "ok"
      {:error, message} -> "error " <> String.replace(message, "\n", " ")
    end
  end

  defp act(["unscope"]) do
    case Scope.stop() do
      {:ok, told} -> stopped(told)
      {:error, message} -> "error " <> message
    end
  end

  # The tracer is asked to stop before it hears of this work, which ends before it hears that.
  defp act(["late", calls]) do
    tracer = Process.whereis(Scope)
    :erlang.suspend_process(tracer)
    tag = make_ref()
    send(tracer, {:stop, self(), tag})
    "sold=" <> _ = act(["work", calls])
    :erlang.resume_process(tracer)

    receive do
      {^tag, {:ok, told}} -> stopped(told)
    after
      20_000 -> "error no answer"
    end
  end

  # A process of its own, so that it and all it starts are new ones.
  defp act(["work", calls]) do
    calls = String.to_integer(calls)

    {worker, monitor} =
      spawn_monitor(fn ->
        {:ok, till} = Till.start_link()

        clients =
          for client <- 1..@clients do
            spawn_monitor(fn ->
              for call <- 1..div(calls, @clients), do: Till.add(till, client * call)
            end)
          end

        for {_, monitor} <- clients do
          receive do
            {:DOWN, ^monitor, :process, _, :normal} -> :ok
          end
        end

        Till.note(till, String.duplicate("sold out ", 2_000))
        exit({:sold, :sys.get_state(till).sold})
      end)

    receive do
      {:DOWN, ^monitor, :process, ^worker, {:sold, sold}} -> "sold=#{sold}"
    end
  end

  # Processes that run code of scope.exs, and functions with a trace pattern.
  defp act(["left"]) do
    running =
      for pid <- Process.list(),
          {:current_stacktrace, stack} <- [Process.info(pid, :current_stacktrace)],
          Enum.any?(stack, fn {module, _, _, _} -> module |> inspect() |> String.starts_with?("Scope") end),
          do: pid

    patterns =
      for {function, arity} <- Till.module_info(:functions),
          :erlang.trace_info({Till, function, arity}, :traced) not in [{:traced, false}, {:traced, :undefined}],
          do: function

    "processes=#{length(running)} patterns=#{length(patterns)}"
  end

  defp count do
    :erlang.trace_pattern({Till, :_, :_}, true, [:call_count])
    :erlang.trace_pattern({Till, :_, :_}, :restart, [:call_count])
    :persistent_term.put(:before, :erlang.unique_integer([:monotonic]))
  end

  defp stopped(%{goodbye: {_, last}} = told),
    do: "events=#{told.events} dropped=#{told.dropped} left_out=#{length(told.left_out)} " <> produced(last)

  # The server was gone: no goodbye.
  defp stopped(told), do: "ended by itself: #{told.reason}"

  # Up to the stamp `last`, that one with them.
  defp produced(last) do
    records = last - :persistent_term.get(:before)

    calls =
      for {function, arity} <- Till.module_info(:functions),
          # Asked by this very line, and by the tracers.
          function != :module_info,
          {:call_count, count} when is_integer(count) <-
            [:erlang.trace_info({Till, function, arity}, :call_count)],
          do: count

    "records=#{records} calls=#{Enum.sum(calls)}"
  end

  defp delivered do
    delivered = :erlang.trace_delivered(:all)

    receive do
      {:trace_delivered, :all, ^delivered} -> :ok
    end
  end
end

Code.require_file("../../examples/beam/scope.exs", __DIR__)
Code.require_file("vault.exs", __DIR__)
IO.puts("> ready")
Node_.main()
