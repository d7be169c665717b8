# A GenServer with a large state that is cast to so often a second. Prints what the node says of itself.
#
#     SCOPE=scope.exs elixir bigstate.exs PORT|none ENTRIES CASTS_A_SECOND SECONDS
Code.compile_file(System.fetch_env!("SCOPE"))

defmodule Store do
  use GenServer
  def init(size), do: {:ok, Map.new(1..size, &{&1, {"customer-#{&1}", &1, [:a, :b, :c]}})}
  def handle_cast({:put, key, value}, state), do: {:noreply, put(state, key, value)}
  def put(state, key, value), do: check(Map.put(state, key, value), key)
  def check(state, key), do: note(state, key)
  def note(state, _), do: state
end

defmodule Say do
  def line(words), do: IO.puts("> " <> Enum.map_join(words, " ", fn {key, value} -> "#{key}=#{value}" end))
end

[port, size, casts, seconds] = System.argv()
[size, casts, seconds] = Enum.map([size, casts, seconds], &String.to_integer/1)
{:ok, store} = GenServer.start(Store, size)
:sys.get_state(store)
:erlang.garbage_collect()
before = :erlang.memory(:total)
traced = port != "none"
if traced, do: :ok = Scope.start(modules: [Store], to: String.to_integer(port))
started = System.monotonic_time(:millisecond)

for second <- 1..seconds do
  {worked, _} =
    :timer.tc(fn ->
      for i <- 1..casts, do: GenServer.cast(store, {:put, rem(i, 1000), {"x", i, []}})
      :sys.get_state(store, :infinity)
    end)

  tracer = Process.whereis(Scope)
  grown = :erlang.memory(:total) - before
  Say.line(second: second, grown: grown, worked_us: worked, traced: tracer != nil)
  Process.sleep(max(0, started + second * 1000 - System.monotonic_time(:millisecond)))
end

{:message_queue_len, waiting} = Process.info(store, :message_queue_len)
Say.line(pid: List.to_string(:erlang.pid_to_list(store)), waiting: waiting, casts: casts * seconds)

if traced do
  {:ok, told} = Scope.stop()
  Say.line(events: told.events, dropped: told.dropped, reason: told.reason, sent_bytes: told.sent_bytes)
end
