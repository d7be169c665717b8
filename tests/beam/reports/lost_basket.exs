# What is left of each fruit, in an Agent that holds a map: a count is read and put back, by who sells and who delivers.
defmodule Basket do
  def start, do: Agent.start_link(fn -> %{apple: 50, pear: 30} end, name: __MODULE__)
  def count(fruit), do: Agent.get(__MODULE__, &Map.fetch!(&1, fruit))
  def put(fruit, n), do: Agent.cast(__MODULE__, &Map.put(&1, fruit, n))
end
defmodule Stall do
  def sell(fruit, n) do
    left = Basket.count(fruit)
    Process.sleep(1)
    Basket.put(fruit, left - n)
  end
  def deliver(fruit, n) do
    left = Basket.count(fruit)
    Process.sleep(2)
    Basket.put(fruit, left + n)
  end
end
defmodule Main do
  def run do
    {:ok, _} = Basket.start()
    for n <- 1..4 do
      [Task.async(Stall, :sell, [:apple, n]), Task.async(Stall, :deliver, [:apple, 10]), Task.async(Stall, :sell, [:pear, 2])]
      |> Task.await_many()
    end
    IO.puts("apples: expected 80, left #{Basket.count(:apple)}")
  end
end
