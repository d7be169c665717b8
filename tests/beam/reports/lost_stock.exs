# A shop's stock in ETS, an item as a map: one module reads it, another writes it, and customers come in pairs.
defmodule Shelf do
  def setup(items) do
    :ets.new(:shelf, [:named_table, :public])
    for item <- items, do: :ets.insert(:shelf, {item.name, item})
  end
  def item(name), do: :ets.lookup_element(:shelf, name, 2)
end
defmodule Depot do
  def store(item), do: :ets.insert(:shelf, {item.name, item})
end
defmodule Order do
  def take(name, n) do
    item = Shelf.item(name)
    pay(n * item.price)
    # BUG: the other customer may have taken some meanwhile
    Depot.store(%{item | left: item.left - n})
    n
  end
  defp pay(sum), do: Process.sleep(rem(sum, 3) + 1)
end
defmodule Main do
  def run do
    Shelf.setup([%{name: "tea", left: 100, price: 3}, %{name: "milk", left: 40, price: 2}])
    for n <- 1..4 do
      [{"tea", n}, {"tea", 5}, {"milk", 1}]
      |> Enum.map(fn {name, n} -> Task.async(Order, :take, [name, n]) end)
      |> Task.await_many()
    end
    IO.puts("tea: expected 70, left #{Shelf.item("tea").left}")
  end
end
