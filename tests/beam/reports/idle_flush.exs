defmodule Meter do
  use GenServer

  @idle 60

  def start_link, do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def count(key), do: GenServer.call(__MODULE__, {:count, key})

  @impl true
  def init(_), do: {:ok, %{}, @idle}

  @impl true
  def handle_call({:count, key}, _from, counts), do: {:reply, :ok, Map.update(counts, key, 1, &(&1 + 1)), @idle}

  @impl true
  def handle_info(:sample, counts) do
    # BUG: the sample itself puts the idle timeout off, so the report below is never made.
    Process.send_after(self(), :sample, 10)
    {:noreply, Map.put(counts, :memory, :erlang.memory(:total)), @idle}
  end

  def handle_info(:timeout, counts) do
    report(counts)
    {:noreply, %{}, @idle}
  end

  def report(counts), do: map_size(counts)
end

defmodule Main do
  def run do
    {:ok, meter} = Meter.start_link()
    send(meter, :sample)
    for n <- 1..4, do: Meter.count(rem(n, 2))
    Process.sleep(400)
  end
end
