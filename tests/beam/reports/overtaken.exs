# Each new price is handed to a task of its own, which looks up the shelf label and passes it on to the board.
defmodule Board do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def show(sku, price), do: GenServer.cast(__MODULE__, {:show, sku, price})
  def all, do: GenServer.call(__MODULE__, :all)
  @impl true
  def init(:ok), do: {:ok, %{prices: %{}, shown: 0}}
  @impl true
  def handle_cast({:show, sku, price}, s) do
    {:noreply, %{s | prices: Map.put(s.prices, sku, price), shown: s.shown + 1}}
  end
  @impl true
  def handle_call(:all, _from, s), do: {:reply, s.prices, s}
end
defmodule Printer do
  # A round price is printed large, which takes longer.
  def label(sku, price), do: (Process.sleep(if(rem(price, 10) == 0, do: 60, else: 5)); {sku, price})
end
defmodule Feed do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def changed(sku, price), do: GenServer.cast(__MODULE__, {:changed, sku, price})
  @impl true
  def init(:ok), do: {:ok, 0}
  @impl true
  def handle_cast({:changed, sku, price}, n) do
    # BUG: two tasks of one sku are not in order
    Task.start(fn ->
      Printer.label(sku, price)
      Board.show(sku, price)
    end)
    {:noreply, n + 1}
  end
end
defmodule Main do
  def run do
    {:ok, _} = Board.start_link()
    {:ok, _} = Feed.start_link()
    for {sku, price} <- [tea: 100, tea: 95, jam: 41, tea: 92, jam: 40, jam: 43, tea: 97] do
      Feed.changed(sku, price)
      Process.sleep(20)
    end
    Process.sleep(150)
    IO.puts("the board says #{inspect(Board.all())}")
  end
end
