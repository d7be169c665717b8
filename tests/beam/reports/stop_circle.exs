# A server stops its workers and waits for their ends, while one of them waits for the server (as in elixir-mongo/mongodb#159).
defmodule Topology do
  use GenServer
  def start_link(hosts), do: GenServer.start_link(__MODULE__, hosts, name: __MODULE__)
  def description(host, d), do: GenServer.call(__MODULE__, {:description, host, d}, 400)
  def close, do: GenServer.call(__MODULE__, :close, 1500)
  @impl true
  def init(hosts) do
    {:ok, %{monitors: for(h <- hosts, do: elem(Watch.start(h), 1)), seen: %{}}}
  end
  @impl true
  def handle_call({:description, h, d}, _from, s), do: {:reply, :ok, put_in(s.seen[h], d)}
  def handle_call(:close, _from, s) do
    for m <- s.monitors, do: GenServer.stop(m, :normal, 1000)
    {:reply, :ok, %{s | monitors: []}}
  end
  @impl true
  def handle_cast({:description, h, d}, s), do: {:noreply, put_in(s.seen[h], d)}
end
defmodule Watch do
  use GenServer
  def start(host), do: GenServer.start(__MODULE__, host)
  @impl true
  def init(host), do: {:ok, %{host: host, n: 0}, {:continue, :check}}
  @impl true
  def handle_continue(:check, s), do: check(s)
  @impl true
  def handle_info(:check, s), do: check(s)
  def check(s) do
    ping(s.host)
    tell(s.host, s.n)
    Process.send_after(self(), :check, 5)
    {:noreply, %{s | n: s.n + 1}}
  end
  def ping(host), do: Process.sleep(if host == :slow, do: 30, else: 3)
  def tell(host, n), do: Topology.description(host, {:up, n})
end
defmodule Main do
  def run do
    {:ok, _} = Topology.start_link([:fast, :slow])
    Process.sleep(50)
    {us, r} = :timer.tc(fn -> try do Topology.close() catch :exit, why -> elem(why, 0) end end)
    IO.puts("close: #{inspect(r, limit: 3)} after #{div(us, 1000)} ms")
  end
end
