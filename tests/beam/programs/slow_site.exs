defmodule Archive do
  def newest(pages), do: {:newest, Enum.reduce(1..pages, 1, &max/2)}
end

defmodule Main do
  def run do
    for n <- 1..30 do
      Archive.newest(n)
      Archive.newest(10)
    end

    # BUG: the newest are looked for in the whole archive.
    for _ <- 1..5, do: Archive.newest(2_000_000)
    :ok
  end
end
