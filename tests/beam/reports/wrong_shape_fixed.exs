# A healthy server: every message has an effect, or has none for a reason that lies in its value: nothing to add, a key
# that is known, an answer that is asked for, a log line, a timer that is old.
defmodule Depot do
  use GenServer
  def start, do: GenServer.start(__MODULE__, %{parcels: 0, timer: nil, seen: []}, name: __MODULE__)
  def parcels, do: GenServer.call(__MODULE__, :parcels)
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call(:parcels, _from, s), do: {:reply, s.parcels, s}
  @impl true
  def handle_cast({:note, nil}, s), do: {:noreply, s}
  def handle_cast({:note, %{}}, s), do: {:noreply, %{s | parcels: s.parcels + 1}}
  def handle_cast({:tell, who, n}, s) do
    send(who, {:parcels, n + s.parcels})
    {:noreply, s}
  end
  def handle_cast({:tell, n}, s), do: {:noreply, %{s | parcels: n}}
  @impl true
  def handle_info({:parcel, n}, s), do: {:noreply, %{s | parcels: s.parcels + n}}
  def handle_info({:parcel, :log, n}, s) do
    Log.write(n)
    {:noreply, s}
  end
  def handle_info({:tick, at}, %{timer: at} = s), do: {:noreply, %{s | timer: at + 1}}
  def handle_info({:tick, _old}, s), do: {:noreply, s}
end
defmodule Log do
  def write(n), do: n
end
defmodule Main do
  def run do
    {:ok, depot} = Depot.start()
    for n <- 1..8 do
      send(depot, {:parcel, n})
      send(depot, {:parcel, 0})
      send(depot, {:parcel, :log, n})
      send(depot, {:tick, n})
      GenServer.cast(depot, {:note, nil})
      GenServer.cast(depot, {:note, %{text: "van #{n}"}})
      GenServer.cast(depot, {:tell, self(), n})
      GenServer.cast(depot, {:tell, n})
      receive do: ({:parcels, _} -> :ok)
      Process.sleep(2)
    end
    Depot.parcels()
  end
end
