# As lent_tools.exs, but the shed watches who has its tools; and workers of another kind, whose terminate/2 only says
# goodbye, are stopped all at once with what they worked for.
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
  def handle_cast({:take, tool, who}, s) do
    Process.monitor(who)
    {:noreply, put_in(s.out[tool], who)}
  end
  def handle_cast({:bring, tool}, s), do: {:noreply, %{s | out: Map.delete(s.out, tool)}}
  @impl true
  def handle_info({:DOWN, _, :process, who, _}, s) do
    {:noreply, %{s | out: for({tool, by} <- s.out, by != who, into: %{}, do: {tool, by})}}
  end
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
defmodule Book do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def sign(who, what), do: GenServer.call(__MODULE__, {:sign, who, what})
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call({:sign, who, what}, _from, s), do: {:reply, :ok, [{who, what} | s]}
end
defmodule Visitor do
  use GenServer, restart: :temporary
  def start_link(id), do: GenServer.start_link(__MODULE__, id)
  @impl true
  def init(id) do
    Book.sign(id, :came)
    {:ok, id}
  end
  @impl true
  def terminate(_why, id), do: Book.sign(id, :left)
end
defmodule Main do
  def run do
    {:ok, _} = Shed.start()
    for {tool, how} <- [saw: :stop, axe: :kill, rake: :stop, hoe: :stop, spade: :kill] do
      {:ok, pid} = Worker.start(tool)
      for _ <- 1..2, do: Worker.work(pid)
      if how == :stop, do: GenServer.stop(pid), else: Process.exit(pid, :shutdown)
      Process.sleep(3)
    end
    IO.puts("#{Shed.out()} tools are out")
    visitors = for id <- 1..4, do: Supervisor.child_spec({Visitor, id}, id: id)
    {:ok, house} = Supervisor.start_link([Book | visitors], strategy: :one_for_one)
    [{_, first, _, _} | _] = Supervisor.which_children(house)
    GenServer.stop(first)
    Process.sleep(5)
    Supervisor.stop(house)
    Process.sleep(5)
  end
end
