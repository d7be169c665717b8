defmodule Locks do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def lock(key), do: GenServer.call(__MODULE__, {:lock, key, self()})
  def unlock(key), do: send(__MODULE__, {:unlock, key, self()})

  @impl true
  def init(locks), do: {:ok, locks}

  @impl true
  def handle_call({:lock, key, pid}, _from, locks) when not is_map_key(locks, key) do
    Process.monitor(pid)
    {:reply, :ok, Map.put(locks, key, pid)}
  end

  def handle_call({:lock, _, _}, _from, locks), do: {:reply, :taken, locks}

  @impl true
  def handle_info({:unlock, key, pid}, locks) do
    {:noreply, Map.reject(locks, fn {k, holder} -> k == key and holder == pid end)}
  end

  def handle_info({:DOWN, _, _, pid, _}, locks) do
    {:noreply, Map.reject(locks, fn {_, holder} -> holder == pid end)}
  end
end

defmodule Export do
  def write(file, lines) do
    :ok = Locks.lock(file)
    mean = div(Enum.sum(lines), length(lines))
    Locks.unlock(file)
    mean
  end
end

defmodule Main do
  def run do
    {:ok, _} = Locks.start_link()

    for {file, lines} <- [{"a", [1, 3]}, {"b", [2]}, {"c", []}, {"d", [4, 4]}, {"e", [7]}, {"c", [1]}] do
      {_, ref} = spawn_monitor(fn -> Export.write(file, lines) end)
      receive do: ({:DOWN, ^ref, _, _, _} -> :ok)
    end

    Process.sleep(10)
  end
end
