defmodule Shredder do
  def start do
    pid = spawn(fn -> loop(0) end)
    Process.register(pid, __MODULE__)
  end

  def shred(page), do: send(__MODULE__, {:shred, page})

  def loop(n) do
    receive do
      {:shred, page} ->
        cut(page)
        loop(n + 1)

      :stop ->
        n
    end
  end

  # Everybody has a knife.
  def cut(_page), do: :ok
end

defmodule Main do
  def run do
    Shredder.start()

    for page <- 1..60 do
      Shredder.shred(page)
      if rem(page, 6) == 0, do: Process.sleep(2)
    end

    Shredder.shred(:stop)
    Process.sleep(20)
  end
end
