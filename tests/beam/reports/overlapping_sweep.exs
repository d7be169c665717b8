# A cache is swept at an interval by a process of its own, and each sweep takes longer the more of them there are.
defmodule Cache do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def old, do: GenServer.call(__MODULE__, :old, :infinity)
  @impl true
  def init(:ok), do: {:ok, %{asked: 0}}
  @impl true
  def handle_call(:old, _from, s) do
    Process.sleep(45)
    {:reply, [:a, :b], %{s | asked: s.asked + 1}}
  end
end
defmodule Sweeper do
  def start do
    spawn(fn ->
      {:ok, _} = :timer.send_interval(30, :sweep)
      loop(0)
    end)
  end
  def loop(n) do
    receive do
      :sweep ->
        # BUG: it is not asked whether the last one is done
        spawn(__MODULE__, :sweep, [])
        loop(n + 1)
      {:sweeps, from} ->
        send(from, {:sweeps, n})
        loop(n)
    end
  end
  def sweep do
    for key <- Cache.old(), do: drop(key)
  end
  def drop(key), do: key
end
defmodule Main do
  def run do
    {:ok, _} = Cache.start_link()
    sweeper = Sweeper.start()
    Process.sleep(600)
    send(sweeper, {:sweeps, self()})
    receive do: ({:sweeps, n} -> IO.puts("#{n} sweeps"))
  end
end
