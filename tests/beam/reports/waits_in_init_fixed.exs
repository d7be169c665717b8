# The same, started in the order that they need each other.
defmodule Db do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def all, do: GenServer.call(__MODULE__, :all)
  @impl true
  def init(_), do: {:ok, %{1 => :a, 2 => :b}}
  @impl true
  def handle_call(:all, _from, s), do: {:reply, s, s}
end
defmodule Warm do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def get(k), do: GenServer.call(__MODULE__, {:get, k}, 300)
  @impl true
  def init(_) do
    wait_for(Db)
    {:ok, Db.all()}
  end
  @impl true
  def handle_call({:get, k}, _from, s), do: {:reply, s[k], s}
  def wait_for(name) do
    if Process.whereis(name), do: :ok, else: (Process.sleep(10); wait_for(name))
  end
end
defmodule App do
  def start do
    Supervisor.start_link([Db, Warm], strategy: :one_for_one)
  end
end
defmodule Main do
  def run do
    spawn(fn -> App.start(); Process.sleep(:infinity) end)
    Process.sleep(300)
    spawn(fn -> Warm.get(1) end)
    Process.sleep(400)
    IO.puts("Db: #{inspect(Process.whereis(Db))}")
  end
end
