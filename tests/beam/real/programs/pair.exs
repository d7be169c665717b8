# One of two nodes that talk to each other: a server `:shop` and a client `:asker` on each, so that their names are the
# same on both, and most likely their pids. A command per line of standard input; each answer begins with `> ` and says
# what the node itself knows.
#
#     elixir --sname NAME --cookie COOKIE pair.exs
defmodule Pair.Shop do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, %{sum: 0, calls: 0, casts: 0, last: nil}, name: :shop)
  def init(state), do: {:ok, state}
  def handle_call({:add, n}, _, s), do: {:reply, s.sum + n, %{s | sum: s.sum + n, calls: s.calls + 1}}
  def handle_cast({:note, note, from}, s) do
    send(from, {:noted, self(), note})
    {:noreply, %{s | casts: s.casts + 1, last: note}}
  end
end

defmodule Pair.Asker do
  # Its own messages it takes only when it is told to.
  def loop do
    receive do
      {:go, from, other, n} ->
        sums = Enum.map(1..n, fn i -> Pair.Asker.add(other, i) end)
        Enum.each(1..n, fn i -> Pair.Asker.note(other, rem(i, 2)) end)
        Enum.each(1..n, fn i -> receive do {:noted, _, note} when note == rem(i, 2) -> :ok end end)
        send(from, {:went, List.last(sums)})
        loop()
    end
  end

  def add(other, n), do: GenServer.call({:shop, other}, {:add, n}, :infinity)
  def note(other, n), do: GenServer.cast({:shop, other}, {:note, n, self()})
end

defmodule Pair do
  def main do
    case IO.gets("") do
      line when is_binary(line) ->
        IO.puts("> " <> act(String.split(line)))
        main()

      _ ->
        System.halt(0)
    end
  end

  defp act(["go", other, n]) do
    send(:asker, {:go, self(), String.to_atom(other), String.to_integer(n)})
    receive do
      {:went, sum} -> "sum=#{sum}"
    end
  end

  defp act(["connect", other]), do: "connected=#{Node.connect(String.to_atom(other))}"

  defp act(["shop"]) do
    s = :sys.get_state(:shop)
    {:message_queue_len, waiting} = Process.info(Process.whereis(:shop), :message_queue_len)
    "pid=#{pid(:shop)} asker=#{pid(:asker)} code_server=#{pid(:code_server)} sum=#{s.sum} calls=#{s.calls} casts=#{s.casts} last=#{s.last} waiting=#{waiting}"
  end

  defp pid(name), do: name |> Process.whereis() |> :erlang.pid_to_list() |> List.to_string()
end

{:ok, _} = Pair.Shop.start_link()
true = Process.register(spawn_link(&Pair.Asker.loop/0), :asker)
IO.puts("> ready")
Pair.main()
