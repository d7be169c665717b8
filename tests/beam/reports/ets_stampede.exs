# A table in ETS, looked into by an untraced call: eight readers of one page miss at the same time, and each draws it.
defmodule Pages do
  def setup, do: :ets.new(__MODULE__, [:named_table, :public])
  def fetch(name, make) do
    case :ets.lookup(__MODULE__, name) do
      [{_, page}] ->
        page
      [] ->
        # BUG: the others that miss now do not wait for this one
        page = make.()
        :ets.insert(__MODULE__, {name, page})
        page
    end
  end
end
defmodule Artist do
  def draw(name, scale) do
    Process.sleep(12)
    %{name: name, lines: scale * 3}
  end
end
defmodule Site do
  def page(name), do: Pages.fetch(name, fn -> Artist.draw(name, 4) end)
end
defmodule Main do
  def run do
    Pages.setup()
    1..8 |> Enum.map(fn _ -> Task.async(Site, :page, ["home"]) end) |> Task.await_many()
    for _ <- 1..6, do: Site.page("home")
  end
end
