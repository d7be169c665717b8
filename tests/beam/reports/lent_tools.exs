# Workers take a tool by cast when they begin a job, and bring it back in terminate/2. Two are killed in the middle of
# their work, and their tools are gone.
defmodule Shed do
  use GenServer
  def start, do: GenServer.start(__MODULE__, %{out: %{}}, name: __MODULE__)
  def out, do: GenServer.call(__MODULE__, :out)
  def take(tool, who), do: GenServer.cast(__MODULE__, {:take, tool, who})
  def bring(tool), do: GenServer.cast(__MODULE__, {:bring, tool})
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call(:out, _from, s), do: {:reply, map_size(s.out), s}
  @impl true
  def handle_cast({:take, tool, who}, s), do: {:noreply, put_in(s.out[tool], who)}
  def handle_cast({:bring, tool}, s), do: {:noreply, %{s | out: Map.delete(s.out, tool)}}
end
defmodule Worker do
  use GenServer
  def start(tool), do: GenServer.start(__MODULE__, tool)
  def work(pid), do: GenServer.call(pid, :work)
  @impl true
  def init(tool), do: {:ok, %{tool: tool, jobs: 0}}
  @impl true
  def handle_call(:work, _from, s) do
    if s.jobs == 0, do: Shed.take(s.tool, self())
    {:reply, :ok, %{s | jobs: s.jobs + 1}}
  end
  @impl true
  def terminate(_why, s), do: Shed.bring(s.tool)
end
defmodule Main do
  def run do
    {:ok, _} = Shed.start()
    for {tool, how} <- [saw: :stop, axe: :kill, rake: :stop, hoe: :stop, spade: :kill] do
      {:ok, pid} = Worker.start(tool)
      for _ <- 1..2, do: Worker.work(pid)
      if how == :stop, do: GenServer.stop(pid), else: Process.exit(pid, :kill)
      Process.sleep(3)
    end
    IO.puts("#{Shed.out()} tools are out")
  end
end
