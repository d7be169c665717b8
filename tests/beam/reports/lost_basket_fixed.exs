# As lost_basket.exs, but the Agent counts itself, or who reads a count is alone until he has put it back; and two write
# different fruits at the same time.
defmodule Basket do
  def start, do: Agent.start_link(fn -> %{apple: 50, pear: 30, plum: 10} end, name: __MODULE__)
  def count(fruit), do: Agent.get(__MODULE__, &Map.fetch!(&1, fruit))
  def put(fruit, n), do: Agent.update(__MODULE__, &Map.put(&1, fruit, n))
  def change(fruit, n), do: Agent.cast(__MODULE__, &Map.update!(&1, fruit, fn left -> left + n end))
end
defmodule Stall do
  def sell(fruit, n) do
    left = Basket.count(fruit)
    Process.sleep(1)
    Basket.change(fruit, -min(n, left))
  end
  def deliver(fruit, n), do: Basket.change(fruit, n)
  def swap(fruit, n) do
    left = Basket.count(fruit)
    Process.sleep(1)
    Basket.put(fruit, left + n)
  end
end
defmodule Main do
  def run do
    {:ok, _} = Basket.start()
    for n <- 1..4 do
      [Task.async(Stall, :sell, [:apple, n]), Task.async(Stall, :deliver, [:apple, 10]), Task.async(Stall, :swap, [:pear, 2]), Task.async(Stall, :swap, [:plum, 2])]
      |> Task.await_many()
    end
    IO.puts("apples: expected 80, left #{Basket.count(:apple)}, pears #{Basket.count(:pear)}")
  end
end
