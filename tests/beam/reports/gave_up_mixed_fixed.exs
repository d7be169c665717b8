# As gave_up_mixed.exs, but its supervisor may start them again that often; it is stopped in the end by who started it,
# right after another failure.
defmodule Pump do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 3, name: __MODULE__)
  def run(n), do: GenServer.cast(__MODULE__, {:run, n})
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  def handle_cast({:run, n}, s), do: {:noreply, div(s, n)}
end
defmodule Valve do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, %{open: false}, name: __MODULE__)
  def turn(how), do: GenServer.cast(__MODULE__, how)
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_cast(:open, s), do: {:noreply, %{s | open: true}}
end
defmodule Gauge do
  def start_link(_), do: {:ok, spawn_link(__MODULE__, :loop, [])}
  def child_spec(arg), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [arg]}}
  def loop do
    Process.register(self(), __MODULE__)
    receive do: (:stop -> :ok)
  end
end
defmodule Clerk do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def note(x), do: GenServer.call(__MODULE__, {:note, x})
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call({:note, x}, _from, s), do: {:reply, :ok, [x | s]}
end
defmodule Plant do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: Supervisor.init([Clerk, Pump, Valve, Gauge], strategy: :one_for_one, max_restarts: 5, max_seconds: 3)
end
defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    {:ok, plant} = Plant.start_link([])
    Process.sleep(20)
    Clerk.note(:start)
    Pump.run(0)
    Process.sleep(40)
    send(Gauge, :stop)
    Process.sleep(40)
    Valve.turn(:left)
    Process.sleep(20)
    Pump.run(0)
    Process.sleep(1)
    Supervisor.stop(plant, :shutdown)
    Process.sleep(20)
  end
end
