# Runs beside each other that are as they should be: requests, a heartbeat, a pool that grows, a backup that is made by
# one at a time.
defmodule Web do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def index, do: GenServer.cast(__MODULE__, :index)
  @impl true
  def init(:ok), do: (Process.send_after(self(), :beat, 40); {:ok, 0})
  @impl true
  def handle_cast(:index, n), do: (Task.start(&page/0); {:noreply, n + 1})
  @impl true
  def handle_info(:beat, n) do
    Task.start(fn -> Process.sleep(5) end)
    Process.send_after(self(), :beat, 40)
    {:noreply, n}
  end
  def page, do: (Process.sleep(70); :html)
end
defmodule Pool do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: (:timer.send_interval(30, :grow); {:ok, []})
  @impl true
  def handle_info(:grow, all) when length(all) < 8, do: {:noreply, [spawn_link(&work/0) | all]}
  def handle_info(:grow, all), do: {:noreply, all}
  def work, do: (receive do: (:stop -> :ok))
end
defmodule Lock do
  use Agent
  def start_link, do: Agent.start_link(fn -> false end, name: __MODULE__)
  def take, do: Agent.get_and_update(__MODULE__, fn is_held -> {not is_held, true} end)
  def free, do: Agent.update(__MODULE__, fn _ -> false end)
end
defmodule Backup do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: (:timer.send_interval(40, :run); {:ok, 0})
  @impl true
  def handle_info(:run, n), do: (Task.start(&run/0); {:noreply, n + 1})
  def run, do: if(Lock.take(), do: copy(), else: :busy)
  defp copy, do: (Process.sleep(150); Lock.free(); :done)
end
defmodule Main do
  def run do
    for module <- [Lock, Web, Pool, Backup], do: {:ok, _} = module.start_link()
    for _ <- 1..20, do: (Web.index(); Process.sleep(30))
  end
end
