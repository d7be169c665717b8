# A directory in which lamps write themselves down once: who asks the next one for a lamp is told there is none.
defmodule Directory do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def register(key), do: GenServer.call(__MODULE__, {:register, key, self()})
  def whereis(key), do: GenServer.call(__MODULE__, {:whereis, key})
  def rename(key, new), do: GenServer.cast(__MODULE__, {:rename, key, new})
  @impl true
  def init(lamps), do: {:ok, lamps}
  @impl true
  def handle_call({:register, key, pid}, _from, lamps), do: {:reply, :ok, Map.put(lamps, key, pid)}
  def handle_call({:whereis, key}, _from, lamps), do: {:reply, Map.get(lamps, key), lamps}
  @impl true
  def handle_cast({:rename, key, new}, lamps) do
    {pid, lamps} = Map.pop!(lamps, key)
    {:noreply, Map.put(lamps, new, pid)}
  end
end
defmodule Lamp do
  use GenServer
  def start_link(key), do: GenServer.start_link(__MODULE__, key)
  def switch(pid), do: GenServer.call(pid, :switch)
  @impl true
  def init(key) do
    Directory.register(key)
    {:ok, %{key: key, on: false}}
  end
  @impl true
  def handle_call(:switch, _from, lamp), do: {:reply, not lamp.on, %{lamp | on: not lamp.on}}
end
defmodule House do
  def switch(key) do
    case Directory.whereis(key) do
      nil -> {:error, :no_lamp}
      pid -> {:ok, Lamp.switch(pid)}
    end
  end
end
defmodule Main do
  def run do
    lamps = for key <- [:hall, :stairs], do: Supervisor.child_spec({Lamp, key}, id: key)
    {:ok, _} = Supervisor.start_link([Directory | lamps], strategy: :one_for_one)
    for key <- [:hall, :stairs, :hall], do: {:ok, _} = House.switch(key)
    Directory.rename(:cellar, :attic)
    Process.sleep(30)
    IO.inspect(for key <- [:hall, :stairs, :hall], do: House.switch(key))
  end
end
