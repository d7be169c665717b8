# A station that starts its poller without a link: after a crash there are two.
defmodule Sensor do
  def read(n), do: 20 + rem(n * 7, 5)
end
defmodule Board do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def put(value), do: GenServer.cast(__MODULE__, {:reading, value})
  def count, do: GenServer.call(__MODULE__, :count)
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  def handle_cast({:reading, _value}, n), do: {:noreply, n + 1}
  @impl true
  def handle_call(:count, _from, n), do: {:reply, n, n}
end
defmodule Station do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def calibrate(by), do: GenServer.cast(__MODULE__, {:calibrate, by})
  @impl true
  def init(:ok) do
    # BUG: it does not end with this process
    poller = spawn(fn -> poll(1) end)
    {:ok, %{poller: poller, scale: 100}}
  end
  @impl true
  def handle_cast({:calibrate, by}, state), do: {:noreply, %{state | scale: div(state.scale, by)}}
  defp poll(n) do
    n |> Sensor.read() |> Board.put()
    Process.sleep(8)
    poll(n + 1)
  end
end
defmodule Main do
  def run do
    {:ok, _} = Supervisor.start_link([Board, Station], strategy: :one_for_one)
    Process.sleep(60)
    Station.calibrate(0)
    Process.sleep(120)
    IO.puts("#{Board.count()} readings")
  end
end
