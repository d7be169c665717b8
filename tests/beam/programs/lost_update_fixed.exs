defmodule Stock do
  use GenServer
  def start_link(items), do: GenServer.start_link(__MODULE__, items, name: __MODULE__)
  def count(sku), do: GenServer.call(__MODULE__, {:count, sku})
  def take(sku, n), do: GenServer.call(__MODULE__, {:take, sku, n})
  @impl true
  def init(items), do: {:ok, %{items: items}}
  @impl true
  def handle_call({:count, sku}, _from, s), do: {:reply, {:ok, s.items[sku]}, s}
  def handle_call({:take, sku, n}, _from, s), do: {:reply, :ok, update_in(s.items[sku], &(&1 - n))}
end

defmodule Shop do
  # Looking first is no harm: the server itself takes away.
  def buy(sku, n) do
    {:ok, left} = Stock.count(sku)
    Process.sleep(1)
    if left >= n, do: Stock.take(sku, n)
  end
end

defmodule Main do
  def run do
    {:ok, _} = Stock.start_link(%{"apple" => 100, "pear" => 40})
    1..6 |> Enum.map(fn _ -> Task.async(fn -> Shop.buy("apple", 5) end) end) |> Task.await_many()
    Stock.count("apple")
  end
end
