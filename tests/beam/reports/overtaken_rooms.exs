# A gateway of plain processes: each reading is written down by a process of its own, then told to the room it is of.
defmodule Room do
  use GenServer
  def start_link(name), do: GenServer.start_link(__MODULE__, name, name: name)
  @impl true
  def init(name), do: {:ok, %{name: name, degrees: nil}}
  @impl true
  def handle_call({:is_at, degrees}, _from, s), do: {:reply, :ok, %{s | degrees: degrees}}
  def handle_call(:degrees, _from, s), do: {:reply, s.degrees, s}
end
defmodule Gateway do
  def start, do: spawn(&loop/0)
  def loop do
    receive do
      {:reading, room, degrees} ->
        # BUG: who writes longer comes later
        spawn(fn -> pass_on(room, degrees) end)
        loop()
      :stop -> :ok
    end
  end
  def pass_on(room, degrees) do
    write_down(degrees)
    GenServer.call(room, {:is_at, degrees})
  end
  defp write_down(degrees) when degrees > 25, do: Process.sleep(60)
  defp write_down(_), do: Process.sleep(5)
end
defmodule Main do
  def run do
    {:ok, _} = Room.start_link(:attic)
    {:ok, _} = Room.start_link(:cellar)
    gateway = Gateway.start()
    for {room, degrees} <- [attic: 21, cellar: 12, attic: 28, attic: 24, cellar: 13, attic: 23, cellar: 14] do
      send(gateway, {:reading, room, degrees})
      Process.sleep(20)
    end
    Process.sleep(100)
    IO.puts("attic #{GenServer.call(:attic, :degrees)}, cellar #{GenServer.call(:cellar, :degrees)}")
    send(gateway, :stop)
  end
end
