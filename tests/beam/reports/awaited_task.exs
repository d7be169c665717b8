# A server awaits a task that crashes: the link ends the server, which raised nothing.
defmodule Geo do
  def locate(m, n) do
    Process.sleep(3)
    city = Map.fetch!(m, n)
    {:city, city}
  end
end
defmodule Weather do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def at(n), do: GenServer.call(__MODULE__, {:at, n})
  @impl true
  def init(_), do: {:ok, %{asked: 0, m: %{1 => :oslo, 2 => :rome}}}
  @impl true
  def handle_call({:at, n}, _from, s) do
    t = Task.async(fn -> Geo.locate(s.m, n) end)
    r = Task.await(t)
    {:reply, r, %{s | asked: s.asked + 1}}
  end
end
defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    {:ok, _} = Weather.start_link()
    for n <- [1, 2, 1, 3] do
      {pid, ref} = spawn_monitor(fn -> Weather.at(n) end)
      receive do: ({:DOWN, ^ref, _, ^pid, _} -> :ok)
    end
    Process.sleep(10)
  end
end
