# As lost_ets.exs, but the table counts. And what many do at once to a table with a look before a write, which loses
# nothing: a page is filled by all who miss, a flag is set by all to the same, each counts its own key, each process
# counts for itself, and who writes only where nobody has been is refused.
defmodule Hits do
  def setup, do: :ets.new(:hits, [:named_table, :public])
  def get(k), do: (case :ets.lookup(:hits, k) do [{_, n}] -> n; [] -> 0 end)
  def add(k, n), do: :ets.update_counter(:hits, k, n, {k, 0})
  def put(k, n), do: :ets.insert(:hits, {k, n})
  def take(k, n), do: :ets.insert_new(:hits, {k, n})
  def hit(k) do
    before = get(k)
    Process.sleep(1)
    {before, add(k, 1)}
  end
  def visit(k) do
    n = get(k)
    Process.sleep(1)
    put(k, n + 1)
  end
end
defmodule Pages do
  def find(k), do: (case :ets.lookup(:hits, k) do [{_, page}] -> page; [] -> nil end)
  def keep(k, page), do: :ets.insert(:hits, {k, page})
  def fetch(k) do
    case find(k) do
      nil ->
        Process.sleep(1)
        keep(k, "page of #{k}")
      page -> page
    end
  end
end
defmodule Flag do
  def level(k), do: Hits.get(k)
  def raise_to(k, n), do: Hits.put(k, n)
  def open(k) do
    if level(k) == 0 do
      Process.sleep(1)
      raise_to(k, 1)
    end
  end
  def claim(k) do
    n = Hits.get(k)
    Process.sleep(1)
    Hits.take(k, n + 1)
  end
end
defmodule Own do
  def count(k), do: Process.get(k, 0)
  def note(k, n), do: Process.put(k, n)
  def step(k) do
    n = count(k)
    Process.sleep(1)
    note(k, n + 1)
  end
end
defmodule Main do
  def all(f), do: 1..8 |> Enum.map(fn n -> Task.async(fn -> f.(n) end) end) |> Task.await_many()
  def run do
    Hits.setup()
    all(fn _ -> Hits.hit(:home) end)
    IO.puts("8 hits, counted #{Hits.get(:home)}")
    all(fn _ -> Pages.fetch("about") end)
    all(fn _ -> Flag.open(:door) end)
    all(fn _ -> Flag.open(:door) end)
    all(fn _ -> Flag.claim(:seat) end)
    all(fn n -> for _ <- 1..3, do: Hits.visit({:guest, n}) end)
    all(fn _ -> for _ <- 1..3, do: Own.step(:steps) end)
    for k <- ["about", :door, :seat, {:guest, 1}], do: Hits.get(k)
  end
end
