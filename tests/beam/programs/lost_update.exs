defmodule Stock do
  use GenServer
  def start_link(items), do: GenServer.start_link(__MODULE__, items, name: __MODULE__)
  def count(sku), do: GenServer.call(__MODULE__, {:count, sku})
  def put(sku, n), do: GenServer.cast(__MODULE__, {:put, sku, n})
  @impl true
  def init(items), do: {:ok, %{items: items}}
  @impl true
  def handle_call({:count, sku}, _from, s), do: {:reply, {:ok, s.items[sku]}, s}
  @impl true
  def handle_cast({:put, sku, n}, s), do: {:noreply, put_in(s.items[sku], n)}
end

defmodule Shop do
  # BUG: another buyer may have changed the count between the two messages.
  def buy(sku, n) do
    {:ok, left} = Stock.count(sku)
    Process.sleep(1)
    Stock.put(sku, left - n)
    :ok
  end
end

defmodule Main do
  def run do
    {:ok, _} = Stock.start_link(%{"apple" => 100, "pear" => 40})
    1..6 |> Enum.map(fn _ -> Task.async(fn -> Shop.buy("apple", 5) end) end) |> Task.await_many()
    Stock.count("apple")
  end
end
