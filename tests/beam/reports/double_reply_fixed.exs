defmodule Prices do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, %{"tea" => 4, "milk" => 2}, name: __MODULE__)
  def price(sku), do: GenServer.call(__MODULE__, {:price, sku})

  @impl true
  def init(prices), do: {:ok, prices}

  @impl true
  def handle_call({:price, sku}, _from, prices) do
    case Map.fetch(prices, sku) do
      {:ok, price} ->
        {:reply, price, prices}

      :error ->
        {:reply, :unknown, prices}
    end
  end
end

defmodule Till do
  use GenServer

  def start_link, do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def scan(sku), do: GenServer.call(__MODULE__, {:scan, sku})

  @impl true
  def init(rows), do: {:ok, rows}

  @impl true
  def handle_call({:scan, sku}, _from, rows), do: {:reply, :ok, [{sku, Prices.price(sku)} | rows]}
end

defmodule Main do
  def run do
    {:ok, _} = Prices.start_link()
    {:ok, _} = Till.start_link()
    for sku <- ["tea", "milk", "cake", "tea", "bread", "milk"], do: Till.scan(sku)
    Process.sleep(20)
  end
end
