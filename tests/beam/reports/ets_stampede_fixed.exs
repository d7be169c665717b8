# As ets_stampede.exs, but one draws for all who miss: the table's owner. And much that is done by many at once and has
# to be: each reads its own page, each takes its own copy, all wait for the same gate.
defmodule Pages do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  def fetch(name, make) do
    case :ets.lookup(__MODULE__, name) do
      [{_, page}] -> page
      [] -> GenServer.call(__MODULE__, {:fetch, name, make})
    end
  end
  @impl true
  def init(:ok), do: {:ok, :ets.new(__MODULE__, [:named_table, :protected])}
  @impl true
  def handle_call({:fetch, name, make}, _from, table) do
    page =
      case :ets.lookup(table, name) do
        [{_, page}] -> page
        [] -> make.()
      end
    :ets.insert(table, {name, page})
    {:reply, page, table}
  end
end
defmodule Artist do
  def draw(name, scale) do
    Process.sleep(12)
    %{name: name, lines: scale * 3}
  end
  def copy(name) do
    Process.sleep(5)
    {:copy_of, name}
  end
end
defmodule Site do
  def page(name), do: Pages.fetch(name, fn -> Artist.draw(name, 4) end)
  def own(name) do
    page(name)
    Artist.copy(name)
  end
end
defmodule Gate do
  def pass do
    Process.sleep(8)
    {:passed, 1}
  end
end
defmodule Main do
  def run do
    {:ok, _} = Pages.start()
    1..6 |> Enum.map(fn _ -> Task.async(Site, :page, ["home"]) end) |> Task.await_many()
    for _ <- 1..6, do: Site.page("home")
    1..6 |> Enum.map(fn n -> Task.async(Site, :own, ["page #{n}"]) end) |> Task.await_many()
    1..8 |> Enum.map(fn _ -> Task.async(Site, :own, ["home"]) end) |> Task.await_many()
    1..8 |> Enum.map(fn _ -> Task.async(Gate, :pass, []) end) |> Task.await_many()
  end
end
