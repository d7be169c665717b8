# As lost_stock.exs, but who reads an item has it for himself until he has stored it. And whole items are replaced by
# what a price list says, whatever they were.
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
    :global.trans({{:item, name}, self()}, fn ->
      item = Shelf.item(name)
      pay(n * item.price)
      Depot.store(%{item | left: item.left - n})
    end)
    n
  end
  def offer(name, price) do
    item = Shelf.item(name)
    if item.price != price do
      Process.sleep(1)
      Depot.store(%{name: name, left: 0, price: price})
    end
  end
  defp pay(sum), do: Process.sleep(rem(sum, 3) + 1)
end
defmodule Main do
  def run do
    Shelf.setup([%{name: "tea", left: 100, price: 3}, %{name: "milk", left: 40, price: 2}, %{name: "hay", left: 0, price: 1}])
    for n <- 1..4 do
      [{"tea", n}, {"tea", 5}, {"milk", 1}]
      |> Enum.map(fn {name, n} -> Task.async(Order, :take, [name, n]) end)
      |> Task.await_many()
    end
    for price <- [7, 4, 9], do: 1..6 |> Enum.map(fn _ -> Task.async(Order, :offer, ["hay", price]) end) |> Task.await_many()
    IO.puts("tea: expected 70, left #{Shelf.item("tea").left}, hay costs #{Shelf.item("hay").price}")
  end
end
