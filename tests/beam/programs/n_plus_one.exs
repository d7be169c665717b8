defmodule Catalog do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, Map.new(1..50, &{&1, &1 * 100}), name: __MODULE__)
  def price(id), do: GenServer.call(__MODULE__, {:price, id})
  def prices(ids), do: GenServer.call(__MODULE__, {:prices, ids})
  @impl true
  def init(prices), do: {:ok, prices}
  @impl true
  def handle_call({:price, id}, _from, s), do: {:reply, s[id], s}
  def handle_call({:prices, ids}, _from, s), do: {:reply, Enum.map(ids, &s[&1]), s}
end

defmodule Order do
  # BUG: one question per line of the order.
  def total(ids) do
    prices = for id <- ids, do: Catalog.price(id)
    Enum.sum(prices)
  end
end

defmodule Main do
  def run do
    {:ok, _} = Catalog.start_link()
    Order.total(Enum.to_list(1..25))
  end
end
