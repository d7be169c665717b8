# As lost_agent.exs, but the function works on what it is given. And what loses nothing beside it: a value that is only
# looked at, one that all set to the same, and one that is taken by who comes first.
defmodule Purse do
  def start, do: Agent.start_link(fn -> 0 end, name: __MODULE__)
  def balance, do: Agent.get(__MODULE__, & &1)
  def change(n), do: Agent.update(__MODULE__, fn b -> b + n end)
  def spend(n), do: Agent.get_and_update(__MODULE__, fn b -> if b < n, do: {:no, b}, else: {:ok, b - n} end)
  def add(n) do
    b = balance()
    Process.sleep(1)
    change(n)
    b
  end
end
defmodule Mode do
  def start, do: Agent.start_link(fn -> %{level: 1, mode: :day} end, name: __MODULE__)
  def level, do: Agent.get(__MODULE__, & &1.level)
  def mode, do: Agent.get(__MODULE__, & &1.mode)
  def put(key, value), do: Agent.update(__MODULE__, &Map.put(&1, key, value))
  def night do
    if mode() == :day do
      Process.sleep(1)
      put(:mode, :night)
    end
  end
  def up_to(n) do
    if level() < n do
      Process.sleep(1)
      put(:level, n)
    end
  end
end
defmodule Main do
  def all(f), do: 1..8 |> Enum.map(fn n -> Task.async(fn -> f.(n) end) end) |> Task.await_many()
  def run do
    {:ok, _} = Purse.start()
    {:ok, _} = Mode.start()
    all(fn _ -> Purse.add(10) end)
    IO.puts("expected 80, got #{Purse.balance()}")
    all(fn n -> Purse.spend(n) end)
    all(fn _ -> Mode.night() end)
    all(fn _ -> Mode.up_to(5) end)
    all(fn _ -> Mode.up_to(5) end)
    {Purse.balance(), Mode.level()}
  end
end
